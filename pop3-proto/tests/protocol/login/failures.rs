//! The errors of failed logins, and what they advise.

use core::time::Duration;
use pop3_proto::{
    Channel, Config, Error, Event,
    error::{Advice, AuthError, Retry},
    login::Method,
};
use pop3_testkit::conversation::Conversation;

/// A session inside TLS, after the greeting and the submission of a login.
fn asked(login: &str) -> Conversation {
    let mut client = Conversation::new(Config::default(), Channel::ImplicitTls);
    client.tls();
    client.server("+OK ready\r\n");
    client.events();
    client.ask(login);
    client
}

/// Returns the error of the failed login.
#[track_caller]
fn login_error(client: &mut Conversation) -> Error {
    let failed = client.events().into_iter().find_map(|event| match event {
        Event::Reply {
            result: Err(error), ..
        } => Some(error),
        _ => None,
    });
    failed.expect("the login fails")
}

/// Returns the error of a login that gets these answers.
#[track_caller]
fn failure(login: &str, answers: &[&str]) -> Error {
    let mut client = asked(login);
    for answer in answers {
        client.server(answer);
    }
    login_error(&mut client)
}

const LISTED: &str = "+OK\r\nSASL PLAIN SCRAM-SHA-256 XOAUTH2 OAUTHBEARER CRAM-MD5\r\n.\r\n";
const MARKED: &str = "+OK\r\nSASL PLAIN\r\nAUTH-RESP-CODE\r\n.\r\n";
const SCRAM: &str = "login user pencil only=SCRAM-SHA-256 nonce=rOprNGfwEbeRWgbNEkqO";

#[test]
fn response_code_determines_login_advice() {
    for (code, advice) in [
        ("[AUTH]", Advice::CheckCredentials),
        ("[IN-USE]", Advice::TryLater),
        ("[LOGIN-DELAY]", Advice::TryLater),
        ("[SYS/TEMP]", Advice::TryLater),
        ("[SYS/PERM]", Advice::AskOperator),
        ("[sys/temp/disk]", Advice::TryLater),
        ("[LIMIT]", Advice::Unknown),
        ("", Advice::Unknown),
    ] {
        let refusal = format!("-ERR {code} no\r\n");
        let by_auth = failure("login alice secret only=PLAIN", &[LISTED, &refusal]);
        assert_eq!(by_auth.advice(), Some(advice), "{code} to AUTH");
        let by_user = failure("login alice secret", &["-ERR\r\n", &refusal]);
        assert_eq!(by_user.advice(), Some(advice), "{code} to USER");
        let by_pass = failure("login alice secret", &["-ERR\r\n", "+OK\r\n", &refusal]);
        assert_eq!(by_pass.advice(), Some(advice), "{code} to PASS");
        assert!(!by_auth.is_fatal() && !by_user.is_fatal() && !by_pass.is_fatal());
    }
}

#[test]
fn refused_login_names_method_and_server_text() {
    let error = failure(
        "login alice secret only=PLAIN",
        &[LISTED, "-ERR [AUTH] no way\r\n"],
    );
    assert_eq!(
        error.to_string(),
        "login with PLAIN failed: the server refused AUTH: [AUTH] no way \
         (check user name, password and account)"
    );
    assert_eq!(
        error.refusal().expect("a refusal").text.to_string(),
        "[AUTH] no way"
    );
}

#[test]
fn missing_response_code_has_unknown_advice() {
    // nginx and email-oauth2-proxy forward AUTH-RESP-CODE, but answer without a code.
    let unmarked = failure("login alice secret", &[MARKED, "-ERR no\r\n"]);
    assert_eq!(unmarked.advice(), Some(Advice::Unknown));
    assert!(!unmarked.to_string().contains("not the reason"));
    let marked = failure("login alice secret", &[MARKED, "-ERR [AUTH] no\r\n"]);
    assert_eq!(marked.advice(), Some(Advice::CheckCredentials));
}

