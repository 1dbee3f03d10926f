//! The steps of a transcript.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::error::{LimitError, Limited, TlsErrorKind, TransportErrorKind};
use crate::operation::{Operation, Problem, unescape};

/// One step of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// `S:`: the server sends these octets.
    Server(Vec<u8>),
    /// `C:`: the client has sent these octets.
    Client(Vec<u8>),
    /// `>`: the application does this, after all events were polled.
    Request(Action),
    /// `>>`: the application does this when the events since the last `S:` line were polled, while
    /// other octets of the same segment are not parsed yet.
    Meanwhile(Action),
    /// `=`: the connection reported this event.
    Reported(String),
    /// `?`: the state of the connection.
    State {
        /// The name, such as `phase`.
        what: String,
        /// The value.
        how: String,
    },
    /// `! eof`.
    EndOfFile,
    /// `! reset`, or `! read fails KIND`.
    ReadFails(TransportErrorKind),
    /// `! write fails`, or `! write fails KIND`. If it follows `>` lines directly, it happens before
    /// their octets are sent.
    WriteFails(TransportErrorKind),
    /// `! tls`: TLS without channel binding, as with TLS 1.2 and a certificate that is signed with
    /// Ed25519.
    Tls,
    /// `! tls 1.3`: TLS with channel binding by an exporter.
    TlsWithBinding,
    /// `! tls 1.2`: TLS with channel binding to the server's certificate.
    TlsWithEndPoint,
    /// `! tls fails`, or `! tls fails KIND`.
    TlsFails(TlsErrorKind),
    /// `! wait SECONDS`.
    Wait(Duration),
}

/// What an application does with its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Submits this operation.
    Submit(Operation),
    /// `abandon`: abandons all requests.
    AbandonAll,
    /// `abandon FIRST..LAST`: abandons some requests. The first request of the connection is 1.
    Abandon {
        /// The first request.
        first: u64,
        /// The last request.
        last: u64,
    },
    /// `token TEXT`: provides the token that a login wants.
    Token(Vec<u8>),
    /// `no token`: a login wants a token, and there is none.
    NoToken,
    /// `exceeded LIMIT N`: a limit of the application was exceeded.
    Exceeded(LimitError),
    /// `panicked`: code of the application panicked.
    Panicked,
    /// `keep-alive SECONDS` or `keep-alive off`: changes the interval of keep-alives.
    KeepAlive(Option<Duration>),
}

impl Step {
    /// Returns whether it is something that the connection reacts to. The other steps are what it
    /// does.
    pub fn is_input(&self) -> bool {
        !matches!(
            self,
            Self::Client(_) | Self::Reported(_) | Self::State { .. }
        )
    }
}

/// The names of limits after `exceeded`.
const LIMITS: [(Limited, &str); 6] = [
    (Limited::Line, "line"),
    (Limited::Lines, "lines"),
    (Limited::Octets, "octets"),
    (Limited::Challenges, "challenges"),
    (Limited::ChallengeOctets, "challenge-octets"),
    (Limited::Message, "message"),
];

/// The names of transport failures.
const TRANSPORT: [(TransportErrorKind, &str); 5] = [
    (TransportErrorKind::NameResolution, "NameResolution"),
    (TransportErrorKind::Refused, "Refused"),
    (TransportErrorKind::Unreachable, "Unreachable"),
    (TransportErrorKind::Reset, "Reset"),
    (TransportErrorKind::Other, "Other"),
];

/// The names of TLS failures.
const TLS: [(TlsErrorKind, &str); 7] = [
    (TlsErrorKind::UnknownIssuer, "UnknownIssuer"),
    (TlsErrorKind::Certificate, "Certificate"),
    (TlsErrorKind::NoApplicationProtocol, "NoApplicationProtocol"),
    (TlsErrorKind::NotTls, "NotTls"),
    (TlsErrorKind::Incompatible, "Incompatible"),
    (TlsErrorKind::NotConfigured, "NotConfigured"),
    (TlsErrorKind::Other, "Other"),
];

fn value<T: Copy>(table: &[(T, &str)], name: &str) -> Option<T> {
    let found = table.iter().find(|(_, known)| *known == name);
    found.map(|(value, _)| *value)
}

pub(super) fn name<T: Copy + PartialEq>(
    table: &'static [(T, &'static str)],
    value: T,
) -> &'static str {
    let found = table.iter().find(|(known, _)| *known == value);
    found.map_or("Other", |(_, name)| *name)
}

