//! The advice and the retry of each error: the table in the documentation is complete and correct.

use std::collections::BTreeSet;
use std::time::Duration;

use pop3_proto::{
    Channel, Config, Error, Login, Phase,
    command::Verb,
    config::StlsPolicy,
    error::{
        Closed, LimitError, Limited, Misuse, ProtocolError, Retry, SecurityError, Timeout,
        TlsError, TlsErrorKind, TransportError, TransportErrorKind, Unconfirmed,
    },
    reply::{ErrReply, ServerText},
    sasl::SaslError,
};
use pop3_testkit::conversation::{Conversation, logged_in, trusted};

const TABLE: &str = include_str!("../../../src/error/retry.md");

/// The sources of the enums whose variants are in the table.
const ENUMS: [(&str, &str); 9] = [
    ("Unconfirmed", include_str!("../../../src/error/confirm.rs")),
    ("AuthError", include_str!("../../../src/error/auth.rs")),
    ("Misuse", include_str!("../../../src/misuse.rs")),
    (
        "ProtocolError",
        include_str!("../../../src/error/server.rs"),
    ),
    (
        "SecurityError",
        include_str!("../../../src/error/server.rs"),
    ),
    ("Limited", include_str!("../../../src/error/server.rs")),
    ("Timeout", include_str!("../../../src/error/end.rs")),
    ("Closed", include_str!("../../../src/error/end.rs")),
    (
        "TransportErrorKind",
        include_str!("../../../src/error/end.rs"),
    ),
];

/// Returns the variants of an enum from its source.
fn variants(name: &str, source: &str) -> Vec<String> {
    let start = format!("pub enum {name} {{\n");
    let body = source.split_once(&start).expect("the enum").1;
    let body = body.split_once("\n}\n").expect("its end").0;
    let variants = body.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        line.starts_with(|first: char| first.is_ascii_uppercase())
            .then(|| {
                line.split(|c: char| !c.is_alphanumeric())
                    .next()
                    .unwrap_or(line)
            })
    });
    variants
        .map(|variant| format!("{name}::{variant}"))
        .collect()
}

/// The rows of the table: the names in backquotes of the first column, and the other two columns.
fn rows() -> Vec<(&'static str, &'static str, &'static str)> {
    let rows = TABLE.lines().skip(2).map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [error, advice, retry] = cells[..] else {
            panic!("{line}");
        };
        (error, advice, retry)
    });
    rows.collect()
}

#[test]
fn retry_table_lists_every_error() {
    let mut listed = BTreeSet::new();
    for (error, ..) in rows() {
        listed.extend(error.split('`').filter(|name| name.contains("::")));
    }
    let tls = variants("TlsErrorKind", include_str!("../../../src/error/end.rs"));
    let known = ENUMS
        .iter()
        .flat_map(|(name, source)| variants(name, source));
    let known: BTreeSet<_> = known.chain(tls).collect();
    assert!(known.len() > 40, "{known:?}");
    for name in &known {
        assert!(listed.contains(name.as_str()), "{name} is not in retry.md");
    }
    for name in listed {
        let refused = name.starts_with("Error::");
        assert!(
            refused || known.contains(name),
            "retry.md names {name}, which does not exist"
        );
    }
}

/// Returns the advice and the retry of an error from the table, preferring a row for this command.
fn row_of(name: &str, verb: Option<&str>) -> (String, String) {
    let name = format!("`{name}`");
    let row = rows().into_iter().find(|(error, ..)| {
        let (errors, verbs) = error.split_once("`: ").unwrap_or((error, ""));
        format!("{errors}`").contains(&name)
            && verb.map_or(verbs.is_empty(), |it| verbs.contains(it))
    });
    let (_, advice, retry) = row.unwrap_or_else(|| panic!("no row for {name} {verb:?}"));
    (advice.to_owned(), retry.to_owned())
}

/// Formats a `Retry` as the table does.
fn formatted(retry: Retry) -> String {
    let Retry::After(after) = retry else {
        return match retry {
            Retry::Never => "never".to_owned(),
            _ => "without pipelining, immediately".to_owned(),
        };
    };
    match after.as_secs() {
        10 => "after 10 seconds".to_owned(),
        60 => "after 1 minute".to_owned(),
        300 => "after 5 minutes".to_owned(),
        3600 => "after 1 hour".to_owned(),
        _ => format!("after {after:?}"),
    }
}

