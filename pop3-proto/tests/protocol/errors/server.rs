//! Texts of what a server does wrong: protocol, security, limits, confirmations and SASL.

use pop3_proto::command::Verb;
use pop3_proto::error::{Closed, LimitError, Limited, ProtocolError, SecurityError, Unconfirmed};
use pop3_proto::reply::ServerText;
use pop3_proto::sasl::SaslError;

use super::login::oauth;
use super::{Texts, before, number, refusal, reply, text};

pub(super) fn server_faults(texts: &mut Texts) {
    let (verb, got) = (Verb::Retr, text("what is this?"));
    let mechanism = "PLAIN".into();
    for (name, error) in [
        (
            "NotPop3",
            ProtocolError::NotPop3 {
                got: text("220 mail.example.org ESMTP"),
            },
        ),
        (
            "NotPop3",
            ProtocolError::NotPop3 {
                got: ServerText::default(),
            },
        ),
        ("TlsRecord", ProtocolError::TlsRecord),
        (
            "BadStatus",
            ProtocolError::BadStatus {
                verb,
                got: got.clone(),
                last_err: None,
            },
        ),
        (
            "BadStatus",
            ProtocolError::BadStatus {
                verb,
                got: got.clone(),
                last_err: before(),
            },
        ),
        (
            "Unsolicited",
            ProtocolError::Unsolicited { got: got.clone() },
        ),
        (
            "Surplus",
            ProtocolError::Surplus {
                verb,
                number: Some(number(7)),
                got: got.clone(),
            },
        ),
        (
            "BareLineFeed",
            ProtocolError::BareLineFeed {
                verb: None,
                got: got.clone(),
            },
        ),
        (
            "BareLineFeed",
            ProtocolError::BareLineFeed {
                verb: Some(verb),
                got: ServerText::default(),
            },
        ),
        (
            "NumberMismatch",
            ProtocolError::NumberMismatch {
                verb: Verb::Uidl,
                asked: number(7),
                got: text("+OK 8 x"),
            },
        ),
        (
            "Sasl",
            ProtocolError::Sasl {
                mechanism,
                cause: SaslError::NotDone,
            },
        ),
        (
            "Malformed",
            ProtocolError::Malformed {
                verb: Verb::Stat,
                what: "no number of messages",
                got,
            },
        ),
    ] {
        texts.add(&format!("ProtocolError::{name}"), error);
    }
    for (name, error) in [
        (
            "StlsUnavailable",
            SecurityError::StlsUnavailable { last_err: None },
        ),
        (
            "StlsUnavailable",
            SecurityError::StlsUnavailable { last_err: before() },
        ),
        (
            "StlsRefused",
            SecurityError::StlsRefused(reply("TLS not available")),
        ),
        ("ResponseInjection", SecurityError::ResponseInjection),
        (
            "Sasl",
            SecurityError::Sasl(SaslError::ServerNotAuthenticated),
        ),
        ("UnexpectedSuccess", SecurityError::UnexpectedSuccess),
    ] {
        texts.add(&format!("SecurityError::{name}"), error);
    }
    for (name, what, limit) in [
        ("Line", Limited::Line, 8192),
        ("Lines", Limited::Lines, 20),
        ("Octets", Limited::Octets, 65536),
        ("Challenges", Limited::Challenges, 10),
        ("ChallengeOctets", Limited::ChallengeOctets, 65536),
        ("Message", Limited::Message, 1000),
    ] {
        texts.add(&format!("Limited::{name}"), LimitError::new(what, limit));
    }
    let (verb, seven) = (Verb::Uidl, number(7));
    let cause = Closed::Idle { last_err: None }.into();
    for (name, error) in [
        ("NoListing", Unconfirmed::NoListing),
        ("NothingToAsk", Unconfirmed::NothingToAsk),
        ("Unsupported", Unconfirmed::Unsupported(None)),
        (
            "Unsupported",
            Unconfirmed::Unsupported(Some(refusal("unknown command"))),
        ),
        (
            "WrongAnswer",
            Unconfirmed::WrongAnswer {
                verb,
                number: seven,
                got: text("+OK 8 x"),
            },
        ),
        (
            "ReplyInMessage",
            Unconfirmed::ReplyInMessage { number: seven },
        ),
        ("CutShort", Unconfirmed::CutShort(cause)),
    ] {
        texts.add(&format!("Unconfirmed::{name}"), error);
    }
    for (name, error) in [
        ("BadChallenge", SaslError::BadChallenge("it is not base64")),
        ("NothingLeft", SaslError::NothingLeft),
        (
            "ExtraChallenge",
            SaslError::ExtraChallenge(Box::new(oauth())),
        ),
        ("NotDone", SaslError::NotDone),
        (
            "Scram",
            SaslError::Scram("its nonce does not extend the client's"),
        ),
        (
            "ScramIterations",
            SaslError::ScramIterations {
                asked: Some(10),
                least: 4096,
                most: 1_000_000,
            },
        ),
        (
            "ScramIterations",
            SaslError::ScramIterations {
                asked: None,
                least: 4096,
                most: 1_000_000,
            },
        ),
        ("ServerNotAuthenticated", SaslError::ServerNotAuthenticated),
        ("ServerError", SaslError::ServerError(text("other-error"))),
        ("Other", SaslError::Other("the ticket has expired".into())),
    ] {
        texts.add(&format!("SaslError::{name}"), error);
    }
}
