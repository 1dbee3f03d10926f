//! Secrets appear only in the command that sends them.

use core::fmt::Debug;

use pop3_proto::{
    Channel, Config, Error, Event, Login, MessageNumber, Secret, Username,
    command::{Apop, Pass, Raw},
    error::{Argument, Misuse},
    login::{LoginPolicy, Method},
};
use pop3_testkit::conversation::{Conversation, trusted};

const SECRET: &str = "hunter2";

fn secret() -> Secret {
    Secret::new(SECRET).expect("a password")
}

fn name() -> Username {
    Username::new("alice").expect("a name")
}

#[track_caller]
fn assert_hides(what: &str, shown: &str) {
    assert!(!shown.contains(what), "{shown}");
    let octets: Vec<String> = what.bytes().map(|octet| octet.to_string()).collect();
    assert!(!shown.contains(&octets.join(", ")), "{shown}");
}

#[track_caller]
fn assert_debug_hides(value: &impl Debug) {
    assert_hides(SECRET, &format!("{value:?}"));
    assert_hides(SECRET, &format!("{value:#?}").replace([' ', '\n'], ""));
}

/// A session after the greeting, on a trusted channel.
fn greeted() -> Conversation {
    let mut session = trusted();
    session.server("+OK <1896.697170952@dbc.mtview.ca.us>\r\n");
    session.reported();
    session
}

// Values.

#[test]
fn debug_of_values_hides_secrets() {
    assert_debug_hides(&secret());
    assert_debug_hides(&Pass(secret()));
    assert_debug_hides(&Login::password(name(), secret()));
    assert_debug_hides(&Apop::new(name(), secret()).expect("a command"));
    assert_eq!(format!("{:?}", secret()), "Secret(..)");
}

#[test]
fn debug_of_connection_hides_queued_secrets() {
    for op in ["login alice hunter2", "pass hunter2", "apop alice hunter2"] {
        let mut session = trusted();
        session.ask(op);
        assert_debug_hides(&session.connection);
    }
    let mut session = greeted();
    session.ask("login alice hunter2");
    for reply in ["-ERR\r\n", "+OK\r\n", "+OK\r\n"] {
        assert_debug_hides(&session.connection);
        session.server(reply);
        assert_debug_hides(&session.connection);
    }
    let mut session = greeted();
    session.ask("user alice");
    session.server("+OK\r\n");
    session.ask("pass hunter2");
    assert_eq!(session.connection.transmit(), b"PASS hunter2\r\n");
    assert_debug_hides(&session.connection);
    session.connection.transmitted(8, session.now);
    assert_debug_hides(&session.connection);
}

#[test]
fn debug_of_connection_hides_unsent_digest() {
    let mut session = greeted();
    session.ask("apop mrose tanstaaf");
    let digest = "c4c9334bac560ecc979e58001b3e22fb";
    assert!(
        session
            .connection
            .transmit()
            .ends_with(format!("{digest}\r\n").as_bytes())
    );
    assert_hides(digest, &format!("{:?}", session.connection));
    assert_hides("tanstaaf", &format!("{:?}", session.connection));
}

#[test]
fn error_for_an_invalid_secret_hides_it() {
    for (text, argument) in [
        ("", Argument::EmptySecret),
        ("hunter2\r\nQUIT", Argument::ControlInSecret),
        ("hunter2\n", Argument::ControlInSecret),
        ("hunter2\0", Argument::ControlInSecret),
    ] {
        let error = Secret::new(text).expect_err("refused");
        assert_eq!(error, Misuse::Argument(argument));
        assert_hides(SECRET, &format!("{error:?} {error}"));
    }
    let mut session = greeted();
    let long = Secret::new(SECRET.repeat(40)).expect("a password");
    let error = session.connection.submit(Pass(long)).expect_err("too long");
    assert_hides(SECRET, &format!("{error:?} {error}"));
}

#[test]
fn user_name_may_contain_spaces_but_no_controls() {
    for name in ["alice", "a b", "alice@example.net", "\u{fc}ber", "a%b"] {
        assert_eq!(Username::new(name).expect("a name").as_str(), name);
    }
    for name in ["", "a\r\nb", "a\n", "a\0", "a\tb", "a\u{7f}", "a\u{85}"] {
        assert!(Username::new(name).is_err(), "{name:?}");
    }
    let space = Apop::new(Username::new("a b").expect("a name"), secret());
    assert_eq!(space, Err(Misuse::Argument(Argument::SpaceInUsername)));
}