fn server_text() -> ServerText {
    let mut client = Conversation::new(Config::default(), Channel::Plain);
    client.server("+OK words\r\n");
    let greeting = client.connection.greeting().expect("a greeting");
    greeting.text.clone()
}

fn protocol(error: ProtocolError) -> Error {
    error.into()
}

fn closed(error: Closed) -> Error {
    error.into()
}

/// An error for each row, except those that only a login returns.
fn errors() -> Vec<(&'static str, Option<&'static str>, Error)> {
    let first_octet = |verb| Timeout::FirstOctet {
        verb,
        number: None,
        outstanding: 1,
        first_batch: false,
        last_err: None,
    };
    let unanswered = |verb| {
        closed(Closed::Unanswered {
            verb,
            number: None,
            outstanding: 1,
            first_batch: false,
            last_err: None,
        })
    };
    let number = pop3_proto::MessageNumber::new(1).expect("a number");
    let verb = Verb::List;
    let not_done = SaslError::NotDone;
    let mut errors = vec![
        (
            "Misuse::Argument",
            None,
            pop3_proto::Username::new("").expect_err("no name").into(),
        ),
        (
            "Misuse::TooLong",
            None,
            Misuse::TooLong {
                verb,
                octets: 256,
                limit: 255,
            }
            .into(),
        ),
        (
            "Misuse::Phase",
            None,
            Misuse::Phase {
                verb,
                phase: Phase::Authorization,
            }
            .into(),
        ),
        ("Misuse::TlsActive", None, Misuse::TlsActive.into()),
        ("Misuse::StlsAfterUtf8", None, Misuse::StlsAfterUtf8.into()),
        (
            "Misuse::NotAdvertised",
            None,
            Misuse::NotAdvertised { verb: Verb::Utf8 }.into(),
        ),
        ("Misuse::UserFirst", None, Misuse::UserFirst.into()),
        ("Misuse::NoSeed", None, Misuse::NoSeed.into()),
        ("Misuse::TicketSpent", None, Misuse::TicketSpent.into()),
        (
            "ProtocolError::NotPop3",
            None,
            protocol(ProtocolError::NotPop3 { got: server_text() }),
        ),
        (
            "ProtocolError::TlsRecord",
            None,
            protocol(ProtocolError::TlsRecord),
        ),
        (
            "ProtocolError::Sasl",
            None,
            protocol(ProtocolError::Sasl {
                mechanism: "PLAIN".into(),
                cause: not_done.clone(),
            }),
        ),
        (
            "ProtocolError::BadStatus",
            None,
            protocol(ProtocolError::BadStatus {
                verb,
                got: server_text(),
                last_err: None,
            }),
        ),
        (
            "ProtocolError::Unsolicited",
            None,
            protocol(ProtocolError::Unsolicited { got: server_text() }),
        ),
        (
            "ProtocolError::Surplus",
            None,
            protocol(ProtocolError::Surplus {
                verb,
                number: Some(number),
                got: server_text(),
            }),
        ),
        (
            "ProtocolError::BareLineFeed",
            None,
            protocol(ProtocolError::BareLineFeed {
                verb: None,
                got: server_text(),
            }),
        ),
        (
            "ProtocolError::NumberMismatch",
            None,
            protocol(ProtocolError::NumberMismatch {
                verb,
                asked: number,
                got: server_text(),
            }),
        ),
        (
            "ProtocolError::Malformed",
            None,
            protocol(ProtocolError::Malformed {
                verb,
                what: "no number",
                got: server_text(),
            }),
        ),
        (
            "SecurityError::StlsUnavailable",
            None,
            SecurityError::StlsUnavailable { last_err: None }.into(),
        ),
        (
            "SecurityError::ResponseInjection",
            None,
            SecurityError::ResponseInjection.into(),
        ),
        (
            "SecurityError::UnexpectedSuccess",
            None,
            SecurityError::UnexpectedSuccess.into(),
        ),
        (
            "Unconfirmed::NoListing",
            None,
            Unconfirmed::NoListing.into(),
        ),
        (
            "Unconfirmed::NothingToAsk",
            None,
            Unconfirmed::NothingToAsk.into(),
        ),
        (
            "Unconfirmed::Unsupported",
            None,
            Unconfirmed::Unsupported(None).into(),
        ),
        (
            "Unconfirmed::ReplyInMessage",
            None,
            Unconfirmed::ReplyInMessage { number }.into(),
        ),
        (
            "Unconfirmed::WrongAnswer",
            None,
            Unconfirmed::WrongAnswer {
                verb,
                number,
                got: server_text(),
            }
            .into(),
        ),
        ("Closed::Finished", None, closed(Closed::Finished)),
        (
            "Closed::Idle",
            None,
            closed(Closed::Idle { last_err: None }),
        ),
        (
            "Closed::Truncated",
            None,
            closed(Closed::Truncated {
                verb,
                number: None,
                outstanding: 1,
                lf_dot: false,
                first_batch: false,
                last_err: None,
            }),
        ),
        (
            "Closed::Truncated",
            Some("`PASS`"),
            closed(Closed::Truncated {
                verb: Verb::Pass,
                number: None,
                outstanding: 1,
                lf_dot: false,
                first_batch: false,
                last_err: None,
            }),
        ),
        (
            "Timeout::Stall",
            Some("`PASS`"),
            Timeout::Stall {
                verb: Some(Verb::Pass),
                number: None,
                outstanding: 1,
                lf_dot: false,
                first_batch: false,
                last_err: None,
            }
            .into(),
        ),
        ("Closed::Unanswered", Some("`PASS`"), unanswered(Verb::Pass)),
        ("Closed::Unanswered", Some("`AUTH`"), unanswered(Verb::Auth)),
        ("Closed::Unanswered", None, unanswered(Verb::List)),
        (
            "Closed::NoGreeting",
            None,
            closed(Closed::NoGreeting {
                channel: Channel::Plain,
            }),
        ),
        (
            "Closed::GreetingRefused",
            None,
            closed(Closed::GreetingRefused(ErrReply::default())),
        ),
        ("Timeout::Connect", None, Timeout::Connect.into()),
        (
            "Timeout::TlsHandshake",
            None,
            Timeout::TlsHandshake {
                channel: Channel::Plain,
            }
            .into(),
        ),
        (
            "Timeout::Greeting",
            None,
            Timeout::Greeting {
                channel: Channel::Plain,
            }
            .into(),
        ),
        (
            "Timeout::FirstOctet",
            Some("`APOP`"),
            first_octet(Verb::Apop).into(),
        ),
        ("Timeout::FirstOctet", None, first_octet(Verb::Stat).into()),
        (
            "Timeout::Stall",
            None,
            Timeout::Stall {
                verb: None,
                number: None,
                last_err: None,
                outstanding: 1,
                lf_dot: false,
                first_batch: false,
            }
            .into(),
        ),
        ("Timeout::Send", None, Timeout::Send.into()),
        ("Timeout::Total", None, Timeout::Total.into()),
    ];
    for (name, what) in [
        ("Limited::Line", Limited::Line),
        ("Limited::Lines", Limited::Lines),
        ("Limited::Octets", Limited::Octets),
        ("Limited::Challenges", Limited::Challenges),
        ("Limited::ChallengeOctets", Limited::ChallengeOctets),
        ("Limited::Message", Limited::Message),
    ] {
        errors.push((name, None, LimitError::new(what, 1).into()));
    }
    for (name, kind) in [
        (
            "TransportErrorKind::NameResolution",
            TransportErrorKind::NameResolution,
        ),
        ("TransportErrorKind::Refused", TransportErrorKind::Refused),
        (
            "TransportErrorKind::Unreachable",
            TransportErrorKind::Unreachable,
        ),
        ("TransportErrorKind::Reset", TransportErrorKind::Reset),
        ("TransportErrorKind::Other", TransportErrorKind::Other),
    ] {
        errors.push((name, None, TransportError::new(kind, "words").into()));
    }
    for (name, kind) in [
        ("TlsErrorKind::UnknownIssuer", TlsErrorKind::UnknownIssuer),
        ("TlsErrorKind::Certificate", TlsErrorKind::Certificate),
        ("TlsErrorKind::Incompatible", TlsErrorKind::Incompatible),
        ("TlsErrorKind::NotTls", TlsErrorKind::NotTls),
        (
            "TlsErrorKind::NoApplicationProtocol",
            TlsErrorKind::NoApplicationProtocol,
        ),
        ("TlsErrorKind::NotConfigured", TlsErrorKind::NotConfigured),
        ("TlsErrorKind::Other", TlsErrorKind::Other),
    ] {
        errors.push((name, None, TlsError::new(kind, "words").into()));
    }
    errors.push(("Error::CallbackPanicked", None, Error::CallbackPanicked));
    errors
}

