//! The preparations before a session, without any I/O on the network.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use pop3_blocking::proto::Connection;
use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_blocking::{
    Capabilities, Connector, Endpoint,
    config::{CapaPolicy, Pipelining, StlsPolicy},
    tls::Roots,
};

use super::login::{self, Account, SAMPLE};
use super::maildir::Maildir;
use super::options::{self, Command, HELP, Options, Server};
use super::report::{Report, complain};
use super::run::{Again, Run};
use super::sample::sample_maildrop;

pub(crate) type Failure = Box<dyn Error>;

/// The settings of a run.
pub(crate) struct Setup {
    pub(crate) endpoint: Endpoint,
    pub(crate) connector: Connector,
    pub(crate) account: Account,
    options: Options,
    embedded: Option<EmbeddedServer>,
}

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

/// Returns the exit code, and prints the error.
pub(crate) fn exit(result: Result<bool, Failure>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Parses the command line and prepares a run; `None` if there is nothing to fetch.
pub(crate) fn set_up() -> Result<Option<(Setup, Maildir)>, Failure> {
    let options = match options::parse(std::env::args_os().skip(1))? {
        Command::Help => {
            say(HELP.trim_end())?;
            return Ok(None);
        }
        Command::Fetch(options) => *options,
    };
    let mut connector = connector(&options)?;
    let (endpoint, embedded) = match &options.server {
        Server::Embedded => {
            let config = ServerConfig::new(SAMPLE, SAMPLE).sasl(EVERY);
            let server = EmbeddedServer::start(config, sample_maildrop().into_iter().collect())?;
            connector.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
            (server.implicit_tls(), Some(server))
        }
        Server::Remote { endpoint, .. } => (endpoint.clone(), None),
    };
    let account = login::account(&options, &endpoint)?;
    // This locks the Maildir, so it has to be done before the server is contacted.
    let maildir = Maildir::open(&options.maildir)?;
    let setup = Setup {
        endpoint,
        connector,
        account,
        options,
        embedded,
    };
    Ok(Some((setup, maildir)))
}

impl Setup {
    /// With `--verbose`, prints the encryption, the login method, and why the others were not used.
    pub(crate) fn print_login(&self, connection: &Connection) {
        if !self.options.verbose {
            return;
        }
        let channel = match connection.tls() {
            Some(tls) => tls.to_string(),
            None => "unencrypted".to_owned(),
        };
        complain(&format_args!("channel: {channel}"));
        if let Some(plan) = connection.login_plan() {
            for line in format!("{plan:#}").lines() {
                complain(&format_args!("login: {line}"));
            }
        }
    }

    /// Returns the error for a failed connection or login, with a hint if an option may help.
    /// `capabilities` are those of the server, if they are known.
    pub(crate) fn no_session(
        &self,
        error: &pop3_blocking::Error,
        capabilities: Option<&Capabilities>,
    ) -> Failure {
        let endpoint = &self.endpoint;
        let capabilities = capabilities.filter(|_| self.options.plaintext);
        match login::hint(error, capabilities) {
            Some(hint) => format!("{endpoint}: {error}; {hint}").into(),
            None => format!("{endpoint}: {error}").into(),
        }
    }

    /// Starts the run in a session that is logged in.
    pub(crate) fn logged_in(&mut self, maildir: Maildir) -> Result<Run, Failure> {
        let Self {
            endpoint, options, ..
        } = self;
        say(&format!("from {endpoint} into {:?}", options.maildir))?;
        Ok(Run {
            maildir,
            account: options.server.account(),
            delete: options.delete,
            report: Report::new(endpoint.to_string()),
            listed: BTreeMap::new(),
            left_out: BTreeSet::new(),
            short: BTreeSet::new(),
            _embedded: self.embedded.take(),
        })
    }

    /// Changes the settings for the next session.
    pub(crate) fn prepare(&mut self, again: Again) {
        if again == Again::WithoutPipelining {
            self.connector.config.pipelining = Pipelining::Never;
        }
    }
}

/// Writes to stdout.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let written = writeln!(io::stdout(), "{text}");
    Ok(written.map_err(|error| format!("cannot write to stdout: {error}"))?)
}

/// Returns the settings for connections.
fn connector(options: &Options) -> Result<Connector, Failure> {
    let mut connector = Connector::default();
    super::tls::apply(options, &mut connector)?;
    let config = &mut connector.config;
    if let Some(timeout) = options.timeout {
        let timeouts = &mut config.timeouts;
        for each in [
            &mut timeouts.connect,
            &mut timeouts.tls,
            &mut timeouts.greeting,
            &mut timeouts.first_octet,
            &mut timeouts.stall,
            &mut timeouts.send,
            &mut timeouts.quit,
        ] {
            *each = timeout;
        }
    }
    if !options.pipelining {
        config.pipelining = Pipelining::Never;
    }
    if !options.capa {
        config.capa = CapaPolicy::Never;
    }
    if options.plaintext {
        config.stls = StlsPolicy::Off;
        config.allow_insecure_login = true;
    }
    Ok(connector)
}
