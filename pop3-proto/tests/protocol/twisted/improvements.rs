//! Errors of Twisted's `AdvancedPOP3Client`, and the correct behaviour of this crate.

use pop3_proto::{Channel, Config, List, Phase, Quirk, Username, listing::Listing};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining, trusted};

fn plain() -> Conversation {
    Conversation::new(Config::default(), Channel::Plain)
}

/// A session before TLS whose server offers TLS, with `STLS` sent.
fn starting_tls(queue: &[&str]) -> Conversation {
    let mut client = plain();
    client.server("+OK\r\n");
    client.reported();
    queue.iter().for_each(|op| client.ask(op));
    client.server("+OK\r\nSTLS\r\n.\r\n");
    assert_eq!(client.sent(), "CAPA\r\nSTLS\r\n");
    client
}

const NOTHING: [&str; 0] = [];

// Order: requests that are queued after TLS, a login, or a refusal.

#[test]
fn password_queued_after_stls_waits_for_tls() {
    let mut client = starting_tls(&["stls", "user alice", "pass secret"]);
    client.server("+OK\r\n");
    assert_eq!(client.sent(), "", "nothing is sent before the handshake");
    client.tls();
    client.server("+OK\r\n.\r\n");
    client.server("+OK\r\n");
    client.server("+OK\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER alice\r\nPASS secret\r\n");
    assert_eq!(client.reported(), ["stls: none", "user: ok", "pass: ok"]);
}

#[test]
fn requests_queued_after_login_wait_for_it() {
    let mut client = trusted();
    client.ask("login alice secret");
    client.ask("stat");
    client.server("+OK\r\n");
    client.server("-ERR\r\n");
    client.server("+OK\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER alice\r\nPASS secret\r\n");
    client.server("+OK\r\n");
    assert_eq!(client.sent(), "STAT\r\n");
}

#[test]
fn second_capability_request_uses_the_first_reply() {
    let mut client = trusted();
    client.server("+OK\r\n");
    client.ask("capabilities");
    client.ask("capabilities");
    client.server("+OK\r\nUIDL\r\n.\r\n");
    assert_eq!(client.sent(), "CAPA\r\n");
    assert_eq!(
        client.reported(),
        ["greeting: \"\"", "capabilities: UIDL", "capabilities: UIDL"]
    );
}

#[test]
fn refused_capa_keeps_known_capabilities() {
    let mut client = trusted();
    client.server("+OK\r\n");
    client.reported();
    client.exchange("capa", "+OK\r\nUIDL\r\n.\r\n");
    assert_eq!(
        client.exchange("capa", "-ERR not again\r\n"),
        ["capa: UIDL"]
    );
    assert_eq!(client.exchange("capabilities", ""), ["capabilities: UIDL"]);
}

// Lines.

#[test]
fn unsolicited_reply_ends_the_connection() {
    let mut client = logged_in();
    client.server("+OK what now\r\n");
    assert_eq!(
        client.reported(),
        ["closed: protocol Unsolicited \"+OK what now\""]
    );
    client.assert_over();
}

#[test]
fn unsolicited_err_is_the_close_reason() {
    let mut client = logged_in();
    client.server("-ERR Disconnected for inactivity.\r\n");
    assert_eq!(
        client.reported(),
        ["closed: closed UnsolicitedErr \"Disconnected for inactivity.\""]
    );
    client.assert_over();
}

#[test]
fn invalid_status_ends_the_connection() {
    for reply in [
        "garbage", "+Okay", "+OKfoo", "+", "+ ", "-ERROR", "OK", "+O",
    ] {
        let mut client = logged_in();
        let reported = client.exchange("noop", format!("{reply}\r\n"));
        let error = format!("protocol BadStatus NOOP \"{reply}\"");
        assert_eq!(
            reported,
            [format!("noop: failed: {error}"), format!("closed: {error}")]
        );
    }
}

#[test]
fn status_is_case_insensitive() {
    for (reply, reported) in [
        ("+OK", "noop: ok"),
        ("+ok", "noop: ok"),
        ("+Ok hi", "noop: ok \"hi\""),
        ("+OK\thi", "noop: ok \"hi\""),
        ("-err", "noop: failed: refused NOOP \"\""),
        ("-Err no", "noop: failed: refused NOOP \"no\""),
        ("-ERR\tno", "noop: failed: refused NOOP \"no\""),
    ] {
        let mut client = logged_in();
        assert_eq!(client.exchange("noop", format!("{reply}\r\n")), [reported]);
    }
}

