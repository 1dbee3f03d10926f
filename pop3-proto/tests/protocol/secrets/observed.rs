//! T-43: observers and traces show no secret, even if octets move one at a time.

use super::logins::CASES;
use super::server::{Behaviour, IN_JSON, RECEIVED, UNENCODED};
use super::session::Session;

/// Asserts that the log of a session has lines, and none with a secret.
fn observed(case: super::logins::Case, behaviour: Behaviour) -> Session {
    let session = Session::observed(case, behaviour);
    let log = &session.log.0;
    assert!(log.contains("> "), "{case:?} {behaviour:?}: {log}");
    let found = session.needles.found_in(log);
    assert!(
        found.is_empty(),
        "{case:?} {behaviour:?} leaked {found:?}:\n{log}"
    );
    session
}

#[test]
fn t_43_lines_of_a_login_are_observed_redacted() {
    for case in CASES {
        for behaviour in [
            Behaviour::Right,
            Behaviour::Refuses,
            Behaviour::InvalidChallenge,
            Behaviour::Closes,
        ] {
            observed(case, behaviour);
        }
    }
}

#[test]
fn t_43_echoed_secrets_are_observed_redacted() {
    // EXTERNAL sends no secret, and the secret of a custom mechanism is not known before it is sent.
    for case in CASES.into_iter().filter(|case| case.name != "EXTERNAL") {
        let messages = observed(case, Behaviour::Right).messages;
        let first = usize::from(case.name == "X-OWN");
        for number in first..messages {
            for place in UNENCODED.into_iter().chain(IN_JSON) {
                for part in RECEIVED {
                    observed(case, Behaviour::Echoes(number, place, part));
                }
            }
        }
    }
}
