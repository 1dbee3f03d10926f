//! Passwords and tokens: a type that wipes its memory and never shows its value.
//!
//! Every API of this crate uses it for secrets, so that they do not appear in logs by accident.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::misuse::{Argument, Misuse};
use crate::saslprep::saslprep;

/// A password or another secret. It is never shown, and it is wiped from memory when it is dropped.
///
/// `Debug` prints `Secret(..)`. A password may contain spaces and 8-bit octets (RFC 1939 section
/// 7). CR, LF and NUL are rejected, because `PASS` cannot transmit them.
///
/// # Redaction
///
/// A server can echo what it received, in any later reply. A connection therefore replaces the
/// credentials that it has sent with `<redacted>`, until it ends. It does so in every status line,
/// for every command, and in every error. For this purpose, it keeps keyed digests, not the
/// secrets; see [`Connection::seed`](crate::Connection::seed). It recognizes:
///
/// * a password in an echoed `PASS` command, unless it could be a word;
/// * whole passwords and tokens, also percent-encoded (RFC 3986, upper-case digits) and in base64
///   in both alphabets. Within longer base64 text, a secret is recognized if it has at least 8
///   octets. If it is encoded alone, 6 octets are enough;
/// * the responses of authentication exchanges as they were sent, decoded, and their parts:
///   digests, proofs, tokens;
/// * parts of tokens, of long passwords and of responses: a truncated echo is recognized if it
///   contains the first 16 octets, or any 31. The rest of the word is redacted, too.
///
/// The rest of the server's text is kept. Some secrets are **not** redacted, because a missing
/// word in an ordinary sentence would reveal more than it hides:
///
/// * a secret that could be a word: up to 15 letters, all in lower case, all in upper case, or with
///   a capital first letter;
/// * a number of fewer than 6 digits, and any secret of 1 to 3 octets that does not mix letters and
///   digits;
/// * a secret that equals the user name or its part before the `@`, or is a part of the user name.
///
/// Such a secret is redacted in base64, if it is long enough. A secret of fewer than 6 octets, or
/// of only digits, is redacted only where it is a whole word. Other encodings, changes of case and
/// short parts are not recognized. Multi-line replies (messages, listings, capabilities) are data
/// and are not redacted. Values that are parsed from a reply are not redacted either.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Creates a secret.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if it is empty or contains CR, LF or NUL. The value is wiped in this
    /// case, too.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, Misuse> {
        let secret = Zeroizing::new(secret.into());
        if secret.is_empty() {
            return Err(Misuse::Argument(Argument::EmptySecret));
        }
        if secret
            .iter()
            .any(|octet| matches!(octet, b'\r' | b'\n' | 0))
        {
            return Err(Misuse::Argument(Argument::ControlInSecret));
        }
        Ok(Self(secret))
    }

    /// Returns the secret after SASLprep (RFC 4013), if it is text with characters beyond ASCII.
    pub(crate) fn prepared(self) -> Result<Self, Misuse> {
        match core::str::from_utf8(&self.0) {
            Ok(text) if !text.is_ascii() => {
                let prepared =
                    saslprep(text).ok_or(Misuse::Argument(Argument::UnpreparedPassword))?;
                Self::new(prepared.as_bytes())
            }
            _ => Ok(self),
        }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl TryFrom<String> for Secret {
    type Error = Misuse;

    fn try_from(secret: String) -> Result<Self, Misuse> {
        Self::new(secret)
    }
}

impl TryFrom<&str> for Secret {
    type Error = Misuse;

    fn try_from(secret: &str) -> Result<Self, Misuse> {
        Self::new(secret)
    }
}