#[test]
fn all_multi_line_replies_are_dot_unstuffed() {
    let mut client = logged_in();
    let body = client.exchange("retr 1", "+OK\r\n.x\r\n..\r\n...y\r\n.\r\n");
    assert_eq!(body[1], "retr 1: body \"x\\r\\n.\\r\\n..y\\r\\n\"");
    let lines = client.exchange("long XYZ", "+OK\r\n.x\r\n..\r\n.\r\n");
    assert_eq!(lines, ["long XYZ: ok, \"x\\r\\n.\\r\\n\""]);
}

#[test]
fn message_lines_have_no_length_limit() {
    let mut client = logged_in();
    client.ask("retr 1");
    client.server("+OK\r\n");
    client.reported();
    let line = "x".repeat(16_385);
    for _ in 0..20 {
        client.server(&line);
    }
    client.server("\r\n.\r\n");
    let reported = client.reported();
    assert_eq!(reported.len(), 2);
    assert_eq!(
        reported[0].len(),
        "retr 1: body \"\\r\\n\"".len() + 20 * 16_385
    );
    assert_eq!(reported[1], "retr 1: end");
}

#[test]
fn status_line_is_limited_to_8_kib() {
    let text = "x".repeat((8 << 10) - "+OK ".len());
    let mut client = logged_in();
    let reported = client.exchange("noop", format!("+OK {text}\r\n"));
    assert!(reported[0].starts_with("noop: ok \"xxx"), "{}", reported[0]);
    let mut client = logged_in();
    let reported = client.exchange("noop", format!("+OK {text}x\r\n"));
    assert_eq!(
        reported,
        ["noop: failed: limit Line 8192", "closed: limit Line 8192"]
    );
    client.assert_over();
}

// Values.

#[test]
fn text_after_stat_and_list_values_is_accepted() {
    let mut client = logged_in();
    assert_eq!(
        client.exchange("stat", "+OK 2 320 octets\r\n"),
        ["stat: 2 messages, 320 octets"]
    );
    assert_eq!(
        client.exchange("list", "+OK\r\n1 120 extra\r\n.\r\n"),
        ["list: 1=120"]
    );
}

#[test]
fn malformed_value_fails_only_its_request() {
    let mut client = logged_in();
    assert_eq!(
        client.exchange("stat", "+OK many\r\n"),
        ["stat: failed: protocol Malformed STAT \"many\""]
    );
    assert_eq!(
        client.exchange("list", "+OK\r\n1 1\r\nx 5\r\n.\r\n"),
        ["list: failed: protocol Malformed LIST \"x 5\""]
    );
    assert_eq!(
        client.exchange("stat", "+OK 2 320\r\n"),
        ["stat: 2 messages, 320 octets"]
    );
}

#[test]
fn huge_message_number_needs_no_memory() {
    let mut client = logged_in();
    let listing: Listing = client
        .call(List, "+OK\r\n4000000000 5\r\n.\r\n")
        .expect("a listing");
    assert_eq!(listing.len(), 1);
    assert_eq!(listing.by_index(1000), []);
}

#[test]
fn line_ends_in_arguments_are_rejected() {
    assert!(Username::new("alice\r\nDELE 1").is_err());
    let mut client = trusted();
    client.server("+OK\r\n");
    client.reported();
    for op in [
        "login a\\r\\nDELE\\x201 x",
        "login a x\\r\\nQUIT",
        "user a\\n",
        "user a\\x00",
        "pass x\\x00",
        "pass x\\n",
        "apop a\\rb x",
        "apop a\\x20b x",
    ] {
        client.ask(op);
        let reported = client.reported();
        assert!(
            reported[0].contains(": failed: misuse "),
            "{op}: {reported:?}"
        );
    }
    assert_eq!(client.sent(), "");
    assert_eq!(client.exchange("capa", "-ERR\r\n"), ["capa: unknown"]);
}

// The end of the connection.

#[test]
fn empty_err_greeting_is_a_refusal() {
    let mut client = trusted();
    client.ask("capa");
    client.server("-ERR\r\n");
    assert_eq!(
        client.reported(),
        [
            "capa: failed: closed GreetingRefused \"\"",
            "closed: closed GreetingRefused \"\"",
        ]
    );
    assert_eq!(client.sent(), "", "queued requests are not sent");
}

