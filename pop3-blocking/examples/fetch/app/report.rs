//! The output: a line for each failure, a progress bar on a terminal, and the last line.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write as _};

use indicatif::{ProgressBar, ProgressStyle};
use pop3_blocking::{Error, MessageNumber};

use super::mailbox::Mail;
use super::run::Again;

/// Counts what was done so far, and whether anything failed.
#[derive(Debug)]
pub(crate) struct Report {
    /// The server's URL, which begins each line about a failure of the server.
    server: String,
    bar: ProgressBar,
    failed: bool,
    pub(crate) fetched: usize,
    /// Octets fetched, as the server sent them.
    pub(crate) octets: u64,
    /// Messages on the server that were stored before this run.
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

    /// Reports messages that are not fetched, or cannot be deleted.
    pub(crate) fn listed(&mut self, mailbox: &[Mail], left_out: &[MessageNumber]) {
        let count = |which: fn(&Mail) -> bool| mailbox.iter().filter(|mail| which(mail)).count();
        if !left_out.is_empty() {
            let numbers: Vec<_> = left_out.iter().map(ToString::to_string).collect();
            let numbers = numbers.join(", ");
            self.blame(&format!(
                "messages listed by LIST but not by UIDL: {numbers}; they are not fetched"
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

    /// Reports messages that have fewer octets than listed.
    pub(crate) fn short(&self, numbers: &BTreeSet<MessageNumber>, delete: bool) {
        let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
        let kept = if delete {
            ", and are not deleted in this run"
        } else {
            ""
        };
        self.note(&format!(
            "{}: messages with fewer octets than listed by LIST: {}; they may be incomplete{kept}",
            self.server,
            numbers.join(", ")
        ));
    }

    /// Shows a progress bar for these messages, if stderr is a terminal.
    pub(crate) fn expect(&mut self, wanted: &[&Mail]) {
        let octets = wanted.iter().map(|mail| mail.octets);
        let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        // The template is valid. If it ever were not, the default style would do.
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = ProgressBar::new(octets.fold(0, u64::saturating_add)).with_style(style);
    }

    /// Advances the progress bar.
    pub(crate) fn received(&self, octets: usize) {
        self.bar.inc(octets as u64);
    }

    /// Reports a failure. The exit code will not be 0.
    pub(crate) fn failure(&mut self, error: &(dyn std::error::Error + 'static)) {
        // Errors of the library concern the server. Errors of the Maildir contain a file name.
        if error.is::<Error>() {
            self.blame(error);
        } else {
            self.failed = true;
            self.note(error);
        }
    }

    /// Reports an error that ended the session, in the middle of this message if there is one.
    pub(crate) fn failed_session(&mut self, error: &Error, interrupted: Option<MessageNumber>) {
        let mut text = error.to_string();
        if let Some(number) = interrupted {
            text += &format!(
                "; message {number} is incomplete and was not stored: the next run fetches it again"
            );
        }
        if error.suspects_pipelining() {
            text += "; if that happens in every run, try --no-pipelining";
        }
        self.blame(&text);
    }

    /// Reports a failure of the server.
    pub(crate) fn blame(&mut self, text: &dyn Display) {
        self.failed = true;
        self.note(&format!("{}: {text}", self.server));
    }

    /// Reports that another session follows.
    pub(crate) fn again(&self, again: Again) {
        self.note(&match again {
            Again::WithoutPipelining => format!(
                "{}: the session ended before all of the first pipelined commands were answered; trying again without pipelining (as with --no-pipelining)",
                self.server
            ),
            Again::WithoutMessage(number) => format!(
                "{}: fetching the other messages in a new session, without message {number}",
                self.server
            ),
        });
    }

    /// Prints a line that is not about a failure.
    pub(crate) fn note(&self, text: &dyn Display) {
        self.bar.suspend(|| complain(text));
    }

    /// Returns the last line, and whether nothing failed.
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

/// Writes a line to stderr. A failure to write is ignored: there is no other place to report it.
pub(crate) fn complain(text: &dyn Display) {
    let _ = writeln!(io::stderr(), "fetch: {text}");
}
