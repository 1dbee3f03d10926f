use alloc::boxed::Box;
use core::fmt;

use crate::method::Method;
use crate::misuse::{Argument, Misuse};
use crate::sasl::Mechanism;
use crate::secret::Secret;
use crate::types::Username;

/// Who logs in, and how that is proved.
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
    /// A user name. The connection requests the bearer token from the application by
    /// [`Event::TokenWanted`](crate::Event::TokenWanted), once a login method can use it.
    TokenOnRequest {
        /// The name of the mailbox.
        username: Username,
    },
    /// The certificate of this side, which TLS showed to the server (RFC 4422 appendix A).
    Certificate,
    /// An anonymous login with a trace for the server's log (RFC 4505).
    Anonymous {
        /// The trace: an address or a word.
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
    /// Takes a mechanism.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when its name is not 1 to 20 of `A` to `Z`, digits, `-` and `_` (RFC
    /// 4422 section 3.1).
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

    pub(super) fn name(&self) -> &str {
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
    /// What they can be used with, the safest first. Weak methods have to be named by a policy.
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

    /// Whether a method can use them at all.
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