// Echoes from servers.

/// The events of a session that sent the password and got this reply.
fn answered(reply: &str) -> (Conversation, Vec<Event>) {
    let mut session = greeted();
    session.ask("user alice");
    session.ask("pass hunter2");
    session.server("+OK\r\n");
    session.events();
    session.server(reply);
    let events = session.events();
    (session, events)
}

#[test]
fn echoed_password_is_redacted() {
    for reply in [
        "-ERR bad command: PASS hunter2\r\n",
        "-ERR hunter2hunter2\r\n",
        "-ERR [AUTH] no hunter2 here, hunter2!\r\n",
        "PASS hunter2\r\n",
        "hunter2\r\n",
        "+Okay hunter2\r\n",
    ] {
        let (session, events) = answered(reply);
        assert!(!events.is_empty());
        assert_debug_hides(&events);
        assert_debug_hides(&session.connection);
        for event in events {
            if let Event::Reply {
                result: Err(error), ..
            }
            | Event::Closed(Err(error)) = event
            {
                assert_hides(SECRET, &error.to_string());
                let raw = error
                    .refusal()
                    .map(|refusal| refusal.text.as_bytes().to_vec());
                assert_hides(SECRET, &String::from_utf8_lossy(&raw.unwrap_or_default()));
            }
        }
    }
}

#[test]
fn truncated_line_hides_partial_password() {
    for padding in 490..520 {
        let (_, events) = answered(&format!("-ERR {}hunter2\r\n", "x".repeat(padding)));
        assert_hides("hunt", &format!("{events:?}"));
    }
}

#[test]
fn common_word_password_is_kept_in_ok_reply() {
    // Servers write "password accepted", whatever the password is.
    let mut session = greeted();
    session.ask("user alice");
    session.ask("pass password");
    session.server("+OK\r\n");
    session.server("+OK password accepted\r\n");
    assert_eq!(
        session.reported(),
        ["user: ok", "pass: ok \"password accepted\""]
    );
}

#[test]
fn echo_before_password_is_sent_is_hidden() {
    for reply in ["+OK hunter2\r\n", "-ERR hunter2\r\n", "hunter2\r\n"] {
        let mut session = greeted();
        session.exchange("user alice", "+OK\r\n");
        session.ask("pass hunter2");
        session.connection.transmitted(3, session.now);
        session.arrive(reply.as_bytes());
        let reported = session.reported();
        assert_eq!(reported.len(), 2);
        assert_debug_hides(&reported);
        assert_hides(SECRET, &format!("{:?}", session.connection.error()));
    }
}

#[test]
fn text_around_an_echo_is_kept() {
    let (_, events) = answered("-ERR [AUTH] bad command: PASS hunter2, sorry\r\n");
    let [
        Event::Reply {
            result: Err(error), ..
        },
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        error.to_string(),
        "the server refused PASS: [AUTH] bad command: PASS <redacted>, sorry"
    );
}

#[test]
fn echoed_apop_digest_is_redacted() {
    let digest = "c4c9334bac560ecc979e58001b3e22fb";
    for op in ["apop mrose tanstaaf", "login mrose tanstaaf only=APOP"] {
        let mut session = greeted();
        session.exchange("capa", "-ERR\r\n");
        session.ask(op);
        let upper = digest.to_ascii_uppercase();
        session.server(format!("-ERR APOP mrose {digest}? {upper}?\r\n"));
        let events = session.events();
        assert_eq!(events.len(), 1);
        assert_hides(digest, &format!("{events:?}"));
        assert_hides(&upper, &format!("{events:?}"));
        assert!(format!("{events:?}").contains("APOP mrose <redacted>? <redacted>?"));
    }
}

#[test]
fn password_resembling_a_status_keeps_reply_status() {
    for password in ["OK", "+OK", "+", "ERR", "-ERR", "R"] {
        let mut session = greeted();
        session.ask("user alice");
        session.ask(&format!("pass {password}"));
        session.server("+OK\r\n");
        session.server("-ERR no\r\n");
        assert_eq!(
            session.reported(),
            ["user: ok", "pass: failed: refused PASS \"no\""]
        );
        session.ask("user alice");
        session.ask(&format!("pass {password}"));
        session.server("+OK\r\n");
        session.server("+OK\r\n");
        assert_eq!(session.reported(), ["user: ok", "pass: ok"]);
    }
}

