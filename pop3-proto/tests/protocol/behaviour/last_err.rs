//! The last `-ERR` of a session is part of the error that it explains, and of no other error.

use pop3_proto::{
    Channel, Config, Error, Login,
    command::Verb,
    error::{Advice, Closed, Retry, SecurityError, Timeout},
    login::{LoginPolicy, Method},
    reply::ResponseCode,
};
use pop3_testkit::conversation::{Conversation, logged_in, pipelining, trusted};

/// Texts after `-ERR`, with the response code and the advice of each.
const TEXTS: [(&str, Option<ResponseCode>, Option<Advice>); 9] = [
    (
        "[SYS/TEMP] Too many sessions",
        Some(ResponseCode::SysTemp),
        Some(Advice::TryLater),
    ),
    (
        "[sys/temp/quota] Too many sessions",
        Some(ResponseCode::SysTemp),
        Some(Advice::TryLater),
    ),
    (
        "[SYS/PERM] Account closed",
        Some(ResponseCode::SysPerm),
        Some(Advice::AskOperator),
    ),
    (
        "[IN-USE] Maildrop locked",
        Some(ResponseCode::InUse),
        Some(Advice::TryLater),
    ),
    (
        "[LOGIN-DELAY] Wait 5 minutes",
        Some(ResponseCode::LoginDelay),
        Some(Advice::TryLater),
    ),
    (
        "[AUTH] No such user",
        Some(ResponseCode::Auth),
        Some(Advice::CheckCredentials),
    ),
    ("Too many sessions", None, None),
    ("", None, None),
    (" ", None, None),
];

/// How the session ends after the `-ERR`.
#[derive(Debug, Clone, Copy)]
enum End {
    /// The connection is closed in the same segment.
    SameSegment,
    Close,
    Reset,
    /// The server stops responding.
    Silence,
    /// The connection is closed before the line ending.
    InTheLine,
}

const ENDS: [End; 5] = [
    End::SameSegment,
    End::Close,
    End::Reset,
    End::Silence,
    End::InTheLine,
];

fn refuse(session: &mut Conversation, text: &str, end: End) {
    let line = format!("-ERR {text}\r\n");
    match end {
        End::SameSegment => {
            session.arrive(line.as_bytes());
            session.connection.handle_eof(session.now);
            session.settle();
        }
        End::Close => {
            session.server(line);
            session.eof();
        }
        End::Reset => {
            session.server(line);
            session.reset();
        }
        End::Silence => {
            session.server(line);
            session.wait(200);
        }
        End::InTheLine => {
            session.server(line.trim_end_matches("\r\n"));
            session.eof();
        }
    }
}

#[track_caller]
fn assert_names_refusal(error: &Error, verb: Verb, text: &str, code: Option<&ResponseCode>) {
    let refusal = error.last_err().expect("the refusal");
    assert_eq!(refusal.verb, verb, "{error}");
    assert_eq!(refusal.text.as_bytes(), text.as_bytes(), "{error}");
    assert_eq!(refusal.code.as_ref(), code, "{error}");
    assert_eq!(error.code(), code, "{error}");
    let words = match text.trim() {
        "" => format!("; before that the server refused {verb} without a reason"),
        _ => format!("; before that the server refused {verb}: {text}"),
    };
    assert!(error.to_string().ends_with(&words), "{error}");
}

/// Runs a session for each text and each end while it waits for the reply to `verb`.
fn every_end(verb: Verb, start: impl Fn() -> Conversation) {
    for (text, code, advice) in TEXTS {
        for end in ENDS {
            let mut session = start();
            refuse(&mut session, text, end);
            let error = session.connection.error().cloned();
            let error = error.unwrap_or_else(|| panic!("{end:?} {text:?}: no error"));
            assert_names_refusal(&error, verb, text, code.as_ref());
            if advice.is_some() {
                assert_eq!(error.advice(), advice, "{end:?}: {error}");
            }
        }
    }
}

#[test]
fn capa_refused_before_login_explains_the_failure() {
    every_end(Verb::Capa, || {
        let mut session = trusted();
        session.server("+OK\r\n");
        session.ask("login alice wonderland7");
        session.settle();
        session
    });
}

#[test]
fn capa_refused_inside_tls_explains_the_failure() {
    every_end(Verb::Capa, || {
        let mut session = Conversation::new(Config::default(), Channel::Plain);
        session.server("+OK\r\n");
        session.ask("login alice wonderland7");
        session.server("+OK\r\nSTLS\r\n.\r\n");
        session.server("+OK\r\n");
        session.tls();
        session
    });
}

