//! How the example `fetch` logs in to a real Dovecot: the selected method, and what it prints about
//! it.
use pop3_testkit::dovecot::{self, Dovecot, Options, token};
use pop3_testkit::program::{Outcome, fetch, run};

/// Starts a server with one message for anna, whose password is `secret`.
fn server() -> Option<Dovecot> {
    let server = Dovecot::start(Options::every_login())?;
    server.add_user("anna", "secret");
    server.deliver("anna", dovecot::corpus(1));
    Some(server)
}

/// Fetches as this user, by STLS, with `secret` as the password or token.
fn fetch_as(server: &Dovecot, user: &str, secret: &str, options: &[&str]) -> Outcome {
    let home = tempfile::tempdir().unwrap();
    let mut command = fetch(home.path().join("mail"));
    command.env("POP3_PASSWORD", secret);
    command.arg("--ca").arg(server.ca_path());
    command.args(options);
    let url = format!("pop3://{user}@localhost:{}", server.plain_port());
    run(command, &[url])
}

/// Returns the lines on stderr about the choice of the login method.
fn plan(outcome: &Outcome) -> Vec<&str> {
    let lines = outcome.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("fetch: login: "))
        .collect()
}

#[test]
fn selected_login_method_is_used() {
    let Some(server) = server() else { return };
    let bearer = token("anna", 0);
    for (auth, secret) in [
        ("SCRAM-SHA-256", "secret"),
        ("scram-sha-1", "secret"),
        ("PLAIN", "secret"),
        ("LOGIN", "secret"),
        ("CRAM-MD5", "secret"),
        ("USER", "secret"),
        ("OAUTHBEARER", bearer.as_str()),
        ("XOAUTH2", bearer.as_str()),
    ] {
        let outcome = fetch_as(&server, "anna", secret, &["--auth", auth]);
        assert!(
            outcome.success().starts_with("fetched 1 messages"),
            "{auth}"
        );
    }
    // The URL can select the method, too.
    let outcome = fetch_as(&server, "anna;AUTH=CRAM-MD5", "secret", &["-v"]);
    assert_eq!(plan(&outcome), ["CRAM-MD5: chosen"]);
}

#[test]
fn verbose_explains_the_choice_of_login_method() {
    let Some(server) = server() else { return };
    let outcome = fetch_as(&server, "anna", "secret", &["-v"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let channel = "fetch: channel: TLS 1.3, TLS13_AES_256_GCM_SHA384";
    assert_eq!(outcome.stderr.lines().next(), Some(channel));
    assert_eq!(
        plan(&outcome),
        [
            "SCRAM-SHA-512: the server does not advertise it",
            "SCRAM-SHA-256: chosen",
            "SCRAM-SHA-1: not needed",
            "PLAIN: not needed",
            "USER/PASS: not needed",
            "LOGIN: not needed",
        ]
    );
}

#[test]
fn refused_scram_suggests_another_login_method() {
    let Some(server) = server() else { return };
    server.add_user_with_hash("kim", "secret");
    let outcome = fetch_as(&server, "kim", "secret", &[]);
    let reported = outcome.failure();
    assert!(reported.contains("SCRAM-SHA-256 failed"), "{reported}");
    assert!(
        reported.ends_with("if the password is right, try --auth PLAIN"),
        "{reported}"
    );
    let outcome = fetch_as(&server, "kim", "secret", &["--auth", "PLAIN"]);
    assert!(outcome.success().starts_with("fetched 0 messages"));
}

#[test]
fn unsafe_or_missing_method_fails_without_fallback() {
    let Some(server) = server() else { return };
    for (auth, why) in [
        ("APOP", "unencrypted before STLS and may be forged"),
        ("SCRAM-SHA-256-PLUS", "does not advertise it"),
        ("SCRAM-SHA-512", "the server does not accept this mechanism"),
    ] {
        let outcome = fetch_as(&server, "anna", "secret", &["--auth", auth]);
        let reported = outcome.failure();
        assert!(reported.contains(why), "{auth}: {reported}");
        assert!(!reported.contains("secret"), "{reported}");
    }
}

#[test]
fn certificate_for_another_host_gives_no_ca_hint() {
    // It listens on 127.0.0.2 then, for which its certificate is not valid.
    let options = Options {
        plaintext_without_tls: false,
        ..Options::default()
    };
    let Some(server) = Dovecot::start(options) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut command = fetch(home.path().join("mail"));
    command.arg("--ca").arg(server.ca_path());
    let url = format!("pop3s://anna@127.0.0.2:{}", server.tls_port());
    let outcome = run(command, &[url]);
    let text = "the server's certificate is not valid for the host 127.0.0.2 but only for ";
    assert!(outcome.failure().contains(text), "{outcome:?}");
    assert!(!outcome.stderr.contains("--ca"), "{outcome:?}");
}
