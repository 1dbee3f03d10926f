//! Fetches a POP3 mailbox into a Maildir: each message once, and none is lost whatever happens.
//!
//! ```text
//! cargo run --release -p pop3-blocking --example fetch
//! cargo run --release -p pop3-blocking --example fetch -- --maildir mail pop3s://joe@mail.example.org
//! ```
//!
//! Without a URL it starts a server of its own with a sample mailbox and fetches that.

mod login;
mod mailbox;
mod maildir;
mod options;
mod report;
mod sample;

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;

use login::SAMPLE;
use mailbox::Mail;
use maildir::Maildir;
use options::{Command, HELP, Options, Server};
use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_blocking::{
    Client, Connector, Dele, List, Message, QuitOutcome, Roots, StlsPolicy, Uidl, connect_with,
};
use report::{Report, complain};
use sample::sample_maildrop;

type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line says; `false` if a part of it failed and was reported.
fn run() -> Result<bool, Failure> {
    let options = match options::parse(std::env::args_os().skip(1))? {
        Command::Help => {
            say(HELP.trim_end())?;
            return Ok(true);
        }
        Command::Fetch(options) => options,
    };
    let mut connector = connector(&options)?;
    let embedded;
    let endpoint = match &options.server {
        Server::Embedded => {
            let config = ServerConfig::new(SAMPLE, SAMPLE).sasl(EVERY);
            embedded = EmbeddedServer::start(config, sample_maildrop().into_iter().collect())?;
            connector.roots = Some(Roots::from_pem(embedded.ca_pem().as_bytes())?);
            embedded.implicit_tls()
        }
        Server::Remote { endpoint, .. } => endpoint.clone(),
    };
    let login = login::login(&options, &endpoint)?;
    // Before anything is asked of the server: another run may be storing there.
    let maildir = Maildir::open(&options.maildir)?;
    let client = connect_with(&endpoint, &connector).and_then(|mut client| {
        login::log_in(&mut client, login, options.verbose)?;
        Ok(client)
    });
    let client = client.map_err(|error| match login::hint(&error) {
        Some(hint) => format!("{endpoint}: {error}; {hint}"),
        None => format!("{endpoint}: {error}"),
    })?;
    say(&format!("from {endpoint} into {:?}", options.maildir))?;
    let mut session = Session {
        client,
        maildir,
        account: options.server.account(),
        report: Report::new(endpoint.to_string()),
    };
    if let Err(error) = session.run(options.delete) {
        session.report.failure(&*error);
        // Without a QUIT the server deletes nothing. What is stored stays remembered. If this fails as well, the next run finds the files.
        let _ = session.maildir.sync();
    }
    let (line, good) = session.report.finish();
    say(&line)?;
    Ok(good)
}

/// What the server of the sample mailbox offers: all that can be tried with `--auth`.
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

/// Writes to stdout.
fn say(text: &str) -> Result<(), Failure> {
    let written = writeln!(io::stdout(), "{text}");
    Ok(written.map_err(|error| format!("cannot write to stdout: {error}"))?)
}

/// The rules for connections.
fn connector(options: &Options) -> Result<Connector, Failure> {
    let mut connector = Connector::default();
    if let Some(path) = &options.ca {
        let pem = fs::read(path).map_err(|error| format!("cannot read {path:?}: {error}"))?;
        let roots = Roots::from_pem(&pem).map_err(|error| format!("{path:?}: {error}"))?;
        connector.roots = Some(roots);
    }
    if options.plaintext {
        connector.config.stls = StlsPolicy::Off;
        connector.config.allow_insecure_login = true;
    }
    Ok(connector)
}

/// A session that is logged in, and where its mail goes.
struct Session {
    client: Client<TcpStream>,
    maildir: Maildir,
    account: String,
    report: Report,
}

impl Session {
    fn run(&mut self, delete: bool) -> Result<(), Failure> {
        let (sizes, unique_ids) = self.client.batch((List, Uidl))?;
        let (mailbox, left_out) = mailbox::mailbox(&sizes, &unique_ids);
        self.report.listed(&mailbox, &left_out);
        self.fetch(&mailbox)?;
        self.finish(&mailbox, delete)
    }

    /// Fetches what is not here yet. A message that the server refuses does not stop the others.
    fn fetch(&mut self, mailbox: &[Mail]) -> Result<(), Failure> {
        let Self {
            client,
            maildir,
            account,
            report,
        } = self;
        let wanted: Vec<&Mail> = mailbox
            .iter()
            .filter(|mail| !matches!(&mail.key, Some(key) if maildir.contains(account, key)))
            .collect();
        report.known = mailbox.len() - wanted.len();
        report.expect(&wanted);
        let mut messages = client.retrieve(wanted.iter().map(|mail| mail.number));
        for mail in &wanted {
            match messages.next().ok_or("the session ended too early")? {
                Ok(message) => {
                    report.octets += store(message, mail, maildir, account, report)?;
                    report.fetched += 1;
                }
                Err(error) if error.is_fatal() => return Err(error.into()),
                Err(error) => report.failure(&error),
            }
        }
        Ok(())
    }

    /// Ends the session. Deletes only what is safely stored, and believes only `Committed`.
    fn finish(&mut self, mailbox: &[Mail], delete: bool) -> Result<(), Failure> {
        let durable = self.maildir.sync()?;
        let stored = |mail: &&Mail| match &mail.key {
            Some(key) if mail.unique => durable.contains(&self.account, key),
            _ => false,
        };
        let doomed = mailbox.iter().filter(|_| delete).filter(stored);
        let mut marked = 0;
        for reply in self.client.pipeline(doomed.map(|mail| Dele(mail.number))) {
            match reply {
                Ok(_) => marked += 1,
                Err(error) if error.is_fatal() => return Err(error.into()),
                Err(error) => self.report.failure(&error),
            }
        }
        match self.client.quit() {
            Ok(QuitOutcome::Committed) => self.report.deleted = marked,
            // The mail is here, and the server had nothing else to do.
            _ if marked == 0 => {}
            Ok(QuitOutcome::Refused(text)) => {
                let text = format!("it did not delete all of {marked} messages: {text}");
                self.report.blame(&text);
            }
            Ok(QuitOutcome::Unknown) => {
                let text = format!("it did not say whether it deleted {marked} messages");
                self.report.blame(&text);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Stores a message; the result is its octets as the server sent them.
fn store(
    mut message: Message<'_, TcpStream>,
    mail: &Mail,
    maildir: &mut Maildir,
    account: &str,
    report: &Report,
) -> Result<u64, Failure> {
    let mut delivery = maildir.begin()?;
    let mut octets = 0;
    while let Some(chunk) = message.chunk()? {
        delivery.write_all(&chunk)?;
        octets += chunk.len() as u64;
        report.received(chunk.len());
    }
    delivery.commit(account, mail.key.as_deref())?;
    Ok(octets)
}