#[test]
fn refused_login_is_retried_only_by_code() {
    for (code, retry) in [
        ("[AUTH]", Retry::Never),
        ("[SYS/PERM]", Retry::Never),
        ("[LIMIT]", Retry::Never),
        ("", Retry::Never),
        ("[IN-USE]", Retry::After(Duration::from_secs(60))),
        ("[SYS/TEMP]", Retry::After(Duration::from_secs(300))),
        ("[LOGIN-DELAY]", Retry::After(Duration::from_secs(300))),
    ] {
        let refusal = format!("-ERR {code} no\r\n");
        for (login, answers) in [
            ("login alice secret only=PLAIN", &[LISTED, &refusal][..]),
            ("login alice secret", &["-ERR\r\n", &refusal]),
            ("login alice secret", &["-ERR\r\n", "+OK\r\n", &refusal]),
        ] {
            let error = failure(login, answers);
            assert_eq!(error.retry(), retry, "{error}");
        }
    }
}

#[test]
fn login_delay_determines_the_retry() {
    for (delay, seconds) in [("17", 17), ("600 USER", 600), ("0", 300), ("soon", 300)] {
        let capabilities = format!("+OK\r\nSASL PLAIN\r\nLOGIN-DELAY {delay}\r\n.\r\n");
        for (code, seconds) in [("[LOGIN-DELAY]", seconds), ("[SYS/TEMP]", 300)] {
            let refusal = format!("-ERR {code} wait\r\n");
            let error = failure("login alice secret", &[&capabilities, &refusal]);
            let retry = Retry::After(Duration::from_secs(seconds));
            assert_eq!(error.retry(), retry, "{delay}: {error}");
        }
    }
}

#[test]
fn session_retry_waits_for_login_delay() {
    let answers = [
        "+OK\r\nSASL PLAIN\r\nLOGIN-DELAY 900\r\n.\r\n",
        "+OK\r\n",
        "-ERR\r\n",
    ];
    let mut client = asked("login alice secret");
    answers.iter().for_each(|answer| client.server(answer));
    client.events();
    client.eof();
    let error = client.connection.error().expect("a fatal error").clone();
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(10)));
    let retry = client.connection.retry(&error);
    assert_eq!(retry, Retry::After(Duration::from_secs(900)));
    assert_eq!(retry.earliest(), Some(Duration::from_secs(900)));

    // Without a completed login there is no delay to wait for.
    let mut client = asked("login alice secret");
    client.server(answers[0]);
    client.eof();
    let error = login_error(&mut client);
    assert_eq!(client.connection.retry(&error), error.retry());
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(300)));
}

#[test]
fn immediately_refused_mechanism_advises_another_method() {
    for login in [
        "login alice secret only=CRAM-MD5",
        "login alice secret only=LOGIN",
    ] {
        let error = failure(login, &[LISTED, "-ERR no such mechanism\r\n"]);
        assert_eq!(error.advice(), Some(Advice::NameAnother), "{login}");
    }
    // The server advertises no mechanisms, so no response was sent here either.
    for login in [
        "login alice secret only=PLAIN",
        SCRAM,
        "login-token alice abc.def only=XOAUTH2",
        "login-token alice abc.def only=OAUTHBEARER",
        "login-certificate only=EXTERNAL",
    ] {
        let error = failure(login, &["-ERR\r\n", "-ERR no such mechanism\r\n"]);
        assert_eq!(error.advice(), Some(Advice::NameAnother), "{login}");
    }
}

#[test]
fn busy_server_advises_trying_later() {
    let error = failure(
        "login alice secret only=PLAIN",
        &["-ERR\r\n", "-ERR [SYS/TEMP] later\r\n"],
    );
    assert_eq!(error.advice(), Some(Advice::TryLater));
}

#[test]
fn connection_lost_during_login_advises_reconnecting() {
    let mut client = asked("login alice secret only=PLAIN");
    client.server(LISTED);
    client.eof();
    let closed = login_error(&mut client);
    assert!(closed.is_fatal());
    assert_eq!(closed.advice(), Some(Advice::Reconnect));

    let mut client = asked("login alice secret only=PLAIN");
    client.server(LISTED);
    client.reset();
    assert_eq!(login_error(&mut client).advice(), Some(Advice::Reconnect));

    let mut client = asked("login alice secret only=PLAIN");
    client.server(LISTED);
    client.wait(180);
    assert_eq!(login_error(&mut client).advice(), Some(Advice::Reconnect));
}

