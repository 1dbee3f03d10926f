use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

use super::oauth_error::OAuthError;
use super::{Mechanism, Progress, Response, SaslError};
use crate::misuse::{Argument, Misuse};
use crate::saslprep::saslname;
use crate::secret::Secret;
use crate::types::Username;

/// OAUTHBEARER (RFC 7628): a bearer token of OAuth 2.0 (RFC 6750).
#[derive(Debug)]
pub struct OAuthBearer {
    bearer: Bearer,
    authzid: String,
    server: Option<(Box<str>, u16)>,
}

impl OAuthBearer {
    /// Logs in as whom the token is for.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when the token is not printable ASCII without spaces, quotes and
    /// backslashes.
    pub fn new(token: &Secret) -> Result<Self, Misuse> {
        Ok(Self {
            // The one answer to an error that RFC 7628 section 3.2.3 has.
            bearer: Bearer::new(token, b"\x01")?,
            authzid: String::new(),
            server: None,
        })
    }

    /// Names the mailbox: many servers want it, though the token tells.
    #[must_use]
    pub fn with_authzid(mut self, authzid: &Username) -> Self {
        self.authzid = format!("a={}", saslname(authzid.as_str()));
        self
    }

    /// Tells the server by which name and port it was found, for those that are many in one.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when the name is empty or not printable ASCII.
    pub fn with_server(mut self, host: &str, port: u16) -> Result<Self, Misuse> {
        if host.is_empty() || !host.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(Misuse::Argument(Argument::Host));
        }
        self.server = Some((host.into(), port));
        Ok(self)
    }
}

impl Mechanism for OAuthBearer {
    fn name(&self) -> &str {
        "OAUTHBEARER"
    }

    /// RFC 7628 section 3.1: a GS2 header, then pairs of key and value.
    fn initial_response(&mut self) -> Option<Response> {
        let server = match &self.server {
            Some((host, port)) => format!("host={host}\x01port={port}\x01"),
            None => String::new(),
        };
        let head = format!("n,{},\x01{server}", self.authzid);
        Some(self.bearer.message(&head))
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError> {
        self.bearer.respond(challenge)
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        self.bearer.finish()
    }

    fn refused(&mut self) -> Option<OAuthError> {
        self.bearer.refused()
    }
}

/// XOAUTH2: what Google made before [`OAuthBearer`], and Microsoft took over.
#[derive(Debug)]
pub struct XOAuth2 {
    bearer: Bearer,
    username: Username,
}

impl XOAuth2 {
    /// Logs in as `username`.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when the token is not printable ASCII without spaces, quotes and
    /// backslashes.
    pub fn new(username: &Username, token: &Secret) -> Result<Self, Misuse> {
        Ok(Self {
            bearer: Bearer::new(token, b"")?,
            username: username.clone(),
        })
    }
}

impl Mechanism for XOAuth2 {
    fn name(&self) -> &str {
        "XOAUTH2"
    }

    fn initial_response(&mut self) -> Option<Response> {
        let head = ["user=", self.username.as_str(), "\x01"].concat();
        Some(self.bearer.message(&head))
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError> {
        self.bearer.respond(challenge)
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        self.bearer.finish()
    }

    fn refused(&mut self) -> Option<OAuthError> {
        self.bearer.refused()
    }
}

/// What both are: the token leaves in one message, and a challenge after it is an error that is
/// answered once, so that a `-ERR` can follow.
#[derive(Debug)]
struct Bearer {
    /// Kept while the server may echo it.
    token: Secret,
    /// What answers the error.
    dummy: &'static [u8],
    state: State,
}

enum State {
    Unsent,
    Sent,
    Refused(OAuthError),
}

impl fmt::Debug for State {
    /// What the server said of the token may hold what it heard.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsent => "Unsent",
            Self::Sent => "Sent",
            Self::Refused(_) => "Refused(..)",
        })
    }
}

impl Bearer {
    fn new(token: &Secret, dummy: &'static [u8]) -> Result<Self, Misuse> {
        let octets = token.expose();
        if !octets
            .iter()
            .all(|&c| c.is_ascii_graphic() && !matches!(c, b'"' | b'\\'))
        {
            return Err(Misuse::Argument(Argument::Token));
        }
        Ok(Self {
            token: token.clone(),
            dummy,
            state: State::Unsent,
        })
    }

    fn message(&mut self, head: &str) -> Response {
        self.state = State::Sent;
        let parts: [&[u8]; 4] = [
            head.as_bytes(),
            b"auth=Bearer ",
            self.token.expose(),
            b"\x01\x01",
        ];
        Response::new(parts.concat())
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError> {
        match self.state {
            State::Sent => {
                self.state = State::Refused(OAuthError::read(challenge, &self.token));
                Ok(Progress::Respond(Response::new(self.dummy)))
            }
            State::Unsent | State::Refused(_) => Err(SaslError::NothingLeft),
        }
    }

    fn finish(&self) -> Result<(), SaslError> {
        match self.state {
            State::Sent => Ok(()),
            State::Unsent | State::Refused(_) => Err(SaslError::NotDone),
        }
    }

    fn refused(&self) -> Option<OAuthError> {
        match &self.state {
            State::Refused(error) => Some(error.clone()),
            State::Unsent | State::Sent => None,
        }
    }
}
