//! Sessions with a real Dovecot: channels, logins, capabilities, and how sessions end. For mail see
//! `mail`.
use std::thread::sleep;
use std::time::{Duration, Instant};

use pop3_blocking::proto::login::Rejection;
use pop3_blocking::{
    Config, Endpoint, Error, MessageNumber, Phase,
    command::{GetCapabilities, Verb},
    error::{Advice, AuthError, Closed, Misuse, TlsErrorKind},
    login::{LoginPolicy, Method},
    reply::ResponseCode,
};
use pop3_testkit::dovecot::{Dovecot, Options, corpus};
use pop3_testkit::session::{WAYS, Way, connect, login};

fn server() -> Option<Dovecot> {
    let server = Dovecot::start(Options::default())?;
    server.add_user("alice", "secret");
    Some(server)
}

/// Waits until the log contains a text, because the server writes it with a delay.
fn wait_for_log(server: &Dovecot, text: &str, times: usize) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.log().matches(text).count() < times {
        assert!(
            Instant::now() < deadline,
            "{text:?} not in:\n{}",
            server.log()
        );
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn login_works_on_every_channel() {
    let Some(server) = server() else { return };
    for way in WAYS {
        let mut client = way.connect(&server);
        let greeting = client.greeting().expect("a greeting").clone();
        assert!(
            greeting.text.to_string().starts_with("Dovecot in "),
            "{greeting:?}"
        );
        let tls = |client: &pop3_blocking::Client<_>| client.tls().is_some();
        assert_eq!(tls(&client), way == Way::ImplicitTls);
        assert_eq!(client.phase(), Phase::Authorization);
        client.login(login("alice", "secret")).unwrap();
        assert_eq!(tls(&client), way != Way::Clear);
        assert_eq!(client.phase(), Phase::Transaction);
        assert_eq!(client.stat().unwrap().messages, 0);
        assert!(client.quit().unwrap().is_committed());
        assert_eq!(client.stat().unwrap_err(), Closed::Finished.into());
    }
    wait_for_log(&server, "user=<alice>, method=SCRAM-SHA-256", 3);
}

#[test]
fn wrong_password_is_reported_and_retry_succeeds() {
    let Some(server) = server() else { return };
    for way in WAYS {
        let mut client = way.connect(&server);
        let error = client.login(login("alice", "wrong")).unwrap_err();
        assert!(!error.is_fatal());
        let reported = "login with SCRAM-SHA-256 failed: the server refused AUTH: \
                    [AUTH] Authentication failed. (check user name, password and account";
        assert!(error.to_string().starts_with(reported), "{error}");
        let refusal = error.refusal().unwrap();
        assert_eq!(
            (refusal.verb, &refusal.code),
            (Verb::Auth, &Some(ResponseCode::Auth))
        );
        let Error::Auth(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.advice(), Advice::CheckCredentials);
        // A command that needs a login is not even sent.
        let misuse = client.stat().unwrap_err();
        assert!(matches!(
            misuse,
            Error::Misuse(Misuse::Phase {
                verb: Verb::Stat,
                ..
            })
        ));
        client.login(login("alice", "secret")).unwrap();
        assert!(client.quit().unwrap().is_committed());
    }
}

#[test]
fn names_and_passwords_with_special_characters_log_in() {
    let Some(server) = Dovecot::start(Options::default()) else {
        return;
    };
    for (user, password) in [
        ("alice@example.org", "two words"),
        ("jörg müller", " Grüße : \"'\\ "),
        ("a+b=c%d", "pass word "),
    ] {
        server.add_user(user, password);
        for way in [Way::Clear, Way::ImplicitTls] {
            let mut client = way.connect(&server);
            client.login(login(user, password)).unwrap();
            assert!(client.quit().unwrap().is_committed());
        }
    }
}

/// A policy that uses APOP if it is safe, else the password itself.
fn apop_first() -> LoginPolicy {
    LoginPolicy::first_of([Method::Apop, Method::UserPass])
}

/// Returns why a login method was rejected, if none was used.
fn why_no_login(error: &Error, method: Method) -> Rejection {
    let Error::Auth(error) = error else {
        panic!("{error}")
    };
    match &**error {
        AuthError::NoSafeLogin(plan) => plan.rejection(method).unwrap().clone(),
        other => panic!("{other}"),
    }
}

#[test]
fn credentials_are_not_sent_in_cleartext_unless_allowed() {
    let Some(server) = server() else { return };
    let mut client = Way::Clear.connect_with(&server, |config| config.allow_insecure_login = false);
    let error = client.login(login("alice", "secret")).unwrap_err();
    assert_eq!(why_no_login(&error, Method::UserPass), Rejection::Cleartext);
    // Nothing was sent, and the connection is still open.
    assert!(client.capa().unwrap().unwrap().stls());
    assert!(client.quit().unwrap().is_committed());
    assert!(!server.log().contains("user=<alice>"), "{}", server.log());
}

#[test]
fn apop_needs_a_trusted_challenge_or_explicit_policy() {
    let Some(server) = server() else { return };
    let insecure: fn(&mut Config) = |config| config.allow_insecure_login = true;
    let secure: fn(&mut Config) = |config| config.allow_insecure_login = false;
    let mut apop_logins = 0;
    for (way, change, policy) in [
        (Way::ImplicitTls, secure, LoginPolicy::only(Method::Apop)),
        (Way::ImplicitTls, secure, apop_first()),
        (Way::ImplicitTls, secure, LoginPolicy::twisted()),
        (Way::Clear, insecure, LoginPolicy::only(Method::Apop)),
        (Way::Clear, insecure, apop_first()),
        (Way::Clear, secure, LoginPolicy::twisted()),
        // It prefers APOP, even if STLS is available.
        (Way::Stls, secure, LoginPolicy::twisted()),
    ] {
        let mut client = way.connect_with(&server, change);
        let wrong = login("alice", "wrong").with_policy(policy.clone());
        let error = client.login(wrong).unwrap_err();
        assert_eq!(
            error.refusal().unwrap().verb,
            Verb::Apop,
            "{way:?} {policy:?}"
        );
        client
            .login(login("alice", "secret").with_policy(policy))
            .unwrap();
        assert_eq!(client.stat().unwrap().messages, 0);
        assert!(client.quit().unwrap().is_committed());
        apop_logins += 1;
    }
    wait_for_log(&server, "user=<alice>, method=APOP", apop_logins);
}

#[test]
fn apop_is_unused_after_stls_and_by_default() {
    let Some(server) = server() else { return };
    let mut client = Way::Stls.connect(&server);
    let apop_only = || login("alice", "secret").with_policy(LoginPolicy::only(Method::Apop));
    let error = client.login(apop_only()).unwrap_err();
    assert_eq!(
        why_no_login(&error, Method::Apop),
        Rejection::ChallengeInClear
    );
    assert!(
        error
            .to_string()
            .contains("received unencrypted before STLS and may be forged"),
        "{error}"
    );
    // The connection is still open, and the password is safe inside TLS.
    client
        .login(login("alice", "secret").with_policy(apop_first()))
        .unwrap();
    assert!(client.quit().unwrap().is_committed());
    wait_for_log(&server, "user=<alice>, method=PLAIN", 1);

    let mut client = Way::Clear.connect_with(&server, |config| config.allow_insecure_login = false);
    let error = client.login(apop_only()).unwrap_err();
    assert_eq!(why_no_login(&error, Method::Apop), Rejection::Cleartext);
}

#[test]
fn greeting_without_a_challenge_excludes_apop() {
    let options = Options {
        mechanisms: "plain login".to_owned(),
        ..Options::default()
    };
    let Some(server) = Dovecot::start(options) else {
        return;
    };
    server.add_user("alice", "secret");
    let mut client = Way::ImplicitTls.connect(&server);
    let apop_only = || login("alice", "secret").with_policy(LoginPolicy::only(Method::Apop));
    let error = client.login(apop_only()).unwrap_err();
    assert_eq!(why_no_login(&error, Method::Apop), Rejection::NoChallenge);
    client
        .login(login("alice", "secret").with_policy(apop_first()))
        .unwrap();
    // The order of `LoginPolicy::twisted`: no challenge, so STLS if it is advertised.
    let mut client = Way::Stls.connect(&server);
    client
        .login(login("alice", "secret").with_policy(LoginPolicy::twisted()))
        .unwrap();
    assert!(client.tls().is_some());
}

#[test]
fn capabilities_depend_on_channel_and_phase() {
    let Some(server) = server() else { return };
    let mut client = Way::Stls.connect(&server);
    let clear = client.capa().unwrap().unwrap();
    assert!(clear.stls() && clear.pipelining() && clear.top() && clear.uidl() && clear.user());
    assert!(clear.response_codes() && clear.auth_response_code());
    assert!(
        clear
            .sasl()
            .unwrap()
            .iter()
            .any(|mechanism| *mechanism == b"SCRAM-SHA-256")
    );

    let tls = client.start_tls().unwrap().unwrap();
    assert!(!tls.stls() && tls.pipelining() && tls.user());
    assert_eq!(client.call(GetCapabilities).unwrap().unwrap(), tls);
    assert_eq!(client.capabilities(), Some(&tls));

    client.login(login("alice", "secret")).unwrap();
    let inside = client.call(GetCapabilities).unwrap().unwrap();
    assert!(!inside.stls() && inside.pipelining() && inside.top() && inside.uidl());
    assert_ne!(inside, tls);
    assert_eq!(client.capa().unwrap().unwrap(), inside);
    let misuse = client.start_tls().unwrap_err();
    assert_eq!(misuse, Misuse::TlsActive.into());
}

#[test]
fn untrusted_certificate_or_wrong_name_is_rejected() {
    let options = Options {
        plaintext_without_tls: false,
        ..Options::default()
    };
    let Some(server) = Dovecot::start(options) else {
        return;
    };
    server.add_user("alice", "secret");
    // It is not signed by one of Mozilla's authorities.
    let endpoint = Way::ImplicitTls.endpoint(&server);
    let error = pop3_blocking::connect(&endpoint).unwrap_err();
    assert_tls(error, TlsErrorKind::UnknownIssuer);
    let mut client = pop3_blocking::connect(&Way::Stls.endpoint(&server)).unwrap();
    let error = client.login(login("alice", "secret")).unwrap_err();
    assert_eq!(client.stat().unwrap_err(), error);
    assert_tls(error, TlsErrorKind::UnknownIssuer);

    // The server listens on this address too, but its certificate does not contain it.
    let tls = Endpoint::implicit_tls("127.0.0.2", Some(server.tls_port()));
    let error = connect(&server, &tls, Config::default()).unwrap_err();
    assert_tls(error, TlsErrorKind::Certificate);
    let plain = Endpoint::plain("127.0.0.2", Some(server.plain_port()));
    let mut client = connect(&server, &plain, Config::default()).unwrap();
    let error = client.login(login("alice", "secret")).unwrap_err();
    assert_tls(error, TlsErrorKind::Certificate);
    // The server also refuses cleartext passwords on this address.
    let mut client = connect(&server, &plain, Way::Clear.config()).unwrap();
    let by_password = LoginPolicy::only(Method::UserPass);
    let error = client
        .login(login("alice", "secret").with_policy(by_password))
        .unwrap_err();
    let refusal = error.refusal().unwrap();
    assert!(refusal.text.to_string().contains("disallowed"), "{error}");
    // The correct name works.
    Way::ImplicitTls.log_in(&server, "alice");
}

#[track_caller]
fn assert_tls(error: Error, kind: TlsErrorKind) {
    let Error::Tls(error) = &error else {
        panic!("{error}");
    };
    assert_eq!(error.kind, kind, "{error}");
}

#[test]
fn fifty_sessions_end_with_a_logout_each() {
    let Some(server) = server() else { return };
    server.deliver("alice", corpus(3));
    for session in 0..50 {
        let mut client = WAYS[session % 3].log_in(&server, "alice");
        assert_eq!(client.stat().unwrap().messages, 3);
        let message = client.retr_to_vec(MessageNumber::FIRST, 1 << 20).unwrap();
        assert!(message == corpus(1)[0]);
        assert!(client.quit().unwrap().is_committed());
    }
    wait_for_log(&server, "Disconnected: Logged out", 50);
}

#[test]
fn error_of_a_killed_server_is_permanent() {
    let Some(server) = server() else { return };
    server.deliver("alice", corpus(3));
    let mut clients = WAYS.map(|way| way.log_in(&server, "alice"));
    server.kill();
    for client in &mut clients {
        let error = client.stat().unwrap_err();
        assert!(
            matches!(error, Error::Closed(_) | Error::Transport(_)),
            "{error:?}"
        );
        assert!(error.is_fatal());
        assert_eq!(client.retr(MessageNumber::FIRST).unwrap_err(), error);
        assert_eq!(client.quit().unwrap_err(), error);
    }
    for way in WAYS {
        let error = connect(&server, &way.endpoint(&server), way.config()).unwrap_err();
        assert!(error.to_string().contains("Connection refused"), "{error}");
    }
}
