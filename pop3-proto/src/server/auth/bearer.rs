//! OAUTHBEARER (RFC 7628), and XOAUTH2, Google's mechanism before it.

use alloc::string::String;

use super::super::config::ServerConfig;
use super::credentials::same_octets;
use super::gs2::{self, Flag};
use super::{INVALID_CREDENTIALS, MALFORMED, ServerExchange, ServerStep};

/// The separator after each pair of key and value, and after all of them.
const SEPARATOR: char = '\x01';

pub(super) struct ServerBearer {
    /// Parses the client's message; `None` if it is malformed.
    read: fn(&str) -> Option<Message<'_>>,
    /// The error that the server sends for an invalid token (RFC 7628 section 3.2.2).
    error: &'static str,
    refused: bool,
}

impl ServerBearer {
    pub(super) fn oauthbearer() -> Self {
        Self {
            read: oauthbearer,
            error: r#"{"status":"invalid_token","scope":"mail"}"#,
            refused: false,
        }
    }

    pub(super) fn xoauth2() -> Self {
        Self {
            read: xoauth2,
            error: r#"{"status":"401","schemes":"bearer","scope":"mail"}"#,
            refused: false,
        }
    }
}

impl ServerExchange for ServerBearer {
    fn respond(
        &mut self,
        response: &[u8],
        config: &ServerConfig,
    ) -> Result<ServerStep, &'static str> {
        if self.refused {
            // The client's response to the error, before the exchange fails: %x01 (RFC 7628 section
            // 3.2.3), or nothing. Nothing belongs to XOAUTH2, but clients send it in OAUTHBEARER,
            // too.
            return Err(match response {
                b"" | b"\x01" => INVALID_CREDENTIALS,
                _ => MALFORMED,
            });
        }
        let text = core::str::from_utf8(response).map_err(|_| MALFORMED)?;
        let message = (self.read)(text).ok_or(MALFORMED)?;
        if message.is_valid(config) {
            return Ok(ServerStep::LoggedIn);
        }
        self.refused = true;
        Ok(ServerStep::Challenge(self.error.into()))
    }
}

struct Message<'a> {
    /// The name of the mailbox, if the client sends it. The token determines it, too.
    username: Option<String>,
    /// The value of an HTTP Authorization header.
    auth: &'a str,
}

impl Message<'_> {
    fn is_valid(&self, config: &ServerConfig) -> bool {
        let known = config.sasl.token.as_ref().unwrap_or(&config.secret);
        let mailbox = self.username.as_ref();
        mailbox.is_none_or(|username| config.is_user(username.as_bytes()))
            & token(self.auth).is_some_and(|token| same_octets(token.as_bytes(), known))
    }
}

/// Parses `n,[a=authzid],^A key=value^A … ^A`. Channel binding is not supported (RFC 7628 section
/// 3.1).
fn oauthbearer(text: &str) -> Option<Message<'_>> {
    let (header, rest) = gs2::Header::read(text)?;
    let Flag::Off = header.flag else { return None };
    Some(Message {
        username: header.authzid,
        auth: value("auth", rest.strip_prefix(SEPARATOR)?)?,
    })
}

/// Parses `user=name^A auth=Bearer token^A ^A`.
fn xoauth2(text: &str) -> Option<Message<'_>> {
    Some(Message {
        username: Some(value("user", text)?.into()),
        auth: value("auth", text)?,
    })
}

/// Returns the value of this key. Other keys, such as `host` and `port`, are ignored.
fn value<'a>(key: &str, pairs: &'a str) -> Option<&'a str> {
    let pairs = pairs.strip_suffix(SEPARATOR)?.strip_suffix(SEPARATOR)?;
    pairs
        .split(SEPARATOR)
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(found, value)| (found == key).then_some(value))
}

/// Returns the token after `Bearer`, whose case is not significant in HTTP (RFC 6750 section 2.1).
fn token(auth: &str) -> Option<&str> {
    let (scheme, token) = auth.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}
