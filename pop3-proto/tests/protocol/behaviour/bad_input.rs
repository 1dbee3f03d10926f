//! Invalid input from servers: each kind has its own error, and the client never hangs, panics or
//! writes because of it.

use pop3_proto::{
    Channel, Config,
    config::{Leniency, Limits},
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining, trusted};

/// Asserts that each request got one result, and that the connection was closed once, after them.
fn assert_ended(session: &mut Conversation, reported: &[String], asked: &[&str]) {
    let closed = reported
        .iter()
        .filter(|reported| reported.starts_with("closed"));
    assert_eq!(closed.count(), 1, "{reported:?}");
    assert!(
        reported
            .last()
            .is_some_and(|last| last.starts_with("closed"))
    );
    for op in asked {
        let starts = |what: &str| {
            let start = format!("{op}: {what}");
            reported
                .iter()
                .filter(|reported| reported.starts_with(&start))
                .count()
        };
        let all = starts("");
        let bodies = starts("body ") + starts("end") + starts("cut short");
        assert_eq!(all - bodies, 1, "{op} has one result: {reported:?}");
        let ends = starts("end") + starts("cut short");
        assert_eq!(
            ends,
            starts("opened"),
            "each opened body ends: {reported:?}"
        );
    }
    session.assert_over();
}

const SESSION: [&str; 9] = [
    "login alice secret",
    "stat",
    "list",
    "uidl 1",
    "retr 1",
    "top 2 0",
    "dele 1",
    "rset",
    "quit",
];

const LABELS: [&str; 9] = [
    "login", "stat", "list", "uidl 1", "retr 1", "top 2 0", "dele 1", "rset", "quit",
];

const REPLIES: &str = "+OK ready\r\n\
    +OK\r\nUIDL\r\n.\r\n+OK\r\n+OK in\r\n+OK\r\nUIDL\r\n.\r\n\
    +OK 2 320\r\n+OK\r\n1 120\r\n2 200\r\n.\r\n+OK 1 abc\r\n\
    +OK\r\nbody\r\n..\r\n.\r\n+OK\r\nhead\r\n\r\n.\r\n+OK\r\n+OK\r\n+OK bye\r\n";

fn whole_session() -> Conversation {
    let mut session = trusted();
    session.trickle = true;
    SESSION.iter().for_each(|op| session.ask(op));
    session
}

// End of file at every octet.

#[test]
fn eof_at_any_octet_ends_each_request_once() {
    for cut in 0..=REPLIES.len() {
        let mut session = whole_session();
        session.server(&REPLIES[..cut]);
        session.eof();
        let reported = session.reported();
        assert_ended(&mut session, &reported, &LABELS);
        let whole = reported.last().is_some_and(|last| last == "closed");
        assert_eq!(whole, cut == REPLIES.len(), "cut at {cut}: {reported:?}");
        let committed = reported
            .iter()
            .any(|reported| reported == "quit: committed \"bye\"");
        assert_eq!(committed, whole);
    }
}

#[test]
fn silence_at_any_octet_times_out() {
    for cut in 0..REPLIES.len() {
        let mut session = whole_session();
        session.server(&REPLIES[..cut]);
        session.wait(180);
        let reported = session.reported();
        assert_ended(&mut session, &reported, &LABELS);
        assert!(reported.last().is_some_and(|last| last.contains("timeout")));
    }
}

#[test]
fn garbage_at_any_octet_ends_each_request_once() {
    for garbage in [
        "\r\n+OK\r\n",
        "\0\0\0\r\n",
        "-ERR\r\n.\r\n",
        "\n\n\n\n\n\n\n\n\n\n",
    ] {
        for cut in 0..=REPLIES.len() {
            let mut session = whole_session();
            session.server(&REPLIES[..cut]);
            session.server(garbage);
            session.server(&REPLIES[cut..]);
            session.eof();
            let reported: Vec<String> = session
                .reported()
                .into_iter()
                .filter(|reported| !reported.starts_with("quirk"))
                .collect();
            assert_ended(&mut session, &reported, &LABELS);
        }
    }
}

