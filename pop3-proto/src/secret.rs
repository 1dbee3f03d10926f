use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::misuse::{Argument, Misuse};
use crate::saslprep::saslprep;

/// A password or another secret: never shown, and wiped from memory when it is dropped.
///
/// `Debug` prints `Secret(..)`. Spaces and 8-bit octets are part of a password (RFC 1939
/// section 7); CR, LF and NUL are refused, since no `PASS` command can carry them.
///
/// # Redaction
///
/// A server can echo what it received, in any later reply. From the moment when a connection sends
/// credentials until it ends, it replaces them with `<redacted>` in each status line, whatever
/// the status and the command, and in each error. It keeps keyed digests for that, not the secrets;
/// see [`Connection::seed`](crate::Connection::seed). It recognizes:
///
/// * a password after `PASS`, unless it could be a word;
/// * passwords and tokens as a whole, also percent-encoded (RFC 3986, upper-case digits) and in
///   base64 in both alphabets: at any offset from 8 octets on, alone from 6;
/// * the responses of authentication exchanges as they were sent, decoded, and their parts: digests,
///   proofs, tokens;
/// * pieces of tokens, long passwords and responses: an echo that is cut short is recognized if it
///   has the first 16 octets, or any 31. The rest of the word goes with it.
///
/// The other words of the server stay. So some secrets are **not** redacted, because a gap in an
/// ordinary sentence would tell more than it hides:
///
/// * a secret that could be a word: up to 15 letters, in lower case, in upper case or with a capital;
/// * a number of fewer than 6 digits, and any secret of 1 to 3 octets that does not mix letters
///   and digits;
/// * a secret that equals the user name or its part before the `@`, or stands inside the user name.
///
/// The base64 of such a secret is redacted if it is long enough. A secret of fewer than 6 octets, and one of digits
/// alone, are redacted only where they are a whole word. Other encodings, changes of case and short
/// pieces are not recognized. Multi-line replies (messages, listings, capabilities) are data and not
/// redacted, and values that are read from a reply are those that the server sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes a secret over.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when it is empty or holds CR, LF or NUL. The value is wiped then too.
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

    /// The secret by SASLprep (RFC 4013), if it is text beyond ASCII.
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
