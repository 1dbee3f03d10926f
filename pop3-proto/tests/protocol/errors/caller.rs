//! Texts of what a caller does wrong.

use pop3_proto::Phase;
use pop3_proto::command::Verb;
use pop3_proto::error::{Argument, Misuse};
use pop3_proto::server::{FaultError, On};

use super::Texts;

pub(super) fn caller_faults(texts: &mut Texts) {
    rules_for_the_server(texts);
    let verb = Verb::Stat;
    for phase in [
        Phase::Greeting,
        Phase::Authorization,
        Phase::Transaction,
        Phase::Closed,
    ] {
        texts.add("Misuse::Phase", Misuse::Phase { verb, phase });
    }
    for (name, error) in [
        ("TlsActive", Misuse::TlsActive),
        ("StlsAfterUtf8", Misuse::StlsAfterUtf8),
        ("NotAdvertised", Misuse::NotAdvertised { verb: Verb::Utf8 }),
        ("UserFirst", Misuse::UserFirst),
        (
            "TooLong",
            Misuse::TooLong {
                verb: Verb::Pass,
                octets: 300,
                limit: 255,
            },
        ),
        ("NoSeed", Misuse::NoSeed),
        ("Argument", Misuse::Argument(Argument::EmptyUsername)),
        ("TicketSpent", Misuse::TicketSpent),
        ("NoTokenWanted", Misuse::NoTokenWanted),
        ("TokenOnRequest", Misuse::TokenOnRequest),
    ] {
        texts.add(&format!("Misuse::{name}"), error);
    }
    for argument in [
        Argument::ZeroMessageNumber,
        Argument::EmptyUsername,
        Argument::ControlInUsername,
        Argument::SpaceInUsername,
        Argument::EmptySecret,
        Argument::ControlInSecret,
        Argument::UnpreparedUsername,
        Argument::UnpreparedPassword,
        Argument::Nonce,
        Argument::Token,
        Argument::Host,
        Argument::Trace,
        Argument::NotAscii,
        Argument::Method,
        Argument::Mechanism,
        Argument::LanguageRange,
        Argument::ControlInCommand,
        Argument::Keyword,
        Argument::Reserved,
    ] {
        texts.add(&format!("Argument::{argument:?}"), argument);
    }
    for url in [
        "imaps://joe@mx",
        "joe@mx",
        "pop3s://",
        "pop3s://joe@m\u{fc}ller.example",
        "pop3s://joe@mx/INBOX",
        "pop3s://joe:secret@mx",
        "pop3s://joe%FF@mx",
        "pop3s://joe@mx:0",
        "pop3s://joe;AUTH=NTLM@mx",
        "pop3s://joe;FROM=here@mx",
    ] {
        let error = url.parse::<pop3_proto::Endpoint>().expect_err(url);
        texts.add("Argument::Url", error);
    }
}

/// Rules that ask the server of tests for a fault that cannot happen.
fn rules_for_the_server(texts: &mut Texts) {
    let stat = || On::command(Verb::Stat);
    for (name, rejected) in [
        ("NoMessage", stat().message(1).refuse("no")),
        ("CountOfZero", stat().first(0).refuse("no")),
        ("LineEnd", stat().refuse("no\r\n")),
        ("TooLong", stat().refuse("x".repeat(600))),
        ("NotHere", On::octet(7).refuse("no")),
        ("NotHere", On::greeting().deliver("id", "mail")),
        ("NotHere", stat().remove_only(1)),
        ("NotHere", stat().unstuffed()),
        (
            "EmptySegments",
            stat().segments(0, std::time::Duration::ZERO),
        ),
    ] {
        let error: FaultError = rejected.expect_err("a rule that is rejected");
        texts.add(&format!("FaultError::{name}"), error);
    }
}
