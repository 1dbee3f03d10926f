//! T-43: secrets that a server echoes later in the same login are redacted, too.

use pop3_proto::{
    Channel, Config, Connection, Event, Instant, Login, Secret, Username,
    login::{LoginPolicy, Method},
};

use super::log::Log;
use super::logins::{PASSWORD, secret};
use pop3_testkit::needles::Needles;
use pop3_testkit::wire;

const NOW: Instant = Instant::ORIGIN;

/// Runs a login with a server that sends one answer per line. Returns everything that was logged.
fn logged(login: Login, answers: &[String]) -> String {
    let mut connection = Connection::new(Config::default(), Channel::TrustedByCaller, NOW);
    connection.submit(login).expect("a live connection");
    let mut log = Log::default();
    for answer in [&"+OK\r\n".to_owned()].into_iter().chain(answers) {
        let count = wire::receive(&mut connection, answer.as_bytes(), NOW);
        assert_eq!(count, answer.len(), "the buffer has room");
        while let Some(event) = connection.poll_event() {
            log.event(&event);
            if let Event::TokenWanted { id, refused } = event {
                let token = refused.map_or(PASSWORD, |_| "a-fresh-one");
                let provided =
                    connection.provide_token(id, Ok(Secret::new(token).expect("a token")));
                provided.expect("a token is wanted");
            }
        }
        wire::send(&mut connection, usize::MAX, NOW);
        log.connection(&connection);
    }
    log.0
}

#[track_caller]
fn assert_hides_password(log: &str) {
    let mut needles = Needles::default();
    needles.secret("password", PASSWORD.as_bytes());
    let found = needles.found_in(log);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(PASSWORD)).collect();
    assert!(found.is_empty(), "{found:?} in\n{lines:#?}");
}

fn name() -> Username {
    Username::new("alice").expect("a name")
}

fn line(text: &str) -> String {
    format!("{text}\r\n")
}

#[test]
fn t_43_later_refusal_hides_secret_of_first_method() {
    let policy = LoginPolicy::each_of([Method::Plain, Method::UserPass]);
    let echoes = [format!("-ERR what was {PASSWORD}?"), PASSWORD.to_owned()];
    for echo in echoes {
        let login = Login::password(name(), secret()).with_policy(policy.clone());
        let log = logged(
            login,
            &[
                line("+OK\r\nSASL PLAIN\r\n."),
                line("-ERR no"),
                // The reply to USER.
                line(&echo),
            ],
        );
        assert_hides_password(&log);
    }
}

#[test]
fn t_43_refusal_of_fresh_token_hides_stale_token() {
    let login = Login::bearer_on_request("alice").expect("a name");
    let login = login.with_policy(LoginPolicy::only(Method::XOAuth2));
    let log = logged(
        login,
        &[
            line("+OK\r\nSASL XOAUTH2\r\n."),
            line("-ERR no"),
            line(&format!("-ERR {PASSWORD} is stale")),
        ],
    );
    assert_hides_password(&log);
}

#[test]
fn t_43_reply_after_login_hides_the_password() {
    for echo in [PASSWORD.to_owned(), format!("PASS {PASSWORD}")] {
        let login = Login::password(name(), secret());
        let log = logged(
            login.with_policy(LoginPolicy::only(Method::UserPass)),
            &[
                line("+OK\r\nUIDL\r\n."),
                line("+OK"),
                line("+OK"),
                // The reply to CAPA.
                line(&echo),
            ],
        );
        assert_hides_password(&log);
    }
}
