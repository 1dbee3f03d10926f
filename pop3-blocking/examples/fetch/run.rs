//! What a run does with the messages of a mailbox, whatever moves the octets.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::Duration;

use pop3_blocking::proto::Connection;
use pop3_blocking::server::EmbeddedServer;
use pop3_blocking::{
    Capabilities, Error, MessageNumber, QuitOutcome,
    error::{ProtocolError, Retry},
    listing::{Listing, UidListing},
    reply::{Received, Status},
};

use crate::mailbox::{self, Mail};
use crate::maildir::{Delivery, Maildir};
use crate::report::Report;
use crate::setup::{Failure, say};

/// A run whose session is logged in.
pub(crate) struct Run {
    pub(crate) maildir: Maildir,
    pub(crate) account: String,
    pub(crate) delete: bool,
    pub(crate) report: Report,
    /// The messages of the present session and their keys.
    pub(crate) listed: BTreeMap<MessageNumber, Vec<u8>>,
    /// The keys of messages that ended a session: they are left out for the rest of the run.
    pub(crate) left_out: BTreeSet<Vec<u8>>,
    /// Messages of the present session that have fewer octets than the server lists.
    pub(crate) short: BTreeSet<MessageNumber>,
    /// Lives as long as the run, if there is no server but it.
    pub(crate) _embedded: Option<EmbeddedServer>,
}

/// How a run continues in another session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    WithoutPipelining,
    WithoutMessage(MessageNumber),
}

/// A message on its way into the Maildir. Dropping it takes it back.
pub(crate) struct Arriving<'r> {
    delivery: Delivery<'r>,
    account: &'r str,
    report: &'r mut Report,
    short: &'r mut BTreeSet<MessageNumber>,
    octets: u64,
}

impl Run {
    /// What is on the server.
    pub(crate) fn listed(&mut self, sizes: &Listing, unique_ids: &UidListing) -> Vec<Mail> {
        let (mailbox, left_out) = mailbox::mailbox(sizes, unique_ids);
        self.report.listed(&mailbox, &left_out);
        let keys = mailbox.iter().filter(|mail| mail.unique);
        let keys = keys.filter_map(|mail| Some((mail.number, mail.key.clone()?)));
        self.listed = keys.collect();
        self.short.clear();
        mailbox
    }

    /// What is not here yet.
    pub(crate) fn wanted<'m>(&mut self, mailbox: &'m [Mail]) -> Vec<&'m Mail> {
        let (maildir, account) = (&mut self.maildir, &self.account);
        let here = |mail: &&Mail| matches!(&mail.key, Some(key) if maildir.contains(account, key));
        let (known, mut wanted): (Vec<&Mail>, Vec<&Mail>) = mailbox.iter().partition(here);
        let left_out = |mail: &&Mail| matches!(&mail.key, Some(key) if self.left_out.contains(key));
        wanted.retain(|mail| !left_out(mail));
        // An earlier session of this run has fetched the others.
        self.report.known = known.len().saturating_sub(self.report.fetched);
        self.report.expect(&wanted);
        wanted
    }

    /// A message begins to come.
    pub(crate) fn arriving(&mut self) -> Result<Arriving<'_>, Failure> {
        Ok(Arriving {
            delivery: self.maildir.begin()?,
            account: &self.account,
            report: &mut self.report,
            short: &mut self.short,
            octets: 0,
        })
    }

    /// A command about one message failed: that does not stop the others, unless nothing more comes.
    pub(crate) fn failed(&mut self, error: Error) -> Result<(), Failure> {
        if error.is_fatal() {
            return Err(error.into());
        }
        self.report.failure(&error);
        Ok(())
    }

    /// What may be deleted: only what is safely stored.
    /// What came shorter than listed may have been cut: not in the run that fetched it.
    pub(crate) fn doomed(&mut self, mailbox: &[Mail]) -> Result<Vec<MessageNumber>, Failure> {
        if !self.short.is_empty() {
            self.report.short(&self.short, self.delete);
        }
        let durable = self.maildir.sync()?;
        let stored = |mail: &&Mail| match &mail.key {
            // One that ended a session may have been stored in part.
            Some(key) if self.left_out.contains(key) => false,
            Some(_) if self.short.contains(&mail.number) => false,
            Some(key) if mail.unique => durable.contains(&self.account, key),
            _ => false,
        };
        let doomed = mailbox.iter().filter(|_| self.delete).filter(stored);
        Ok(doomed.map(|mail| mail.number).collect())
    }

    /// The reply to a DELE; gives how many messages it marked.
    pub(crate) fn marked(&mut self, reply: Result<Status, Error>) -> Result<usize, Failure> {
        match reply {
            Ok(_) => Ok(1),
            Err(error) => self.failed(error).map(|()| 0),
        }
    }

    /// The end of the session: only `Committed` is believed.
    pub(crate) fn quit(
        &mut self,
        outcome: Result<QuitOutcome, Error>,
        marked: usize,
    ) -> Result<(), Failure> {
        match outcome {
            Ok(QuitOutcome::Committed(_)) => self.report.deleted = marked,
            // The mail is here, and the server had nothing else to do.
            _ if marked == 0 => {}
            Ok(QuitOutcome::Refused(reply)) => {
                let text = format!("it did not delete all of {marked} messages: {reply}");
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

    /// Whether to have another session, and says so: without pipelining if that may have ended this one
    /// before anything was stored, or without the message whose end the server did not mark. Such a
    /// message must not keep the others away.
    pub(crate) fn again(
        &mut self,
        result: &Result<(), Failure>,
        connection: &Connection,
    ) -> Option<Again> {
        let error = result.as_ref().err()?.downcast_ref::<Error>()?;
        // A server that wants a pause between two logins would refuse the second one.
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

    /// The end of the run: what was stored stays, whatever the server did.
    pub(crate) fn conclude(mut self, result: Result<(), Failure>) -> Result<bool, Failure> {
        if let Err(error) = result {
            self.report.failure(&*error);
            let error = error.downcast_ref::<Error>();
            if error.is_some_and(Error::suspects_pipelining) {
                self.report
                    .note(&"to go without pipelining, see --no-pipelining");
            }
            // Without a QUIT the server deletes nothing. What is stored stays remembered. If this
            // fails as well, the next run finds the files.
            let _ = self.maildir.sync();
        }
        let (line, good) = self.report.finish();
        say(&line)?;
        Ok(good)
    }
}

/// The message that the server ended too early, or stuffed no dots in.
fn cut_short(error: &Error) -> Option<MessageNumber> {
    match error {
        Error::Protocol(error) => match &**error {
            ProtocolError::Surplus { number, .. } => *number,
            _ => None,
        },
        _ => None,
    }
}

impl Arriving<'_> {
    /// More of it has come.
    pub(crate) fn write(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        self.delivery.write_all(chunk)?;
        self.octets += chunk.len() as u64;
        self.report.received(chunk.len());
        Ok(())
    }

    /// It has come whole.
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
