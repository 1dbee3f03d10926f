//! Logging in: who, by which method, and how that is chosen. The conversation itself is an exchange.

mod choose;
mod credentials;
mod policy;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

pub(crate) use self::choose::ConcreteMethod;
pub use self::credentials::{Credentials, CustomMechanism};
pub use self::policy::{ChannelBinding, LoginPolicy};
use crate::apop;
use crate::command_line::{Arguments, CommandLine, check_length};
pub use crate::login_plan::{LoginPlan, PlannedMethod, Rejection, Verdict};
pub use crate::method::Method;
use crate::misuse::Misuse;
use crate::sasl::{ClientNonce, Mechanism};
use crate::secret::Secret;
use crate::types::Username;
use crate::verb::Verb;

/// Logs in. A login is one request, and requests that are submitted later are sent after it.
///
/// On a [`Channel::Plain`](crate::Channel::Plain) connection it starts TLS first, unless
/// [`Config::stls`](crate::Config::stls) is off. Credentials in cleartext require
/// [`Config::allow_insecure_login`](crate::Config::allow_insecure_login). Then it uses the safest
/// method that the server, the credentials and the [`LoginPolicy`] allow, once. It does not fall back
/// to a weaker method unless the policy allows that. If the server refuses, the login fails with
/// [`Error::Auth`](crate::Error::Auth), which contains the server's text. The connection can be used
/// for another login.
///
/// After a successful login, the capabilities are requested again on servers that sent theirs before
/// ([`CapaPolicy`](crate::config::CapaPolicy)). The login fails if that fails.
///
/// ```
/// use pop3_proto::{Login, login::{LoginPolicy, Method}};
///
/// let default = Login::new("alice", "correct horse")?;
/// let named = Login::new("alice", "correct horse")?
///     .with_policy(LoginPolicy::only(Method::ScramSha256));
/// # Ok::<(), pop3_proto::error::Misuse>(())
/// ```
#[derive(Debug)]
pub struct Login {
    credentials: Credentials,
    policy: LoginPolicy,
    authzid: Option<Username>,
    #[cfg_attr(
        not(feature = "oauth"),
        allow(dead_code, reason = "only OAUTHBEARER says it")
    )]
    server: Option<(Box<str>, u16)>,
    nonce: Option<ClientNonce>,
}

impl Login {
    /// A login with a name and a password as they come from a user, under the default policy.
    ///
    /// # Errors
    ///
    /// As [`Username::new`] and [`Secret::new`].
    pub fn new(username: impl Into<String>, password: impl Into<Vec<u8>>) -> Result<Self, Misuse> {
        Ok(Self::password(
            Username::new(username)?,
            Secret::new(password)?,
        ))
    }

    /// A login with these credentials, under the default policy.
    pub fn with(credentials: Credentials) -> Self {
        Self {
            credentials,
            policy: LoginPolicy::default(),
            authzid: None,
            server: None,
            nonce: None,
        }
    }

    /// A login with a password.
    pub fn password(username: Username, password: Secret) -> Self {
        Self::with(Credentials::Password { username, password })
    }

    /// A login with a bearer token of OAuth 2.0 (RFC 6750).
    ///
    /// # Errors
    ///
    /// As [`Username::new`] and [`Secret::new`].
    pub fn bearer(username: impl Into<String>, token: impl Into<Vec<u8>>) -> Result<Self, Misuse> {
        Ok(Self::with(Credentials::Token {
            username: Username::new(username)?,
            token: Secret::new(token)?,
        }))
    }

    /// Creates a login whose bearer token is requested from the application when it is needed.
    ///
    /// The token is requested once the login method is chosen. A fresh one is requested at most once: after
    /// `invalid_token` from OAUTHBEARER, and after a status of 400 or 401, or a bare `-ERR`, from XOAUTH2.
    ///
    /// The clients request it from a function that is passed to their `login_with`. Their other operations
    /// fail such a login with [`Misuse::TokenOnRequest`]. Without a client, see
    /// [`Event::TokenWanted`](crate::Event::TokenWanted).
    ///
    /// # Errors
    ///
    /// As [`Username::new`].
    pub fn bearer_on_request(username: impl Into<String>) -> Result<Self, Misuse> {
        Ok(Self::with(Credentials::TokenOnRequest {
            username: Username::new(username)?,
        }))
    }

