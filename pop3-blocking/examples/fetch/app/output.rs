//! The output: lines about what was noticed, a progress bar on a terminal, and the last line.

use std::fmt::Display;
use std::io::{self, Write as _};

use indicatif::{ProgressBar, ProgressStyle};
use pop3_blocking::Error;
use pop3_blocking::sync::{Noticed, Report, Run};

use super::exit::{Exit, Failure};
use super::interrupt;

/// The output about one mailbox.
#[derive(Debug)]
pub(crate) struct Output {
    /// The URL, which begins each line about the server.
    server: String,
    /// Whether it begins all other lines, too, because there are several mailboxes.
    several: bool,
    bar: ProgressBar,
    /// Whether there is never a progress bar, because other lines are printed all the time.
    no_bar: bool,
    /// The errors that were printed, because they are about single messages.
    printed: Vec<Error>,
    /// Whether a failure was printed.
    failed: bool,
}

impl Output {
    pub(super) fn new(server: String, several: bool) -> Self {
        Self {
            server,
            several,
            bar: ProgressBar::hidden(),
            no_bar: false,
            printed: Vec::new(),
            failed: false,
        }
    }

    /// Never shows a progress bar.
    pub(super) fn without_bar(self) -> Self {
        Self {
            no_bar: true,
            ..self
        }
    }

    /// Shows how far a run is. Stops it after Ctrl-C; returns whether it goes on.
    pub(crate) fn update(&mut self, run: &mut Run) -> bool {
        self.progress(run);
        if interrupt::requested() {
            run.stop();
            return false;
        }
        true
    }

    /// Prints what a run has noticed: at its end, so that equal lines are one.
    pub(super) fn notes(&mut self, run: &mut Run) {
        for note in run.notes() {
            self.blame(&note);
            self.failed |= note.is_failure();
            if let Noticed::Failed(error) | Noticed::Struck(error) = note.noticed {
                self.printed.push(error);
            }
        }
    }

    /// Returns whether a failure was printed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Returns whether this error was printed.
    pub(super) fn has_printed(&self, error: &Error) -> bool {
        self.printed.contains(error)
    }

    /// Shows how far a run is, if stderr is a terminal.
    pub(crate) fn progress(&mut self, run: &Run) {
        let progress = run.progress();
        if self.no_bar || progress.of_messages == 0 {
            return;
        }
        if self.bar.is_hidden() && self.bar.length().is_none() {
            let template = "{bar:30} {msg}, {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
            // The template is valid. If it ever were not, the default style would do.
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar = ProgressBar::new(0).with_style(style);
        }
        self.bar.set_length(progress.of_octets.max(progress.octets));
        self.bar.set_position(progress.octets);
        if !self.bar.is_hidden() {
            let (messages, all) = (progress.messages, progress.of_messages);
            self.bar
                .set_message(format!("{messages} of {all} messages"));
        }
    }

    /// Prints a line about the server.
    pub(super) fn blame(&self, text: &dyn Display) {
        self.bar
            .suspend(|| complain(&format_args!("{}: {text}", self.server)));
    }

    /// Prints a line about this computer.
    pub(super) fn note(&self, text: &dyn Display) {
        if self.several {
            self.blame(text);
        } else {
            self.bar.suspend(|| complain(text));
        }
    }

    /// Prints the first line. With several mailboxes, the last one of each contains the URL, too.
    pub(super) fn begin(&self, text: &str) {
        if !self.several {
            // If that fails, the last line fails, too, and that is reported.
            let _ = say(text);
        }
    }

    /// Prints a line to stdout.
    pub(super) fn say(&self, text: &str) -> Result<(), Failure> {
        if self.several {
            say(&format!("{}: {text}", self.server))
        } else {
            say(text)
        }
    }

    /// Removes the progress bar.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// What was done in all mailboxes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    fetched: usize,
    octets: u64,
    known: usize,
    deleted: usize,
}

impl Sum {
    pub(super) fn of(report: &Report) -> Self {
        let mut sum = Self::default();
        sum.add(report);
        sum
    }

    pub(super) fn add(&mut self, report: &Report) {
        self.fetched += report.fetched;
        self.octets += report.octets;
        self.known += report.known;
        self.deleted += report.deleted;
    }

    /// Returns the last line.
    pub(super) fn line(self) -> String {
        let Self {
            fetched,
            octets,
            known,
            deleted,
        } = self;
        format!(
            "fetched {fetched} messages ({octets} octets), {known} already here, {deleted} deleted"
        )
    }
}

/// Writes to stdout.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}")
        .map_err(|error| Failure::new(Exit::Local, format_args!("cannot write to stdout: {error}")))
}

/// Writes a line to stderr. A failure to write is ignored: there is no other place to report it.
pub(super) fn complain(text: &dyn Display) {
    let _ = writeln!(io::stderr(), "fetch: {text}");
}
