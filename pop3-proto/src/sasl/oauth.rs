//! OAUTHBEARER (RFC 7628) and XOAUTH2: the client sends a bearer token.
//!
//! The two mechanisms differ only in the format of the message. `oauth_error.rs` parses the error that
//! a server sends if it does not accept the token.

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

/// OAUTHBEARER (RFC 7628): a login with a bearer token of OAuth 2.0 (RFC 6750).
#[derive(Debug)]
pub struct OAuthBearer {
    bearer: Bearer,
    authzid: String,
    server: Option<(Box<str>, u16)>,
}

impl OAuthBearer {
    /// Creates the mechanism. The token determines the user.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if the token is not printable ASCII without spaces, quotes and
    /// backslashes.
    pub fn new(token: &Secret) -> Result<Self, Misuse> {
        Ok(Self {
            // The only response to an error that RFC 7628 section 3.2.3 allows.
            bearer: Bearer::new(token, b"\x01")?,
            authzid: String::new(),
            server: None,
        })
    }

    /// Sets the name of the mailbox. Many servers require it, although the token already identifies
    /// the user.
    #[must_use]
    pub fn with_authzid(mut self, authzid: &Username) -> Self {
        self.authzid = format!("a={}", saslname(authzid.as_str()));
        self
    }

    /// Sets the host name and the port that the client connected to. Some servers that host several
    /// domains need them.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if the name is empty or not printable ASCII.
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

    /// Returns a GS2 header, then pairs of key and value (RFC 7628 section 3.1).
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

/// XOAUTH2: Google's predecessor of [`OAuthBearer`], which Microsoft uses, too.
#[derive(Debug)]
pub struct XOAuth2 {
    bearer: Bearer,
    username: Username,
}

impl XOAuth2 {
    /// Creates the mechanism for `username`.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if the token is not printable ASCII without spaces, quotes and
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

/// The common part of both mechanisms. The token is sent in one message. A challenge after it is an
/// error; it is answered once, so that the server can send `-ERR`.
#[derive(Debug)]
struct Bearer {
    /// Kept as long as the server may echo it.
    token: Secret,
    /// The response to the error.
    dummy: &'static [u8],
    state: State,
}

enum State {
    Unsent,
    Sent,
    Refused(OAuthError),
}

impl fmt::Debug for State {
    /// Does not show the server's error, because the error may contain an echo of the token.
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
