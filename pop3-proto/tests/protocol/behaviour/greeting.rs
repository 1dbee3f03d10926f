//! Greetings that are not valid, and texts that are not APOP challenges.

use pop3_proto::{Channel, Config};
use pop3_testkit::conversation::{Conversation, trusted};

#[test]
fn invalid_greeting_is_quoted_in_the_error() {
    for (greeting, error) in [
        ("+Okay\r\n", "protocol NotPop3 \"+Okay\""),
        ("+OKready\r\n", "protocol NotPop3 \"+OKready\""),
        ("OK\r\n", "protocol NotPop3 \"OK\""),
        (
            "HTTP/1.1 400 Bad Request\r\n",
            "protocol NotPop3 \"HTTP/1.1 400 Bad Request\"",
        ),
        ("\0\0\0\r\n", "protocol NotPop3 \"\\u{0}\\u{0}\\u{0}\""),
        ("-ERR\r\n", "closed GreetingRefused \"\""),
        (
            "-ERR [SYS/PERM] go\r\n",
            "closed GreetingRefused \"[SYS/PERM] go\" SysPerm",
        ),
    ] {
        let mut session = trusted();
        session.ask("capa");
        session.server(greeting);
        assert_eq!(
            session.reported(),
            [format!("capa: failed: {error}"), format!("closed: {error}")]
        );
        assert_eq!(session.sent(), "");
        session.assert_over();
    }
}

#[test]
fn tls_record_is_recognised_from_two_octets() {
    for kind in 0x14..=0x17_u8 {
        let mut session = Conversation::new(Config::default(), Channel::Plain);
        session.server([kind]);
        assert_eq!(session.reported(), [] as [&str; 0]);
        session.server([3]);
        assert_eq!(session.reported(), ["closed: protocol TlsRecord"]);
        session.assert_over();
    }
    for octets in [[0x13, 3], [0x18, 3], [0x15, 2]] {
        let mut session = Conversation::new(Config::default(), Channel::Plain);
        session.server(octets);
        assert_eq!(session.reported(), [] as [&str; 0]);
    }
}

#[test]
fn greeting_full_of_brackets_has_no_challenge() {
    let mut config = Config::default();
    config.limits.line = 200 << 10;
    for greeting in [
        "<".repeat(100 << 10),
        "<a@".repeat(30 << 10),
        "<>".repeat(50 << 10),
    ] {
        let mut session = Conversation::new(config.clone(), Channel::TrustedByCaller);
        session.server(format!("+OK {greeting}\r\n"));
        let reported = session.reported();
        assert!(!reported[0].contains("with a challenge"));
    }
}

#[test]
fn apop_challenge_is_exactly_one_msg_id() {
    for (text, challenge) in [
        (
            "<1896.697170952@dbc.mtview.ca.us>",
            Some("<1896.697170952@dbc.mtview.ca.us>"),
        ),
        ("x <a> y <1.2@h> z", Some("<1.2@h>")),
        ("<a@b>", Some("<a@b>")),
        ("hello <a <b@c> d>", Some("<b@c>")),
        ("<abc>", None),
        ("<a @b>", None),
        ("<a@b", None),
        ("a@b>", None),
        ("<@b>", None),
        ("<a@>", None),
        ("<a@b@c>", None),
        ("<a@b><c@d>", None),
        ("<a@b> and <a@b>", None),
        ("<a\t@b>", None),
        ("", None),
    ] {
        let mut session = trusted();
        session.server(format!("+OK {text}\r\n"));
        let greeting = session.connection.greeting().expect("greeted");
        let found = greeting.challenge.as_ref().map(|found| found.as_bytes());
        assert_eq!(found, challenge.map(str::as_bytes), "{text}");
        assert_eq!(greeting.text.as_bytes(), text.as_bytes());
    }
    for octet in ["\u{e4}", "\u{7f}"] {
        let mut session = trusted();
        session.server(format!("+OK <{octet}@b>\r\n"));
        assert_eq!(
            session.connection.greeting().expect("greeted").challenge,
            None
        );
    }
    let mut session = trusted();
    session.server(format!("+OK <{}@b>\r\n", "a".repeat(600)));
    assert_eq!(
        session.connection.greeting().expect("greeted").challenge,
        None
    );
}
