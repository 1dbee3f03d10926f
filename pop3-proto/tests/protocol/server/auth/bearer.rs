//! OAUTHBEARER (RFC 7628) and XOAUTH2.

use pop3_proto::server::{Server, ServerConfig};

use super::{LOGGED_IN, REFUSED, answer, challenge, encoded, is_logged_in, server};

const MALFORMED: &str = "-ERR the response is malformed";

fn bearer() -> Server {
    let config = ServerConfig::new("us,er", "tok=en").sasl(["OAUTHBEARER", "XOAUTH2"]);
    server(config)
}

fn first(server: &mut Server, mechanism: &str, message: &str) -> String {
    answer(server, &format!("AUTH {mechanism} {}", encoded(message)))
}

#[test]
fn account_secret_is_accepted_as_token() {
    for (mechanism, message) in [
        ("OAUTHBEARER", "n,,\x01auth=Bearer tok=en\x01\x01"),
        ("OAUTHBEARER", "n,a=us=2Cer,\x01auth=Bearer tok=en\x01\x01"),
        ("OAUTHBEARER", "n,,\x01auth=bearer tok=en\x01\x01"),
        (
            "OAUTHBEARER",
            "n,,\x01host=h\x01port=1\x01x=\x01auth=Bearer tok=en\x01y=z\x01\x01",
        ),
        ("XOAUTH2", "user=us,er\x01auth=Bearer tok=en\x01\x01"),
    ] {
        let mut server = bearer();
        assert_eq!(
            first(&mut server, mechanism, message),
            LOGGED_IN,
            "{message:?}"
        );
        assert!(is_logged_in(&mut server));
    }
}

#[test]
fn separate_token_replaces_the_secret() {
    let config = ServerConfig::new("user", "secret")
        .token("token")
        .sasl(["XOAUTH2", "PLAIN"]);
    let mut server = server(config);
    let refused = first(
        &mut server,
        "XOAUTH2",
        "user=user\x01auth=Bearer secret\x01\x01",
    );
    assert!(refused.starts_with("+ "));
    assert_eq!(answer(&mut server, ""), REFUSED);
    assert_eq!(first(&mut server, "PLAIN", "\0user\0token"), REFUSED);
    let accepted = first(
        &mut server,
        "XOAUTH2",
        "user=user\x01auth=Bearer token\x01\x01",
    );
    assert_eq!(accepted, LOGGED_IN);
}

#[test]
fn wrong_token_gets_an_error_before_err() {
    for (mechanism, message, dummy) in [
        ("OAUTHBEARER", "n,,\x01auth=Bearer token\x01\x01", "AQ=="),
        ("OAUTHBEARER", "n,,\x01auth=Bearer tok=en \x01\x01", "AQ=="),
        ("OAUTHBEARER", "n,,\x01auth=Basic tok=en\x01\x01", "AQ=="),
        ("OAUTHBEARER", "n,,\x01auth=tok=en\x01\x01", "AQ=="),
        (
            "OAUTHBEARER",
            "n,a=bob,\x01auth=Bearer tok=en\x01\x01",
            "AQ==",
        ),
        ("XOAUTH2", "user=us,er\x01auth=Bearer token\x01\x01", ""),
        ("XOAUTH2", "user=us,er\x01auth=Bearer \x01\x01", ""),
        ("XOAUTH2", "user=bob\x01auth=Bearer tok=en\x01\x01", ""),
        ("XOAUTH2", "user=us=2Cer\x01auth=Bearer tok=en\x01\x01", ""),
    ] {
        let error = match mechanism {
            "XOAUTH2" => r#"{"status":"401","schemes":"bearer","scope":"mail"}"#,
            _ => r#"{"status":"invalid_token","scope":"mail"}"#,
        };
        let mut server = bearer();
        let error_line = first(&mut server, mechanism, message);
        assert_eq!(challenge(&error_line), error, "{message:?}");
        assert_eq!(answer(&mut server, dummy), REFUSED);
        assert_eq!(answer(&mut server, "STAT"), "-ERR log in first");
        // RFC 7628 specifies %x01, XOAUTH2 an empty line; clients send either with both.
        for dummy in ["", "AQ=="] {
            assert_eq!(first(&mut server, mechanism, message), error_line);
            assert_eq!(answer(&mut server, dummy), REFUSED, "{mechanism} {dummy:?}");
        }
        assert!(!is_logged_in(&mut server));
    }
}

