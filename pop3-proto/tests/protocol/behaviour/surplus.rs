//! Octets after the end of a multi-line reply: whether the reply is trusted.

use pop3_proto::{
    Config, Error, Event, MessageNumber, command::Verb, config::Leniency, error::ProtocolError,
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining};

/// Has message 1 end together with these octets, and tells what the application was told after its
/// status line.
fn together(session: &mut Conversation, octets: &str) -> Vec<String> {
    session.ask("retr 1");
    session.settle();
    session.server("+OK\r\n");
    session.server(format!("half\r\n.\r\n{octets}"));
    session.reported().split_off(1)
}

const FAILED: [&str; 3] = [
    "retr 1: body \"half\\r\\n\"",
    "retr 1: cut short: protocol Surplus RETR 1",
    "closed: protocol Surplus RETR 1",
];

#[test]
fn a_message_fails_if_its_end_comes_with_octets_that_answer_nothing() {
    for surplus in [
        "rest\r\n.\r\n",
        "r",
        "+",
        "+OK 1435631 octets\r\n",
        "+OK",
        "+ok ",
        ".",
        " ",
        "\0",
        "-E ",
        "-ERROR",
        "-ERRx\r\n",
        "-ERR bye\r\n.",
        "-ERR bye\r\n\r",
        "-ERR bye\r\n-ERR bye\r\n",
        "\r\nrest",
        "\r\n\r\n+OK",
        "\rx",
    ] {
        assert_eq!(together(&mut logged_in(), surplus), FAILED, "{surplus:?}");
    }
}

#[test]
fn one_err_alone_may_follow_a_message() {
    for farewell in [
        "",
        "-",
        "-E",
        "-err",
        "-ERR\r",
        "-ERR ",
        "-ERR\t",
        "-ERR timed out",
        "-ERR timed out\r",
        "-ERR timed out\r\n",
        "-Err\r\n",
    ] {
        let told = together(&mut logged_in(), farewell);
        assert_eq!(told[1], "retr 1: end", "{farewell:?}: {told:?}");
        let is_whole = farewell.ends_with('\n');
        assert_eq!(told.len(), 2 + usize::from(is_whole), "{farewell:?}");
    }
    // Blank lines are skipped here as elsewhere.
    let told = together(&mut logged_in(), "\r\n\n\r");
    assert_eq!(
        told[1..],
        ["retr 1: end", "quirk BlankLine", "quirk BlankLine"]
    );
    let told = together(&mut logged_in(), &"\r\n".repeat(9));
    assert_eq!(told, FAILED);
    let mut config = Config::default();
    config.leniency = Leniency::Strict;
    assert_eq!(together(&mut logged_in_with(config), "\r"), FAILED);
}

#[test]
fn with_a_command_in_flight_only_a_status_line_may_follow() {
    for (surplus, is_good) in [
        ("+", true),
        ("+OK 20 octets\r\nSubject", true),
        ("+ok\tx", true),
        ("-ERR no such message\r\n", true),
        ("\r\n\n-err", true),
        ("+OKAY", false),
        ("+ challenge", false),
        ("Subject: two\r\n", false),
        ("Received", false),
    ] {
        let mut session = pipelining();
        session.ask("retr 1");
        session.ask("retr 2");
        session.server("+OK\r\n");
        session.server(format!("half\r\n.\r\n{surplus}"));
        let told = session.reported();
        let end = if is_good { "retr 1: end" } else { FAILED[1] };
        assert_eq!(told[2], end, "{surplus:?}");
        if !is_good {
            assert_eq!(told[3], "retr 2: failed: protocol Surplus RETR 1");
            assert_eq!(told[4], FAILED[2]);
            session.assert_over();
        }
    }
}

