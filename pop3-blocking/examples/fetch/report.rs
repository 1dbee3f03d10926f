//! What the user gets to see: a line for each failure, a bar on a terminal, and the last line.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write as _};

use indicatif::{ProgressBar, ProgressStyle};
use pop3_blocking::MessageNumber;

use crate::mailbox::Mail;
use crate::run::Again;

/// What was done so far, and whether all of it went well.
#[derive(Debug)]
pub(crate) struct Report {
    /// Named in front of what the server is to blame for.
    server: String,
    bar: ProgressBar,
    failed: bool,
    pub(crate) fetched: usize,
    /// Octets fetched, as the server sent them.
    pub(crate) octets: u64,
    /// Messages on the server that were stored before.
    pub(crate) known: usize,
    pub(crate) deleted: usize,
}

impl Report {
    pub(crate) fn new(server: String) -> Self {
        Self {
            server,
            bar: ProgressBar::hidden(),
            failed: false,
            fetched: 0,
            octets: 0,
            known: 0,
            deleted: 0,
        }
    }

    /// Says what is on the server.
    pub(crate) fn listed(&mut self, mailbox: &[Mail], left_out: &[MessageNumber]) {
        let count = |which: fn(&Mail) -> bool| mailbox.iter().filter(|mail| which(mail)).count();
        if !left_out.is_empty() {
            let numbers: Vec<_> = left_out.iter().map(ToString::to_string).collect();
            let numbers = numbers.join(", ");
            self.blame(&format!(
                "messages that LIST names and UIDL does not: {numbers}; they are not fetched"
            ));
        }
        let shared = count(|mail| mail.key.is_some() && !mail.unique);
        if shared > 0 {
            self.note(&format!(
                "messages that share a unique-id: {shared}; they are fetched and never deleted"
            ));
        }
        let nameless = count(|mail| mail.key.is_none());
        if nameless > 0 {
            self.note(&format!(
                "messages without a unique-id: {nameless}; they are fetched each time and never deleted"
            ));
        }
    }

    /// Says which messages have fewer octets than listed.
    pub(crate) fn short(&self, numbers: &BTreeSet<MessageNumber>, delete: bool) {
        let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
        let kept = if delete {
            ", and are not deleted in this run"
        } else {
            ""
        };
        self.note(&format!(
            "{}: messages with fewer octets than LIST says: {}; they may be cut short{kept}",
            self.server,
            numbers.join(", ")
        ));
    }

    /// Shows a bar for this mail, if stderr is a terminal.
    pub(crate) fn expect(&mut self, wanted: &[&Mail]) {
        let octets = wanted.iter().map(|mail| mail.octets);
        let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        // It is well-formed; a bar in another style would be one too.
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = ProgressBar::new(octets.fold(0, u64::saturating_add)).with_style(style);
    }

    /// Moves the bar.
    pub(crate) fn received(&self, octets: usize) {
        self.bar.inc(octets as u64);
    }

    /// Says what failed: the exit code will not be 0.
    pub(crate) fn failure(&mut self, error: &(dyn Error + 'static)) {
        // Errors of the library are about the server; those of the Maildir name a file.
        if error.is::<pop3_blocking::Error>() {
            self.blame(error);
        } else {
            self.failed = true;
            self.note(error);
        }
    }

    /// Says how the server failed.
    pub(crate) fn blame(&mut self, text: &dyn Display) {
        self.failed = true;
        self.note(&format!("{}: {text}", self.server));
    }

    /// Says that another session follows.
    pub(crate) fn again(&self, again: Again) {
        self.note(&match again {
            Again::WithoutPipelining => format!(
                "{}: the session ended in its first pipelined batch; trying again without pipelining (as with --no-pipelining)",
                self.server
            ),
            Again::WithoutMessage(number) => format!(
                "{}: fetching the others in another session, without message {number}",
                self.server
            ),
        });
    }

    /// Says something that is no failure.
    pub(crate) fn note(&self, text: &dyn Display) {
        self.bar.suspend(|| complain(text));
    }

    /// The last line, and whether nothing failed.
    pub(crate) fn finish(self) -> (String, bool) {
        self.bar.finish_and_clear();
        let (fetched, octets) = (self.fetched, self.octets);
        let (known, deleted) = (self.known, self.deleted);
        let line = format!(
            "fetched {fetched} messages ({octets} octets), {known} already here, {deleted} deleted"
        );
        (line, !self.failed)
    }
}

/// A line on stderr. If nobody reads it, nothing is lost but the line.
pub(crate) fn complain(text: &dyn Display) {
    let _ = writeln!(io::stderr(), "fetch: {text}");
}
