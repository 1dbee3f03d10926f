//! Section A: unsolicited replies, and lines that resemble replies.
//!
//! These tests and the transcripts `stls-injection*` assert that octets after the reply to STLS end
//! the connection. The properties, the simulation and the fuzz targets generate such input, too.

use pop3_proto::{Channel, Config, command::StartTls, config::Leniency};

use super::plays::{TRUSTED, login_fails, plays, plays_whole};
use pop3_testkit::conversation::Conversation;

/// A session that has sent STLS.
fn after_stls(leniency: Leniency) -> Conversation {
    let mut config = Config::default();
    config.leniency = leniency;
    let mut session = Conversation::new(config, Channel::Plain);
    session.server("+OK ready\r\n");
    session.ask("login alice secret");
    session.server("+OK\r\nSTLS\r\nSASL PLAIN\r\nUIDL\r\n.\r\n");
    assert_eq!(session.sent(), "CAPA\r\nSTLS\r\n");
    session.reported();
    session
}

fn assert_injection_detected(mut session: Conversation, how: &str) {
    let attack = "security ResponseInjection";
    let reported = [
        format!("login: failed: {attack}"),
        format!("closed: {attack}"),
    ];
    assert!(
        !session.connection.wants_tls(),
        "no handshake starts, {how}"
    );
    let known = session
        .connection
        .capabilities()
        .expect("the capabilities before TLS");
    let sasl: Vec<_> = known.sasl().into_iter().flatten().collect();
    assert_eq!(sasl.len(), 1, "forged capabilities are never parsed, {how}");
    let mut got = session.reported();
    got.retain(|reported| reported != "quirk BareLineFeed");
    assert_eq!(got, reported, "{how}");
    assert_eq!(session.sent(), "", "{how}");
    session.assert_over();
}

/// Asserts that the session waits for TLS and reads nothing before it.
fn assert_waits_for_tls(session: &mut Conversation) {
    assert!(session.connection.wants_tls());
    assert!(!session.connection.wants_read());
    assert!(!session.connection.wants_write());
    assert_eq!(session.connection.recv_buffer(), None);
    assert_eq!(session.arrive(b"+OK\r\n"), 0);
    assert_eq!(session.reported(), [""; 0]);
}

const REPLY: &str = "+OK Begin TLS\r\n";

#[test]
fn t_05_replies_after_the_stls_reply_are_rejected() {
    let injected = "+OK\r\nSASL PLAIN LOGIN\r\n.\r\n";
    let all = [REPLY, injected].concat();
    for leniency in [Leniency::Lenient, Leniency::Strict] {
        let mut session = after_stls(leniency);
        session.server(&all);
        assert_injection_detected(session, "whole");
        for cut in (1..all.len()).filter(|cut| *cut != REPLY.len()) {
            let mut session = after_stls(leniency);
            let (head, tail) = all.split_at(cut);
            session.server(head);
            session.server(tail);
            assert_injection_detected(session, &format!("cut at {cut}"));
        }
    }
}

#[test]
fn t_05_later_segments_are_not_read_before_tls() {
    for trickle in [false, true] {
        let mut session = after_stls(Leniency::Lenient);
        session.trickle = trickle;
        session.server(REPLY);
        assert_waits_for_tls(&mut session);
        session.server("+OK\r\nSASL PLAIN LOGIN\r\n.\r\n");
        assert_waits_for_tls(&mut session);
    }
}

#[test]
fn t_06_single_octet_after_stls_reply_is_rejected() {
    let record = "\u{16}\u{3}\u{3}\0\u{1}\0";
    let octets = [
        "+O", "+OK\r\n", "\0", "\n", "\r", "\r\n", " ", "\u{16}", record, ".",
    ];
    for injected in octets {
        for leniency in [Leniency::Lenient, Leniency::Strict] {
            let mut session = after_stls(leniency);
            session.server(format!("+OK\r\n{injected}"));
            assert_injection_detected(session, &format!("{injected:?}"));
        }
    }
    let mut session = after_stls(Leniency::Lenient);
    session.server("+OK\n\r\n");
    assert_injection_detected(session, "a second line ending");
}

#[test]
fn t_06_split_line_ending_is_accepted() {
    for leniency in [Leniency::Lenient, Leniency::Strict] {
        let mut session = after_stls(leniency);
        session.server("+OK\r");
        assert!(!session.connection.wants_tls());
        session.server("\n");
        assert_waits_for_tls(&mut session);
    }
}

