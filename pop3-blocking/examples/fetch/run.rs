//! What a run does with the messages of a mailbox, whatever moves the octets.

use std::io::Write as _;
use std::time::Duration;

use pop3_blocking::proto::Connection;
use pop3_blocking::server::EmbeddedServer;
use pop3_blocking::{Error, Listing, MessageNumber, QuitOutcome, Retry, Status, UidListing};

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
    /// Lives as long as the run, if there is no server but it.
    pub(crate) _embedded: Option<EmbeddedServer>,
}

/// A message on its way into the Maildir. Dropping it takes it back.
pub(crate) struct Arriving<'r> {
    delivery: Delivery<'r>,
    account: &'r str,
    report: &'r mut Report,
    octets: u64,
}

impl Run {
    /// What is on the server.
    pub(crate) fn listed(&mut self, sizes: &Listing, unique_ids: &UidListing) -> Vec<Mail> {
        let (mailbox, left_out) = mailbox::mailbox(sizes, unique_ids);
        self.report.listed(&mailbox, &left_out);
        mailbox
    }

    /// What is not here yet.
    pub(crate) fn wanted<'m>(&mut self, mailbox: &'m [Mail]) -> Vec<&'m Mail> {
        let (maildir, account) = (&mut self.maildir, &self.account);
        let wanted: Vec<&Mail> = mailbox
            .iter()
            .filter(|mail| !matches!(&mail.key, Some(key) if maildir.contains(account, key)))
            .collect();
        self.report.known = mailbox.len() - wanted.len();
        self.report.expect(&wanted);
        wanted
    }

    /// A message begins to come.
    pub(crate) fn arriving(&mut self) -> Result<Arriving<'_>, Failure> {
        Ok(Arriving {
            delivery: self.maildir.begin()?,
            account: &self.account,
            report: &mut self.report,
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
    pub(crate) fn doomed(&mut self, mailbox: &[Mail]) -> Result<Vec<MessageNumber>, Failure> {
        let durable = self.maildir.sync()?;
        let stored = |mail: &&Mail| match &mail.key {
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

    /// Whether to have another session, without pipelining, since that may be what this one ended by;
    /// says so. Only where nothing was stored: a second session must not fetch a message twice.
    pub(crate) fn tries_again(
        &self,
        result: &Result<(), Failure>,
        connection: &Connection,
    ) -> bool {
        let error = result.as_ref().err().and_then(|error| error.downcast_ref());
        let retry = error.map(|error: &Error| connection.retry(error));
        // A server that wants a pause between two logins would refuse the second one.
        let again =
            retry == Some(Retry::WithoutPipelining(Duration::ZERO)) && self.report.fetched == 0;
        if again {
            self.report.tries_again();
        }
        again
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

impl Arriving<'_> {
    /// More of it has come.
    pub(crate) fn write(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        self.delivery.write_all(chunk)?;
        self.octets += chunk.len() as u64;
        self.report.received(chunk.len());
        Ok(())
    }

    /// It has come whole.
    pub(crate) fn commit(self, mail: &Mail) -> Result<(), Failure> {
        self.delivery.commit(self.account, mail.key.as_deref())?;
        self.report.octets += self.octets;
        self.report.fetched += 1;
        Ok(())
    }
}
