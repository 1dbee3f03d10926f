//! Redaction: secrets that a server echoes are removed from its texts, other words are kept.

use pop3_proto::{
    Error, Event, Secret, Stat, Username,
    command::{Noop, Pass, Raw, User},
};
use pop3_testkit::conversation::{Conversation, logged_in, trusted};

/// A session that has sent this user name and password.
fn after_login(name: &str, password: &str) -> Conversation {
    let mut session = trusted();
    session.server("+OK\r\n");
    session.call_ok(User(Username::new(name).expect("a name")));
    session.call_ok(Pass(Secret::new(password).expect("a password")));
    session.reported();
    session
}

trait CallOk {
    fn call_ok<C: pop3_proto::command::Command>(&mut self, command: C);
}

impl CallOk for Conversation {
    fn call_ok<C: pop3_proto::command::Command>(&mut self, command: C) {
        self.connection.submit(command).expect("a live connection");
        self.settle();
        self.server("+OK\r\n");
    }
}

/// Returns a text after `-ERR` as the application gets it.
fn refused(session: &mut Conversation, text: &str) -> String {
    let refused = session.call(Stat, format!("-ERR {text}\r\n"));
    let refusal = refused.expect_err("refused").refusal().cloned();
    let shown = refusal.expect("a refusal").text;
    String::from_utf8_lossy(shown.as_bytes()).into_owned()
}

/// Returns a text after `+OK` as the application gets it.
fn accepted(session: &mut Conversation, text: &str) -> String {
    let status = session.call(Noop, format!("+OK {text}\r\n")).expect("good");
    String::from_utf8_lossy(status.text.as_bytes()).into_owned()
}

#[track_caller]
fn assert_shown_as(name: &str, password: &str, text: &str, shown: &str) {
    let mut session = after_login(name, password);
    assert_eq!(refused(&mut session, text), shown, "{password:?}");
    assert_eq!(accepted(&mut session, text), shown, "{password:?}");
}

#[track_caller]
fn assert_kept(password: &str, text: &str) {
    assert_shown_as("alice", password, text, text);
}

#[test]
fn ordinary_words_are_not_redacted() {
    assert_kept("password1", "invalid password");
    assert_kept("password1", "[AUTH] Invalid username or password");
    assert_kept("authentication", "authentication failed");
    assert_kept("Authentication", "Authentication failed");
    assert_kept("AUTH", "[AUTH] AUTH failed");
    assert_kept("authentication ", "authentication failed");
    assert_kept("test", "this is the latest server");
    assert_kept("test", "test failed");
    assert_kept("failed", "PASS failed");
    assert_kept("1", "error 1001: account locked");
    assert_kept("1", "error 1: account locked");
    assert_kept("2048", "2048 octets");
    assert_kept("-", "no - way");
    assert_kept("correct horse battery", "not correct: horse");
    assert_kept("contrase\u{f1}a", "la contrase\u{f1}a no es correcta");
}

#[test]
fn user_name_is_not_redacted() {
    for (name, password, text) in [
        ("alice", "alice", "user alice is unknown"),
        ("alice7", "alice7", "user ALICE7 is unknown"),
        (
            "alice7@example.org",
            "alice7@example.org",
            "no alice7@example.org here",
        ),
        ("alice7@example.org", "alice7", "no alice7@example.org here"),
        ("alice7@example.org", "alice7", "no alice7 here"),
        (
            "alice7@example.org",
            "example7",
            "no alice7@example.org here",
        ),
    ] {
        assert_shown_as(name, password, text, text);
    }
}

#[test]
fn password_inside_user_name_is_redacted_elsewhere() {
    assert_shown_as(
        "bob@alice7.org",
        "alice7",
        "no bob@alice7.org with alice7",
        "no bob@alice7.org with <redacted>",
    );
}

#[test]
fn echoed_secret_is_replaced_in_place() {
    for (password, text, shown) in [
        (
            "hunter2",
            "bad command: PASS hunter2, sorry",
            "bad command: PASS <redacted>, sorry",
        ),
        ("hunter2", "[AUTH] hunter2", "[AUTH] <redacted>"),
        ("hunter2", "hunter2hunter2", "<redacted>"),
        ("hunter2", "hunter2 hunter2", "<redacted> <redacted>"),
        ("hunter2", "xhunter22", "x<redacted>2"),
        ("x7", "PASS x7?", "PASS <redacted>?"),
        ("x7", "x77 and ax7", "x77 and ax7"),
        ("abc12", "(abc12)", "(<redacted>)"),
        ("123456", "pin 123456 is wrong", "pin <redacted> is wrong"),
        ("123456", "error 91234567", "error 91234567"),
        // An app password: only letters, but too many for an ordinary word.
        (
            "abcdefghijklmnop",
            "PASS abcdefghijklmnop",
            "PASS <redacted>",
        ),
        (
            "correct horse battery",
            "PASS correct horse battery",
            "PASS <redacted>",
        ),
        (" hunter2 ", "PASS hunter2", "PASS <redacted>"),
        (
            "hunt er2/\u{fc}",
            "got hunt%20er2%2F%C3%BC",
            "got <redacted>",
        ),
    ] {
        assert_shown_as("alice", password, text, shown);
    }
}