#[test]
fn token_error_requires_the_dummy_response() {
    for (mechanism, message, wrong) in [
        (
            "OAUTHBEARER",
            "n,,\x01auth=Bearer x\x01\x01",
            ["AQE=", "AA==", "bixhPXVzZXI="],
        ),
        (
            "XOAUTH2",
            "user=u\x01auth=Bearer x\x01\x01",
            ["AQE=", "AA==", "dXNlcj0="],
        ),
    ] {
        for wrong in wrong {
            let mut server = bearer();
            assert!(first(&mut server, mechanism, message).starts_with("+ "));
            assert_eq!(answer(&mut server, wrong), MALFORMED);
            assert!(!is_logged_in(&mut server));
        }
    }
    // A correct message is too late there.
    let mut server = bearer();
    assert!(first(&mut server, "OAUTHBEARER", "n,,\x01auth=Bearer x\x01\x01").starts_with("+ "));
    let late = encoded("n,,\x01auth=Bearer tok=en\x01\x01");
    assert_eq!(answer(&mut server, &late), MALFORMED);
    assert!(!is_logged_in(&mut server));
}

#[test]
fn malformed_bearer_messages_are_rejected() {
    for (mechanism, message) in [
        ("OAUTHBEARER", "\x01"),
        ("OAUTHBEARER", "n,,auth=Bearer tok=en\x01\x01"),
        ("OAUTHBEARER", "n,,\x01auth=Bearer tok=en\x01"),
        ("OAUTHBEARER", "n,,\x01auth=Bearer tok=en"),
        ("OAUTHBEARER", "n,,\x01\x01"),
        ("OAUTHBEARER", "n,,\x01host=h\x01\x01"),
        ("OAUTHBEARER", "\x01auth=Bearer tok=en\x01\x01"),
        ("OAUTHBEARER", "n,us=2Cer,\x01auth=Bearer tok=en\x01\x01"),
        ("OAUTHBEARER", "n,a=us=er,\x01auth=Bearer tok=en\x01\x01"),
        ("OAUTHBEARER", "n,a=,\x01auth=Bearer tok=en\x01\x01"),
        ("OAUTHBEARER", "y,,\x01auth=Bearer tok=en\x01\x01"),
        (
            "OAUTHBEARER",
            "p=tls-exporter,,\x01auth=Bearer tok=en\x01\x01",
        ),
        ("OAUTHBEARER", "user=us,er\x01auth=Bearer tok=en\x01\x01"),
        ("XOAUTH2", "n,,\x01auth=Bearer tok=en\x01\x01"),
        ("XOAUTH2", "auth=Bearer tok=en\x01\x01"),
        ("XOAUTH2", "user=us,er\x01\x01"),
        ("XOAUTH2", "user=us,er\x01auth=Bearer tok=en\x01"),
    ] {
        let mut server = bearer();
        assert_eq!(
            first(&mut server, mechanism, message),
            MALFORMED,
            "{message:?}"
        );
        assert!(!is_logged_in(&mut server));
    }
}

#[test]
fn long_token_is_accepted_on_separate_line() {
    let token = "t".repeat(40 << 10);
    let config = ServerConfig::new("user", token.clone()).sasl(["XOAUTH2"]);
    let mut server = server(config);
    assert_eq!(answer(&mut server, "AUTH XOAUTH2"), "+ ");
    let message = encoded(format!("user=user\x01auth=Bearer {token}\x01\x01"));
    assert_eq!(answer(&mut server, &message), LOGGED_IN);
}
