//! The values of options: each function returns what the option needs if the value is something
//! else.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Parses a number of seconds, at least 1.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds @ 1..) => Ok(Duration::from_secs(seconds)),
        _ => Err("a number of seconds"),
    }
}

/// Parses a SHA-256 digest in hexadecimal, with or without colons, or in base64.
pub(super) fn digest(text: &str) -> Result<[u8; 32], &'static str> {
    let digest = hex(&text.replace(':', "")).or_else(|| base64(text));
    let digest = digest.and_then(|octets| octets.try_into().ok());
    digest.ok_or("a SHA-256 digest in hex or base64")
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|nibble| nibble.try_into().ok()))
        .collect();
    let pairs = nibbles?;
    let octet = |pair: &[u8]| pair.iter().fold(0, |octet, nibble| octet << 4 | nibble);
    Some(pairs.chunks(2).map(octet).collect())
}

/// Decodes base64. Tools that show such digests may prepend `sha256//`.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("sha256//").unwrap_or(text);
    STANDARD.decode(text).ok()
}
