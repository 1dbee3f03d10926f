use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use memchr::memmem;
use zeroize::Zeroizing;

use crate::error::{Argument, Misuse};
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

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// A line from a server without a secret in it: servers echo what they do not understand. All behind
/// status indicator and response code goes, since what is left around a gap can tell what was in it.
pub(crate) fn redact(line: Bytes, secret: &[u8]) -> Bytes {
    let status = status::indicator(&line).map_or(0, |(_, length)| length);
    let (head, text) = line.split_at_checked(status).unwrap_or((&[], &line));
    if secret.is_empty() || memmem::find(text, secret).is_none() {
        return line;
    }
    let code = match ResponseCode::read(text.trim_ascii_start()) {
        None | Some(ResponseCode::Other(_)) => &[],
        Some(_) => memchr::memchr(b']', text)
            .and_then(|end| text.get(..=end))
            .unwrap_or_default(),
    };
    [head, code, b" <redacted>"].concat().into()
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
