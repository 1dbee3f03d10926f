//! T-43: nothing that can be logged contains a secret.

use super::log::Log;
use super::logins::{CASES, Case, Kind, PASSWORD};
use super::server::{Behaviour, IN_JSON, Part, Place, RECEIVED, UNENCODED};
use super::session::Session;
use pop3_testkit::needles::Needles;

#[track_caller]
fn assert_hides_secrets(case: Case, behaviour: Behaviour, session: &Session) {
    let found = session.needles.found_in(&session.log.0);
    assert!(
        found.is_empty(),
        "{case:?} with server {behaviour:?} leaked {found:?}:\n{:.2000}",
        session.log.0
    );
}

#[test]
fn t_43_successful_login_logs_no_secret() {
    // EXTERNAL sends no credentials, so there is nothing to log.
    for case in CASES.into_iter().filter(|case| case.name != "EXTERNAL") {
        let session = Session::run(case, Behaviour::Right);
        assert!(session.logged_in, "{case:?}");
        assert!(session.log.0.len() > 5_000, "the log is too short");
        assert_hides_secrets(case, Behaviour::Right, &session);
    }
}

#[test]
fn t_43_failed_login_logs_no_secret() {
    for case in CASES {
        for behaviour in [
            Behaviour::Refuses,
            Behaviour::InvalidChallenge,
            Behaviour::Closes,
        ] {
            let session = Session::run(case, behaviour);
            assert_hides_secrets(case, behaviour, &session);
        }
    }
}

/// Runs logins with servers that echo these parts of each message in these places.
fn assert_echoes_are_hidden(cases: impl Fn(&Case) -> bool, places: &[Place], parts: &[Part]) {
    let mut leaks = Vec::new();
    for case in CASES.into_iter().filter(cases) {
        let messages = Session::run(case, Behaviour::Right).messages;
        // The secret of a custom mechanism is not known before it is sent.
        let first = usize::from(case.kind == Kind::Custom);
        for number in first..messages {
            for place in places {
                for part in parts {
                    let behaviour = Behaviour::Echoes(number, *place, *part);
                    let session = Session::run(case, behaviour);
                    let found = session.needles.found_in(&session.log.0);
                    if !found.is_empty() {
                        leaks.push(format!("{case:?} {behaviour:?}: {}", found.join("; ")));
                    }
                }
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

/// EXTERNAL sends no secret: the certificate authenticates the client.
fn sends_a_secret(case: &Case) -> bool {
    case.name != "EXTERNAL"
}

#[test]
fn t_43_echoed_secrets_are_not_logged() {
    assert_echoes_are_hidden(sends_a_secret, &UNENCODED, &RECEIVED);
}

#[test]
fn t_43_secrets_in_scram_errors_are_not_logged() {
    let scram = |case: &Case| case.name.starts_with("SCRAM");
    assert_echoes_are_hidden(scram, &[Place::ScramError], &RECEIVED);
}

#[test]
fn t_43_secrets_in_token_errors_are_not_logged() {
    let token = |case: &Case| matches!(case.kind, Kind::Token(_) | Kind::TokenOnRequest);
    assert_echoes_are_hidden(token, &IN_JSON, &RECEIVED);
}

#[test]
fn t_43_encoded_secrets_are_not_logged() {
    let in_base64 = [Part::PasswordInBase64];
    assert_echoes_are_hidden(|_| true, &UNENCODED, &in_base64);
    assert_echoes_are_hidden(|_| true, &IN_JSON, &in_base64);
    let encoded = [Place::ChallengeInBase64, Place::ScramError];
    assert_echoes_are_hidden(sends_a_secret, &encoded, &RECEIVED);
}

#[test]
fn search_finds_a_secret_in_every_encoding() {
    let mut needles = Needles::default();
    needles.secret("password", PASSWORD.as_bytes());
    for log in [
        format!("login with {PASSWORD}!"),
        "QUxJQ0UAYWxpY2UA".to_owned() + &base64_of(&["alice\0alice\0", PASSWORD].concat()),
        base64_of(&["a", PASSWORD, "b"].concat()),
        base64_of(&["aa", PASSWORD, "bb"].concat()),
        format!("{:?}", PASSWORD.as_bytes()),
        format!("{:#?}", PASSWORD.as_bytes()),
        PASSWORD
            .bytes()
            .map(|octet| format!("{octet:02x}"))
            .collect(),
        PASSWORD
            .bytes()
            .map(|octet| format!("{octet:02X}"))
            .collect(),
    ] {
        assert!(!needles.found_in(&log).is_empty(), "{log}");
        assert!(
            !needles
                .found_in(&log.replace('+', "-").replace('/', "_"))
                .is_empty()
        );
    }
    assert_eq!(needles.found_in("login with hunter2"), [""; 0]);
}

#[test]
fn search_finds_each_line_that_was_sent() {
    for case in CASES {
        let session = Session::run(case, Behaviour::Right);
        let mut shown = Log::default();
        shown.display(&format!("{:?}", session.needles));
        let found = session.needles.found_in(&shown.0);
        assert!(!found.is_empty(), "{case:?}");
        if matches!(case.name, "PLAIN" | "CRAM-MD5" | "SCRAM-SHA-256") {
            assert!(
                found.iter().any(|name| name.starts_with("line")),
                "{found:?}"
            );
        }
    }
}

#[test]
fn search_finds_a_leaked_secret() {
    let case = CASES[4];
    let mut session = Session::run(case, Behaviour::Echoes(0, Place::ErrText, Part::WholeLine));
    assert_eq!(session.needles.found_in(&session.log.0), [""; 0]);
    session.log.debug(&format!("sent PASS {PASSWORD}"));
    assert_eq!(
        session.needles.found_in(&session.log.0),
        ["password, plain"]
    );
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
