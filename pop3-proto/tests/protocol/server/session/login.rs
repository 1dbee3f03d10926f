//! Logins with USER and PASS or APOP, and STLS.

use pop3_proto::server::{Maildrop, Server, ServerConfig};
use pop3_testkit::wire;

use super::{LOGIN, answers, config, send, two_messages};

#[test]
fn wrong_credentials_get_auth_code_and_may_retry() {
    let mut server = Server::new(config(), two_messages());
    let replies = answers(
        &mut server,
        b"USER bob\r\nPASS secret\r\nUSER alice\r\nPASS Secret\r\nUSER alice\r\nPASS secret\r\n",
    );
    let refused = "+OK\r\n-ERR [AUTH] invalid credentials\r\n";
    assert_eq!(
        replies,
        format!("{refused}{refused}+OK\r\n+OK 2 messages (49 octets)\r\n")
    );
}

#[test]
fn pass_must_directly_follow_user() {
    let mut server = Server::new(config(), two_messages());
    for between in ["CAPA", "FOO", "PASS wrong", "APOP alice 0"] {
        let replies = answers(
            &mut server,
            format!("USER alice\r\n{between}\r\nPASS secret\r\n").as_bytes(),
        );
        assert!(
            replies.ends_with("-ERR USER first\r\n"),
            "{between}: {replies}"
        );
    }
    let long_line = [b"USER alice\r\n", &[b'x'; 300][..], b"\r\nPASS secret\r\n"].concat();
    assert!(
        answers(&mut server, &long_line).ends_with("-ERR line too long\r\n-ERR USER first\r\n")
    );
}

#[test]
fn spaces_are_part_of_the_password() {
    for (secret, logged_in) in [(" a b ", true), ("a b", false), (" a b", false)] {
        let mut server = Server::new(ServerConfig::new("alice", " a b "), Maildrop::new());
        let replies = answers(
            &mut server,
            format!("USER alice\r\nPASS {secret}\r\n").as_bytes(),
        );
        assert_eq!(
            replies.ends_with("+OK 0 messages (0 octets)\r\n"),
            logged_in,
            "{replies}"
        );
    }
}

/// The example of RFC 1939 section 7.
#[test]
fn apop_is_accepted_when_a_challenge_is_set() {
    let challenge = "<1896.697170952@dbc.mtview.ca.us>";
    let config = ServerConfig::new("mrose", "tanstaaf")
        .apop_challenge(challenge)
        .allow_plaintext_login(false);
    let mut server = Server::new(config, two_messages());
    assert_eq!(
        send(&mut server),
        b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"
    );
    let refused = answers(
        &mut server,
        b"APOP mrose c4c9334bac560ecc979e58001b3e22fa\r\n",
    );
    assert_eq!(refused, "-ERR [AUTH] invalid credentials\r\n");
    let accepted = answers(
        &mut server,
        b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n",
    );
    assert_eq!(accepted, "+OK 2 messages (49 octets)\r\n");

    let mut without = Server::new(ServerConfig::new("mrose", "tanstaaf"), two_messages());
    assert!(
        answers(
            &mut without,
            b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"
        )
        .starts_with("-ERR ")
    );
}

#[test]
fn cleartext_passwords_are_refused_if_disallowed() {
    let config = config().allow_plaintext_login(false);
    let mut clear = Server::new(config.clone(), two_messages());
    assert_eq!(
        answers(&mut clear, LOGIN),
        "-ERR passwords only under TLS\r\n".repeat(2)
    );
    let mut tls = Server::implicit_tls(config, two_messages());
    assert!(answers(&mut tls, LOGIN).ends_with("+OK 2 messages (49 octets)\r\n"));
}

#[test]
fn stls_discards_injected_commands_and_the_user() {
    let clear =
        b"USER alice\r\nSTLS\r\nPASS secret\r\nUSER alice\r\nPASS secret\r\nDELE 1\r\nQUIT\r\nST";
    for cut in 0..=clear.len() {
        let mut server = Server::new(config().stls(true), two_messages());
        let mut sent = Vec::new();
        for part in [&clear[..cut], &clear[cut..]] {
            server.receive(part);
            sent.extend(wire::say(&mut server, 5));
        }
        assert_eq!(
            sent, b"+OK ready\r\n+OK\r\n+OK begin TLS negotiation\r\n",
            "cut at {cut}"
        );
        assert!(server.wants_tls() && !server.wants_read() && !server.is_closed());
        server.receive(b"NOOP\r\n");
        server.tls_established();
        assert!(
            !server.wants_tls() && server.wants_read() && !server.wants_write(),
            "no new greeting"
        );
        assert_eq!(
            answers(&mut server, b"PASS secret\r\nSTAT\r\n"),
            "-ERR USER first\r\n-ERR log in first\r\n"
        );
        assert!(!answers(&mut server, b"CAPA\r\n").contains("STLS"));
        assert_eq!(
            answers(&mut server, b"STLS\r\n"),
            "-ERR command not permitted when TLS active\r\n"
        );
        assert!(answers(&mut server, LOGIN).ends_with("+OK 2 messages (49 octets)\r\n"));
    }
}

#[test]
fn wants_tls_only_after_stls_reply_is_sent() {
    let mut server = Server::new(config().stls(true), two_messages());
    server.receive(b"STLS\r\n");
    while server.wants_write() {
        assert!(!server.wants_tls() && !server.wants_read());
        server.tls_established();
        server.transmitted(1);
    }
    assert!(
        server.wants_tls(),
        "the premature tls_established had no effect"
    );
    server.handle_eof();
    assert!(server.is_closed() && !server.wants_tls());
}

#[test]
fn unoffered_stls_is_refused() {
    let mut clear = Server::new(config(), two_messages());
    assert_eq!(
        answers(&mut clear, b"STLS\r\n"),
        "-ERR STLS is not offered\r\n"
    );
    let mut tls = Server::implicit_tls(config().stls(true), two_messages());
    assert_eq!(
        answers(&mut tls, b"STLS\r\n"),
        "-ERR command not permitted when TLS active\r\n"
    );
    assert!(!clear.wants_tls() && !tls.wants_tls());
}
