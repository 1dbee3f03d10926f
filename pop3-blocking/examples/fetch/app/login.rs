//! The login: method and credentials, and hints if it fails.

use pop3_blocking::{
    Capabilities, Endpoint, Error, Login, Secret, Username,
    error::{AuthError, Misuse, SecurityError, TlsErrorKind},
    login::{ChannelBinding, Credentials, LoginPolicy, Method},
};

use super::options::{self, Auth, Options, Server, UsageError};

/// The user name and the password of the sample mailbox.
pub(crate) const SAMPLE: &str = "sample";

/// The credentials and the method of the login, for all sessions of a run.
pub(crate) struct Account {
    who: Who,
    /// The only login method that the user allows.
    auth: Option<Auth>,
}

enum Who {
    Anonymous(String),
    Certificate,
    Token(Username, Secret),
    Password(Username, Secret),
}

/// Prompts for the password or the token if the method needs one.
pub(crate) fn account(options: &Options, endpoint: &Endpoint) -> Result<Account, UsageError> {
    let named = endpoint.method().map(|method| Auth {
        method,
        bound: false,
    });
    let auth = options.auth.or(named);
    let method = auth.map(|auth| auth.method);
    let user = match &options.server {
        Server::Embedded => SAMPLE,
        Server::Remote { user, .. } => user.as_str(),
    };
    let token = matches!(method, Some(Method::OAuthBearer | Method::XOAuth2));
    let secret = || match &options.server {
        Server::Embedded => Secret::new(SAMPLE).map_err(options::misused),
        Server::Remote { .. } => {
            let what = if token { "Token" } else { "Password" };
            options.password.read(what, user, endpoint.host())
        }
    };
    let username = || Username::new(user).map_err(options::misused);
    let who = match method {
        Some(Method::Anonymous) => Who::Anonymous(user.to_owned()),
        Some(Method::External) => Who::Certificate,
        _ if token => Who::Token(username()?, secret()?),
        _ => Who::Password(username()?, secret()?),
    };
    Ok(Account { who, auth })
}

impl Account {
    /// Returns a login for one session.
    pub(crate) fn login(&self) -> Login {
        let login = match &self.who {
            Who::Anonymous(trace) => Login::anonymous(trace),
            Who::Certificate => Login::certificate(),
            Who::Token(username, token) => Login::with(Credentials::Token {
                username: username.clone(),
                token: token.clone(),
            }),
            Who::Password(username, password) => {
                Login::password(username.clone(), password.clone())
            }
        };
        match self.auth {
            Some(auth) => login.with_policy(policy(auth)),
            None => login,
        }
    }
}

fn policy(auth: Auth) -> LoginPolicy {
    LoginPolicy::only(auth.method).with_channel_binding(if auth.bound {
        ChannelBinding::Require
    } else {
        ChannelBinding::Off
    })
}

/// Returns which option may help after a failed login or connection.
///
/// `capabilities` are those of a server that was logged in to with `--plaintext`.
pub(crate) fn hint(error: &Error, capabilities: Option<&Capabilities>) -> Option<String> {
    let only_stls = |listed: &Capabilities| {
        listed.stls() && !listed.user() && listed.sasl().is_none_or(|names| names.is_empty())
    };
    let hint = match error {
        Error::Misuse(Misuse::Argument(_)) => "another login method may accept these: see --auth",
        Error::Tls(error) if error.kind == TlsErrorKind::UnknownIssuer => {
            "to trust the certificate or its authority, use --ca"
        }
        // The kind of the error does not distinguish these: the text names the setting.
        Error::Tls(error) if error.text.contains("Roots::Only") => {
            "to trust exactly this certificate, give its file to --ca"
        }
        Error::Tls(error) if error.text.contains("Roots::Pinned") => {
            "if the server has a new key, give this digest to --pin"
        }
        Error::Tls(error) if error.text.contains("Connector::tls") => {
            "to use a client certificate, give its file to --cert"
        }
        Error::Security(error) if matches!(**error, SecurityError::StlsUnavailable { .. }) => {
            "the option for that is --plaintext: use it only on a trusted path, such as to a proxy on this computer"
        }
        _ if capabilities.is_some_and(only_stls) => {
            "the server offers only STLS before a login: leave out --plaintext"
        }
        Error::Auth(auth) if has_long_line(auth) => "to send shorter lines, try --auth USER",
        _ => {
            let method = error.try_instead()?;
            return Some(format!("if the password is right, try --auth {method}"));
        }
    };
    Some(hint.to_owned())
}

/// Returns whether a login was refused perhaps because of a long line that `USER` and `PASS` avoid.
fn has_long_line(error: &AuthError) -> bool {
    matches!(error, AuthError::Rejected(rejected)
        if rejected.long_line.is_some() && rejected.method != Method::UserPass)
}
