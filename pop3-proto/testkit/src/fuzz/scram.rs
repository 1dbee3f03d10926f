//! A second implementation of the signature that a server with the password sends in SCRAM-SHA-256
//! (RFC 5802 section 3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Returns the signature of this exchange, as `v=` contains it, or `None` if the server's first
/// message has no salt or count.
pub fn signature(
    password: &str,
    client_first_bare: &str,
    server_first: &str,
    without_proof: &str,
) -> Option<String> {
    let attribute = |name| {
        server_first
            .split(',')
            .find_map(|part: &str| part.strip_prefix(name))
    };
    let salt = STANDARD.decode(attribute("s=")?).ok()?;
    let count: u32 = attribute("i=")?.parse().ok()?;
    let salted = hi(password.as_bytes(), &salt, count);
    let key = mac(&salted, b"Server Key");
    let message = [client_first_bare, server_first, without_proof].join(",");
    Some(STANDARD.encode(mac(&key, message.as_bytes())))
}

/// PBKDF2 of one block (RFC 8018 section 5.2).
fn hi(password: &[u8], salt: &[u8], count: u32) -> Vec<u8> {
    let mut last = mac(password, &[salt, &[0, 0, 0, 1]].concat());
    let mut all = last.clone();
    for _ in 1..count {
        last = mac(password, &last);
        all.iter_mut()
            .zip(&last)
            .for_each(|(all, last)| *all ^= last);
    }
    all
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}