#[test]
fn random_octets_cause_no_hang_or_panic() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let alphabet = b"+OK-ERR .\r\n\r\n1234567890 <@>abc\0\xff";
    for round in 0..300 {
        let mut session = if round % 2 == 0 {
            whole_session()
        } else {
            pipelining()
        };
        session.trickle = round % 3 == 0;
        for op in ["stat", "list", "uidl", "retr 1", "list 2", "long XYZ"] {
            session.ask(op);
        }
        for _ in 0..40 {
            let octets: Vec<u8> = (0..next() % 40)
                .map(|_| alphabet[(next() % alphabet.len() as u64) as usize])
                .collect();
            session.server(octets);
            session.server("\r\n");
        }
        session.eof();
        let reported = session.reported();
        assert!(
            reported
                .last()
                .is_some_and(|last| last.starts_with("closed"))
        );
        session.assert_over();
    }
}

// Replies at the wrong time.

#[test]
fn reply_before_command_is_sent_is_unsolicited() {
    for sent in 0..6 {
        let mut session = logged_in();
        session.ask("noop");
        session.connection.transmitted(sent, session.now);
        session.arrive(b"+OK\r\n");
        assert_eq!(
            session.reported(),
            [
                "noop: failed: protocol Unsolicited \"+OK\"",
                "closed: protocol Unsolicited \"+OK\""
            ]
        );
        assert_eq!(session.sent(), "");
    }
}

#[test]
fn err_before_command_is_sent_is_unsolicited() {
    let mut session = logged_in();
    session.ask("noop");
    session.connection.transmitted(3, session.now);
    let octets = b"-ERR bye\r\n";
    session.arrive(octets);
    assert_eq!(
        session.reported(),
        [
            "noop: failed: closed UnsolicitedErr \"bye\"",
            "closed: closed UnsolicitedErr \"bye\""
        ]
    );
}

#[test]
fn wrong_message_number_before_a_tab_is_detected() {
    for (op, verb, text, shown) in [
        ("list 1", "LIST", "5\t120", r"5\u{9}120"),
        ("uidl 1", "UIDL", "5\tabc", r"5\u{9}abc"),
    ] {
        let mut session = pipelining();
        let error = format!("protocol NumberMismatch {verb} 1 \"{shown}\"");
        assert_eq!(
            session.exchange(op, format!("+OK {text}\r\n")),
            [format!("{op}: failed: {error}"), format!("closed: {error}")]
        );
        session.assert_over();
    }
}

#[test]
fn reply_about_another_message_is_detected() {
    let mut session = pipelining();
    session.ask("uidl 1");
    session.ask("uidl 2");
    session.server("+OK 2 b\r\n+OK 1 a\r\n");
    let error = "protocol NumberMismatch UIDL 1 \"2 b\"";
    assert_eq!(
        session.reported(),
        [
            format!("uidl 1: failed: {error}"),
            format!("uidl 2: failed: {error}"),
            format!("closed: {error}")
        ]
    );
    let mut session = logged_in();
    assert_eq!(
        session.exchange("stat", "+OK\r\n1 120\r\n.\r\n"),
        [
            "stat: failed: protocol Malformed STAT \"\"",
            "closed: protocol Unsolicited \"1 120\""
        ]
    );
}

#[test]
fn continuation_line_without_auth_is_rejected() {
    for line in ["+", "+ ", "+ dGVzdA=="] {
        let mut session = logged_in();
        let reported = session.exchange("stat", format!("{line}\r\n"));
        assert_eq!(
            reported[0],
            format!("stat: failed: protocol BadStatus STAT \"{line}\"")
        );
    }
}

// Limits.

/// Sends the same octets until the connection fails. Returns how many octets were sent.
fn flood(session: &mut Conversation, octets: &[u8]) -> usize {
    let mut taken = 0;
    while session.connection.error().is_none() {
        session.server(octets);
        taken += octets.len();
        assert!(taken < 64 << 20, "no limit was enforced");
    }
    taken
}

