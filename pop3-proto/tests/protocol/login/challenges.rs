//! The syntax of challenges, and the limits on their number and size.

use pop3_proto::sasl::{Mechanism, Progress, Response, SaslError};
use pop3_proto::{
    Channel, Config, Login,
    login::{Credentials, CustomMechanism},
};
use pop3_testkit::conversation::Conversation;

/// A mechanism that answers any challenge with `ok`.
#[derive(Debug)]
struct Answers;

impl Mechanism for Answers {
    fn name(&self) -> &str {
        "X-ANSWERS"
    }

    fn initial_response(&mut self) -> Option<Response> {
        None
    }

    fn respond(&mut self, _: &[u8]) -> Result<Progress, SaslError> {
        Ok(Progress::Respond(Response::new(*b"ok")))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        Ok(())
    }
}

/// A session with a login that waits for a challenge.
fn asked(change: impl FnOnce(&mut Config)) -> Conversation {
    let mut config = Config::default();
    change(&mut config);
    let mut client = Conversation::new(config, Channel::TrustedByCaller);
    client.server("+OK ready\r\n");
    let mechanism = CustomMechanism::new(Answers).expect("a name");
    let login = Login::with(Credentials::Mechanism(mechanism));
    client.connection.submit(login).expect("a login");
    client.server("+OK\r\nSASL X-ANSWERS\r\n.\r\n");
    assert_eq!(client.sent(), "CAPA\r\nAUTH X-ANSWERS\r\n");
    client.reported();
    client
}

#[test]
fn challenge_octets_limit_is_inclusive() {
    // The challenges are `AAAA` twice.
    for (limit, enough) in [(7, false), (8, true), (9, true)] {
        let mut client = asked(|config| config.limits.challenge_octets = limit);
        client.server("+ AAAA\r\n");
        assert_eq!(client.sent(), "b2s=\r\n");
        client.server("+ AAAA\r\n");
        assert_eq!(client.sent(), if enough { "b2s=\r\n" } else { "*\r\n" });
        let error = client.connection.error().map(ToString::to_string);
        assert_eq!(error.is_none(), enough, "{error:?}");
    }
}

#[test]
fn challenge_count_limit_is_inclusive() {
    for (limit, enough) in [(1, false), (2, true), (3, true)] {
        let mut client = asked(|config| config.limits.challenges = limit);
        client.server("+ AAAA\r\n");
        assert_eq!(client.sent(), "b2s=\r\n");
        client.server("+ AAAA\r\n");
        assert_eq!(client.sent(), if enough { "b2s=\r\n" } else { "*\r\n" });
        assert_eq!(client.connection.error().is_none(), enough);
    }
}

#[test]
fn challenge_starts_with_plus_and_space() {
    for line in ["+", "+ ", "+ AAAA"] {
        let mut client = asked(|_| {});
        client.server(format!("{line}\r\n"));
        assert_eq!(client.sent(), "b2s=\r\n", "{line}");
    }
    for line in ["+foo", "+AAAA", "+\tAAAA", "++ AAAA", "+-"] {
        let mut client = asked(|_| {});
        client.server(format!("{line}\r\n"));
        assert_eq!(client.sent(), "", "{line}");
        let error = client.connection.error().map(|error| format!("{error:?}"));
        assert!(
            error
                .as_ref()
                .is_some_and(|error| error.contains("BadStatus")),
            "{line}: {error:?}"
        );
    }
}
