//! Values that are made of plain ones, and what is said of them.

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
fn values_are_made_of_what_programs_have() {
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
fn a_ticket_can_be_kept_twice() {
    let mut connection = Connection::new(Config::default(), Channel::Plain, Instant::ORIGIN);
    let ticket = connection.submit(Noop).expect("a ticket");
    let kept: Vec<Ticket<Noop>> = vec![ticket; 2];
    assert!(kept.iter().all(|kept| kept.id() == ticket.id()));
}

#[test]
fn every_quirk_has_words_of_its_own() {
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
    let words: std::collections::BTreeSet<String> =
        quirks.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), quirks.len());
}

#[test]
fn what_is_not_possible_in_a_phase_says_why() {
    let said = |phase| {
        Misuse::Phase {
            verb: Verb::Noop,
            phase,
        }
        .to_string()
    };
    let not_possible = "NOOP is not possible in the";
    assert_eq!(
        said(Phase::Greeting),
        format!("{not_possible} GREETING phase")
    );
    assert_eq!(said(Phase::Closed), format!("{not_possible} CLOSED phase"));
    let hint = format!("{not_possible} AUTHORIZATION phase (log in first)");
    assert_eq!(said(Phase::Authorization), hint);
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

/// A server wants more work than the policy allows.
fn iterations() -> SecurityError {
    SecurityError::Sasl(SaslError::ScramIterations {
        asked: Some(9_000_000),
        least: 4096,
        most: 1_000_000,
    })
}

#[test]
fn an_error_says_what_it_asks_of_the_user() {
    use Advice::{AskOperator, ChangePolicy, CheckServer, Reconnect, TryLater};
    for (error, advice) in [
        (
            SecurityError::StlsUnavailable { last_err: None }.into(),
            Some(ChangePolicy),
        ),
        (SecurityError::ResponseInjection.into(), Some(AskOperator)),
        (iterations().into(), Some(ChangePolicy)),
        (ProtocolError::TlsRecord.into(), Some(CheckServer)),
        (tls(TlsErrorKind::NotTls), Some(CheckServer)),
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
        (Timeout::Greeting.into(), Some(TryLater)),
        (Timeout::TlsHandshake.into(), Some(TryLater)),
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
fn a_greeting_that_refuses_says_what_to_do_by_its_code() {
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
fn an_error_within_an_io_error_keeps_its_kind_and_itself() {
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
fn what_the_system_says_is_kept_in_terms_of_no_system() {
    for (kind, told) in [
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
        assert_eq!(TransportError::from(io::Error::from(kind)).kind, told);
    }
}

#[test]
fn a_refusal_that_repeats_the_password_keeps_its_code() {
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
        let told = client.exchange(
            "pass wonderland7",
            format!("-ERR [{code}] not wonderland7\r\n"),
        );
        let told = told.join("\n");
        assert!(
            told.contains(code) && !told.contains("wonderland7"),
            "{told}"
        );
    }
}
