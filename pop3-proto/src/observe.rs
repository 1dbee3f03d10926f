//! Observers, which see each line of a session.
//!
//! An [`Observer`] gets a [`Record`] of each line that a [`Connection`](crate::Connection) sends or
//! receives, in cleartext even if the connection uses TLS. It is the base of a protocol log, of
//! tracing, and of recorded transcripts.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use pop3_proto::observe::{Observer, Record};
//! use pop3_proto::{Channel, Config, Connection, Instant};
//!
//! #[derive(Debug, Clone, Default)]
//! struct Log(Arc<Mutex<Vec<String>>>);
//!
//! impl Observer for Log {
//!     fn observe(&mut self, record: &Record<'_>) {
//!         self.0.lock().unwrap().push(record.to_string());
//!     }
//! }
//!
//! let log = Log::default();
//! let now = Instant::ORIGIN;
//! let mut connection = Connection::new(Config::default(), Channel::TrustedByCaller, now);
//! connection.set_observer(Box::new(log.clone()));
//!
//! let greeting = b"+OK ready\r\n";
//! connection.recv_buffer().unwrap()[..greeting.len()].copy_from_slice(greeting);
//! connection.received(greeting.len(), now);
//! assert_eq!(*log.0.lock().unwrap(), ["< +OK ready"]);
//! ```
//!
//! # What is redacted
//!
//! The connection redacts what it knows to be secret, before an observer sees it:
//!
//! * the password of `PASS`, the digest of `APOP`, and all responses and challenges of `AUTH`
//! * credentials that the server echoes: see [`Secret`](crate::Secret#redaction)
//!
//! It does not guess: user names, unique-ids and the texts of the server are shown, and so is a
//! [raw command](crate::command::Raw). The contents of messages are never shown.

mod statistics;
#[cfg(feature = "tracing")]
mod tracing;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

pub use self::statistics::Statistics;
#[cfg(feature = "tracing")]
pub use self::tracing::Tracing;

use crate::channel::{Handshake, TlsInfo};
use crate::error::Error;
use crate::quirk::Quirk;
use crate::text::{Escaped, ServerText};
use crate::ticket::RequestId;
use crate::time::Instant;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// A receiver of [`Record`]s.
///
/// It is called while the connection advances, so it must not block. If it panics and the
/// application catches the panic, the connection has ended with
/// [`Error::CallbackPanicked`].
pub trait Observer: fmt::Debug + Send + Sync {
    /// Receives the next record. Records are in the order of what happened.
    fn observe(&mut self, record: &Record<'_>);
}

/// Passes each record to several observers in turn, for example to a log and to a trace.
impl Observer for Vec<Box<dyn Observer>> {
    fn observe(&mut self, record: &Record<'_>) {
        for observer in self {
            observer.observe(record);
        }
    }
}

/// Something that happened on a connection.
///
/// `Display` writes one line for a protocol log, such as `> RETR 1` or `< +OK 120 octets`. Control
/// characters are escaped, so a server cannot forge lines of the log.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Record<'a> {
    /// The time, as it was passed to the connection.
    pub at: Instant,
    /// The request that it belongs to. `None` for the greeting, for events of the connection, and
    /// for a keep-alive `NOOP`, which the connection sends by itself. The lines of a login, and the
    /// questions of a [`Confirm`](crate::Confirm), have the id of that request.
    pub request: Option<RequestId>,
    /// What happened.
    pub what: Observed<'a>,
}

/// What happened on a connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Observed<'a> {
    /// A line was sent: all its octets were written to the socket.
    Sent {
        /// The command, or the command that an authentication exchange began with.
        verb: Verb,
        /// The message that the command concerns.
        number: Option<MessageNumber>,
        /// The line without its line end. Secrets are replaced by `<redacted>`.
        line: &'a str,
        /// The length of the line that was sent, with its line end.
        octets: usize,
    },
    /// A status line or a challenge was received, or a line of the reply to `CAPA`.
    Received {
        /// The command that the line answers. `None` for the greeting and for an unsolicited line.
        verb: Option<Verb>,
        /// The message that the command concerns.
        number: Option<MessageNumber>,
        /// The line without its line end. Credentials are replaced by `<redacted>`.
        line: &'a ServerText,
        /// The length of the line that was received, with its line end.
        octets: usize,
    },
    /// The rest of a multi-line reply was received, up to its terminator: a message, or a listing.
    /// Its contents are not shown. It is not reported if the reply is truncated.
    MultiLine {
        /// The command.
        verb: Verb,
        /// The message that the command concerns.
        number: Option<MessageNumber>,
        /// The number of lines, without the terminator.
        lines: u64,
        /// The number of octets without dot-stuffing, and without the terminator.
        octets: u64,
    },
    /// A command was answered completely: its reply was accepted, or failed with this error. This is
    /// reported for each command that was sent, also within a login, unless the connection ends
    /// before the reply does.
    Answered {
        /// The command.
        verb: Verb,
        /// The message that the command concerns.
        number: Option<MessageNumber>,
        /// The result.
        result: Result<(), &'a Error>,
    },
    /// A login begins: it sends its commands from now on.
    LoginBegins,
    /// A login has ended. It is not reported if the connection ends before the login does.
    LoginEnded(Result<(), &'a Error>),
    /// A TLS handshake begins.
    TlsBegins,
    /// The TLS handshake was completed.
    TlsEstablished(&'a TlsInfo),
    /// A deviation from the RFCs was tolerated. It is reported when the application polls its
    /// event.
    Quirk(&'a Quirk),
    /// The connection has ended. This is the last record.
    Closed(Result<(), &'a Error>),
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Observed::Sent { line, .. } => write!(f, "> {}", Escaped(line.as_bytes())),
            Observed::Received { line, .. } => write!(f, "< {line}"),
            Observed::MultiLine { lines, octets, .. } => {
                let (a_line, an_octet) = (plural(*lines), plural(*octets));
                write!(f, "< [{lines} line{a_line}, {octets} octet{an_octet}]")
            }
            Observed::Answered {
                verb,
                number,
                result,
            } => {
                write!(f, "* {verb}")?;
                if let Some(number) = number {
                    write!(f, " {number}")?;
                }
                f.write_str(" answered")?;
                reason(f, result)
            }
            Observed::LoginBegins => f.write_str("* login begins"),
            Observed::LoginEnded(result) => {
                f.write_str("* login ended")?;
                reason(f, result)
            }
            Observed::TlsBegins => f.write_str("* TLS handshake begins"),
            Observed::TlsEstablished(info) => {
                write!(f, "* {info}")?;
                match info.handshake {
                    Some(Handshake::Resumed) => f.write_str(", resumed"),
                    _ => Ok(()),
                }
            }
            Observed::Quirk(quirk) => write!(f, "* deviation: {quirk}"),
            Observed::Closed(result) => {
                f.write_str("* closed")?;
                reason(f, result)
            }
        }
    }
}

fn reason(f: &mut fmt::Formatter<'_>, result: &Result<(), &Error>) -> fmt::Result {
    match result {
        Ok(()) => Ok(()),
        Err(error) => write!(f, ": {error}"),
    }
}

fn plural(n: u64) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// An observer in use, with what the connection needs to report to it.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) observer: Box<dyn Observer>,
    /// The last time that was passed to the connection.
    pub(crate) now: Instant,
    /// The position in all octets sent, up to which lines were reported.
    pub(crate) reported: u64,
    /// The lines and octets of the multi-line reply that is being received.
    pub(crate) lines: u64,
    pub(crate) octets: u64,
}
