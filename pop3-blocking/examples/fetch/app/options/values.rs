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

/// Parses a number, 0 or more.
pub(super) fn number(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "a number")
}

/// Parses a number, at least 1.
pub(super) fn positive(text: &str) -> Result<u32, &'static str> {
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("a number from 1"),
    }
}

/// Parses a number of days.
pub(super) fn days(text: &str) -> Result<u16, &'static str> {
    text.parse().map_err(|_| "a number of days up to 65535")
}

/// Parses a size in octets, or in multiples of 1024: `500K`, `10M`, `2G`.
pub(super) fn size(text: &str) -> Result<u64, &'static str> {
    let unit = |unit: char| match unit.to_ascii_uppercase() {
        'K' => Some(1 << 10),
        'M' => Some(1 << 20),
        'G' => Some(1 << 30),
        _ => None,
    };
    scaled(text, unit).ok_or("a size such as 500K, 10M or 2G")
}

/// Parses a time in seconds, minutes, hours or days: `90`, `90s`, `5m`, `2h`, `1d`.
pub(super) fn interval(text: &str) -> Result<Duration, &'static str> {
    let unit = |unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(60 * 60),
        'd' => Some(24 * 60 * 60),
        _ => None,
    };
    match scaled(text, unit) {
        Some(seconds @ 1..) => Ok(Duration::from_secs(seconds)),
        _ => Err("a time such as 30s, 5m or 1h"),
    }
}

/// Parses a number with a unit, or without one.
fn scaled(text: &str, unit: impl Fn(char) -> Option<u64>) -> Option<u64> {
    let last = text.chars().next_back()?;
    match unit(last) {
        Some(factor) => text
            .strip_suffix(last)?
            .parse::<u64>()
            .ok()?
            .checked_mul(factor),
        None => text.parse().ok(),
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
