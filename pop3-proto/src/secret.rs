use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use memchr::memmem;
use zeroize::Zeroizing;

use crate::error::{Argument, Misuse};
use crate::sasl::base64;
use crate::sasl::prep::saslprep;
use crate::status::{self, ResponseCode};

/// A password or another secret: never shown, and wiped from memory when it is dropped.
///
/// `Debug` prints `Secret(..)`. Spaces and 8-bit octets are part of a password (RFC 1939
/// section 7); CR, LF and NUL are refused, since no `PASS` command can carry them.
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

/// A line from a server without a secret in it: servers echo what they do not understand. All behind
/// status indicator and response code goes, since what is left around a gap can tell what was in it.
pub(crate) fn redact(line: Bytes, shows: impl FnOnce(&[u8]) -> bool) -> Bytes {
    let status = status::indicator(&line).map_or(0, |(_, length)| length);
    let (head, text) = line.split_at_checked(status).unwrap_or((&[], &line));
    if !shows(text) {
        return line;
    }
    // Not as it came: a server can write anything behind a code that it begins with.
    let code = ResponseCode::parse(text.trim_ascii_start());
    match code.as_ref().and_then(ResponseCode::name) {
        Some(code) => [head, b" [", code.as_bytes(), b"] <redacted>"]
            .concat()
            .into(),
        None => [head, b" <redacted>"].concat().into(),
    }
}

/// Shorter pieces of a secret are taken for words.
const PIECE: usize = 8;

/// Whether a text holds a secret, a good piece of it, or either in base64.
pub(crate) fn shows(text: &[u8], secret: &[u8]) -> bool {
    let is_piece = |word: &[u8]| word.len() >= PIECE && memmem::find(secret, word).is_some();
    memmem::find(text, secret).is_some()
        || text.split(u8::is_ascii_whitespace).any(is_piece)
        || (0..3).any(|before| shows_in_base64(text, secret, before))
}

/// Whether a text holds the base64 of a secret that has so many octets before it, in either alphabet.
fn shows_in_base64(text: &[u8], secret: &[u8], before: usize) -> bool {
    let mut octets = Zeroizing::new(Vec::with_capacity(before + secret.len()));
    octets.resize(before, 0);
    octets.extend_from_slice(secret);
    let encoded = base64::encode(&octets);
    // What the octets around it have a part in tells nothing.
    let own = (before * 8).div_ceil(6)..octets.len() * 8 / 6;
    let Some(own) = encoded.get(own).filter(|own| own.len() >= PIECE) else {
        return false;
    };
    let standard = |octet: &u8| match octet {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    let text: Vec<u8> = text.iter().map(standard).collect();
    memmem::find(&text, own.as_bytes()).is_some()
}

/// What was said in an authentication exchange, for as long as the server may echo it.
#[derive(Default)]
pub(crate) struct Spoken {
    /// Passwords, tokens, digests, proofs.
    secrets: Vec<Zeroizing<Vec<u8>>>,
    /// Responses as they were sent.
    encoded: Vec<Zeroizing<String>>,
    /// The user's names, which are no secret.
    names: Vec<Box<str>>,
}

impl Spoken {
    /// Notes the secret itself.
    pub(crate) fn note_secret(&mut self, secret: &[u8]) {
        self.secrets.push(Zeroizing::new(secret.to_vec()));
    }

    /// What may be said of a user, though it is part of what was said.
    pub(crate) fn spare(&mut self, name: &str) {
        self.names.push(name.into());
    }

    /// Notes a response: its parts, but for the user's name, and as it was sent.
    pub(crate) fn note(&mut self, response: &[u8], encoded: &Zeroizing<String>) {
        let between = |c: &u8| matches!(c, 0 | 1 | b' ' | b',');
        for part in response.split(between) {
            let spared = self.names.iter().any(|name| part == name.as_bytes());
            if part.len() >= PIECE && !spared {
                self.note_secret(part);
            }
        }
        if encoded.len() >= PIECE {
            self.encoded.push(encoded.clone());
        }
    }

    /// Whether a text from the server holds any of it, or a good piece of what was sent.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        let base64 = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=');
        let mut words = text
            .split(|c| !base64(c))
            .filter(|word| word.len() >= PIECE);
        self.secrets.iter().any(|secret| shows(text, secret))
            || self.encoded.iter().any(|sent| shows(text, sent.as_bytes()))
            || words.any(|word| self.encoded.iter().any(|sent| shows(sent.as_bytes(), word)))
    }
}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spoken(..)")
    }
}

/// Octets from a server without a secret in them.
pub(crate) fn without(octets: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((before, behind)) =
        memmem::find(rest, secret).and_then(|at| rest.split_at_checked(at))
    {
        clean.extend_from_slice(before);
        clean.extend_from_slice(b"<redacted>");
        rest = behind.strip_prefix(secret).unwrap_or_default();
    }
    clean.extend_from_slice(rest);
    clean
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
