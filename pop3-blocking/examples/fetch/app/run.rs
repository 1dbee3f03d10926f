//! What a run does with the messages of a mailbox, without any I/O on the network.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::Duration;

use pop3_blocking::proto::Connection;
use pop3_blocking::server::EmbeddedServer;
use pop3_blocking::{
    Capabilities, Error, MessageNumber, QuitOutcome,
    command::Verb,
    error::{Closed, ProtocolError, Retry, Stage, Timeout},
    listing::{Listing, UidListing},
    reply::{Received, Status},
};

use super::mailbox::{self, Mail};
use super::maildir::{Delivery, Maildir};
use super::report::Report;
use super::setup::{Failure, say};

/// A run whose session is logged in.
pub(crate) struct Run {
    pub(crate) maildir: Maildir,
    pub(crate) account: String,
    pub(crate) delete: bool,
    pub(crate) report: Report,
    /// The messages of the present session and their keys.
    pub(crate) listed: BTreeMap<MessageNumber, Vec<u8>>,
    /// The keys of messages that ended a session. They are skipped for the rest of the run.
    pub(crate) left_out: BTreeSet<Vec<u8>>,
    /// Messages of the present session that have fewer octets than listed.
    pub(crate) short: BTreeSet<MessageNumber>,
    /// The embedded server, which stops when it is dropped.
    pub(crate) _embedded: Option<EmbeddedServer>,
}

/// How a run continues in another session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    WithoutPipelining,
    WithoutMessage(MessageNumber),
}

/// A message that is being stored in the Maildir. Dropping it deletes the partial file.
pub(crate) struct Arriving<'r> {
    delivery: Delivery<'r>,
    account: &'r str,
    report: &'r mut Report,
    short: &'r mut BTreeSet<MessageNumber>,
    octets: u64,
}

impl Run {
    /// Processes the listings. Returns the messages on the server.
    pub(crate) fn listed(&mut self, sizes: &Listing, unique_ids: &UidListing) -> Vec<Mail> {
        let (mailbox, left_out) = mailbox::mailbox(sizes, unique_ids);
        self.report.listed(&mailbox, &left_out);
        let keys = mailbox.iter().filter(|mail| mail.unique);
        let keys = keys.filter_map(|mail| Some((mail.number, mail.key.clone()?)));
        self.listed = keys.collect();
        self.short.clear();
        mailbox
    }

