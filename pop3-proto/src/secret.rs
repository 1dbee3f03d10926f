use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use memchr::memmem;
use zeroize::Zeroizing;

use crate::error::{Argument, Misuse};

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

/// A line from a server without a secret in it: servers echo what they do not understand. Its
/// status indicator stays, whatever the secret is.
pub(crate) fn redact(line: Bytes, secret: &[u8]) -> Bytes {
    let status = match line.first() {
        Some(b'+') => "+OK".len(),
        Some(b'-') => "-ERR".len(),
        _ => 0,
    };
    let mut rest = line.get(status..).unwrap_or_default();
    if secret.is_empty() || memmem::find(rest, secret).is_none() {
        return line;
    }
    let mut redacted = line.get(..status).unwrap_or_default().to_vec();
    while let Some((before, behind)) =
        memmem::find(rest, secret).and_then(|at| rest.split_at_checked(at))
    {
        redacted.extend_from_slice(before);
        redacted.extend_from_slice(b"<redacted>");
        rest = behind.strip_prefix(secret).unwrap_or_default();
    }
    redacted.extend_from_slice(rest);
    redacted.into()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl TryFrom<&str> for Secret {
    type Error = Misuse;

    fn try_from(secret: &str) -> Result<Self, Misuse> {
        Self::new(secret)
    }
}
