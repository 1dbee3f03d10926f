//! Logging in: which way, with what, and what to try when it fails.

use std::net::TcpStream;

use pop3_blocking::{
    ChannelBinding, Client, Endpoint, Error, Login, LoginPolicy, Method, Misuse, Secret, Username,
};

use crate::options::{self, Auth, Options, Server, UsageError};
use crate::report::complain;

/// The user of the sample mailbox, and the password.
pub(crate) const SAMPLE: &str = "sample";

/// Who logs in, and how: asks for the password or the token if there has to be one.
pub(crate) fn login(options: &Options, endpoint: &Endpoint) -> Result<Login, UsageError> {
    let named = endpoint.method().map(|method| Auth {
        method,
        bound: false,
    });
    let auth = options.auth.or(named);
    let method = auth.map(|auth| auth.method);
    let login = match (&options.server, method) {
        (Server::Embedded, _) => Login::new(SAMPLE, SAMPLE).map_err(options::misused)?,
        (Server::Remote { user, .. }, Some(Method::Anonymous)) => Login::anonymous(user.as_str()),
        (Server::Remote { user, .. }, _) => with_secret(user, endpoint, method)?,
    };
    Ok(match auth {
        Some(auth) => login.with_policy(policy(auth)),
        None => login,
    })
}

fn policy(auth: Auth) -> LoginPolicy {
    LoginPolicy::only(auth.method).with_channel_binding(if auth.bound {
        ChannelBinding::Require
    } else {
        ChannelBinding::Off
    })
}

fn with_secret(
    user: &Username,
    endpoint: &Endpoint,
    method: Option<Method>,
) -> Result<Login, UsageError> {
    let token = matches!(method, Some(Method::OAuthBearer | Method::XOAuth2));
    let what = if token { "Token" } else { "Password" };
    let prompt = format!("{what} of {} at {}: ", user.as_str(), endpoint.host());
    let secret: Secret = options::password(&prompt)?;
    Ok(if token {
        Login::bearer(user.clone(), secret)
    } else {
        Login::password(user.clone(), secret)
    })
}

/// Logs in. With `verbose` it says which way was taken, and why none of the others.
pub(crate) fn log_in(
    client: &mut Client<TcpStream>,
    login: Login,
    verbose: bool,
) -> Result<(), Error> {
    let result = client.login(login);
    if let (true, Some(plan)) = (verbose, client.login_plan()) {
        for line in format!("{plan:#}").lines() {
            complain(&format_args!("login: {line}"));
        }
    }
    result.map(drop)
}

/// What to add to the command line where a login failed, if anything may help.
pub(crate) fn hint(error: &Error) -> Option<String> {
    if let Error::Misuse(Misuse::Argument(_)) = error {
        return Some("another way to log in may take these: see --auth".to_owned());
    }
    let Error::Auth(error) = error else {
        return None;
    };
    error
        .try_instead()
        .map(|method| format!("try --auth {method}"))
}