    /// A login with the certificate of this side, that TLS has shown.
    pub fn certificate() -> Self {
        Self::with(Credentials::Certificate)
    }

    /// Creates an anonymous login with a trace for the server's log. The trace may be empty.
    pub fn anonymous(trace: impl Into<String>) -> Self {
        let trace = trace.into().into_boxed_str();
        Self::with(Credentials::Anonymous { trace })
    }

    /// Creates a login with a custom mechanism. It is tried even if the server does not advertise it.
    ///
    /// # Errors
    ///
    /// As [`CustomMechanism::new`].
    pub fn mechanism(mechanism: impl Mechanism + 'static) -> Result<Self, Misuse> {
        let own = CustomMechanism::new(mechanism)?;
        Ok(Self::with(Credentials::Mechanism(own)))
    }

    /// Sets the policy.
    #[must_use]
    pub fn with_policy(self, policy: LoginPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Sets the authorization identity: the user to act as (RFC 4422 section 3.4.1). Supported by
    /// SCRAM, PLAIN, OAUTHBEARER and EXTERNAL.
    #[must_use]
    pub fn acting_as(self, authzid: Username) -> Self {
        Self {
            authzid: Some(authzid),
            ..self
        }
    }

    /// Sets the host name and port that OAUTHBEARER sends (RFC 7628 section 3.1), for servers that
    /// serve several domains.
    #[must_use]
    pub fn at_server(self, host: impl Into<String>, port: u16) -> Self {
        let server = Some((host.into().into_boxed_str(), port));
        Self { server, ..self }
    }

    /// The same login with the client's nonce for SCRAM, instead of one made from
    /// [`Connection::seed`](crate::Connection::seed).
    #[must_use]
    pub fn with_nonce(self, nonce: ClientNonce) -> Self {
        Self {
            nonce: Some(nonce),
            ..self
        }
    }

    pub(crate) fn policy(&self) -> &LoginPolicy {
        &self.policy
    }

    /// The nonce that the caller gave, once.
    pub(crate) fn take_nonce(&mut self) -> Option<ClientNonce> {
        self.nonce.take()
    }

    /// The names of the user, which are not secret.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = [self.credentials.username(), self.authzid.as_ref()];
        names.into_iter().flatten().map(Username::as_str)
    }

    /// Whether a mechanism of the application runs in it.
    pub(crate) fn has_custom_mechanism(&self) -> bool {
        matches!(self.credentials, Credentials::Mechanism(_))
    }

    /// Whether the token is requested from the application.
    pub(crate) fn requests_token(&self) -> bool {
        matches!(self.credentials, Credentials::TokenOnRequest { .. })
    }

    /// What a server must not be able to put into a log.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match &self.credentials {
            Credentials::Password { password, .. } => Some(password),
            Credentials::Token { token, .. } => Some(token),
            _ => None,
        }
    }

    /// The caller's own mechanism, once.
    pub(crate) fn take_custom(&mut self) -> Option<Box<dyn Mechanism>> {
        match &mut self.credentials {
            Credentials::Mechanism(own) => own.take(),
            _ => None,
        }
    }

    /// The command lines of the methods that are not SASL.
    pub(crate) fn lines(&self, method: Method) -> Result<Vec<CommandLine>, Misuse> {
        let Credentials::Password { username, password } = &self.credentials else {
            return Ok(Vec::new());
        };
        let (username, password) = (username.clone(), password.clone());
        Ok(match method {
            Method::UserPass => [
                CommandLine::new(Verb::User, Arguments::Name(username)),
                CommandLine::new(Verb::Pass, Arguments::Secret(password)),
            ]
            .into(),
            Method::Apop => {
                let (username, password) = apop::prepared(username, password)?;
                [CommandLine::new(
                    Verb::Apop,
                    Arguments::Apop(username, password),
                )]
                .into()
            }
            _ => Vec::new(),
        })
    }

    /// Refuses lines that are too long for the server, where no other method is left open.
    pub(crate) fn check_length(&self, limit: usize) -> Result<(), Misuse> {
        let methods = self.methods();
        if methods.iter().any(|method| method.is_sasl()) {
            return Ok(());
        }
        for method in methods.iter() {
            for line in self.lines(*method).into_iter().flatten() {
                check_length(&line, limit)?;
            }
        }
        Ok(())
    }
}