#[test]
fn unsafe_login_advises_changing_the_policy() {
    let mut config = Config::default();
    config.stls = pop3_proto::config::StlsPolicy::Off;
    let mut client = Conversation::new(config, Channel::Plain);
    client.server("+OK\r\n");
    client.events();
    client.ask("login alice secret");
    client.server("-ERR\r\n");
    let error = login_error(&mut client);
    assert_eq!(error.advice(), Some(Advice::ChangePolicy));
    assert!(!error.is_fatal() && error.refusal().is_none());
    assert_eq!(client.sent(), "CAPA\r\n");
}

#[test]
fn invalid_challenge_advises_asking_the_operator() {
    let error = failure(
        "login alice secret only=CRAM-MD5",
        &[LISTED, "+ !!!!\r\n", "-ERR\r\n"],
    );
    assert_eq!(error.advice(), Some(Advice::AskOperator));
    assert_eq!(
        error.to_string(),
        "login with CRAM-MD5 failed: the server's challenge is invalid: \
         it is not base64"
    );
}

#[test]
fn scram_error_value_determines_advice() {
    for (challenge, advice) in [
        ("ZT1pbnZhbGlkLXByb29m", Advice::CheckCredentials), // e=invalid-proof
        ("ZT11bmtub3duLXVzZXI=", Advice::CheckCredentials), // e=unknown-user
        ("ZT1uby1yZXNvdXJjZXM=", Advice::Unknown),          // e=no-resources
    ] {
        let challenge = format!("+ {challenge}\r\n");
        let error = failure(SCRAM, &[LISTED, &challenge, "-ERR\r\n"]);
        assert_eq!(error.advice(), Some(advice), "{error}");
    }
}

#[test]
fn failed_scram_inside_tls_suggests_plain() {
    let error = failure(SCRAM, &[LISTED, "-ERR [AUTH] no\r\n"]);
    let Error::Auth(error) = error else {
        panic!("{error}");
    };
    let AuthError::Rejected(rejected) = *error else {
        panic!("{error}");
    };
    assert_eq!(rejected.try_instead, Some(Method::Plain));
    assert_eq!(
        rejected.to_string(),
        "login with SCRAM-SHA-256 failed: the server refused AUTH: [AUTH] no \
         (check user name, password and account; SCRAM-SHA-256 fails if the server \
         stores only a hash of the password: try PLAIN)"
    );
}

/// `r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`.
const SERVER_FIRST: &str = "+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=\r\n";

#[test]
fn plain_is_suggested_only_after_one_response() {
    // `e=invalid-proof`.
    let proof = "+ ZT1pbnZhbGlkLXByb29m\r\n";
    for (answers, suggested) in [
        (&[LISTED, "-ERR\r\n"][..], Some(Method::Plain)),
        (&[LISTED, proof, "-ERR\r\n"], Some(Method::Plain)),
        // A server that asks for a proof is able to check it.
        (&[LISTED, SERVER_FIRST, "-ERR\r\n"], None),
        (&[LISTED, SERVER_FIRST, proof, "-ERR\r\n"], None),
    ] {
        let error = failure(SCRAM, answers);
        assert_eq!(error.try_instead(), suggested, "{error} after {answers:?}");
    }
    // Refused before the client sent a response: the server refused the mechanism.
    let mut config = Config::default();
    config.initial_response = pop3_proto::config::InitialResponse::Never;
    let mut client = Conversation::new(config, Channel::ImplicitTls);
    client.tls();
    client.server("+OK ready\r\n");
    client.events();
    client.ask(SCRAM);
    client.server(LISTED);
    client.server("-ERR\r\n");
    assert_eq!(login_error(&mut client).try_instead(), None);
}