    /// Returns the messages that are not stored yet.
    pub(crate) fn wanted<'m>(&mut self, mailbox: &'m [Mail]) -> Vec<&'m Mail> {
        let (maildir, account) = (&mut self.maildir, &self.account);
        let here = |mail: &&Mail| matches!(&mail.key, Some(key) if maildir.contains(account, key));
        let (known, mut wanted): (Vec<&Mail>, Vec<&Mail>) = mailbox.iter().partition(here);
        let left_out = |mail: &&Mail| matches!(&mail.key, Some(key) if self.left_out.contains(key));
        wanted.retain(|mail| !left_out(mail));
        // The others were fetched by an earlier session of this run.
        self.report.known = known.len().saturating_sub(self.report.fetched);
        self.report.expect(&wanted);
        wanted
    }

    /// Starts to store a message.
    pub(crate) fn arriving(&mut self) -> Result<Arriving<'_>, Failure> {
        Ok(Arriving {
            delivery: self.maildir.begin()?,
            account: &self.account,
            report: &mut self.report,
            short: &mut self.short,
            octets: 0,
        })
    }

    /// Reports a failed command about one message. Returns the error if it ends the session.
    pub(crate) fn failed(&mut self, error: Error) -> Result<(), Failure> {
        if error.is_fatal() {
            return Err(error.into());
        }
        self.report.failure(&error);
        Ok(())
    }

    /// Returns the messages that may be deleted: only those that are safely stored. A message that is
    /// shorter than listed may be incomplete, so the run that fetched it does not delete it.
    pub(crate) fn doomed(&mut self, mailbox: &[Mail]) -> Result<Vec<MessageNumber>, Failure> {
        if !self.short.is_empty() {
            self.report.short(&self.short, self.delete);
        }
        let durable = self.maildir.sync()?;
        let stored = |mail: &&Mail| match &mail.key {
            // A message that ended a session may be stored incompletely.
            Some(key) if self.left_out.contains(key) => false,
            Some(_) if self.short.contains(&mail.number) => false,
            Some(key) if mail.unique => durable.contains(&self.account, key),
            _ => false,
        };
        let doomed = mailbox.iter().filter(|_| self.delete).filter(stored);
        Ok(doomed.map(|mail| mail.number).collect())
    }

    /// Handles the reply to a DELE. Returns how many messages it marked.
    pub(crate) fn marked(&mut self, reply: Result<Status, Error>) -> Result<usize, Failure> {
        match reply {
            Ok(_) => Ok(1),
            Err(error) => self.failed(error).map(|()| 0),
        }
    }

    /// Handles the outcome of QUIT. Only `Committed` counts as deleted.
    pub(crate) fn quit(
        &mut self,
        outcome: Result<QuitOutcome, Error>,
        marked: usize,
    ) -> Result<(), Failure> {
        match outcome {
            Ok(QuitOutcome::Committed(_)) => self.report.deleted = marked,
            // All messages are stored, and nothing was to be deleted.
            _ if marked == 0 => {}
            Ok(QuitOutcome::Refused(reply)) => {
                let text = format!("the server did not delete all of {marked} messages: {reply}");
                self.report.blame(&text);
            }
            Ok(QuitOutcome::Unknown) => {
                let text = format!("the server did not say whether it deleted {marked} messages");
                self.report.blame(&text);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Decides whether another session follows, and reports that: without pipelining if that may have
    /// ended this session before anything was stored, or without a message whose end was not
    /// recognized, so that the other messages can be fetched.
    pub(crate) fn again(
        &mut self,
        result: &Result<(), Failure>,
        connection: &Connection,
    ) -> Option<Again> {
        let error = result.as_ref().err()?.downcast_ref::<Error>()?;
        // A server with a LOGIN-DELAY would refuse the second login.
        let without_pipelining = Retry::WithoutPipelining(Duration::ZERO);
        let again = if connection.retry(error) == without_pipelining && self.report.fetched == 0 {
            Again::WithoutPipelining
        } else {
            let number = cut_short(error)?;
            let capabilities = connection.capabilities();
            let delay = capabilities.and_then(Capabilities::login_delay);
            if delay.is_some_and(|delay| delay.seconds > 0) {
                return None;
            }
            let key = self.listed.get(&number)?;
            if !self.left_out.insert(key.clone()) {
                return None;
            }
            self.report.failure(error);
            Again::WithoutMessage(number)
        };
        self.report.again(again);
        Some(again)
    }

    /// Ends the run. Stored messages stay stored, even if the session failed.
    pub(crate) fn conclude(mut self, result: Result<(), Failure>) -> Result<bool, Failure> {
        if let Err(error) = result {
            match error.downcast_ref::<Error>() {
                Some(error) => self.report.failed_session(error, interrupted(error)),
                None => self.report.failure(&*error),
            }
            // Without a QUIT the server deletes nothing. Stored messages stay in the record. If this
            // fails as well, the next run finds the files.
            let _ = self.maildir.sync();
        }
        let (line, good) = self.report.finish();
        say(&line)?;
        Ok(good)
    }
}

/// Returns the message whose end was not recognized: the server did not dot-stuff it, or ended it early.
fn cut_short(error: &Error) -> Option<MessageNumber> {
    match error {
        Error::Protocol(error) => match &**error {
            ProtocolError::Surplus { number, .. } => *number,
            _ => None,
        },
        _ => None,
    }
}

/// Returns the message that was being received when the session ended.
fn interrupted(error: &Error) -> Option<MessageNumber> {
    let (verb, number) = match error {
        Error::Closed(closed) => match **closed {
            Closed::Truncated { verb, number, .. } => (verb, number),
            _ => return None,
        },
        Error::Timeout(Timeout::Stall { verb, number, .. }) => ((*verb)?, *number),
        Error::Transport(error) => match error.stage? {
            Stage::InReply { verb, number } => (verb, number),
            _ => return None,
        },
        _ => return None,
    };
    number.filter(|_| verb == Verb::Retr)
}

impl Arriving<'_> {
    /// Stores more of the message.
    pub(crate) fn write(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        self.delivery.write_all(chunk)?;
        self.octets += chunk.len() as u64;
        self.report.received(chunk.len());
        Ok(())
    }

    /// Completes the message.
    pub(crate) fn commit(self, mail: &Mail, received: Option<Received>) -> Result<(), Failure> {
        self.delivery.commit(self.account, mail.key.as_deref())?;
        if received.is_some_and(|received| received.listed.is_short()) {
            self.short.insert(mail.number);
        }
        self.report.octets += self.octets;
        self.report.fetched += 1;
        Ok(())
    }
}