pub(super) fn limit_name(what: Limited) -> &'static str {
    name(&LIMITS, what)
}

pub(super) fn transport_name(kind: TransportErrorKind) -> &'static str {
    name(&TRANSPORT, kind)
}

pub(super) fn tls_name(kind: TlsErrorKind) -> &'static str {
    name(&TLS, kind)
}

impl Action {
    /// Parses the text after `>` or `>>`.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |word: &str| word.parse().map_err(|_| Problem::Number(word.to_owned()));
        Ok(match words.as_slice() {
            ["abandon"] => Self::AbandonAll,
            ["abandon", range] => {
                let (first, last) = range.split_once("..").unwrap_or((range, range));
                let (first, last) = (number(first)?, number(last)?);
                if first == 0 || last < first || last == u64::MAX {
                    return Err(Problem::Number((*range).to_owned()));
                }
                Self::Abandon { first, last }
            }
            ["token", token] => Self::Token(unescape(token)?),
            ["no", "token"] => Self::NoToken,
            ["panicked"] => Self::Panicked,
            ["keep-alive", "off"] => Self::KeepAlive(None),
            ["keep-alive", seconds] => {
                let interval = span(seconds).ok_or_else(|| Problem::Number(text.to_owned()))?;
                Self::KeepAlive(Some(interval))
            }
            ["exceeded", what, limit] => {
                let what =
                    value(&LIMITS, what).ok_or_else(|| Problem::Operation(text.to_owned()))?;
                let limit = limit.parse();
                let limit = limit.map_err(|_| Problem::Number(text.to_owned()))?;
                Self::Exceeded(LimitError::new(what, limit))
            }
            _ => Self::Submit(Operation::parse(text)?),
        })
    }
}

/// Returns the octets of a line on the wire: adds CR LF unless the line ends in a backslash.
pub(super) fn wire_line(text: &str) -> Result<Vec<u8>, Problem> {
    let trailing = text.len() - text.trim_end_matches('\\').len();
    if trailing % 2 == 1 {
        return unescape(text.strip_suffix('\\').unwrap_or(text));
    }
    let mut octets = unescape(text)?;
    octets.extend_from_slice(b"\r\n");
    Ok(octets)
}

/// Parses the text after `?`.
pub(super) fn state(text: &str) -> Result<Step, Problem> {
    const STATES: [&str; 7] = [
        "phase",
        "capabilities",
        "greeting",
        "utf8",
        "language",
        "plan",
        "tls",
    ];
    match text.split_once(": ") {
        Some((what, how)) if STATES.contains(&what) => Ok(Step::State {
            what: what.to_owned(),
            how: how.to_owned(),
        }),
        _ => Err(Problem::State(text.to_owned())),
    }
}

/// Parses the text after `!`.
pub(super) fn happening(text: &str) -> Result<Step, Problem> {
    let unknown = || Problem::Happening(text.to_owned());
    let words: Vec<&str> = text.split(' ').collect();
    Ok(match words.as_slice() {
        ["eof"] => Step::EndOfFile,
        ["reset"] => Step::ReadFails(TransportErrorKind::Reset),
        ["read", "fails", kind] => Step::ReadFails(value(&TRANSPORT, kind).ok_or_else(unknown)?),
        ["write", "fails"] => Step::WriteFails(TransportErrorKind::Reset),
        ["write", "fails", kind] => Step::WriteFails(value(&TRANSPORT, kind).ok_or_else(unknown)?),
        ["tls"] => Step::Tls,
        ["tls", "1.3"] => Step::TlsWithBinding,
        ["tls", "1.2"] => Step::TlsWithEndPoint,
        ["tls", "fails"] => Step::TlsFails(TlsErrorKind::Certificate),
        ["tls", "fails", kind] => Step::TlsFails(value(&TLS, kind).ok_or_else(unknown)?),
        ["wait", seconds] => Step::Wait(span(seconds).ok_or_else(unknown)?),
        _ => return Err(unknown()),
    })
}

/// Parses seconds with up to nine decimals.
pub(super) fn span(text: &str) -> Option<Duration> {
    let (seconds, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if !digits(seconds) || !digits(decimals) || decimals.len() > 9 {
        return None;
    }
    let nanoseconds = format!("{decimals:0<9}").parse().ok()?;
    Some(Duration::new(seconds.parse().ok()?, nanoseconds))
}
