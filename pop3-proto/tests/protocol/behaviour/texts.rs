//! Response codes and texts of servers, which may contain any octet.

use pop3_proto::{
    Channel, Config, Error, MessageNumber, Quit, QuitOutcome, Stat, Uidl,
    command::{Capa, ListOne, Noop},
    error::Advice,
    reply::{ResponseCode, ServerText},
};
use pop3_testkit::conversation::{Conversation, logged_in, trusted};

fn number(n: u32) -> MessageNumber {
    MessageNumber::new(n).expect("a number")
}

#[test]
fn response_code_directly_follows_the_status() {
    let code = |line: &str| {
        let refused = logged_in().call(Noop, format!("-ERR{line}\r\n"));
        let refusal = refused.expect_err("refused").refusal().cloned();
        refusal.expect("a refusal").code
    };
    assert_eq!(code(" [IN-USE] busy"), Some(ResponseCode::InUse));
    assert_eq!(code(" [in-use]"), Some(ResponseCode::InUse));
    assert_eq!(code(" [LOGIN-DELAY] wait"), Some(ResponseCode::LoginDelay));
    assert_eq!(code(" [SYS/TEMP] later"), Some(ResponseCode::SysTemp));
    assert_eq!(
        code(" [SYS/TEMP/foo/bar] later"),
        Some(ResponseCode::SysTemp)
    );
    assert_eq!(code(" [sys/perm] never"), Some(ResponseCode::SysPerm));
    assert_eq!(code(" [AUTH] no"), Some(ResponseCode::Auth));
    assert_eq!(code(" [UTF8] no"), Some(ResponseCode::Utf8));
    for (line, text) in [
        (" [FOO] x", "FOO"),
        (" [SYS] x", "SYS"),
        (" [SYS/TEMPX] x", "SYS/TEMPX"),
    ] {
        let Some(ResponseCode::Other(other)) = code(line) else {
            panic!("{line}")
        };
        assert_eq!(other.as_bytes(), text.as_bytes());
    }
    for line in ["", " ", " []", " [open", " text [AUTH]", " AUTH"] {
        assert_eq!(code(line), None, "{line}");
    }
}

#[test]
fn response_code_display_can_be_parsed() {
    for (code, written) in [
        (ResponseCode::InUse, "[IN-USE]"),
        (ResponseCode::LoginDelay, "[LOGIN-DELAY]"),
        (ResponseCode::SysTemp, "[SYS/TEMP]"),
        (ResponseCode::SysPerm, "[SYS/PERM]"),
        (ResponseCode::Auth, "[AUTH]"),
        (ResponseCode::Utf8, "[UTF8]"),
    ] {
        assert_eq!(code.to_string(), written);
        for text in [
            written.to_owned(),
            written.to_lowercase(),
            format!("{written} and [more] text"),
            format!("{written}text"),
        ] {
            assert_eq!(
                ResponseCode::parse(text.as_bytes()),
                Some(code.clone()),
                "{text}"
            );
        }
        // Not at the beginning, or not complete.
        for text in [
            format!(" {written}"),
            format!("x{written}"),
            written.replace(']', ""),
            written.replace('[', ""),
        ] {
            assert_eq!(ResponseCode::parse(text.as_bytes()), None, "{text}");
        }
    }
    for written in ["[FOO]", "[SYS]", "[SYS/TEMPX]", "[x/y/z]", "[AUTH-X]"] {
        let code = ResponseCode::parse(written.as_bytes()).expect("a code");
        assert!(matches!(code, ResponseCode::Other(_)), "{written}");
        assert_eq!(code.to_string(), written);
        assert_eq!(ResponseCode::parse(code.to_string().as_bytes()), Some(code));
    }
    let more = ResponseCode::parse(b"[SYS/TEMP/disk] full").expect("a code");
    assert_eq!(more.to_string(), "[SYS/TEMP]");
    // Escape sequences for terminals are escaped.
    let escape = ResponseCode::parse(b"[\x1b[2J]").expect("a code");
    assert_eq!(escape.to_string(), "[\\u{1b}[2J]");
    for text in [&b""[..], b"[", b"[]", b"[]]", b"]"] {
        assert_eq!(ResponseCode::parse(text), None);
    }
}

#[test]
fn ok_reply_returns_its_response_code() {
    let status = logged_in()
        .call(Noop, "+OK [SYS/TEMP] fine\r\n")
        .expect("good");
    assert_eq!(status.code(), Some(ResponseCode::SysTemp));
    assert_eq!(status.text.as_bytes(), b"[SYS/TEMP] fine");
}