#[test]
fn echo_in_place_of_status_is_redacted() {
    for password in ["-hunter2", "+hunter2"] {
        for before in ["", "-ERR ", "-ERR [AUTH] PASS ", "PASS "] {
            let mut session = greeted();
            session.exchange("user alice", "+OK\r\n");
            session.ask(&format!("pass {password}"));
            session.server(format!("{before}{password}\r\n"));
            let events = session.events();
            let [Event::Reply { result, .. }, ..] = events.as_slice() else {
                panic!("{events:?}")
            };
            let error = result.as_ref().expect_err("no login");
            assert_hides(SECRET, &error.to_string());
            assert_debug_hides(&events);
            assert_debug_hides(&session.connection);
        }
    }
}

#[test]
fn login_redacts_echoed_password() {
    let mut session = greeted();
    session.ask("login alice hunter2");
    session.server("-ERR\r\n");
    session.server("+OK\r\n");
    session.server("-ERR unknown: PASS hunter2\r\n");
    let events = session.events();
    assert_debug_hides(&events);
    assert!(format!("{events:?}").contains("redacted"));
}

#[test]
fn debug_of_connection_hides_buffered_echo() {
    let mut session = greeted();
    session.ask("user alice");
    session.ask("pass hunter2");
    session.server("+OK\r\n");
    session.server("-ERR bad command: PASS hunter2");
    assert_debug_hides(&session.connection);
}

// Cleartext.

#[test]
fn credentials_in_cleartext_need_explicit_permission() {
    for op in [
        "login alice hunter2",
        "login alice hunter2 first=APOP,USER/PASS",
        "login alice hunter2 only=APOP",
    ] {
        let mut session = Conversation::new(Config::default(), Channel::Plain);
        session.server("+OK <1@h>\r\n");
        session.ask(op);
        session.server("+OK\r\nUSER\r\n.\r\n");
        assert_eq!(session.sent(), "CAPA\r\n", "{op}");
        session.assert_over();
    }
    for (op, refused) in [
        ("user alice", "user: failed: auth no safe login, Cleartext"),
        ("pass hunter2", "pass: failed: misuse PASS without USER"),
        (
            "apop alice hunter2",
            "apop: failed: auth no safe login, Cleartext",
        ),
    ] {
        let mut session = Conversation::new(Config::default(), Channel::Plain);
        session.server("+OK <1@h>\r\n");
        session.reported();
        session.ask(op);
        assert_eq!(session.reported(), [refused]);
        assert_eq!(session.sent(), "");
        assert_eq!(session.exchange("capa", "-ERR\r\n"), ["capa: unknown"]);
    }
}

#[test]
fn line_ends_in_arguments_are_rejected_on_construction() {
    assert!(Username::new("a\r\nDELE 1").is_err());
    assert!(Secret::new("x\r\nQUIT").is_err());
    assert!(Raw::short("NOOP\r\nDELE 1").is_err());
    assert!(MessageNumber::new(0).is_none());
    let error: Error = Misuse::Argument(Argument::ControlInCommand).into();
    assert!(!error.is_fatal());
}

#[test]
fn password_may_contain_spaces_tabs_and_non_ascii() {
    let mut session = greeted();
    session.ask("user alice");
    session.server("+OK\r\n");
    let secret = Secret::new(b" a \t\xe9 ".to_vec()).expect("a password");
    session
        .connection
        .submit(Pass(secret))
        .expect("a live connection");
    assert_eq!(session.connection.transmit(), b"PASS  a \t\xe9 \r\n");
}

#[test]
fn login_policies_contain_no_secrets() {
    let policies = [
        LoginPolicy::default(),
        LoginPolicy::first_of([Method::Apop, Method::UserPass]),
        LoginPolicy::only(Method::Apop),
        LoginPolicy::twisted(),
    ];
    for (index, policy) in policies.iter().enumerate() {
        assert!(policies[index + 1..].iter().all(|other| other != policy));
        assert_debug_hides(policy);
    }
}

#[test]
fn echo_in_response_code_is_redacted() {
    let mut session = greeted();
    session.exchange("user alice", "+OK\r\n");
    session.ask("pass hunter2");
    session.server("-ERR [AUTH/hunter2] no\r\n");
    assert_eq!(
        session.reported(),
        ["pass: failed: refused PASS \"[AUTH/<redacted>] no\" Auth"]
    );
}
