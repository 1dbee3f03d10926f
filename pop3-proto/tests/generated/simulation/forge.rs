//! The messages of SCRAM, as the oracle reads them and an attacker changes them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fastrand::Rng;

use super::line::split_reply;

/// Returns the content of a challenge, if it is text in base64.
fn challenge(reply: &[u8]) -> Option<String> {
    let (status, _) = split_reply(reply);
    decoded(status.strip_prefix(b"+ ")?)
}

fn decoded(octets: &[u8]) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(octets).ok()?).ok()
}

/// Returns whether this challenge is the server's proof.
pub(crate) fn is_proof(reply: &[u8]) -> bool {
    challenge(reply).is_some_and(|text| text.starts_with("v="))
}

/// Returns the nonce of the client's first message, sent with `AUTH` or after it.
pub(crate) fn first_nonce(line: &[u8]) -> Option<String> {
    let text = decoded(line.rsplit(|octet| *octet == b' ').next()?)?;
    Some(text.split_once(",n=")?.1.split_once(",r=")?.1.to_owned())
}

/// Returns the nonce of the client's final message, which has its proof.
pub(crate) fn last_nonce(line: &[u8]) -> Option<String> {
    let text = decoded(line)?;
    let (without_proof, _) = text.split_once(",p=")?;
    Some(without_proof.split_once(",r=")?.1.to_owned())
}

/// Returns the server's proof with a different signature of the same length.
pub(crate) fn with_other_signature(reply: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let text = challenge(reply)?;
    let mut signature = BASE64_STANDARD.decode(text.strip_prefix("v=")?).ok()?;
    let at = rng.usize(..signature.len());
    signature[at] ^= 1 << rng.u32(..8);
    Some(written(&format!("v={}", BASE64_STANDARD.encode(signature))))
}

/// Returns the server's first message with a modified nonce: in the client's part or in the server's.
pub(crate) fn with_other_nonce(reply: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let text = challenge(reply)?;
    let (nonce, rest) = text.strip_prefix("r=")?.split_once(',')?;
    let (first, last) = (&nonce[1..], &nonce[..nonce.len() - 1]);
    let other = |old: u8| if old == b'x' { 'y' } else { 'x' };
    let nonce = if rng.bool() {
        format!("{}{first}", other(nonce.as_bytes()[0]))
    } else {
        format!("{last}{}", other(nonce.as_bytes()[nonce.len() - 1]))
    };
    Some(written(&format!("r={nonce},{rest}")))
}

fn written(text: &str) -> Vec<u8> {
    format!("+ {}\r\n", BASE64_STANDARD.encode(text)).into_bytes()
}