#[test]
fn capa_refused_after_login_explains_the_failure() {
    every_end(Verb::Capa, || {
        let mut session = trusted();
        session.server("+OK\r\n");
        session.ask("login alice wonderland7");
        session.server("+OK\r\nUIDL\r\n.\r\n");
        session.server("+OK\r\n");
        session.server("+OK Logged in.\r\n");
        session.ask("stat");
        session
    });
}

#[test]
fn capa_refused_in_a_batch_explains_the_failure() {
    every_end(Verb::Capa, || {
        let mut session = trusted();
        session.server("+OK\r\n");
        session.ask("login alice wonderland7");
        session.server("+OK\r\nPIPELINING\r\n.\r\n");
        session.server("+OK\r\n");
        session.ask("stat");
        session.ask("uidl");
        session.server("+OK Logged in.\r\n");
        assert!(session.sent().ends_with("CAPA\r\nSTAT\r\nUIDL\r\n"));
        session
    });
}

#[test]
fn missing_stls_error_quotes_the_refused_capa() {
    for (text, code, advice) in TEXTS {
        for end in ENDS {
            for alone in [false, true] {
                let mut session = Conversation::new(Config::default(), Channel::Plain);
                session.server("+OK\r\n");
                session.ask(if alone {
                    "stls"
                } else {
                    "login alice wonderland7"
                });
                session.settle();
                refuse(&mut session, text, end);
                let error = session.connection.error().cloned().expect("an error");
                assert_names_refusal(&error, Verb::Capa, text, code.as_ref());
                if !matches!(end, End::InTheLine) {
                    let unavailable = |error: &Error| {
                        matches!(error, Error::Security(why)
                            if matches!(**why, SecurityError::StlsUnavailable { .. }))
                    };
                    assert!(unavailable(&error), "{error}");
                    assert_eq!(error.advice(), advice.or(Some(Advice::CheckServer)));
                }
            }
        }
    }
}

#[test]
fn later_stls_error_has_code_of_refused_capa() {
    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.server("+OK\r\n");
    session.exchange("capabilities", "-ERR [SYS/TEMP] overloaded\r\n");
    session.ask("login alice wonderland7");
    session.settle();
    let error = session.connection.error().cloned().expect("no STLS");
    assert_eq!(error.code(), Some(&ResponseCode::SysTemp));
    assert_eq!(error.advice(), Some(Advice::TryLater));
}

#[test]
fn missing_mechanism_error_quotes_the_refused_capa() {
    let mut session = trusted();
    session.server("+OK\r\n");
    let login = Login::new("alice", "wonderland7")
        .expect("credentials")
        .with_policy(LoginPolicy::first_of([Method::ScramSha256]));
    session.connection.submit(login).expect("a live connection");
    session.settle();
    session.server("-ERR [SYS/TEMP] overloaded\r\n");
    let error = session
        .events()
        .into_iter()
        .find_map(|event| match event {
            pop3_proto::Event::Reply { result, .. } => result.err(),
            _ => None,
        })
        .expect("no login");
    assert_eq!(error.code(), Some(&ResponseCode::SysTemp), "{error}");
    assert_eq!(error.advice(), Some(Advice::TryLater));
    assert!(
        error
            .to_string()
            .ends_with("the server refused CAPA: [SYS/TEMP] overloaded"),
        "{error}"
    );
}

#[test]
fn err_before_close_is_added_to_outstanding_requests() {
    for reset in [false, true] {
        let mut session = pipelining();
        for op in ["stat", "list", "uidl"] {
            session.ask(op);
        }
        session.settle();
        session.server("-ERR Connection is closed. 14\r\n");
        if reset {
            session.reset();
        } else {
            session.eof();
        }
        let why = "after STAT \"Connection is closed. 14\"";
        let end = if reset {
            format!("transport Reset, first batch, {why}")
        } else {
            format!("closed Unanswered LIST, 2 in flight, first batch, {why}")
        };
        assert_eq!(
            session.reported(),
            [
                "stat: failed: refused STAT \"Connection is closed. 14\"".to_owned(),
                format!("list: failed: {end}"),
                format!("uidl: failed: {end}"),
                format!("closed: {end}"),
            ]
        );
    }
}

#[test]
fn unsolicited_err_read_as_reply_explains_close() {
    let mut session = logged_in();
    session.ask("noop");
    session.settle();
    session.server("-ERR [SYS/TEMP] Disconnected for inactivity.\r\n");
    session.eof();
    let error = session.connection.error().expect("a fatal error");
    assert_eq!(error.code(), Some(&ResponseCode::SysTemp));
    assert_eq!(error.advice(), Some(Advice::TryLater));
}