#[test]
fn base64_containing_a_secret_is_replaced() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let password = "hunter2?~?>correct~?~horse";
    for before in ["", "a", "ab", "abc", "PASS "] {
        for after in ["", "!", "\r\n"] {
            let whole = format!("{before}{password}{after}");
            for encoded in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                assert_shown_as(
                    "alice",
                    password,
                    &format!("got: {encoded}, no"),
                    "got: <redacted>, no",
                );
            }
        }
    }
    // The base64 of an ordinary word is redacted, too: it is not a word.
    assert_shown_as(
        "alice",
        "authentication",
        "authentication of YXV0aGVudGljYXRpb24= failed",
        "authentication of <redacted> failed",
    );
}

#[test]
fn partly_echoed_token_is_redacted() {
    let token: String = (0..200)
        .map(|n| char::from(b'a' + (n * n % 26) as u8))
        .collect();
    let token = format!("ya29.{token}");
    let mut session = after_login("alice", &token);
    // From the start of the token 16 octets are enough, from elsewhere 31.
    for (from, to) in [(0, 16), (0, 100), (7, 40), (100, 131)] {
        let text = format!("what is {}?", &token[from..to]);
        assert_eq!(
            refused(&mut session, &text),
            "what is <redacted>?",
            "{from}..{to}"
        );
    }
    assert_eq!(refused(&mut session, "what is ya29?"), "what is ya29?");
}

#[test]
fn short_number_is_redacted_only_after_pass() {
    assert_shown_as(
        "alice",
        "1234",
        "unknown command: PASS 1234",
        "unknown command: PASS <redacted>",
    );
    assert_shown_as("alice", "x7#", "pass x7#: no", "pass <redacted>: no");
    assert_shown_as("alice", "1234", "PASS 12345", "PASS 12345");
    assert_kept("1234", "1234 octets");
    assert_kept("swordfish", "PASS swordfish");
}

#[test]
fn partly_echoed_password_with_spaces_is_redacted() {
    let mut session = after_login("alice", "correct7horse battery8staple");
    let shown = refused(&mut session, "bad: correct7horse bat");
    assert!(!shown.contains("correct7horse"), "{shown}");
}

#[test]
fn oauth_response_keeps_parts_that_are_not_secret() {
    let mut session = trusted();
    session.server("+OK\r\n");
    let login = pop3_proto::Login::bearer("joe@example.org", "ya29.a0AfH6SMBx-token-token");
    let login = login.expect("a login");
    session.connection.submit(login).expect("a live connection");
    session.settle();
    session.server("+OK\r\nSASL XOAUTH2\r\n.\r\n");
    session.settle();
    session.server(
        "-ERR [AUTH] failed: user=joe@example.org, auth=Bearer ya29.a0AfH6SMBx-token-token\r\n",
    );
    let shown = format!("{:?}", session.reported());
    assert!(
        shown.contains("user=joe@example.org, auth=Bearer"),
        "{shown}"
    );
    assert!(!shown.contains("ya29"), "{shown}");
}

#[test]
fn echo_is_redacted_until_the_session_ends() {
    let mut session = after_login("alice", "hunter2secret");
    for _ in 0..3 {
        assert_eq!(
            refused(&mut session, "unknown: PASS hunter2secret"),
            "unknown: PASS <redacted>"
        );
        assert_eq!(accepted(&mut session, "hi hunter2secret"), "hi <redacted>");
    }
    let opened = session
        .call(
            Raw::short("ECHO").expect("a command"),
            "+OK hunter2secret\r\n",
        )
        .expect("good");
    assert_eq!(opened.text.to_string(), "<redacted>");
    session.ask("list");
    session.settle();
    session.server("+OK\r\nhunter2secret is no number\r\n.\r\n");
    let reported = session.reported();
    assert!(
        reported.iter().all(|line| !line.contains("hunter2secret")),
        "{reported:?}"
    );
    session.server("what? hunter2secret\r\n");
    let error = session.connection.error().expect("unsolicited").to_string();
    assert!(error.contains("\"what? <redacted>\""), "{error}");
}

#[test]
fn reply_to_pass_is_redacted() {
    let mut session = trusted();
    session.server("+OK\r\n");
    session.exchange("user alice", "+OK\r\n");
    let pass = Pass(Secret::new("hunter2secret").expect("a password"));
    let status = session
        .call(pass, "+OK welcome, your password is hunter2secret\r\n")
        .expect("good");
    assert_eq!(
        status.text.to_string(),
        "welcome, your password is <redacted>"
    );
    assert!(!format!("{status:?}").contains("hunter2secret"));
}

