//! The server's messages in SCRAM (RFC 5802 section 7). They are parsed strictly, because a
//! deviation may be an attempt to find out the password.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::super::SaslError;
use super::super::nonce::{ClientNonce, is_nonce};
use crate::base64;
use crate::text::ServerText;

/// `server-first-message`: `r=…,s=…,i=…`, in this order. Extensions are ignored.
pub(super) struct ServerFirst<'a> {
    /// The client's nonce, followed by the server's.
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
}

impl<'a> ServerFirst<'a> {
    pub(super) fn read(
        text: &'a str,
        client: &ClientNonce,
        bounds: &RangeInclusive<u32>,
    ) -> Result<Self, SaslError> {
        server_error(text)?;
        if text.starts_with("m=") {
            return Err(SaslError::Scram("it demands an extension"));
        }
        let mut attributes = text.split(',');
        let nonce = attribute(
            &mut attributes,
            "r=",
            "its first message has no nonce first",
        )?;
        let extended = nonce.strip_prefix(client.as_str()).is_some_and(is_nonce);
        if !extended {
            return Err(SaslError::Scram("its nonce does not extend this side's"));
        }
        let salt = attribute(
            &mut attributes,
            "s=",
            "its first message has no salt second",
        )?;
        let salt = base64::decode(salt.as_bytes())
            .filter(|salt| !salt.is_empty())
            .ok_or(SaslError::Scram("its salt is empty or not base64"))?;
        let count = attribute(
            &mut attributes,
            "i=",
            "its first message has no iteration count third",
        )?;
        Ok(Self {
            nonce,
            salt,
            iterations: iterations(count, bounds)?,
        })
    }
}

fn attribute<'a>(
    attributes: &mut impl Iterator<Item = &'a str>,
    name: &str,
    missing: &'static str,
) -> Result<&'a str, SaslError> {
    attributes
        .next()
        .and_then(|attribute| attribute.strip_prefix(name))
        .ok_or(SaslError::Scram(missing))
}

/// Parses a `posit-number` of at most ten digits, within bounds.
fn iterations(digits: &str, bounds: &RangeInclusive<u32>) -> Result<u32, SaslError> {
    let is_number = digits.len() <= 10
        && digits.bytes().all(|c| c.is_ascii_digit())
        && !digits.starts_with('0');
    let asked: Option<u64> = digits.parse().ok().filter(|_| is_number);
    asked
        .and_then(|count| u32::try_from(count).ok())
        .filter(|count| bounds.contains(count))
        .ok_or(SaslError::ScramIterations {
            asked,
            least: *bounds.start(),
            most: *bounds.end(),
        })
}

/// Parses the signature in a `server-final-message`: `v=…`. Extensions are ignored. Any other
/// message that is not an error proves nothing and is rejected.
pub(super) fn verifier(challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
    let text = core::str::from_utf8(challenge).map_err(|_| SaslError::ServerNotAuthenticated)?;
    server_error(text)?;
    text.split(',')
        .next()
        .and_then(|first| first.strip_prefix("v="))
        .and_then(|verifier| base64::decode(verifier.as_bytes()))
        .ok_or(SaslError::ServerNotAuthenticated)
}

/// Detects a `server-error`. It belongs into the final message, but servers send it in both.
fn server_error(text: &str) -> Result<(), SaslError> {
    let Some(rest) = text.strip_prefix("e=") else {
        return Ok(());
    };
    let error = rest.split(',').next().unwrap_or_default();
    Err(SaslError::ServerError(ServerText::copy(error.as_bytes())))
}