#[test]
fn err_older_than_30_seconds_is_not_mentioned() {
    for (seconds, belongs) in [(0, true), (29, true), (30, false), (3600, false)] {
        for reset in [false, true] {
            let mut session = logged_in();
            session.exchange("dele 3", "-ERR [IN-USE] no such message\r\n");
            session.wait(seconds);
            if reset {
                session.reset();
            } else {
                session.eof();
            }
            let error = session.connection.error().expect("a fatal error");
            assert_eq!(error.last_err().is_some(), belongs, "{seconds} s: {error}");
            assert_eq!(error.code().is_some(), belongs);
            let advice = if belongs {
                Advice::TryLater
            } else {
                Advice::Reconnect
            };
            assert_eq!(error.advice(), Some(advice), "{seconds} s");
        }
    }
}

#[test]
fn reported_err_is_not_part_of_a_timeout() {
    let mut session = logged_in();
    session.exchange("dele 3", "-ERR no such message\r\n");
    session.ask("stat");
    session.wait(200);
    let error = session.connection.error().expect("a timeout");
    assert!(matches!(error, Error::Timeout(_)));
    assert_eq!(error.last_err(), None);
}

#[test]
fn err_before_a_good_reply_is_not_mentioned() {
    for (op, good) in [
        ("noop", "+OK\r\n"),
        ("stat", "+OK 1 2\r\n"),
        // A malformed value is a reply, too.
        ("stat", "+OK what?\r\n"),
        ("uidl", "+OK\r\n.\r\n"),
        ("retr 1", "+OK\r\n"),
    ] {
        let mut session = logged_in();
        session.exchange("dele 3", "-ERR no such message\r\n");
        session.exchange(op, good);
        session.eof();
        let error = session.connection.error().expect("a fatal error");
        assert_eq!(error.last_err(), None, "{op}: {error}");
    }
    // A server that does not know CAPA closes an idle session later.
    let mut session = trusted();
    session.server("+OK\r\n");
    session.ask("login alice wonderland7");
    for reply in ["-ERR unknown command\r\n", "+OK\r\n", "+OK\r\n"] {
        session.server(reply);
    }
    session.eof();
    assert_eq!(
        session.reported(),
        ["greeting: \"\"", "login: ok", "closed: closed Idle"]
    );
}

#[test]
fn refused_login_explains_an_immediate_close() {
    for (seconds, belongs) in [(1, true), (600, false)] {
        let mut session = trusted();
        session.server("+OK\r\n");
        session.ask("login alice wonderland7");
        for reply in ["-ERR\r\n", "+OK\r\n", "-ERR [AUTH] wrong password\r\n"] {
            session.server(reply);
        }
        session.wait(seconds);
        session.eof();
        let error = session.connection.error().expect("a fatal error");
        let named = error.last_err().map(|refusal| refusal.verb);
        assert_eq!(named, belongs.then_some(Verb::Pass), "{error}");
    }
}

