//! Checks the options against each other.

use std::ffi::OsString;
use std::path::PathBuf;

use pop3_blocking::proto::Channel;
use pop3_blocking::sync::{Delete, Order};
use pop3_blocking::{Endpoint, login::Method};

use super::{Options, Server, Trust, UsageError, misused, refuse};
use crate::app::password::Source;

/// What the command line says.
#[derive(Default)]
pub(super) struct Given {
    pub(super) urls: Vec<OsString>,
    pub(super) delete: bool,
    pub(super) keep_days: Option<u16>,
    pub(super) ca: Option<PathBuf>,
    pub(super) pins: Vec<[u8; 32]>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_command: Option<OsString>,
    pub(super) options: Options,
}

impl Given {
    /// Returns the options if none contradicts another.
    pub(super) fn checked(mut self) -> Result<Options, UsageError> {
        self.check_rules()?;
        if !self.urls.is_empty() {
            let servers = self.urls.drain(..).map(|url| match url.into_string() {
                Ok(url) => remote(&url, self.options.plaintext),
                Err(_) => refuse("the URL is not UTF-8"),
            });
            self.options.servers = servers.collect::<Result<_, _>>()?;
        }
        self.check_tls()?;
        let mut options = self.options;
        options.rules.delete = match self.keep_days {
            Some(days) => Delete::AfterDays(days),
            None if self.delete => Delete::WhenStored,
            None => Delete::Never,
        };
        options.trust = match (self.ca, self.pins) {
            (None, pins) if pins.is_empty() => Trust::Default,
            (None, pins) => Trust::Keys(pins),
            (Some(file), pins) if pins.is_empty() => Trust::File(file),
            _ => return refuse("--ca contradicts --pin, which replaces it; see --help"),
        };
        options.certificate = match (self.cert, self.key) {
            (Some(certificate), key) => Some((certificate.clone(), key.unwrap_or(certificate))),
            (None, Some(_)) => return refuse("--key needs --cert; see --help"),
            (None, None) => None,
        };
        options.password = match (self.password_file, self.password_command) {
            (None, None) => Source::Ask,
            (Some(file), None) => Source::File(file),
            (None, Some(command)) => Source::Command(command),
            _ => return refuse("--password-file contradicts --password-command; see --help"),
        };
        if options.certificate.is_none() && is_external(&options) {
            return refuse("EXTERNAL needs a client certificate: use --cert; see --help");
        }
        Ok(options)
    }

    fn check_rules(&self) -> Result<(), UsageError> {
        let (options, rules) = (&self.options, &self.options.rules);
        let given = [
            ("--delete", self.delete),
            ("--keep-days", self.keep_days.is_some()),
            ("--limit", rules.max_messages.is_some()),
            ("--max-size", rules.max_size.is_some()),
            ("--headers-above", rules.headers_above.is_some()),
            ("--newest-first", rules.order == Order::NewestFirst),
            ("--dry-run", rules.dry_run),
        ];
        let adopt = given.iter().find(|(_, given)| *given && rules.adopt);
        if let Some((name, _)) = adopt {
            return refuse(format!(
                "{name} contradicts --adopt, which fetches and deletes nothing; see --help"
            ));
        }
        if self.delete && self.keep_days.is_some() {
            return refuse("--delete contradicts --keep-days; see --help");
        }
        if rules.dry_run && options.poll.is_some() {
            return refuse("--dry-run contradicts --poll; see --help");
        }
        match (rules.headers_above, rules.max_size) {
            (Some(headers), Some(max)) if headers >= max => {
                refuse("--headers-above must be less than --max-size; see --help")
            }
            _ => Ok(()),
        }
    }

    fn check_tls(&self) -> Result<(), UsageError> {
        let options = &self.options;
        let embedded = options.servers.contains(&Server::Embedded);
        for (name, given) in [
            ("--ca", self.ca.is_some()),
            ("--pin", !self.pins.is_empty()),
            ("--cert", self.cert.is_some()),
            ("--key", self.key.is_some()),
        ] {
            if given && options.plaintext {
                return refuse(format!(
                    "{name} contradicts --plaintext, which means no TLS; see --help"
                ));
            }
            if given && embedded {
                return refuse(format!("{name} needs a URL; see --help"));
            }
        }
        if options.plaintext && embedded {
            return refuse("--plaintext needs a URL; see --help");
        }
        Ok(())
    }
}

/// Returns whether the login method EXTERNAL is selected.
fn is_external(options: &Options) -> bool {
    let in_url = |server: &Server| match server {
        Server::Remote { endpoint, .. } => endpoint.method() == Some(Method::External),
        Server::Embedded => false,
    };
    match options.auth {
        Some(auth) => auth.method == Method::External,
        None => options.servers.iter().any(in_url),
    }
}

/// Parses a URL.
fn remote(url: &str, plaintext: bool) -> Result<Server, UsageError> {
    let endpoint: Endpoint = url.parse().map_err(misused)?;
    if plaintext && endpoint.channel() == Channel::ImplicitTls {
        return refuse("--plaintext contradicts pop3s://, which means TLS; see --help");
    }
    match endpoint.username().cloned() {
        Some(user) => Ok(Server::Remote { endpoint, user }),
        None => refuse("the URL has no user name; see --help"),
    }
}
