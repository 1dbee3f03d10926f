//! The protocol log of `-vv`.

use std::fmt::Display;
use std::io::{self, Write as _};

use pop3_blocking::Endpoint;
use pop3_blocking::observe::{Observed, Observer, Record};
use pop3_blocking::proto::Instant;

/// Writes the records of one connection to stderr, one per line: `0.012 > RETR 1`.
#[derive(Debug)]
pub(super) struct ProtocolLog {
    /// The server, until the first record.
    server: Option<Endpoint>,
    /// The time of the first record.
    began: Instant,
}

impl ProtocolLog {
    pub(super) fn new(server: &Endpoint) -> Self {
        Self {
            server: Some(server.clone()),
            began: Instant::ORIGIN,
        }
    }
}

impl Observer for ProtocolLog {
    fn observe(&mut self, record: &Record<'_>) {
        // The lines of the reply say the same.
        if matches!(record.what, Observed::Answered { .. }) {
            return;
        }
        if let Some(server) = self.server.take() {
            self.began = record.at;
            write(0.0, &format_args!("* connected to {server}"));
        }
        let seconds = record.at.duration_since(self.began).as_secs_f64();
        write(seconds, record);
    }
}

/// A failure to write is ignored: there is no other place to report it.
fn write(seconds: f64, text: &dyn Display) {
    let _ = writeln!(io::stderr(), "{seconds:7.3} {text}");
}