#[test]
fn lines_after_the_greeting_end_the_connection() {
    let mut client = trusted();
    client.server("+OK 2 messages (320 octets)\r\n1 120\r\n2 200\r\n.\r\n");
    assert_eq!(
        client.reported(),
        [
            "greeting: \"2 messages (320 octets)\"",
            "closed: protocol Unsolicited \"1 120\"",
        ]
    );
    client.assert_over();
}

#[test]
fn all_requests_fail_in_order_with_reason() {
    let mut client = pipelining();
    for op in ["retr 1", "retr 2", "stat", "quit"] {
        client.ask(op);
    }
    client.server("+OK\r\nhalf a mess");
    client.eof();
    let error = "closed Truncated RETR, 2 in flight, first batch";
    assert_eq!(
        client.reported(),
        [
            "retr 1: opened".to_owned(),
            "retr 1: body \"half a mess\"".to_owned(),
            format!("retr 1: cut short: {error}"),
            format!("retr 2: failed: {error}"),
            format!("stat: failed: {error}"),
            format!("quit: failed: {error}"),
            format!("closed: {error}"),
        ]
    );
    assert_eq!(client.sent(), "RETR 1\r\nRETR 2\r\n");
    client.assert_over();
}

#[test]
fn command_after_close_fails_immediately() {
    let mut client = logged_in();
    client.eof();
    assert_eq!(client.reported(), ["closed: closed Idle"]);
    client.ask("stat");
    assert_eq!(client.reported(), ["stat: failed: closed Idle"]);
    let mut client = logged_in();
    client.exchange("quit", "+OK\r\n");
    client.ask("stat");
    assert_eq!(client.reported(), ["stat: failed: closed Finished"]);
}

#[test]
fn quit_closes_the_connection() {
    let mut client = logged_in();
    assert_eq!(
        client.exchange("quit", "+OK\r\n"),
        ["quit: committed", "closed"]
    );
    assert_eq!(client.connection.phase(), Phase::Closed);
    assert_eq!(client.connection.error(), None);
}

// Deadlines.

#[test]
fn only_outstanding_commands_have_deadlines() {
    let mut client = logged_in();
    client.wait(3600);
    assert_eq!(client.connection.poll_timeout(), None);
    assert_eq!(client.reported(), NOTHING);
    client.ask("stat");
    client.wait(170);
    assert_eq!(
        client.exchange("noop", "+OK 1 2\r\n"),
        ["stat: 1 messages, 2 octets"]
    );
}

#[test]
fn slow_consumer_does_not_time_out() {
    let mut client = logged_in();
    client.ask("retr 1");
    client.settle();
    client.arrive(b"+OK\r\nab");
    assert_eq!(
        client.connection.poll_timeout(),
        None,
        "an event is pending"
    );
    client.now = client.now + core::time::Duration::from_secs(600);
    client.connection.handle_timeout(client.now);
    client.server("c\r\n.\r\n");
    assert_eq!(
        client.reported(),
        [
            "retr 1: opened",
            "retr 1: body \"abc\\r\\n\"",
            "retr 1: end"
        ]
    );
}

// Features that Twisted does not have.

#[test]
fn list_and_uidl_accept_a_message_number() {
    let mut client = logged_in();
    assert_eq!(
        client.exchange("list 3", "+OK 3 120\r\n"),
        ["list 3: 3=120"]
    );
    assert_eq!(
        client.exchange("uidl 3", "+OK 3 abc\r\n"),
        ["uidl 3: 3=abc"]
    );
    assert_eq!(client.sent(), "LIST 3\r\nUIDL 3\r\n");
    assert_eq!(
        client.exchange("uidl 3", "+OK abc\r\n"),
        [
            format!("quirk {:?}", Quirk::MissingNumber),
            "uidl 3: 3=abc".to_owned()
        ]
    );
}

#[test]
fn keep_alive_sends_noop_when_idle() {
    let mut config = Config::default();
    config.keep_alive = Some(core::time::Duration::from_secs(30));
    let mut client = logged_in_with(config);
    client.wait(29);
    assert_eq!(client.sent(), "");
    client.wait(1);
    assert_eq!(client.sent(), "NOOP\r\n");
    client.server("+OK\r\n");
    assert_eq!(client.reported(), NOTHING);
}
