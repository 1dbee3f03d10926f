//! Logins: the credentials, the login methods, and the policy that selects a method.
//!
//! A [`Login`] is submitted like a command. A [`LoginPlan`] says which method a login uses, and
//! why.

mod choose;
mod credentials;
mod policy;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

pub(crate) use self::choose::ConcreteMethod;
pub use self::credentials::{Credentials, CustomMechanism};
#[cfg(feature = "record")]
pub(crate) use self::policy::Order;
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

/// A request that logs in. Requests that are submitted after it are sent when it is complete.
///
/// On a [`Channel::Plain`](crate::Channel::Plain) connection, it starts TLS first, unless
/// [`Config::stls`](crate::Config::stls) is off. Credentials are sent in cleartext only if
/// [`Config::allow_insecure_login`](crate::Config::allow_insecure_login) is set.
///
/// The login makes one attempt, with the safest method that the server, the credentials and the
/// [`LoginPolicy`] allow. It does not fall back to a weaker method unless the policy allows that.
/// If the server refuses the login, it fails with [`Error::Auth`](crate::Error::Auth), which
/// contains the server's text. The connection can be used for another login.
///
/// If the server sent its capabilities before the login, they are requested again after a
/// successful login (see [`CapaPolicy`](crate::config::CapaPolicy)). If that fails, the login
/// fails, too.
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
    /// Creates a login with a user name and a password, with the default policy.
    ///
    /// # Errors
    ///
    /// As for [`Username::new`] and [`Secret::new`].
    pub fn new(username: impl Into<String>, password: impl Into<Vec<u8>>) -> Result<Self, Misuse> {
        Ok(Self::password(
            Username::new(username)?,
            Secret::new(password)?,
        ))
    }

    /// Creates a login with these credentials, with the default policy.
    pub fn with(credentials: Credentials) -> Self {
        Self {
            credentials,
            policy: LoginPolicy::default(),
            authzid: None,
            server: None,
            nonce: None,
        }
    }

    /// Creates a login from a [`Username`] and a [`Secret`].
    pub fn password(username: Username, password: Secret) -> Self {
        Self::with(Credentials::Password { username, password })
    }

    /// Creates a login with a bearer token of OAuth 2.0 (RFC 6750).
    ///
    /// # Errors
    ///
    /// As for [`Username::new`] and [`Secret::new`].
    pub fn bearer(username: impl Into<String>, token: impl Into<Vec<u8>>) -> Result<Self, Misuse> {
        Ok(Self::with(Credentials::Token {
            username: Username::new(username)?,
            token: Secret::new(token)?,
        }))
    }

    /// Creates a login whose bearer token is requested from the application when it is needed.
    ///
    /// The token is requested when the login method has been selected. A fresh token is requested
    /// at most once. With OAUTHBEARER, this happens after the status `invalid_token`. With XOAUTH2,
    /// it happens after the status 400 or 401, or after a `-ERR` without any reason.
    ///
    /// The clients call a function that is passed to their method `login_with`. With their other
    /// methods, such a login fails with [`Misuse::TokenOnRequest`]. Without a client, see
    /// [`Event::TokenWanted`](crate::Event::TokenWanted).
    ///
    /// # Errors
    ///
    /// As for [`Username::new`].
    pub fn bearer_on_request(username: impl Into<String>) -> Result<Self, Misuse> {
        Ok(Self::with(Credentials::TokenOnRequest {
            username: Username::new(username)?,
        }))
    }

    /// Creates a login with the TLS client certificate, by EXTERNAL (RFC 4422 appendix A).
    pub fn certificate() -> Self {
        Self::with(Credentials::Certificate)
    }

    /// Creates an anonymous login with a trace for the server's log. The trace may be empty.
    pub fn anonymous(trace: impl Into<String>) -> Self {
        let trace = trace.into().into_boxed_str();
        Self::with(Credentials::Anonymous { trace })
    }

    /// Creates a login with a custom mechanism. It is tried even if the server does not advertise
    /// it.
    ///
    /// # Errors
    ///
    /// As for [`CustomMechanism::new`].
    pub fn mechanism(mechanism: impl Mechanism + 'static) -> Result<Self, Misuse> {
        let own = CustomMechanism::new(mechanism)?;
        Ok(Self::with(Credentials::Mechanism(own)))
    }

    /// Sets the policy.
    #[must_use]
    pub fn with_policy(self, policy: LoginPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Sets the authorization identity: the user to act as (RFC 4422 section 3.4.1). It is
    /// supported by SCRAM, PLAIN, OAUTHBEARER and EXTERNAL.
    #[must_use]
    pub fn acting_as(self, authzid: Username) -> Self {
        Self {
            authzid: Some(authzid),
            ..self
        }
    }

    /// Sets the host name and port that OAUTHBEARER sends (RFC 7628 section 3.1), for servers that
    /// host several domains.
    #[must_use]
    pub fn at_server(self, host: impl Into<String>, port: u16) -> Self {
        let server = Some((host.into().into_boxed_str(), port));
        Self { server, ..self }
    }

    /// Sets the client's nonce for SCRAM. By default it is derived from
    /// [`Connection::seed`](crate::Connection::seed).
    #[must_use]
    pub fn with_nonce(self, nonce: ClientNonce) -> Self {
        Self {
            nonce: Some(nonce),
            ..self
        }
    }

    #[cfg(feature = "record")]
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    #[cfg(feature = "record")]
    pub(crate) fn authzid(&self) -> Option<&Username> {
        self.authzid.as_ref()
    }

    #[cfg(feature = "record")]
    pub(crate) fn server(&self) -> Option<(&str, u16)> {
        let server = self.server.as_ref();
        server.map(|(host, port)| (&**host, *port))
    }

    pub(crate) fn policy(&self) -> &LoginPolicy {
        &self.policy
    }

    /// Takes the nonce that the caller set.
    pub(crate) fn take_nonce(&mut self) -> Option<ClientNonce> {
        self.nonce.take()
    }

    /// Returns the user name and the authorization identity, which are not secret.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = [self.credentials.username(), self.authzid.as_ref()];
        names.into_iter().flatten().map(Username::as_str)
    }

    /// Returns whether the login runs a custom mechanism of the application.
    pub(crate) fn has_custom_mechanism(&self) -> bool {
        matches!(self.credentials, Credentials::Mechanism(_))
    }

    /// Returns whether the token is requested from the application.
    pub(crate) fn requests_token(&self) -> bool {
        matches!(self.credentials, Credentials::TokenOnRequest { .. })
    }

    /// Returns the secret, which must be redacted if the server echoes it.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match &self.credentials {
            Credentials::Password { password, .. } => Some(password),
            Credentials::Token { token, .. } => Some(token),
            _ => None,
        }
    }

    /// Takes the custom mechanism.
    pub(crate) fn take_custom(&mut self) -> Option<Box<dyn Mechanism>> {
        match &mut self.credentials {
            Credentials::Mechanism(own) => own.take(),
            _ => None,
        }
    }

    /// Returns the command lines of a method that is not a SASL mechanism.
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

    /// Returns an error if every allowed method needs a command line that is too long for the
    /// server.
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
