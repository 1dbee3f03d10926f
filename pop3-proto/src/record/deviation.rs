//! How a replay differs from its transcript.

use alloc::string::String;
use core::fmt;

use thiserror::Error as ThisError;

use crate::operation::Problem;

/// The first difference between a transcript and its replay.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{}{what}", At(*.line))]
#[non_exhaustive]
pub struct Deviation {
    /// The number of the line in the transcript; `None` at its end, and for a step that was not
    /// parsed from a file.
    pub line: Option<usize>,
    /// The difference.
    pub what: Difference,
}

/// What a replay did differently.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Difference {
    /// The connection sent other octets.
    #[error("the transcript expects C: {expected:?}, but the connection sent {got:?}")]
    Sent {
        /// The octets of the `C:` lines.
        expected: String,
        /// What was sent; empty if nothing was sent.
        got: String,
    },
    /// The connection reported another event.
    #[error(
        "the transcript expects the event {expected:?}, but the connection reported {}",
        .got.as_deref().unwrap_or("nothing")
    )]
    Reported {
        /// The event of the `=` line.
        expected: String,
        /// What was reported, if anything was.
        got: Option<String>,
    },
    /// The connection reported an event that the transcript does not contain.
    #[error("the connection also reported {0:?}: add a line that begins with =")]
    AlsoReported(String),
    /// The connection sent octets that the transcript does not contain.
    #[error("the connection also sent {0:?}: add a line that begins with C:")]
    AlsoSent(String),
    /// The state of the connection is different.
    #[error("the transcript expects {what} to be {expected:?}, but it is {got:?}")]
    State {
        /// The name of the state.
        what: String,
        /// The value of the `?` line.
        expected: String,
        /// The value.
        got: String,
    },
    /// The transcript does a TLS handshake where none is due.
    #[error(
        "no TLS handshake is due here: \"! tls\" follows \"set channel implicit-tls\", or +OK to STLS"
    )]
    NoHandshake,
    /// A setting is not known. A parsed transcript has no such setting.
    #[error("{0}")]
    Setting(Problem),
}

/// Where the difference is, as the start of a sentence.
struct At(Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(line) => write!(f, "line {line}: "),
            None => f.write_str("at the end: "),
        }
    }
}
