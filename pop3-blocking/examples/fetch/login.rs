//! Logging in: which way, with what, and what to try when it fails.

use pop3_blocking::{
    Endpoint, Error, Login, Secret, Username,
    error::{Misuse, TlsErrorKind},
    login::{ChannelBinding, Credentials, LoginPolicy, Method},
};

use crate::options::{self, Auth, Options, Server, UsageError};

/// The user of the sample mailbox, and the password.
pub(crate) const SAMPLE: &str = "sample";

/// Who logs in, and how: as often as there is a session.
pub(crate) struct Account {
    who: Who,
    /// The one way that the user named.
    auth: Option<Auth>,
}

enum Who {
    Anonymous(String),
    Token(Username, Secret),
    Password(Username, Secret),
}

/// Asks for the password or the token if there has to be one.
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
            options::password(&format!("{what} of {user} at {}: ", endpoint.host()))
        }
    };
    let username = || Username::new(user).map_err(options::misused);
    let who = match method {
        Some(Method::Anonymous) => Who::Anonymous(user.to_owned()),
        _ if token => Who::Token(username()?, secret()?),
        _ => Who::Password(username()?, secret()?),
    };
    Ok(Account { who, auth })
}

impl Account {
    /// A login for one session.
    pub(crate) fn login(&self) -> Login {
        let login = match &self.who {
            Who::Anonymous(trace) => Login::anonymous(trace),
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

/// What to add to the command line where a session could not be had, if anything may help.
pub(crate) fn hint(error: &Error) -> Option<String> {
    match error {
        Error::Misuse(Misuse::Argument(_)) => {
            Some("another way to log in may take these: see --auth".to_owned())
        }
        Error::Tls(error) if error.kind == TlsErrorKind::Certificate => {
            Some("to trust another authority, see --ca".to_owned())
        }
        _ => error
            .try_instead()
            .map(|method| format!("if the password is right, try --auth {method}")),
    }
}
