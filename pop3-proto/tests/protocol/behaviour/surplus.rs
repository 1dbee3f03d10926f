//! Octets after the end of a multi-line reply, and whether the reply is trusted then.

use pop3_proto::{
    Config, Error, Event, MessageNumber, command::Verb, config::Leniency, error::ProtocolError,
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining};

/// Sends the end of message 1 together with these octets. Returns what was reported after the
/// status line.
fn end_together_with(session: &mut Conversation, octets: &str) -> Vec<String> {
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
fn unexpected_octets_after_a_message_fail_it() {
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
        assert_eq!(
            end_together_with(&mut logged_in(), surplus),
            FAILED,
            "{surplus:?}"
        );
    }
}

#[test]
fn single_err_may_follow_a_message() {
    for line in [
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
        let reported = end_together_with(&mut logged_in(), line);
        assert_eq!(reported[1], "retr 1: end", "{line:?}: {reported:?}");
        let is_whole = line.ends_with('\n');
        assert_eq!(reported.len(), 2 + usize::from(is_whole), "{line:?}");
    }
    // Blank lines are skipped here as elsewhere.
    let reported = end_together_with(&mut logged_in(), "\r\n\n\r");
    assert_eq!(
        reported[1..],
        ["retr 1: end", "quirk BlankLine", "quirk BlankLine"]
    );
    let reported = end_together_with(&mut logged_in(), &"\r\n".repeat(9));
    assert_eq!(reported, FAILED);
    let mut config = Config::default();
    config.leniency = Leniency::Strict;
    assert_eq!(end_together_with(&mut logged_in_with(config), "\r"), FAILED);
}

#[test]
fn only_a_status_line_may_follow_pipelined_message() {
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
        let reported = session.reported();
        let end = if is_good { "retr 1: end" } else { FAILED[1] };
        assert_eq!(reported[2], end, "{surplus:?}");
        if !is_good {
            assert_eq!(reported[3], "retr 2: failed: protocol Surplus RETR 1");
            assert_eq!(reported[4], FAILED[2]);
            session.assert_over();
        }
    }
}

#[test]
fn reply_to_a_partly_sent_command_is_surplus() {
    for sent in 0..=8 {
        let mut session = pipelining();
        session.ask("retr 1");
        session.settle();
        session.arrive(b"+OK\r\n");
        session.take_events();
        session.ask("retr 2");
        let length = session.connection.transmit().len();
        assert_eq!(length, 8);
        session.connection.transmitted(sent, session.now);
        session.arrive(b"half\r\n.\r\n+OK\r\n");
        session.take_events();
        let reported = session.reported();
        let is_asked = sent == length;
        let failed = reported.contains(&FAILED[1].to_owned());
        assert_eq!(failed, !is_asked, "{sent} octets sent: {reported:?}");
    }
}

#[test]
fn queued_quit_is_not_sent_after_surplus() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.ask("dele 1");
    session.ask("quit");
    session.server("+OK\r\n");
    session.server("half\r\n.\r\n+OK bye\r\n");
    let reported = session.reported();
    assert_eq!(reported[2], FAILED[1]);
    assert_eq!(reported[4], "quit: failed: protocol Surplus RETR 1");
    assert_eq!(session.sent(), "RETR 1\r\n");
    session.assert_over();
}

#[test]
fn surplus_after_abandoned_message_fails_next_request() {
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
fn surplus_after_a_listing_fails_it() {
    for (op, verb) in [
        ("list", "LIST"),
        ("uidl", "UIDL"),
        ("capa", "CAPA"),
        ("capabilities", "CAPA"),
    ] {
        let mut session = logged_in();
        let reported = session.exchange(op, "+OK\r\n1 1\r\n.\r\n2 2\r\n.\r\n");
        let why = format!("protocol Surplus {verb}");
        assert_eq!(
            reported,
            [format!("{op}: failed: {why}"), format!("closed: {why}")]
        );
    }
    let mut session = logged_in();
    let reported = session.exchange("list streamed", "+OK\r\n1 1\r\n.\r\n2 2\r\n.\r\n");
    assert_eq!(
        reported[2],
        "list streamed: cut short: protocol Surplus LIST"
    );
}

#[test]
fn late_surplus_ends_the_connection() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\nhalf\r\n.\r\n");
    assert_eq!(session.reported()[2], "retr 1: end");
    // The connection does not wait for a complete line.
    session.server("r");
    assert_eq!(session.reported(), [FAILED[2]]);
    session.assert_over();
}

#[test]
fn octets_after_the_next_command_are_its_reply() {
    let mut session = logged_in();
    session.exchange("retr 1", "+OK\r\nwhole\r\n.\r\n");
    let reported = session.exchange("noop", "rest\r\n");
    assert_eq!(
        reported[0],
        "noop: failed: protocol BadStatus NOOP \"rest\""
    );
}

#[test]
fn surplus_error_names_message_and_quotes_octets() {
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
        "unexpected data after the end of the reply to RETR 1: \
         \"Dear \\u{1b}customer\"; the reply may be truncated: do not trust it"
    );
}
