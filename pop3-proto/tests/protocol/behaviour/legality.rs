//! Which commands are allowed in which phase, and how long they may be.

use pop3_proto::{
    Channel, Config, Login, Secret, Username,
    command::{Noop, User},
    error::Misuse,
    login::{LoginPolicy, Method},
};
use pop3_testkit::conversation::{Conversation, pipelining, trusted};

#[test]
fn phase_is_checked_when_a_command_is_sent() {
    let mut session = trusted();
    session.ask("stat");
    session.ask("user alice");
    session.ask("pass secret");
    session.ask("noop");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "USER alice\r\nPASS secret\r\nNOOP\r\n");
    assert_eq!(
        session.reported(),
        [
            "greeting: \"\"",
            "stat: failed: misuse STAT in AUTHORIZATION",
            "user: ok",
            "pass: ok",
            "noop: ok"
        ]
    );
}

#[test]
fn pass_is_allowed_after_user_and_unsent_commands() {
    let mut session = trusted();
    for op in ["user alice", "noop", "capa", "pass secret"] {
        session.ask(op);
    }
    for reply in ["+OK ready\r\n", "+OK\r\n", "-ERR\r\n", "+OK\r\n"] {
        session.server(reply);
    }
    assert_eq!(session.sent(), "USER alice\r\nCAPA\r\nPASS secret\r\n");
    assert_eq!(session.connection.phase(), pop3_proto::Phase::Transaction);
}

#[test]
fn pass_is_rejected_unless_user_was_accepted() {
    for between in ["apop alice secret", "short XFOO"] {
        for reply in ["+OK\r\n", "-ERR\r\n"] {
            if between.starts_with("apop") && reply == "+OK\r\n" {
                continue;
            }
            let mut session = trusted();
            session.server("+OK <1@h>\r\n");
            session.exchange("user alice", "+OK\r\n");
            session.exchange(between, reply);
            session.sent();
            session.ask("pass secret");
            assert_eq!(session.sent(), "", "after {between}");
            assert_eq!(
                session.reported(),
                ["pass: failed: misuse PASS without USER"]
            );
        }
    }
    let mut session = trusted();
    session.server("+OK\r\n");
    session.exchange("user alice", "-ERR\r\n");
    session.sent();
    session.ask("pass secret");
    assert_eq!(session.sent(), "", "after a USER that was refused");
}

#[test]
fn misuse_is_reported_in_request_order() {
    let mut session = pipelining();
    for op in ["noop", "stls", "user x", "noop"] {
        session.ask(op);
    }
    assert_eq!(session.sent(), "NOOP\r\n");
    assert_eq!(session.reported(), [] as [&str; 0]);
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "NOOP\r\n");
    assert_eq!(
        session.reported(),
        [
            "noop: ok",
            "stls: failed: misuse STLS in TRANSACTION",
            "user: failed: misuse USER in TRANSACTION",
            "noop: ok"
        ]
    );
}

#[test]
fn command_line_is_limited_to_255_octets() {
    let mut session = trusted();
    session.server("+OK <1@h>\r\n");
    session.reported();
    let refused = |verb: &str, octets: usize| format!("failed: misuse {verb} of {octets} octets");
    let letters = |n: usize| "a".repeat(n);
    session.ask(&format!("user {}", letters(249)));
    assert_eq!(
        session.reported(),
        [format!("user: {}", refused("USER", 256))]
    );
    session.ask(&format!("apop {} x", letters(216)));
    assert_eq!(
        session.reported(),
        [format!("apop: {}", refused("APOP", 256))]
    );
    session.ask(&format!("pass {}", letters(249)));
    assert_eq!(
        session.reported(),
        [format!("pass: {}", refused("PASS", 256))]
    );
    session.ask(&format!("login x {} only=USER/PASS", letters(249)));
    assert_eq!(
        session.reported(),
        [format!("login: {}", refused("PASS", 256))]
    );
    assert_eq!(session.sent(), "", "nothing was queued");
    session.ask(&format!("user {}", letters(248)));
    assert_eq!(session.sent().len(), 255);
    session.server("-ERR\r\n");
    session.ask(&format!("apop {} x", letters(215)));
    assert_eq!(session.sent().len(), 255);
}

#[test]
fn apop_login_checks_the_apop_line_length() {
    let mut session = trusted();
    session.server("+OK <1@h>\r\n");
    session.reported();
    let login = |user: usize, password: usize| {
        let user = Username::new("a".repeat(user)).expect("a name");
        let password = Secret::new("b".repeat(password)).expect("a password");
        Login::password(user, password).with_policy(LoginPolicy::only(Method::Apop))
    };
    let refused = session.connection.submit(login(216, 5));
    assert!(
        matches!(&refused, Err(error) if error.to_string().contains("256 octets")),
        "{refused:?}"
    );
    session
        .connection
        .submit(login(215, 300))
        .expect("a digest has 32 octets");
    session.server("-ERR\r\n");
    assert_eq!(session.sent().len(), "CAPA\r\n".len() + 255);
}

#[test]
fn command_line_limit_is_configurable() {
    let mut config = Config::default();
    config.limits.command = 300;
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    let user = |n: usize| User(Username::new("a".repeat(n)).expect("a name"));
    assert!(session.connection.submit(user(293)).is_ok());
    let refused = session.connection.submit(user(294)).expect_err("too long");
    assert!(matches!(
        refused,
        pop3_proto::Error::Misuse(Misuse::TooLong {
            octets: 301,
            limit: 300,
            ..
        })
    ));
    assert!(!refused.is_fatal());
    assert_eq!(session.connection.outstanding(), 1);
    assert!(session.connection.submit(Noop).is_ok());
}