#[test]
fn unsolicited_err_has_its_code_and_advice() {
    for (text, code, advice) in TEXTS {
        let mut session = logged_in();
        session.server(format!("-ERR {text}\r\n"));
        let error = session.connection.error().expect("a fatal error");
        let Error::Closed(closed) = error else {
            panic!("{error:?}")
        };
        let Closed::UnsolicitedErr(reply) = &**closed else {
            panic!("{closed:?}")
        };
        assert_eq!(reply.code, code);
        assert_eq!(error.code(), code.as_ref());
        // The line answers no command, so it says nothing about the password.
        let advice = match advice {
            Some(Advice::CheckCredentials) => Advice::AskOperator,
            advice => advice.unwrap_or(Advice::Reconnect),
        };
        assert_eq!(error.advice(), Some(advice));
        assert_ne!(error.retry(), Retry::Never);
        let words = match text.trim() {
            "" => "the server closed the session without a reason".to_owned(),
            _ => format!("the server closed the session: {text}"),
        };
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn unsolicited_err_without_a_line_end_is_read() {
    let mut session = logged_in();
    session.server("-ERR [SYS/TEMP] shutting down");
    session.eof();
    assert_eq!(
        session.reported(),
        ["closed: closed UnsolicitedErr \"[SYS/TEMP] shutting down\" SysTemp"]
    );
    let mut session = trusted();
    session.server("-ERR [SYS/TEMP] too many connections");
    session.eof();
    assert_eq!(
        session.reported(),
        ["closed: closed GreetingRefused \"[SYS/TEMP] too many connections\" SysTemp"]
    );
}

#[test]
fn refused_stls_has_its_code_and_advice() {
    for (text, code, advice) in TEXTS {
        let mut session = Conversation::new(Config::default(), Channel::Plain);
        session.server("+OK\r\n");
        session.ask("login alice wonderland7");
        session.server("+OK\r\nSTLS\r\n.\r\n");
        session.server(format!("-ERR {text}\r\n"));
        let error = session.connection.error().expect("a fatal error");
        assert_eq!(error.code(), code.as_ref());
        assert_eq!(error.advice(), advice.or(Some(Advice::CheckServer)));
        let words = match text.trim() {
            "" => "TLS is required and the server refused STLS without a reason; try pop3s:// (port 995)".to_owned(),
            _ => format!("TLS is required and the server refused STLS: {text}; try pop3s:// (port 995)"),
        };
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn refused_quit_has_its_code() {
    let mut session = logged_in();
    let outcome = session.call(pop3_proto::Quit, "-ERR [SYS/PERM] disk full\r\n");
    let Ok(pop3_proto::QuitOutcome::Refused(reply)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(reply.code, Some(ResponseCode::SysPerm));
    assert_eq!(reply.to_string(), "[SYS/PERM] disk full");
}

#[test]
fn cancelled_exchange_has_the_code_of_its_refusal() {
    let mut session = trusted();
    session.server("+OK\r\n");
    session.ask("login alice wonderland7 only=CRAM-MD5");
    session.server("+OK\r\nSASL CRAM-MD5\r\n.\r\n");
    session.server("+ !!!!\r\n");
    session.server("-ERR [SYS/TEMP] try again\r\n");
    let error = session
        .events()
        .into_iter()
        .find_map(|event| match event {
            pop3_proto::Event::Reply { result, .. } => result.err(),
            _ => None,
        })
        .expect("no login");
    assert_eq!(error.code(), Some(&ResponseCode::SysTemp));
    assert_eq!(error.advice(), Some(Advice::TryLater));
    assert!(
        error.to_string().contains("[SYS/TEMP] try again"),
        "{error}"
    );
}

#[test]
fn err_without_a_line_end_explains_a_timeout() {
    let mut session = trusted();
    session.server("-ERR [SYS/TEMP] Too many sess");
    session.wait(3600);
    let error = session.connection.error().expect("a fatal error");
    assert_eq!(error.code(), Some(&ResponseCode::SysTemp));
    assert!(matches!(error, Error::Closed(_)), "{error:?}");

    let mut session = logged_in();
    session.ask("stat");
    session.server("-ERR [SYS/TEMP] Mailbox loc");
    session.wait(3600);
    let error = session.connection.error().expect("a fatal error");
    assert!(
        matches!(error, Error::Timeout(Timeout::Stall { .. })),
        "{error:?}"
    );
    assert_names_refusal(
        error,
        Verb::Stat,
        "[SYS/TEMP] Mailbox loc",
        Some(&ResponseCode::SysTemp),
    );
}

#[test]
fn err_about_one_message_still_advises_reconnecting() {
    for code in ["[SYS/PERM] ", "[AUTH] ", ""] {
        let mut session = logged_in();
        session.exchange("dele 5", format!("-ERR {code}message 5 is damaged\r\n"));
        session.ask("noop");
        session.eof();
        let error = session.connection.error().expect("a fatal error");
        assert_eq!(error.last_err().map(|it| it.verb), Some(Verb::Dele));
        assert_eq!(error.advice(), Some(Advice::Reconnect), "{code}");
        assert_eq!(error.retry().earliest().map(|it| it.as_secs()), Some(10));
    }
}

#[test]
fn connection_lost_after_pass_waits_5_minutes() {
    type Ending = fn(&mut Conversation);
    let ends: [(&str, Ending); 4] = [
        ("reset", Conversation::reset),
        ("close", Conversation::eof),
        ("cut", |session| {
            session.server("-");
            session.eof();
        }),
        ("stall", |session| {
            session.server("-");
            session.wait(3600);
        }),
    ];
    for (name, end) in ends {
        let mut session = trusted();
        session.server("+OK\r\n");
        session.ask("user alice");
        session.server("+OK\r\n");
        session.ask("pass wrong-password");
        end(&mut session);
        let error = session.connection.error().expect("a fatal error");
        let least = error.retry().earliest().map(|it| it.as_secs());
        assert_eq!(least, Some(300), "{name}: {error:?}");
    }
}

#[test]
fn err_before_an_invalid_reply_explains_it() {
    let mut session = trusted();
    session.server("+OK\r\n");
    let login = Login::new("alice", "correct-horse").expect("a login");
    session.connection.submit(login).expect("a live connection");
    session.settle();
    session.server("-ERR [SYS/TEMP] Too many sessions\r\n");
    session.server("BYE\r\n");
    let error = session.connection.error().expect("a fatal error");
    assert_eq!(error.last_err().map(|it| it.verb), Some(Verb::Capa));
    assert_eq!(error.code(), Some(&ResponseCode::SysTemp));
    assert_eq!(error.advice(), Some(Advice::TryLater));
}
