//! What may be sent when, and how long it may be.

use pop3_proto::{
    Channel, Config, Login, Secret, Username,
    command::{Noop, User},
    error::Misuse,
    login::{LoginPolicy, Method},
};
use pop3_testkit::conversation::{Conversation, pipelining, trusted};

#[test]
fn whether_a_command_is_legal_is_decided_when_its_turn_comes() {
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
fn pass_is_possible_after_user_and_what_was_never_sent() {
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
fn pass_is_not_possible_after_another_command_than_user() {
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
fn a_misuse_is_told_in_its_turn() {
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
fn a_command_line_may_have_255_octets() {
    let mut session = trusted();
    session.server("+OK <1@h>\r\n");
    session.reported();
    let refused = |verb: &str, octets: usize| format!("failed: misuse {verb} of {octets} octets");
    let a = |n: usize| "a".repeat(n);
    session.ask(&format!("user {}", a(249)));
    assert_eq!(
        session.reported(),
        [format!("user: {}", refused("USER", 256))]
    );
    session.ask(&format!("apop {} x", a(216)));
    assert_eq!(
        session.reported(),
        [format!("apop: {}", refused("APOP", 256))]
    );
    session.ask(&format!("pass {}", a(249)));
    assert_eq!(
        session.reported(),
        [format!("pass: {}", refused("PASS", 256))]
    );
    session.ask(&format!("login x {} only=USER/PASS", a(249)));
    assert_eq!(
        session.reported(),
        [format!("login: {}", refused("PASS", 256))]
    );
    assert_eq!(session.sent(), "", "nothing was queued");
    session.ask(&format!("user {}", a(248)));
    assert_eq!(session.sent().len(), 255);
    session.server("-ERR\r\n");
    session.ask(&format!("apop {} x", a(215)));
    assert_eq!(session.sent().len(), 255);
}

#[test]
fn a_login_by_apop_has_the_length_of_its_own_line() {
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
fn the_limit_of_a_command_line_can_be_changed() {
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