#[test]
fn retry_table_matches_the_errors() {
    for (name, detail, error) in errors() {
        let advice = error.advice();
        let advice = advice.map_or("none".to_owned(), |advice| format!("`{advice:?}`"));
        let verdict = (advice, formatted(error.retry()));
        assert_eq!(verdict, row_of(name, detail), "{name} {detail:?}");
    }
}

#[test]
fn sasl_security_error_is_never_retried() {
    for cause in [
        SaslError::NotDone,
        SaslError::Scram("a nonce that is another"),
        SaslError::ServerNotAuthenticated,
    ] {
        assert_eq!(
            Error::from(SecurityError::Sasl(cause)).retry(),
            Retry::Never
        );
    }
}

#[test]
fn refused_mailbox_command_is_retried() {
    let minutes = Retry::After(Duration::from_secs(300));
    for (op, retry) in [
        ("stat", minutes),
        ("list", minutes),
        ("uidl", minutes),
        ("list 1", Retry::Never),
        ("uidl 1", Retry::Never),
        ("retr 1", Retry::Never),
        ("top 1 0", Retry::Never),
        ("dele 1", Retry::Never),
        ("noop", Retry::Never),
        ("rset", Retry::Never),
        ("short XYZ", Retry::Never),
    ] {
        for (code, retry) in [
            ("", retry),
            ("[XYZ] ", retry),
            ("[SYS/TEMP] ", minutes),
            ("[IN-USE] ", Retry::After(Duration::from_secs(60))),
            ("[SYS/PERM] ", Retry::Never),
        ] {
            let mut session = logged_in();
            session.ask(op);
            session.server(format!("-ERR {code}no\r\n"));
            assert_eq!(refusal(&mut session).retry(), retry, "{op}: {code}");
        }
    }
    let mut session = trusted();
    session.server("+OK\r\n");
    session.ask("user alice");
    session.server("-ERR no\r\n");
    assert_eq!(refusal(&mut session).retry(), Retry::Never);
}

