//! OAUTHBEARER (RFC 7628) and XOAUTH2, which Google made before it.

use alloc::string::String;

use super::super::config::ServerConfig;
use super::credentials::same_octets;
use super::gs2::{self, Flag};
use super::{INVALID_CREDENTIALS, MALFORMED, ServerExchange, ServerStep};

/// What stands behind each pair of key and value, and behind all of them.
const SEPARATOR: char = '\x01';

pub(super) struct ServerBearer {
    /// Reads the client's message, or finds that it is none.
    read: fn(&str) -> Option<Message<'_>>,
    /// What the server says about a token that it does not take (RFC 7628 section 3.2.2).
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
            // What the client answers before the exchange may fail: %x01 (RFC 7628 section 3.2.3),
            // or nothing, which is XOAUTH2's and which clients send in OAUTHBEARER, too.
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
    /// The mailbox, where it is named: the token tells, too.
    username: Option<String>,
    /// What HTTP has in its Authorization header.
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

/// `n,[a=authzid],^A key=value^A … ^A`. Channel binding is not expected (RFC 7628 section 3.1).
fn oauthbearer(text: &str) -> Option<Message<'_>> {
    let (header, rest) = gs2::Header::read(text)?;
    let Flag::Off = header.flag else { return None };
    Some(Message {
        username: header.authzid,
        auth: value("auth", rest.strip_prefix(SEPARATOR)?)?,
    })
}

/// `user=name^A auth=Bearer token^A ^A`.
fn xoauth2(text: &str) -> Option<Message<'_>> {
    Some(Message {
        username: Some(value("user", text)?.into()),
        auth: value("auth", text)?,
    })
}

/// The value of this key. Others, such as `host` and `port`, mean nothing here.
fn value<'a>(key: &str, pairs: &'a str) -> Option<&'a str> {
    let pairs = pairs.strip_suffix(SEPARATOR)?.strip_suffix(SEPARATOR)?;
    pairs
        .split(SEPARATOR)
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(found, value)| (found == key).then_some(value))
}

/// The token behind `Bearer`, which HTTP writes in any case (RFC 6750 section 2.1).
fn token(auth: &str) -> Option<&str> {
    let (scheme, token) = auth.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}