#[test]
fn endless_line_fails_at_the_limit() {
    let long = [b'x'; 100];
    let mut session = trusted();
    assert!(flood(&mut session, &long) < 9 << 10);
    assert_eq!(session.reported(), ["closed: limit Line 8192"]);
    for op in ["noop", "stat", "capa", "quit"] {
        let mut session = logged_in();
        session.ask(op);
        session.server("+OK ");
        assert!(flood(&mut session, &long) < 9 << 10);
        let reported = session.reported();
        assert_eq!(
            reported.last().expect("a fatal error"),
            "closed: limit Line 8192"
        );
    }
    let mut session = logged_in();
    assert!(flood(&mut session, &long) < 9 << 10, "idle");
    for op in ["list", "uidl"] {
        let mut session = logged_in();
        session.ask(op);
        session.server("+OK\r\n1 ");
        assert!(flood(&mut session, &long) < 3 << 10);
        assert_eq!(session.reported()[1], "closed: limit Line 2048");
    }
}

#[test]
fn strict_reports_a_bare_lf_immediately() {
    let mut config = Config::default();
    config.leniency = Leniency::Strict;
    let mut session = Conversation::new(config.clone(), Channel::TrustedByCaller);
    session.server("+OK hello\n");
    assert_eq!(
        session.reported(),
        ["closed: protocol BareLineFeed greeting \"+OK hello\""]
    );
    let error = session
        .connection
        .error()
        .expect("a fatal error")
        .to_string();
    assert_eq!(
        error,
        "the greeting ends in a bare LF instead of CR LF (\"+OK hello\"): to accept this, use \
         Leniency::Lenient"
    );
    for (op, reply, verb) in [
        ("noop", "+OK\n", "NOOP \"+OK\""),
        ("noop", "-ERR no\n", "NOOP \"-ERR no\""),
        ("retr 1", "+OK\n", "RETR \"+OK\""),
        ("list", "+OK\r\n1 120\n", "LIST \"\""),
        ("uidl", "+OK\r\n.\n", "UIDL \"\""),
        ("capa", "+OK\r\nUIDL\n", "CAPA \"\""),
    ] {
        let mut session = logged_in_with(config.clone());
        let reported = session.exchange(op, reply);
        let why = format!("protocol BareLineFeed {verb}");
        assert_eq!(
            reported,
            [format!("{op}: failed: {why}"), format!("closed: {why}")]
        );
        session.assert_over();
    }
    // A line that is fatal anyway keeps its own error with the server's text.
    let mut session = Conversation::new(config.clone(), Channel::TrustedByCaller);
    session.server("-ERR too many sessions\n");
    assert_eq!(
        session.reported(),
        ["closed: closed GreetingRefused \"too many sessions\""]
    );
    let mut session = Conversation::new(config.clone(), Channel::TrustedByCaller);
    session.server("SSH-2.0-OpenSSH\n");
    assert_eq!(
        session.reported(),
        ["closed: protocol NotPop3 \"SSH-2.0-OpenSSH\""]
    );
    let mut session = logged_in_with(config);
    session.server("-ERR timed out\n");
    assert_eq!(
        session.reported(),
        ["closed: closed UnsolicitedErr \"timed out\""]
    );
}

#[test]
fn endless_line_fails_under_any_configured_limit() {
    for limit in [0, 1, Limits::MAX_BUFFER, Limits::MAX_BUFFER + 1, usize::MAX] {
        let mut config = Config::default();
        config.limits.receive_buffer = limit;
        config.limits.line = limit;
        config.limits.challenge = limit;
        let mut session = Conversation::new(config, Channel::TrustedByCaller);
        let counts = limit.min(Limits::MAX_BUFFER);
        assert_eq!(session.connection.config().limits.line, counts);
        let mut taken = 0;
        while let Some(room) = session.connection.recv_buffer() {
            let count = room.len();
            assert!((1..=Limits::MAX_BUFFER + 4).contains(&count));
            room.fill(b'x');
            session.connection.received(count, session.now);
            taken += count;
            assert!(
                taken <= counts + 4,
                "{taken} octets under a limit of {limit}"
            );
        }
        assert_eq!(session.reported(), [format!("closed: limit Line {counts}")]);
    }
}

