//! CRAM-MD5 (RFC 2195).

use alloc::vec::Vec;

use hmac::Mac as _;
use md5::Md5;
use memchr::memrchr;

use super::super::config::ServerConfig;
use super::credentials::same_octets;
use super::{MALFORMED, ServerExchange, ServerStep, verdict};
use crate::hex;
use crate::mac::keyed;

pub(super) struct ServerCramMd5;

impl ServerExchange for ServerCramMd5 {
    fn opening(&self, config: &ServerConfig) -> Option<Vec<u8>> {
        Some(config.sasl.cram_md5_challenge.as_str().into())
    }

    /// Checks `username SP digest`. The name may contain spaces; the digest is lower-case
    /// hexadecimal.
    fn respond(
        &mut self,
        response: &[u8],
        config: &ServerConfig,
    ) -> Result<ServerStep, &'static str> {
        let (username, digest) = memrchr(b' ', response)
            .and_then(|at| response.split_at_checked(at))
            .ok_or(MALFORMED)?;
        let digest = digest.strip_prefix(b" ").ok_or(MALFORMED)?;
        let expected = keyed::<Md5>(&config.secret)
            .chain_update(&config.sasl.cram_md5_challenge)
            .finalize()
            .into_bytes();
        verdict(config.is_user(username) & same_octets(digest, hex::lower(&expected).as_bytes()))
    }
}
