//! Conversions and texts of public values.

use std::io;
use std::num::NonZeroU32;

use pop3_proto::{
    Channel, Config, Connection, Error, Instant, MessageNumber, Phase, Quirk, Secret, Ticket,
    Username,
    command::{Noop, Verb},
    error::{
        Advice, Argument, Closed, LimitError, Limited, Misuse, ProtocolError, SecurityError,
        Timeout, TlsError, TlsErrorKind, TransportError, TransportErrorKind,
    },
};

use pop3_proto::sasl::SaslError;

use pop3_testkit::conversation::{Conversation, trusted};

#[test]
fn values_convert_from_standard_types() {
    let two = NonZeroU32::new(2).expect("not zero");
    assert_eq!(
        MessageNumber::from(two),
        MessageNumber::try_from(2).expect("not zero")
    );
    let name = Username::try_from("alice".to_owned());
    assert_eq!(name, Username::new("alice"));
    let refused = Misuse::Argument(Argument::ControlInSecret);
    assert_eq!(Secret::try_from("a\nb".to_owned()), Err(refused.clone()));
    assert_eq!(Secret::try_from("a\nb"), Err(refused));
    assert_eq!(Secret::try_from("abc"), Secret::new("abc"));
}

#[test]
fn ticket_is_copy() {
    let mut connection = Connection::new(Config::default(), Channel::Plain, Instant::ORIGIN);
    let ticket = connection.submit(Noop).expect("a ticket");
    let kept: Vec<Ticket<Noop>> = vec![ticket; 2];
    assert!(kept.iter().all(|kept| kept.id() == ticket.id()));
}

#[test]
fn every_quirk_has_its_own_text() {
    use Quirk::*;
    let quirks = [
        BlankLine,
        BareLineFeed,
        MissingSize,
        MissingNumber,
        MissingUniqueId,
        OddUniqueId,
        ChallengeText,
        NonAsciiLogin,
        StatusInListing,
    ];
    let texts: std::collections::BTreeSet<String> =
        quirks.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), quirks.len());
}

#[test]
fn phase_misuse_names_command_and_phase() {
    let text = |phase| {
        Misuse::Phase {
            verb: Verb::Noop,
            phase,
        }
        .to_string()
    };
    let not_possible = "NOOP is not allowed in the";
    assert_eq!(
        text(Phase::Greeting),
        format!("{not_possible} GREETING state")
    );
    assert_eq!(text(Phase::Closed), format!("{not_possible} CLOSED state"));
    let hint = format!("{not_possible} AUTHORIZATION state (log in first)");
    assert_eq!(text(Phase::Authorization), hint);
}

fn tls(kind: TlsErrorKind) -> Error {
    TlsError::new(kind, "why").into()
}

fn transport(kind: TransportErrorKind) -> Error {
    TransportError::new(kind, "why").into()
}

fn limit(what: Limited) -> Error {
    LimitError::new(what, 1).into()
}

/// A server requires more iterations than the policy allows.
fn iterations() -> SecurityError {
    SecurityError::Sasl(SaslError::ScramIterations {
        asked: Some(9_000_000),
        least: 4096,
        most: 1_000_000,
    })
}

#[test]
fn errors_return_their_advice() {
    use Advice::{AskOperator, ChangePolicy, CheckServer, Reconnect, TryLater};
    for (error, advice) in [
        (
            SecurityError::StlsUnavailable { last_err: None }.into(),
            Some(CheckServer),
        ),
        (SecurityError::ResponseInjection.into(), Some(AskOperator)),
        (iterations().into(), Some(ChangePolicy)),
        (ProtocolError::TlsRecord.into(), Some(CheckServer)),
        (tls(TlsErrorKind::NotTls), Some(CheckServer)),
        (tls(TlsErrorKind::NoApplicationProtocol), Some(CheckServer)),
        (tls(TlsErrorKind::NotConfigured), None),
        (tls(TlsErrorKind::Other), Some(AskOperator)),
        (limit(Limited::Message), None),
        (limit(Limited::Line), Some(AskOperator)),
        (Closed::Idle { last_err: None }.into(), Some(Reconnect)),
        (
            transport(TransportErrorKind::NameResolution),
            Some(TryLater),
        ),
        (transport(TransportErrorKind::Refused), Some(TryLater)),
        (transport(TransportErrorKind::Unreachable), Some(TryLater)),
        (transport(TransportErrorKind::Reset), Some(Reconnect)),
        (
            Timeout::Greeting {
                channel: Channel::Plain,
            }
            .into(),
            Some(TryLater),
        ),
        (
            Timeout::TlsHandshake {
                channel: Channel::Plain,
            }
            .into(),
            Some(TryLater),
        ),
        (Timeout::Connect.into(), Some(TryLater)),
        (Timeout::Total.into(), Some(Reconnect)),
        (
            Misuse::Argument(Argument::EmptySecret).into(),
            Some(ChangePolicy),
        ),
        (Misuse::TicketSpent.into(), None),
    ] {
        assert_eq!(error.advice(), advice, "{error}");
    }
}

#[test]
fn refused_greeting_advises_by_response_code() {
    for (greeting, advice) in [
        ("-ERR [SYS/PERM] no\r\n", Advice::AskOperator),
        ("-ERR [LOGIN-DELAY] no\r\n", Advice::TryLater),
        ("-ERR no\r\n", Advice::TryLater),
    ] {
        let mut client = Conversation::new(Config::default(), Channel::Plain);
        client.server(greeting);
        let error = client.connection.error().expect("an error");
        assert_eq!(error.advice(), Some(advice), "{greeting:?}");
    }
}

#[test]
fn io_error_keeps_kind_and_original_error() {
    for (error, kind) in [
        (Error::from(Timeout::Total), io::ErrorKind::TimedOut),
        (
            Closed::Idle { last_err: None }.into(),
            io::ErrorKind::ConnectionAborted,
        ),
        (
            transport(TransportErrorKind::Reset),
            io::ErrorKind::ConnectionAborted,
        ),
        (tls(TlsErrorKind::Other), io::ErrorKind::Other),
    ] {
        let outside = io::Error::from(error.clone());
        assert_eq!(outside.kind(), kind);
        assert_eq!(Error::inside(&outside), Some(&error));
    }
}

#[test]
fn io_error_kinds_map_to_transport_kinds() {
    for (kind, expected) in [
        (
            io::ErrorKind::AddrNotAvailable,
            TransportErrorKind::Unreachable,
        ),
        (
            io::ErrorKind::HostUnreachable,
            TransportErrorKind::Unreachable,
        ),
        (
            io::ErrorKind::ConnectionRefused,
            TransportErrorKind::Refused,
        ),
        (io::ErrorKind::BrokenPipe, TransportErrorKind::Reset),
        (io::ErrorKind::InvalidInput, TransportErrorKind::Other),
    ] {
        assert_eq!(TransportError::from(io::Error::from(kind)).kind, expected);
    }
}

#[test]
fn redacted_refusal_keeps_its_response_code() {
    for code in [
        "IN-USE",
        "LOGIN-DELAY",
        "SYS/TEMP",
        "SYS/PERM",
        "AUTH",
        "UTF8",
    ] {
        let mut client = trusted();
        client.server("+OK ready\r\n");
        client.exchange("user alice", "+OK\r\n");
        let reported = client.exchange(
            "pass wonderland7",
            format!("-ERR [{code}] not wonderland7\r\n"),
        );
        let reported = reported.join("\n");
        assert!(
            reported.contains(code) && !reported.contains("wonderland7"),
            "{reported}"
        );
    }
}