#[test]
fn endless_challenge_fails_under_a_huge_limit() {
    let mut config = Config::default();
    config.limits.challenge = usize::MAX;
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    session.server("+OK ready\r\n");
    session.ask("login alice secret only=PLAIN");
    session.server("+OK\r\nSASL PLAIN\r\n.\r\n");
    session.server("+ ");
    let long = vec![b'x'; 64 << 10];
    assert!(flood(&mut session, &long) <= Limits::MAX_BUFFER + 4 + long.len());
    let reported = session.reported();
    let limit = format!("limit Line {}", Limits::MAX_BUFFER);
    assert!(
        reported
            .last()
            .is_some_and(|reported| reported.contains(&limit)),
        "{reported:?}"
    );
}

#[test]
fn line_of_8_kib_arrives_octet_by_octet() {
    let mut session = logged_in();
    session.trickle = true;
    let text = "x".repeat(8000);
    assert_eq!(
        session.exchange("noop", format!("+OK {text}\r\n"))[0].len(),
        "noop: ok \"…\"".len() + 512
    );
}

#[test]
fn capability_list_lines_and_octets_are_limited() {
    let mut session = logged_in();
    session.ask("capa");
    session.server(format!("+OK\r\n{}.\r\n", "X\r\n".repeat(128)));
    assert_eq!(session.reported().len(), 1);
    session.ask("capa");
    session.server("+OK\r\n");
    session.server("X\r\n".repeat(129));
    assert_eq!(session.reported()[1], "closed: limit Lines 128");
    let mut session = logged_in();
    session.ask("capa");
    session.server("+OK\r\n");
    assert!(flood(&mut session, b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") < 66 << 10);
    assert_eq!(session.reported()[1], "closed: limit Octets 65536");
}

#[test]
fn raw_reply_has_the_limit_of_listings() {
    let mut config = Config::default();
    config.limits.listing_octets = 10_000;
    let mut session = logged_in_with(config);
    session.ask("long XYZ");
    session.server("+OK\r\n");
    assert!(flood(&mut session, b"some line\r\n") < 11_000);
    assert_eq!(
        session.reported(),
        [
            "long XYZ: failed: limit Octets 10000",
            "closed: limit Octets 10000"
        ]
    );
}

#[test]
fn endless_listing_fails_unless_streamed() {
    let mut config = Config::default();
    config.limits.listing_entries = 1000;
    let mut session = logged_in_with(config.clone());
    session.ask("list");
    session.server("+OK\r\n");
    assert!(flood(&mut session, b"1 1\r\n") < 6000);
    assert_eq!(session.reported()[1], "closed: limit Lines 1000");
    let mut session = logged_in_with(config);
    session.ask("list streamed");
    session.server("+OK\r\n");
    session.server("1 1\r\n".repeat(5000));
    session.server(".\r\n");
    assert_eq!(session.reported().len(), 3);
}

#[test]
fn endless_blank_lines_fail() {
    let mut session = logged_in();
    assert!(flood(&mut session, b"\r\n") < 100);
    let reported = session.reported();
    assert_eq!(reported.len(), 9);
    assert_eq!(reported[8], "closed: protocol Unsolicited \"\"");
}

#[test]
fn exceeded_limit_does_not_depend_on_input_splitting() {
    let mut config = Config::default();
    config.limits.listing_line = 20;
    config.limits.listing_octets = 50;
    config.limits.capability_lines = 2;
    config.limits.capability_octets = 50;
    for (op, list, limit) in [
        (
            "uidl",
            "1 a-line-that-is-far-too-long-for-a-list\r\n",
            "Line 20",
        ),
        ("uidl", "1 short-enough\r\n", "Octets 50"),
        ("capa", "X\r\n", "Lines 2"),
        ("capa", "X-SOMETHING-OF-MANY-WORDS A B C D\r\n", "Octets 50"),
    ] {
        for trickle in [false, true] {
            let mut session = logged_in_with(config.clone());
            session.trickle = trickle;
            session.ask(op);
            session.server(format!("+OK\r\n{}.\r\n", list.repeat(20)));
            assert_eq!(session.reported()[1], format!("closed: limit {limit}"));
        }
    }
}