#[test]
fn refused_token_advises_a_fresh_token() {
    let oauthbearer = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n"; // invalid_token
    let error = failure(
        "login-token alice abc.def",
        &[LISTED, oauthbearer, "-ERR\r\n"],
    );
    assert_eq!(error.advice(), Some(Advice::FreshToken));
    let xoauth2 = "login-token alice abc.def only=XOAUTH2";
    for json in ["eyJzdGF0dXMiOiI0MDAifQ==", "eyJzdGF0dXMiOiI0MDEifQ=="] {
        // The statuses are 400 and 401.
        let challenge = format!("+ {json}\r\n");
        let error = failure(xoauth2, &[LISTED, &challenge, "-ERR\r\n"]);
        assert_eq!(error.advice(), Some(Advice::FreshToken), "{error}");
    }
    let error = failure(xoauth2, &[LISTED, "-ERR no\r\n"]);
    assert_eq!(error.advice(), Some(Advice::FreshToken), "{error}");
    let error = failure(xoauth2, &[LISTED, "-ERR [IN-USE] no\r\n"]);
    assert_eq!(error.advice(), Some(Advice::TryLater), "{error}");
    let error = failure("login-tokens alice", &[LISTED]);
    assert_eq!(error.advice(), Some(Advice::SignIn), "{error}");
}

#[test]
fn refused_mechanism_does_not_advise_fresh_token() {
    let listed = "+OK\r\nSASL XOAUTH2 OAUTHBEARER\r\n.\r\n";
    for text in [
        "unknown command",
        "Unknown AUTH method",
        "unsupported mechanism",
        "Authentication method not supported",
        "Command not understood",
        "Unrecognized authentication type for this command",
        "invalid command",
        "Invalid SASL mechanism",
        "bad auth mechanism",
        "command is not implemented",
        "Syntax error",
        "MECHANISM is disabled here",
    ] {
        for code in ["", "[AUTH] "] {
            for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
                let login = format!("login-token alice abc.def only={mechanism}");
                let text = text.replace("MECHANISM", mechanism);
                let refusal = format!("-ERR {code}{text}\r\n");
                let error = failure(&login, &[listed, &refusal]);
                assert_eq!(error.advice(), Some(Advice::NameAnother), "{error}");
                assert_eq!(error.retry(), Retry::Never);
            }
        }
    }
}

#[test]
fn fresh_token_advice_needs_a_known_mechanism() {
    let xoauth2 = "login-token alice abc.def only=XOAUTH2";
    // The server sent a challenge for the token, so it has seen the token, whatever its reply.
    let unlisted = "-ERR\r\n";
    for text in [
        "Authentication failure: unknown user name or bad password.",
        "Protocol error. Connection is closed. 10",
        "no",
        "",
    ] {
        let refusal = format!("-ERR {text}\r\n");
        for answers in [
            &[unlisted, "+ \r\n", &refusal][..],
            // The server advertises the mechanism.
            &["+OK\r\nSASL XOAUTH2\r\n.\r\n", &refusal],
        ] {
            let error = failure(xoauth2, answers);
            assert_eq!(error.advice(), Some(Advice::FreshToken), "{error}");
        }
        // The token was sent with the command to a server that advertises no mechanism.
        let error = failure(xoauth2, &["+OK\r\nSASL\r\n.\r\n", &refusal]);
        assert_eq!(error.advice(), Some(Advice::Unknown), "{error}");
    }
}

#[test]
fn oauth_error_of_server_is_shown() {
    // {"status":"invalid_token","scope":"mail"}
    let json = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJtYWlsIn0=\r\n";
    let error = failure("login-token alice abc.def", &[LISTED, json, "-ERR no\r\n"]);
    assert_eq!(
        error.to_string(),
        "login with OAUTHBEARER failed: the server refused AUTH: no; it said about the token: \
         invalid_token (required scope: mail) (log in again with a new token)"
    );
}

#[test]
fn refused_user_command_has_no_advice() {
    let mut client = asked("user alice");
    client.server("-ERR no\r\n");
    assert_eq!(login_error(&mut client).advice(), None);
}