#[test]
fn t_06b_no_io_between_stls_reply_and_tls() {
    // `tls/stls.rs` has the same over real TLS.
    let mut session = after_stls(Leniency::Lenient);
    session.server("+OK\r\n");
    session.ask("stat");
    assert_waits_for_tls(&mut session);
    session.tls();
    assert!(session.connection.wants_read());
    assert_eq!(session.sent(), "CAPA\r\n");
}

#[test]
fn t_07_reply_before_its_command_is_fatal() {
    let surplus = "protocol Surplus CAPA";
    plays(format!(
        "S: +OK ready
        = greeting: \"ready\"
        > capa
        C: CAPA
        S: +OK
        S: STLS
        S: .
        S: +OK Begin
        = capa: failed: {surplus}
        = closed: {surplus}"
    ));
    plays_whole(format!(
        "S: +OK ready
        = greeting: \"ready\"
        > login alice secret
        C: CAPA
        S: +OK
        S: STLS
        S: .
        S: +OK Begin
        {}",
        login_fails(surplus)
    ));
    // The reply is early enough for `stls()`, but is read before the command is sent.
    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.server("+OK\r\n");
    session.ask("capa");
    session.take_events();
    session.settle();
    session.arrive(b"+OK\r\nSTLS\r\n.\r\n+OK Begin\r\n");
    session.ask("stls");
    let reported = session.reported();
    assert!(reported.contains(&format!("stls: failed: {surplus}")));
    assert_eq!(session.sent(), "CAPA\r\n");
    assert!(session.connection.submit(StartTls).is_err());
    session.assert_over();
}

#[test]
fn t_07_reply_to_partly_sent_command_is_fatal() {
    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.server("+OK\r\n");
    session.ask("login alice secret");
    session.server("+OK\r\nSTL");
    session.reported();
    session.sent();
    session.arrive(b"S\r\n.\r\n");
    assert_eq!(session.connection.transmit(), b"STLS\r\n");
    session.connection.transmitted(5, session.now);
    session.arrive(b"+OK\r\n");
    let why = "protocol Unsolicited \"+OK\"";
    assert_eq!(
        session.reported(),
        [format!("login: failed: {why}"), format!("closed: {why}")]
    );
    assert!(!session.connection.wants_tls());
    session.assert_over();
}

#[test]
fn t_09_greeting_text_never_logs_in() {
    plays(
        "S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        = greeting: \"2 messages (320 octets)\"
        = closed: protocol Unsolicited \"1 120\"",
    );
    // Surplus replies do not log in either.
    plays(
        "set channel trusted
        S: +OK ready
        S: +OK user accepted
        S: +OK maildrop locked and ready
        = greeting: \"ready\"
        = closed: protocol Unsolicited \"+OK user accepted\"",
    );
    plays(
        "set channel trusted
        S: +OK you are logged in
        = greeting: \"you are logged in\"
        > stat
        = stat: failed: misuse STAT in AUTHORIZATION
        ? phase: AUTHORIZATION",
    );
}

#[test]
fn t_10_status_similar_to_ok_is_rejected() {
    for line in ["+Do you even care?", "+", "+OKx", "+Okay", "OK", "* OK"] {
        plays(format!(
            "S: {line}
            = closed: protocol NotPop3 \"{line}\""
        ));
    }
    for line in ["+Okay", "+", "+\\x20", "+OKx", "+OK2 320", "ok"] {
        let shown = line.replace("\\x20", " ");
        plays(format!(
            "{TRUSTED}
            > user alice
            C: USER alice
            S: +OK
            = user: ok
            > pass secret
            C: PASS secret
            S: +OK
            = pass: ok
            > stat
            C: STAT
            S: {line}
            = stat: failed: protocol BadStatus STAT \"{shown}\"
            = closed: protocol BadStatus STAT \"{shown}\""
        ));
    }
}

#[test]
fn t_16_tls_record_as_greeting_is_recognised() {
    for kind in ["14", "15", "16", "17"] {
        plays(format!(
            "S: \\x{kind}\\x03\\x01\\x00\\x02\\x02\\x28\\
            = closed: protocol TlsRecord"
        ));
    }
    let error = pop3_proto::error::ProtocolError::TlsRecord.to_string();
    assert!(error.contains("pop3s"), "{error}");
}
