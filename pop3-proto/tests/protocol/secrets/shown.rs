//! T-43: nothing secret in anything that can be logged.

use super::log::Log;
use super::logins::{Kind, PASSWORD, WAYS, Way};
use super::server::{HEARD, IN_CLEAR, IN_JSON, Manner, Part, Place};
use super::session::Session;
use pop3_testkit::needles::Needles;

#[track_caller]
fn hides_all(way: Way, manner: Manner, session: &Session) {
    let found = session.needles.found_in(&session.log.0);
    assert!(
        found.is_empty(),
        "{way:?} with a server that {manner:?} shows {found:?} in\n{:.2000}",
        session.log.0
    );
}

#[test]
fn t_43_no_login_that_goes_as_it_should_shows_its_secret() {
    // EXTERNAL has nothing to say.
    for way in WAYS.into_iter().filter(|way| way.name != "EXTERNAL") {
        let session = Session::run(way, Manner::Right);
        assert!(session.logged_in, "{way:?}");
        assert!(session.log.0.len() > 5_000, "all is logged");
        hides_all(way, Manner::Right, &session);
    }
}

#[test]
fn t_43_no_login_that_is_refused_or_broken_off_shows_its_secret() {
    for way in WAYS {
        for manner in [Manner::Refuses, Manner::BreaksOff, Manner::HangsUp] {
            let session = Session::run(way, manner);
            hides_all(way, manner, &session);
        }
    }
}

/// Servers that repeat these parts of what they hear in these places, at every message of the login.
fn nobody_repeats(ways: impl Fn(&Way) -> bool, places: &[Place], parts: &[Part]) {
    let mut leaks = Vec::new();
    for way in WAYS.into_iter().filter(ways) {
        let messages = Session::run(way, Manner::Right).messages;
        // The secret of another's mechanism is not known before it is said.
        let first = usize::from(way.kind == Kind::Own);
        for number in first..messages {
            for place in places {
                for part in parts {
                    let manner = Manner::Echoes(number, *place, *part);
                    let session = Session::run(way, manner);
                    let found = session.needles.found_in(&session.log.0);
                    if !found.is_empty() {
                        leaks.push(format!("{way:?} {manner:?}: {}", found.join("; ")));
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

/// EXTERNAL sends no secret: its certificate proves who logs in.
fn sends_a_secret(way: &Way) -> bool {
    way.name != "EXTERNAL"
}

#[test]
fn t_43_no_server_gets_a_secret_into_a_log_by_repeating_what_it_heard() {
    nobody_repeats(sends_a_secret, &IN_CLEAR, &HEARD);
}

#[test]
fn t_43_no_server_gets_a_secret_into_a_log_by_an_error_of_scram() {
    let scram = |way: &Way| way.name.starts_with("SCRAM");
    nobody_repeats(scram, &[Place::ScramError], &HEARD);
}

#[test]
fn t_43_no_server_gets_a_secret_into_a_log_by_what_it_says_about_a_token() {
    let token = |way: &Way| matches!(way.kind, Kind::Token(_) | Kind::TokenOnRequest);
    nobody_repeats(token, &IN_JSON, &HEARD);
}

#[test]
fn t_43_no_server_gets_a_secret_into_a_log_by_encoding_it() {
    let in_base64 = [Part::PasswordInBase64];
    nobody_repeats(|_| true, &IN_CLEAR, &in_base64);
    nobody_repeats(|_| true, &IN_JSON, &in_base64);
    let encoded = [Place::ChallengeInBase64, Place::ScramError];
    nobody_repeats(sends_a_secret, &encoded, &HEARD);
}

#[test]
fn the_search_finds_a_secret_in_every_form() {
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
fn the_search_finds_each_line_that_was_sent() {
    for way in WAYS {
        let session = Session::run(way, Manner::Right);
        let mut shown = Log::default();
        shown.display(&format!("{:?}", session.needles));
        let found = session.needles.found_in(&shown.0);
        assert!(!found.is_empty(), "{way:?}");
        if matches!(way.name, "PLAIN" | "CRAM-MD5" | "SCRAM-SHA-256") {
            assert!(
                found.iter().any(|name| name.starts_with("line")),
                "{found:?}"
            );
        }
    }
}

#[test]
fn a_log_with_a_leak_in_it_is_found_out() {
    let way = WAYS[4];
    let mut session = Session::run(way, Manner::Echoes(0, Place::ErrText, Part::WholeLine));
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
