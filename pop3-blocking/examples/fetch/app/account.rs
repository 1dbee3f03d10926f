//! A mailbox on a server: how to connect and to log in.

use std::path::PathBuf;

use pop3_blocking::proto::Connection;
use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_blocking::sync::Dial;
use pop3_blocking::tls::Roots;
use pop3_blocking::{
    Capabilities, Connector, Endpoint, Error, Login, Secret, Username,
    config::Pipelining,
    login::{ChannelBinding, Credentials, LoginPolicy, Method},
};

use super::exit::{Exit, Failure};
use super::hints;
use super::maildir::canonical;
use super::options::{Auth, Options, Server, Verbosity};
use super::output::Output;
use super::sample::sample_maildrop;

/// The user name and the password of the sample mailbox.
const SAMPLE: &str = "sample";

/// The mechanisms of the embedded server: all that `--auth` accepts.
const EVERY: [&str; 12] = [
    "SCRAM-SHA-512-PLUS",
    "SCRAM-SHA-512",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-1",
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "OAUTHBEARER",
    "XOAUTH2",
    "ANONYMOUS",
];

/// A mailbox on a server.
pub(crate) struct Account {
    endpoint: Endpoint,
    connector: Connector,
    who: Who,
    /// The only login method that the user allows.
    auth: Option<Auth>,
    verbosity: Verbosity,
    maildir: PathBuf,
    /// The name of its ledger.
    name: String,
    /// The capabilities of a server that was connected to with `--plaintext`.
    capabilities: Option<Capabilities>,
    /// Whether a login of the present run succeeded.
    logged_in: bool,
    /// The embedded server, which stops when it is dropped.
    _embedded: Option<EmbeddedServer>,
}

enum Who {
    Anonymous(String),
    Certificate,
    Token(Username, Secret),
    Password(Username, Secret),
}

impl Account {
    /// Prepares a mailbox. Prompts for the password or the token if the method needs one.
    pub(super) fn new(
        options: &Options,
        server: &Server,
        connector: &Connector,
    ) -> Result<Self, Failure> {
        let mut connector = connector.clone();
        let (endpoint, user, embedded) = match server {
            Server::Embedded => {
                let config = ServerConfig::new(SAMPLE, SAMPLE).sasl(EVERY);
                let mail = sample_maildrop().into_iter().collect();
                let server = EmbeddedServer::start(config, mail)?;
                let roots = Roots::from_pem(server.ca_pem().as_bytes());
                connector.tls.roots =
                    Some(roots.map_err(|error| Failure::new(Exit::Config, error))?);
                (server.implicit_tls(), SAMPLE, Some(server))
            }
            Server::Remote { endpoint, user } => (endpoint.clone(), user.as_str(), None),
        };
        let selected = endpoint.method().map(|method| Auth {
            method,
            bound: false,
        });
        let auth = options.auth.or(selected);
        let method = auth.map(|auth| auth.method);
        let credentials = |error| Failure::new(Exit::Credentials, error);
        let secret = |what| match server {
            Server::Embedded => Secret::new(SAMPLE).map_err(|error| credentials(error.to_string())),
            Server::Remote { .. } => {
                let secret = options.password.read(what, user, endpoint.host());
                secret.map_err(|error| credentials(error.to_string()))
            }
        };
        let username =
            || Username::new(user).map_err(|error| Failure::new(Exit::Usage, error.to_string()));
        let who = match method {
            Some(Method::Anonymous) => Who::Anonymous(user.to_owned()),
            Some(Method::External) => Who::Certificate,
            Some(Method::OAuthBearer | Method::XOAuth2) => {
                Who::Token(username()?, secret("Token")?)
            }
            _ => Who::Password(username()?, secret("Password")?),
        };
        let host = if embedded.is_some() {
            "embedded"
        } else {
            endpoint.host()
        };
        let name = canonical(&format!("{user}@{host}"));
        Ok(Self {
            endpoint,
            connector,
            who,
            auth,
            verbosity: options.verbosity,
            maildir: options.maildir.clone(),
            name,
            capabilities: None,
            logged_in: false,
            _embedded: embedded,
        })
    }

    /// Returns the server.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the name of the account in the Maildir.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the settings for a connection.
    pub(crate) fn connector(&self, how: &Dial, output: &Output) -> Connector {
        let mut connector = self.connector.clone();
        let pipelining = &mut connector.config.pipelining;
        if !how.pipelining && *pipelining != Pipelining::Never {
            output.blame(
                &"the session ended before all of the first pipelined commands were answered; \
                  trying again without pipelining (as with --no-pipelining)",
            );
            *pipelining = Pipelining::Never;
        }
        connector
    }

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

    /// Remembers and reports the result of a login. With `--verbose`, prints the encryption, the login method, and
    /// why the others were not used.
    pub(crate) fn logged_in(&mut self, connection: &Connection, output: &Output, good: bool) {
        if good && !self.logged_in {
            self.logged_in = true;
            output.begin(&format!("from {} into {:?}", self.endpoint, self.maildir));
        }
        self.capabilities = connection.capabilities().cloned();
        if self.verbosity < Verbosity::Verbose {
            return;
        }
        match connection.tls() {
            Some(tls) => output.note(&format_args!("channel: {tls}")),
            None => output.note(&"channel: unencrypted"),
        }
        if let Some(plan) = connection.login_plan() {
            for line in format!("{plan:#}").lines() {
                output.note(&format_args!("login: {line}"));
            }
        }
    }

    /// With `--verbose`, prints the statistics of a session that has ended.
    pub(crate) fn ended(&self, connection: &Connection, output: &Output) {
        if self.verbosity >= Verbosity::Verbose {
            output.note(&format_args!("session: {}", connection.statistics()));
        }
    }

    /// Starts a run: returns whether a login of the last run succeeded.
    pub(super) fn take_logged_in(&mut self) -> bool {
        std::mem::take(&mut self.logged_in)
    }

    /// Returns which option may help after an error that ended a session.
    pub(super) fn hint(&self, error: &Error) -> Option<String> {
        let unencrypted = self.connector.config.allow_insecure_login;
        let capabilities = self.capabilities.as_ref().filter(|_| unencrypted);
        hints::hint(error, capabilities)
    }
}

fn policy(auth: Auth) -> LoginPolicy {
    LoginPolicy::only(auth.method).with_channel_binding(if auth.bound {
        ChannelBinding::Require
    } else {
        ChannelBinding::Off
    })
}