#[test]
fn a_command_that_has_not_left_whole_explains_nothing() {
    for sent in 0..=8 {
        let mut session = pipelining();
        session.ask("retr 1");
        session.settle();
        session.arrive(b"+OK\r\n");
        session.take_events();
        session.ask("retr 2");
        let flight = session.connection.transmit().len();
        assert_eq!(flight, 8);
        session.connection.transmitted(sent, session.now);
        session.arrive(b"half\r\n.\r\n+OK\r\n");
        session.take_events();
        let told = session.reported();
        let is_asked = sent == flight;
        let failed = told.contains(&FAILED[1].to_owned());
        assert_eq!(failed, !is_asked, "{sent} octets sent: {told:?}");
    }
}

#[test]
fn a_queued_quit_is_not_sent_after_such_a_message() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.ask("dele 1");
    session.ask("quit");
    session.server("+OK\r\n");
    session.server("half\r\n.\r\n+OK bye\r\n");
    let told = session.reported();
    assert_eq!(told[2], FAILED[1]);
    assert_eq!(told[4], "quit: failed: protocol Surplus RETR 1");
    assert_eq!(session.sent(), "RETR 1\r\n");
    session.assert_over();
}

#[test]
fn an_abandoned_message_that_ends_early_fails_what_follows_it() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\nhalf\r\n");
    session.abandon();
    session.ask("stat");
    session.reported();
    session.server(".\r\n+OK 3 400\r\n");
    let why = "protocol Surplus RETR 1";
    assert_eq!(
        session.reported(),
        [format!("stat: failed: {why}"), format!("closed: {why}")]
    );
    assert_eq!(session.sent(), "RETR 1\r\n");
}

#[test]
fn a_listing_that_ends_early_fails() {
    for (op, verb) in [
        ("list", "LIST"),
        ("uidl", "UIDL"),
        ("capa", "CAPA"),
        ("capabilities", "CAPA"),
    ] {
        let mut session = logged_in();
        let told = session.exchange(op, "+OK\r\n1 1\r\n.\r\n2 2\r\n.\r\n");
        let why = format!("protocol Surplus {verb}");
        assert_eq!(
            told,
            [format!("{op}: failed: {why}"), format!("closed: {why}")]
        );
    }
    let mut session = logged_in();
    let told = session.exchange("list streamed", "+OK\r\n1 1\r\n.\r\n2 2\r\n.\r\n");
    assert_eq!(told[2], "list streamed: cut short: protocol Surplus LIST");
}

#[test]
fn what_comes_later_ends_the_connection_with_the_same_error() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\nhalf\r\n.\r\n");
    assert_eq!(session.reported()[2], "retr 1: end");
    // Not even a line of it is waited for.
    session.server("r");
    assert_eq!(session.reported(), [FAILED[2]]);
    session.assert_over();
}

#[test]
fn what_comes_after_another_command_is_about_that_one() {
    let mut session = logged_in();
    session.exchange("retr 1", "+OK\r\nwhole\r\n.\r\n");
    let told = session.exchange("noop", "rest\r\n");
    assert_eq!(told[0], "noop: failed: protocol BadStatus NOOP \"rest\"");
}

#[test]
fn the_error_names_the_message_and_quotes_what_follows_it() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\nhalf\r\n.\r\nDear \x1bcustomer\r\n.\r\n");
    let end = session.events().into_iter().find_map(|event| match event {
        Event::BodyEnd { result, .. } => result.err(),
        _ => None,
    });
    let Some(Error::Protocol(error)) = end else {
        panic!("{end:?}")
    };
    let ProtocolError::Surplus { verb, number, got } = &*error else {
        panic!("{error:?}")
    };
    assert_eq!((*verb, *number), (Verb::Retr, Some(MessageNumber::FIRST)));
    assert_eq!(got.as_bytes(), b"Dear \x1bcustomer");
    assert_eq!(
        error.to_string(),
        "octets that no command explains follow the end of the reply to RETR 1: \
         \"Dear \\u{1b}customer\"; the reply may be cut short: do not trust it"
    );
}
