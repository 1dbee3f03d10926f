//! Section A: replies that nobody asked for, and what pretends to be a reply.
//!
//! That octets after the reply to STLS end the connection is asserted here
//! and in the transcripts `stls-injection*`, and nowhere else; the properties, the simulation and the
//! fuzz targets generate it.

use pop3_proto::{Channel, Config, command::StartTls, config::Leniency};

use super::plays::{TRUSTED, dead, plays, plays_whole};
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

fn is_an_attack(mut session: Conversation, how: &str) {
    let attack = "security ResponseInjection";
    let told = [
        format!("login: failed: {attack}"),
        format!("closed: {attack}"),
    ];
    assert!(!session.connection.wants_tls(), "no handshake, {how}");
    let known = session.connection.capabilities().expect("those in clear");
    let sasl: Vec<_> = known.sasl().into_iter().flatten().collect();
    assert_eq!(sasl.len(), 1, "forged ones are never read, {how}");
    let mut got = session.reported();
    got.retain(|told| told != "quirk BareLineFeed");
    assert_eq!(got, told, "{how}");
    assert_eq!(session.sent(), "", "{how}");
    session.assert_over();
}

/// It waits for TLS and takes nothing in clear any more.
fn is_ready_for_tls(session: &mut Conversation) {
    assert!(session.connection.wants_tls());
    assert!(!session.connection.wants_read());
    assert!(!session.connection.wants_write());
    assert_eq!(session.connection.recv_buffer(), None);
    assert_eq!(session.arrive(b"+OK\r\n"), 0);
    assert_eq!(session.reported(), [""; 0]);
}

const REPLY: &str = "+OK Begin TLS\r\n";

#[test]
fn t_05_replies_behind_that_to_stls_are_an_attack_and_no_handshake_begins() {
    let injected = "+OK\r\nSASL PLAIN LOGIN\r\n.\r\n";
    let all = [REPLY, injected].concat();
    for leniency in [Leniency::Lenient, Leniency::Strict] {
        let mut session = after_stls(leniency);
        session.server(&all);
        is_an_attack(session, "whole");
        for cut in (1..all.len()).filter(|cut| *cut != REPLY.len()) {
            let mut session = after_stls(leniency);
            let (head, tail) = all.split_at(cut);
            session.server(head);
            session.server(tail);
            is_an_attack(session, &format!("cut at {cut}"));
        }
    }
}

#[test]
fn t_05_what_comes_in_a_later_segment_is_not_read_in_clear() {
    for trickle in [false, true] {
        let mut session = after_stls(Leniency::Lenient);
        session.trickle = trickle;
        session.server(REPLY);
        is_ready_for_tls(&mut session);
        session.server("+OK\r\nSASL PLAIN LOGIN\r\n.\r\n");
        is_ready_for_tls(&mut session);
    }
}

#[test]
fn t_06_one_octet_behind_the_reply_to_stls_is_an_attack() {
    let record = "\u{16}\u{3}\u{3}\0\u{1}\0";
    let octets = [
        "+O", "+OK\r\n", "\0", "\n", "\r", "\r\n", " ", "\u{16}", record, ".",
    ];
    for behind in octets {
        for leniency in [Leniency::Lenient, Leniency::Strict] {
            let mut session = after_stls(leniency);
            session.server(format!("+OK\r\n{behind}"));
            is_an_attack(session, &format!("{behind:?}"));
        }
    }
    let mut session = after_stls(Leniency::Lenient);
    session.server("+OK\n\r\n");
    is_an_attack(session, "a line that ends twice");
}

#[test]
fn t_06_a_line_end_that_comes_in_two_pieces_is_no_attack() {
    for leniency in [Leniency::Lenient, Leniency::Strict] {
        let mut session = after_stls(leniency);
        session.server("+OK\r");
        assert!(!session.connection.wants_tls());
        session.server("\n");
        is_ready_for_tls(&mut session);
    }
}

#[test]
fn t_06b_between_the_reply_to_stls_and_tls_nothing_is_read_or_written() {
    // The same over real TLS is in `tls/stls.rs`.
    let mut session = after_stls(Leniency::Lenient);
    session.server("+OK\r\n");
    session.ask("stat");
    is_ready_for_tls(&mut session);
    session.tls();
    assert!(session.connection.wants_read());
    assert_eq!(session.sent(), "CAPA\r\n");
}

#[test]
fn t_07_a_reply_that_comes_before_its_command_is_the_end() {
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
        dead(surplus)
    ));
    // In time for `stls()`, and read before the command leaves.
    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.server("+OK\r\n");
    session.ask("capa");
    session.take_events();
    session.settle();
    session.arrive(b"+OK\r\nSTLS\r\n.\r\n+OK Begin\r\n");
    session.ask("stls");
    let told = session.reported();
    assert!(told.contains(&format!("stls: failed: {surplus}")));
    assert_eq!(session.sent(), "CAPA\r\n");
    assert!(session.connection.submit(StartTls).is_err());
    session.assert_over();
}

#[test]
fn t_07_a_reply_to_a_command_that_has_left_in_part_is_the_end() {
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
fn t_09_a_greeting_has_one_line_and_lets_nobody_in() {
    plays(
        "S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        = greeting: \"2 messages (320 octets)\"
        = closed: protocol Unsolicited \"1 120\"",
    );
    // A server that says more than it was asked for lets nobody in by that either.
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
fn t_10_what_only_looks_like_ok_is_no_ok() {
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
fn t_16_a_tls_record_for_a_greeting_is_told_apart_from_nonsense() {
    for kind in ["14", "15", "16", "17"] {
        plays(format!(
            "S: \\x{kind}\\x03\\x01\\x00\\x02\\x02\\x28\\
            = closed: protocol TlsRecord"
        ));
    }
    let error = pop3_proto::error::ProtocolError::TlsRecord.to_string();
    assert!(error.contains("pop3s"), "{error}");
}