fn refusal(session: &mut Conversation) -> Error {
    let refused = session.events().into_iter().find_map(|event| match event {
        pop3_proto::Event::Reply {
            result: Err(error), ..
        } => Some(error),
        _ => None,
    });
    refused.expect("a refusal")
}

#[test]
fn login_without_method_or_token_is_not_retried() {
    let mut session = trusted();
    session.server("+OK\r\n");
    let login = Login::bearer_on_request("alice").expect("a login");
    let ticket = session.connection.submit(login).expect("it is queued");
    session.server("+OK\r\nSASL XOAUTH2\r\n.\r\n");
    let none = Err("no browser".into());
    let provided = session.connection.provide_token(ticket.id(), none);
    provided.expect("a token is wanted");
    assert_eq!(refusal(&mut session).retry(), Retry::Never);

    let mut config = Config::default();
    config.stls = StlsPolicy::Off;
    let mut session = Conversation::new(config, Channel::Plain);
    session.server("+OK\r\n");
    session.events();
    session.ask("login alice secret");
    session.server("-ERR\r\n");
    assert_eq!(refusal(&mut session).retry(), Retry::Never);
}

#[test]
fn unsolicited_err_retry_depends_on_response_code() {
    for (code, seconds) in [("[SYS/TEMP] ", 300), ("[IN-USE] ", 60), ("", 10)] {
        let mut session = logged_in();
        session.server(format!("-ERR {code}bye\r\n"));
        let error = session.connection.error().expect("a fatal error");
        assert_eq!(error.retry(), Retry::After(Duration::from_secs(seconds)));
    }
    for (code, retry) in [
        ("[SYS/PERM] ", Retry::Never),
        ("[IN-USE] ", Retry::After(Duration::from_secs(60))),
        ("[SYS/TEMP] ", Retry::After(Duration::from_secs(300))),
        ("", Retry::After(Duration::from_secs(300))),
    ] {
        let mut session = trusted();
        session.server(format!("-ERR {code}too many connections\r\n"));
        let error = session.connection.error().expect("a fatal error");
        assert_eq!(error.retry(), retry, "{code}");
    }
}

#[test]
fn suspected_pipelining_is_retried_immediately_without_it() {
    let mut session = pop3_testkit::conversation::pipelining();
    session.ask("list");
    session.ask("uidl");
    session.eof();
    let error = session.connection.error().expect("a fatal error");
    assert_eq!(error.retry(), Retry::WithoutPipelining(Duration::ZERO));
    let delayed = error.retry().not_before(Duration::from_secs(7));
    assert_eq!(delayed, Retry::WithoutPipelining(Duration::from_secs(7)));
    assert_eq!(
        Retry::Never.not_before(Duration::from_secs(7)),
        Retry::Never
    );
}