#[test]
fn failed_login_advises_by_response_code() {
    for (line, advice) in [
        ("[AUTH] wrong", Advice::CheckCredentials),
        ("[IN-USE] busy", Advice::TryLater),
        ("[LOGIN-DELAY] wait", Advice::TryLater),
        ("[SYS/TEMP] later", Advice::TryLater),
        ("[SYS/PERM] contact us", Advice::AskOperator),
        ("who knows", Advice::Unknown),
    ] {
        let mut session = trusted();
        session.server("+OK\r\n");
        session.ask("login alice secret");
        session.server("-ERR\r\n");
        session.server("+OK\r\n");
        session.server(format!("-ERR {line}\r\n"));
        let Some(pop3_proto::Event::Reply {
            result: Err(error), ..
        }) = session.events().pop()
        else {
            panic!("a refusal")
        };
        assert!(!error.is_fatal() && error.refusal().is_some());
        let Error::Auth(auth) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(auth.advice(), advice, "{line}");
        assert!(error.to_string().contains(&advice.to_string()));
    }
}

#[test]
fn refusal_error_names_command_message_and_text() {
    let refused = logged_in().call(ListOne(number(7)), "-ERR no such message\r\n");
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "the server refused LIST 7: no such message"
    );
    let refused = logged_in().call(Stat, "-ERR\r\n");
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "the server refused STAT without a reason"
    );
}

#[test]
fn control_characters_in_server_text_are_escaped() {
    let text = "\x1b]0;pwn\x07\u{9b}31m\u{202e}abc\u{2028}\u{2066}\u{200f}\u{61c}\x7f\t\0\rd";
    let refused = logged_in().call(Noop, format!("-ERR {text}\r\n"));
    let error = refused.expect_err("refused");
    for shown in [
        error.to_string(),
        format!("{error:?}"),
        format!("{error:#?}"),
    ] {
        let shown = shown.replace('\n', "");
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        for hidden in ['\u{202e}', '\u{2028}', '\u{2066}', '\u{200f}', '\u{61c}'] {
            assert!(!shown.contains(hidden), "{shown:?}");
        }
        assert!(shown.contains("pwn") && shown.contains("abc"));
    }
    let raw = error.refusal().expect("a refusal").text.as_bytes();
    assert_eq!(raw, text.as_bytes(), "the raw octets are kept");
}

#[test]
fn display_escapes_invalid_utf_8_and_truncates() {
    let mut session = logged_in();
    let text: ServerText = session
        .call(Noop, b"+OK caf\xe9 \xc3\xa9\r\n")
        .expect("good")
        .text;
    assert_eq!(text.to_string(), "caf\\xe9 é");
    let long = session
        .call(Noop, format!("+OK {}\r\n", "x".repeat(5000)))
        .expect("good");
    assert_eq!(long.text.as_bytes().len(), 5000);
    assert_eq!(long.text.to_string(), format!("{}…", "x".repeat(512)));
    assert!(!long.text.is_empty());
}

#[test]
fn all_server_values_are_displayed_escaped() {
    let mut session = logged_in();
    let listing = session
        .call(Uidl, b"+OK\r\n1 \xe2\x80\xae\xff\r\n.\r\n")
        .expect("a listing");
    let id = listing
        .get(number(1))
        .and_then(|entry| entry.unique_id)
        .expect("an id");
    assert_eq!(id.to_string(), "\\u{202e}\\xff");
    assert_eq!(format!("{id:?}"), "UniqueId(\"\\u{202e}\\xff\")");
    let list = session
        .call(Capa, b"+OK\r\nIMPLEMENTATION \x1b[31m\r\n.\r\n")
        .expect("a reply")
        .expect("a list");
    assert_eq!(
        list.implementation().expect("listed").to_string(),
        "\\u{1b}[31m"
    );
    session.server(b"+OK \x1b[2J\r\n");
    let error = session.connection.error().expect("unsolicited");
    assert!(!error.to_string().chars().any(char::is_control));
}

