//! The credentials of a login, and which methods can use them.
//!
//! [`Credentials`] is an enum, so that a password, a token and a certificate cannot be mixed up. A
//! custom mechanism has its own credentials.

use alloc::boxed::Box;
use core::fmt;

use crate::method::Method;
use crate::misuse::{Argument, Misuse};
use crate::sasl::Mechanism;
use crate::secret::Secret;
use crate::types::Username;

/// The credentials of a login.
#[non_exhaustive]
pub enum Credentials {
    /// A user name and a password.
    Password {
        /// The name of the mailbox.
        username: Username,
        /// The password.
        password: Secret,
    },
    /// A user name and a bearer token of OAuth 2.0 (RFC 6750).
    Token {
        /// The name of the mailbox.
        username: Username,
        /// The token.
        token: Secret,
    },
    /// A user name. The connection requests the bearer token from the application with
    /// [`Event::TokenWanted`](crate::Event::TokenWanted), when a login method that uses it has been
    /// selected.
    TokenOnRequest {
        /// The name of the mailbox.
        username: Username,
    },
    /// The TLS client certificate that was sent to the server in the handshake (RFC 4422 appendix
    /// A).
    Certificate,
    /// An anonymous login with a trace for the server's log (RFC 4505).
    Anonymous {
        /// The trace: a mail address, a word for the administrator, or nothing.
        trace: Box<str>,
    },
    /// A custom mechanism, which has its own credentials.
    Mechanism(CustomMechanism),
}

/// A custom mechanism, such as GSSAPI or NTLM, for one login.
pub struct CustomMechanism {
    name: Box<str>,
    mechanism: Option<Box<dyn Mechanism>>,
}

impl CustomMechanism {
    /// Wraps a mechanism.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if its name is not 1 to 20 characters out of `A` to `Z`, digits, `-`
    /// and `_` (RFC 4422 section 3.1).
    pub fn new(mechanism: impl Mechanism + 'static) -> Result<Self, Misuse> {
        let name = Box::<str>::from(mechanism.name());
        let allowed =
            |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_');
        if !(1..=20).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(Misuse::Argument(Argument::Mechanism));
        }
        Ok(Self {
            name,
            mechanism: Some(Box::new(mechanism)),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn take(&mut self) -> Option<Box<dyn Mechanism>> {
        self.mechanism.take()
    }
}

impl fmt::Debug for CustomMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomMechanism({})", self.name)
    }
}

impl Credentials {
    /// Returns the methods that can use these credentials, the safest first. Weak methods are left
    /// out, because a policy must select them explicitly.
    pub(super) fn default_order(&self) -> &'static [Method] {
        match self {
            Self::Password { .. } => &[
                Method::ScramSha512,
                Method::ScramSha256,
                Method::ScramSha1,
                Method::Plain,
                Method::UserPass,
                Method::Login,
            ],
            Self::Token { .. } | Self::TokenOnRequest { .. } => {
                &[Method::OAuthBearer, Method::XOAuth2]
            }
            Self::Certificate => &[Method::External],
            Self::Anonymous { .. } => &[Method::Anonymous],
            Self::Mechanism(_) => &[Method::Custom],
        }
    }

    /// Returns whether a method can use these credentials.
    pub(super) fn suit(&self, method: Method) -> bool {
        match self {
            Self::Password { .. } => {
                self.default_order().contains(&method)
                    || matches!(method, Method::CramMd5 | Method::Apop)
            }
            other => other.default_order().contains(&method),
        }
    }

    pub(super) fn username(&self) -> Option<&Username> {
        match self {
            Self::Password { username, .. }
            | Self::Token { username, .. }
            | Self::TokenOnRequest { username } => Some(username),
            Self::Certificate | Self::Anonymous { .. } | Self::Mechanism(_) => None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, username) = match self {
            Self::Password { username, .. } => ("Password", Some(username)),
            Self::Token { username, .. } => ("Token", Some(username)),
            Self::TokenOnRequest { username } => ("TokenOnRequest", Some(username)),
            Self::Certificate => ("Certificate", None),
            Self::Anonymous { .. } => ("Anonymous", None),
            Self::Mechanism(own) => return own.fmt(f),
        };
        let mut shown = f.debug_struct(name);
        if let Some(username) = username {
            shown.field("username", &username.as_str());
        }
        shown.finish_non_exhaustive()
    }
}
