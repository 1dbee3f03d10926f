//! Writes transcripts as text.

use alloc::string::String;
use core::fmt::{self, Display, Formatter};
use core::time::Duration;

use super::step::{self, Action, Step};
use super::transcript::{Line, Setting, Transcript};
use crate::config::Leniency;
use crate::error::{TlsErrorKind, TransportErrorKind};
use crate::operation::escape;

impl Display for Transcript {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for comment in &self.comments {
            writeln!(f, "{}", alloc::format!("# {comment}").trim_end())?;
        }
        for only in &self.only {
            writeln!(f, "only {}", only.name())?;
        }
        for setting in &self.settings {
            writeln!(f, "{setting}")?;
        }
        self.steps.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl Display for Setting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, value } = self;
        if value.is_empty() {
            write!(f, "set {name}")
        } else {
            write!(f, "set {name} {value}")
        }
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.under {
            Some(Leniency::Strict) => f.write_str("[strict] ")?,
            Some(Leniency::Lenient) => f.write_str("[lenient] ")?,
            None => {}
        }
        self.step.fmt(f)
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(octets) => write!(f, "S:{}", wire(octets)),
            Self::Client(octets) => write!(f, "C:{}", wire(octets)),
            Self::Request(action) => write!(f, "> {action}"),
            Self::Meanwhile(action) => write!(f, ">> {action}"),
            Self::Reported(event) => write!(f, "= {event}"),
            Self::State { what, how } => write!(f, "? {what}: {how}"),
            Self::EndOfFile => f.write_str("! eof"),
            Self::ReadFails(TransportErrorKind::Reset) => f.write_str("! reset"),
            Self::ReadFails(kind) => write!(f, "! read fails {}", step::transport_name(*kind)),
            Self::WriteFails(TransportErrorKind::Reset) => f.write_str("! write fails"),
            Self::WriteFails(kind) => write!(f, "! write fails {}", step::transport_name(*kind)),
            Self::Tls => f.write_str("! tls"),
            Self::TlsWithBinding => f.write_str("! tls 1.3"),
            Self::TlsWithEndPoint => f.write_str("! tls 1.2"),
            Self::TlsFails(TlsErrorKind::Certificate) => f.write_str("! tls fails"),
            Self::TlsFails(kind) => write!(f, "! tls fails {}", step::tls_name(*kind)),
            Self::Wait(span) => write!(f, "! wait {}", seconds(*span)),
        }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submit(operation) => operation.fmt(f),
            Self::AbandonAll => f.write_str("abandon"),
            Self::Abandon { first, last } if first == last => write!(f, "abandon {first}"),
            Self::Abandon { first, last } => write!(f, "abandon {first}..{last}"),
            Self::Token(token) => write!(f, "token {}", escape(token).replace(' ', "\\x20")),
            Self::NoToken => f.write_str("no token"),
            Self::Exceeded(error) => {
                write!(
                    f,
                    "exceeded {} {}",
                    step::limit_name(error.what),
                    error.limit
                )
            }
            Self::Panicked => f.write_str("panicked"),
            Self::KeepAlive(None) => f.write_str("keep-alive off"),
            Self::KeepAlive(Some(interval)) => write!(f, "keep-alive {}", seconds(*interval)),
        }
    }
}

/// Writes a duration in seconds.
pub(super) fn seconds(span: Duration) -> String {
    let (seconds, rest) = (span.as_secs(), span.subsec_nanos());
    let decimals = alloc::format!("{rest:09}");
    match decimals.trim_end_matches('0') {
        "" => alloc::format!("{seconds}"),
        decimals => alloc::format!("{seconds}.{decimals}"),
    }
}

/// Writes the octets of a line after `S:` or `C:`.
fn wire(octets: &[u8]) -> String {
    let (text, more) = match octets.strip_suffix(b"\r\n") {
        Some(text) => (text, ""),
        None => (octets, "\\"),
    };
    let mut text = escape(text);
    // Editors remove blanks at the end of a line.
    if more.is_empty() && text.ends_with(' ') {
        text.pop();
        text.push_str("\\x20");
    }
    match (text.as_str(), more) {
        ("", "") => String::new(),
        (text, more) => alloc::format!(" {text}{more}"),
    }
}