#[test]
fn only_display_truncates_server_text() {
    for octets in [511, 512, 513, 5000, 8000] {
        let text = "x".repeat(octets);
        let cut = |what: &str| match octets {
            ..=512 => format!("{what}{text}"),
            _ => format!("{what}{}\u{2026}", "x".repeat(512)),
        };
        let refused = logged_in().call(Stat, format!("-ERR {text}\r\n"));
        let error = refused.expect_err("refused");
        assert_eq!(
            error.server_text().expect("a text").as_bytes(),
            text.as_bytes()
        );
        assert_eq!(error.to_string(), cut("the server refused STAT: "));

        let mut session = logged_in();
        session.server(format!("-ERR {text}\r\n"));
        let error = session.connection.error().expect("a fatal error");
        assert_eq!(
            error.server_text().expect("a text").as_bytes(),
            text.as_bytes()
        );
        assert_eq!(error.to_string(), cut("the server closed the session: "));

        let mut session = trusted();
        session.server(format!("-ERR {text}\r\n"));
        let error = session.connection.error().expect("a fatal error");
        assert_eq!(
            error.server_text().expect("a text").as_bytes(),
            text.as_bytes()
        );
        assert_eq!(
            error.to_string(),
            cut("the server refused the connection: ")
        );

        let outcome = logged_in().call(Quit, format!("-ERR {text}\r\n"));
        let Ok(QuitOutcome::Refused(reply)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(reply.text.as_bytes(), text.as_bytes());
        assert_eq!(reply.to_string(), cut(""));

        let mut session = logged_in();
        session.ask("stat");
        session.settle();
        session.server(format!("{text}\r\n"));
        let error = session
            .connection
            .error()
            .expect("a fatal error")
            .to_string();
        assert_eq!(error.contains('\u{2026}'), octets > 512, "{error}");
    }
}

#[test]
fn blank_server_text_is_described() {
    let fatal = |session: &Conversation| {
        let error = session.connection.error();
        error.expect("a fatal error").to_string()
    };
    for blank in ["", " ", "  \t"] {
        let refused = logged_in().call(Stat, format!("-ERR{blank}\r\n"));
        assert_eq!(
            refused.expect_err("refused").to_string(),
            "the server refused STAT without a reason"
        );
        let mut session = trusted();
        session.server(format!("-ERR{blank}\r\n"));
        assert_eq!(
            fatal(&session),
            "the server refused the connection without a reason"
        );
        let mut session = logged_in();
        session.server(format!("-ERR{blank}\r\n"));
        assert_eq!(
            fatal(&session),
            "the server closed the session without a reason"
        );
        let outcome = logged_in().call(Quit, format!("-ERR{blank}\r\n"));
        let Ok(QuitOutcome::Refused(reply)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(reply.to_string(), "-ERR");
        let mut session = logged_in();
        session.ask("stat");
        session.settle();
        session.server(format!("{blank} \r\n"));
        assert_eq!(
            fatal(&session),
            "the reply to STAT is neither +OK nor -ERR: an empty line"
        );
        let mut session = trusted();
        session.server(format!("{blank} \r\n"));
        assert_eq!(
            fatal(&session),
            "not a POP3 server: expected a greeting starting with +OK or -ERR, got an empty line; check host and port"
        );
        let mut session = logged_in();
        session.server(format!("{blank} \r\n"));
        assert_eq!(
            fatal(&session),
            "unexpected reply from the server (no command is waiting for one): an empty line"
        );
        let malformed = logged_in().call(Stat, format!("+OK{blank}\r\n"));
        assert_eq!(
            malformed.expect_err("malformed").to_string(),
            "the reply to STAT is malformed (no number of messages): an empty line"
        );
        let mut session = Conversation::new(Config::default(), Channel::Plain);
        session.server("+OK\r\n");
        session.ask("login alice secret");
        session.server("+OK\r\nSTLS\r\n.\r\n");
        session.server(format!("-ERR{blank}\r\n"));
        assert_eq!(
            fatal(&session),
            "TLS is required and the server refused STLS without a reason; try pop3s:// (port 995)"
        );
    }
}

#[test]
fn invisible_characters_are_displayed_escaped() {
    for hidden in [
        '\u{ad}',
        '\u{34f}',
        '\u{200b}',
        '\u{2060}',
        '\u{2063}',
        '\u{202e}',
        '\u{206a}',
        '\u{2067}',
        '\u{3164}',
        '\u{feff}',
        '\u{fffa}',
        '\u{e0041}',
        '\u{e007f}',
        '\u{e0101}',
    ] {
        let status = logged_in().call(Noop, format!("+OK a{hidden}b\r\n"));
        let text = status.expect("good").text;
        assert_eq!(text.to_string(), format!("a{}b", hidden.escape_unicode()));
        assert_eq!(text.as_bytes(), format!("a{hidden}b").as_bytes());
    }
}

#[test]
fn joiners_in_words_are_displayed_as_they_are() {
    for text in [
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        "\u{2764}\u{fe0f}",
    ] {
        let status = logged_in().call(Noop, format!("+OK {text}\r\n"));
        assert_eq!(status.expect("good").text.to_string(), text);
    }
}