#[test]
fn login_secrets_are_redacted_until_session_ends() {
    for (method, challenges) in [
        ("PLAIN", &[][..]),
        ("LOGIN", &["+ Og==\r\n", "+ Og==\r\n"]),
        ("CRAM-MD5", &["+ PDFAaD4=\r\n"]),
    ] {
        let mut session = trusted();
        session.server("+OK\r\n");
        session.ask(&format!("login alice hunter2secret only={method}"));
        session.server(format!("+OK\r\nSASL {method}\r\n.\r\n"));
        for challenge in challenges {
            session.server(challenge);
        }
        let sent = session.sent();
        let response = sent.trim_end().rsplit([' ', '\n']).next();
        let response = response.expect("a response").to_owned();
        session.server("+OK hunter2secret\r\n");
        // The reply to CAPA.
        session.server("-ERR hunter2secret\r\n");
        let reported = format!("{:?}", session.events());
        assert!(!reported.contains("hunter2secret"), "{reported}");
        for echo in ["hunter2secret", &response] {
            let text = refused(&mut session, &format!("what is {echo}?"));
            assert_eq!(text, "what is <redacted>?", "{method}");
        }
    }
}

#[test]
fn values_are_parsed_before_redaction() {
    let mut session = after_login("alice", "20480000");
    let stat = session.call(Stat, "+OK 3 20480000\r\n").expect("good");
    assert_eq!(stat.octets, Some(20_480_000));
    let mut session = after_login("alice", "20480000");
    let refused = session
        .call(Stat, "+OK what? 20480000\r\n")
        .expect_err("malformed");
    assert!(
        !format!("{refused} {refused:?}").contains("20480000"),
        "{refused}"
    );
    // A response code that equals the password is still parsed.
    let mut session = after_login("alice", "SYS/TEMP");
    let error = session
        .call(Noop, "-ERR [SYS/TEMP] later\r\n")
        .expect_err("refused");
    assert_eq!(error.advice(), Some(pop3_proto::error::Advice::TryLater));
}

#[test]
fn mail_is_not_redacted() {
    let mut session = after_login("alice", "hunter2secret");
    let lines = session
        .call(
            Raw::long("XTND").expect("a command"),
            "+OK hunter2secret\r\nhunter2secret\r\n.\r\n",
        )
        .expect("good");
    assert_eq!(lines.status.text.to_string(), "<redacted>");
    assert_eq!(&*lines.octets, b"hunter2secret\r\n");
    session.ask("retr 1");
    session.server("+OK hunter2secret\r\nhunter2secret\r\n.\r\n");
    assert_eq!(
        session.reported(),
        [
            "retr 1: opened \"<redacted>\"",
            "retr 1: body \"hunter2secret\\r\\n\"",
            "retr 1: end"
        ]
    );
}

#[test]
fn nothing_is_redacted_before_credentials_are_sent() {
    let mut session = logged_in();
    let text = "QUxJQ0UAYWxpY2UA hunter2 c4c9334bac560ecc979e58001b3e22fb";
    assert_eq!(refused(&mut session, text), text);
    assert_eq!(accepted(&mut session, text), text);
}

#[test]
fn seed_does_not_change_redaction() {
    for when in [0, 1] {
        let mut session = trusted();
        session.server("+OK\r\n");
        if when == 0 {
            session.connection.seed([7; 32]);
        }
        session.call_ok(User(Username::new("alice").expect("a name")));
        session.call_ok(Pass(Secret::new("hunter2secret").expect("a password")));
        if when == 1 {
            session.connection.seed([7; 32]);
        }
        assert_eq!(
            refused(&mut session, "PASS hunter2secret"),
            "PASS <redacted>"
        );
    }
}

#[test]
fn long_line_of_echoes_is_redacted_quickly() {
    let mut session = after_login("alice", "hunter2secret");
    for text in [
        "hunter2secret".repeat(600),
        "hunter2secre".repeat(600),
        "A".repeat(8000),
    ] {
        let shown = refused(&mut session, &text);
        assert!(!shown.contains("hunter2secret"));
    }
}

#[test]
fn events_and_errors_show_no_echo() {
    let mut session = after_login("alice", "hunter2secret");
    session.ask("stat");
    session.settle();
    session.server("-ERR [AUTH/hunter2secret] PASS hunter2secret\r\n");
    session.eof();
    for event in session.events() {
        let shown = format!("{event:?} {event:#?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        if let Event::Closed(Err(error)) = event {
            let error: Error = error;
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(error.last_err().is_some());
        }
    }
}
