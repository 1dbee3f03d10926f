//! Where Twisted's `AdvancedPOP3Client` goes wrong, and what happens here instead.

use pop3_proto::{Channel, Config, List, Phase, Quirk, Username, listing::Listing};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining, trusted};

fn plain() -> Conversation {
    Conversation::new(Config::default(), Channel::Plain)
}

/// Greeted in clear by a server that offers TLS, with `STLS` sent.
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

// Order: what is queued behind TLS, a login, or a refusal.

#[test]
fn a_password_queued_behind_stls_never_leaves_in_clear() {
    let mut client = starting_tls(&["stls", "user alice", "pass secret"]);
    client.server("+OK\r\n");
    assert_eq!(client.sent(), "", "nothing leaves before the handshake");
    client.tls();
    client.server("+OK\r\n.\r\n");
    client.server("+OK\r\n");
    client.server("+OK\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER alice\r\nPASS secret\r\n");
    assert_eq!(client.reported(), ["stls: none", "user: ok", "pass: ok"]);
}

#[test]
fn nothing_queued_behind_a_login_overtakes_it() {
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
fn a_second_question_about_capabilities_is_answered_by_the_first_answer() {
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
fn a_refusal_to_tell_capabilities_takes_nothing_back() {
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
fn a_line_when_nothing_is_awaited_ends_the_connection() {
    let mut client = logged_in();
    client.server("+OK what now\r\n");
    assert_eq!(
        client.reported(),
        ["closed: protocol Unsolicited \"+OK what now\""]
    );
    client.assert_over();
}

#[test]
fn a_refusal_when_nothing_is_awaited_is_the_servers_parting_word() {
    let mut client = logged_in();
    client.server("-ERR Disconnected for inactivity.\r\n");
    assert_eq!(
        client.reported(),
        ["closed: closed UnsolicitedErr \"Disconnected for inactivity.\""]
    );
    client.assert_over();
}

#[test]
fn a_status_that_is_neither_ok_nor_err_ends_the_connection() {
    for reply in [
        "garbage", "+Okay", "+OKfoo", "+", "+ ", "-ERROR", "OK", "+O",
    ] {
        let mut client = logged_in();
        let told = client.exchange("noop", format!("{reply}\r\n"));
        let error = format!("protocol BadStatus NOOP \"{reply}\"");
        assert_eq!(
            told,
            [format!("noop: failed: {error}"), format!("closed: {error}")]
        );
    }
}

#[test]
fn a_status_may_be_in_any_case() {
    for (reply, told) in [
        ("+OK", "noop: ok"),
        ("+ok", "noop: ok"),
        ("+Ok hi", "noop: ok \"hi\""),
        ("+OK\thi", "noop: ok \"hi\""),
        ("-err", "noop: failed: refused NOOP \"\""),
        ("-Err no", "noop: failed: refused NOOP \"no\""),
        ("-ERR\tno", "noop: failed: refused NOOP \"no\""),
    ] {
        let mut client = logged_in();
        assert_eq!(client.exchange("noop", format!("{reply}\r\n")), [told]);
    }
}

#[test]
fn a_dot_is_taken_from_every_line_that_begins_with_one_in_any_multi_line_reply() {
    let mut client = logged_in();
    let body = client.exchange("retr 1", "+OK\r\n.x\r\n..\r\n...y\r\n.\r\n");
    assert_eq!(body[1], "retr 1: body \"x\\r\\n.\\r\\n..y\\r\\n\"");
    let lines = client.exchange("long XYZ", "+OK\r\n.x\r\n..\r\n.\r\n");
    assert_eq!(lines, ["long XYZ: ok, \"x\\r\\n.\\r\\n\""]);
}

#[test]
fn a_line_of_a_message_may_have_any_length() {
    let mut client = logged_in();
    client.ask("retr 1");
    client.server("+OK\r\n");
    client.reported();
    let line = "x".repeat(16_385);
    for _ in 0..20 {
        client.server(&line);
    }
    client.server("\r\n.\r\n");
    let told = client.reported();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].len(), "retr 1: body \"\\r\\n\"".len() + 20 * 16_385);
    assert_eq!(told[1], "retr 1: end");
}

#[test]
fn a_status_line_may_have_8_kib_and_no_octet_more() {
    let text = "x".repeat((8 << 10) - "+OK ".len());
    let mut client = logged_in();
    let told = client.exchange("noop", format!("+OK {text}\r\n"));
    assert!(told[0].starts_with("noop: ok \"xxx"), "{}", told[0]);
    let mut client = logged_in();
    let told = client.exchange("noop", format!("+OK {text}x\r\n"));
    assert_eq!(
        told,
        ["noop: failed: limit Line 8192", "closed: limit Line 8192"]
    );
    client.assert_over();
}

// Values.

#[test]
fn text_behind_the_values_of_stat_and_list_is_no_failure() {
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
fn a_malformed_value_fails_its_request_alone() {
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
fn a_huge_message_number_takes_no_memory() {
    let mut client = logged_in();
    let listing: Listing = client
        .call(List, "+OK\r\n4000000000 5\r\n.\r\n")
        .expect("a listing");
    assert_eq!(listing.len(), 1);
    assert_eq!(listing.by_index(1000), []);
}

#[test]
fn a_line_end_in_an_argument_cannot_be_built() {
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
        let told = client.reported();
        assert!(told[0].contains(": failed: misuse "), "{op}: {told:?}");
    }
    assert_eq!(client.sent(), "");
    assert_eq!(client.exchange("capa", "-ERR\r\n"), ["capa: unknown"]);
}

// The end.

#[test]
fn an_empty_refusal_in_the_greeting_is_one_all_the_same() {
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
    assert_eq!(client.sent(), "", "what was queued is not written");
}

#[test]
fn a_greeting_is_one_line_and_what_follows_it_ends_the_connection() {
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
fn all_that_was_asked_for_ends_with_the_reason_in_order() {
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
fn a_command_after_the_end_is_answered_at_once() {
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
fn quit_ends_the_session_and_the_connection_says_so() {
    let mut client = logged_in();
    assert_eq!(
        client.exchange("quit", "+OK\r\n"),
        ["quit: committed", "closed"]
    );
    assert_eq!(client.connection.phase(), Phase::Closed);
    assert_eq!(client.connection.error(), None);
}

// Time.

#[test]
fn an_idle_session_has_no_deadline_and_a_command_has_its_own() {
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
fn a_consumer_that_takes_its_time_is_no_timeout() {
    let mut client = logged_in();
    client.ask("retr 1");
    client.settle();
    client.arrive(b"+OK\r\nab");
    assert_eq!(client.connection.poll_timeout(), None, "an event waits");
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

// What Twisted cannot do at all.

#[test]
fn sizes_and_unique_ids_of_one_message_can_be_asked_for() {
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
fn an_idle_session_can_be_kept_alive() {
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
