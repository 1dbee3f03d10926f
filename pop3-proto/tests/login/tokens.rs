//! Tokens: long ones, long answers to them, and who is asked for fresh ones.

use std::sync::{Arc, Mutex};

use crate::common::{Conversation, Op};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::{Advice, AuthError, Channel, Config, Login, LoginPolicy, Method, Secret};

const LISTED: &str = "+OK\r\nSASL PLAIN OAUTHBEARER XOAUTH2\r\n.\r\n";
/// `{"status":"invalid_token"}`.
const INVALID: &str = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n";

fn greeted() -> Conversation {
    let mut client = Conversation::new(Config::default(), Channel::ImplicitTls);
    client.tls();
    client.server("+OK ready\r\n");
    client.told();
    client
}

/// What was asked of a provider: nothing, or the advice of the error it was told.
type Asked = Arc<Mutex<Vec<Option<Advice>>>>;

/// Has `fresh-1`, `fresh-2` and so on.
fn provided() -> (Login, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let login = Login::bearer_from("alice", move |why| {
        let mut log = log.lock().expect("the log");
        log.push(why.map(|why| why.advice()));
        Secret::new(format!("fresh-{}", log.len()))
    });
    (login.expect("a name"), asked)
}

fn bearer(token: &str) -> String {
    STANDARD.encode(format!("n,a=alice,\x01auth=Bearer {token}\x01\x01"))
}

#[test]
fn a_token_of_many_kibibytes_leaves_on_a_line_of_its_own() {
    let token = "0123456789".repeat(1_000);
    let mut client = greeted();
    client.ask(&format!("login-token alice {token}"));
    client.server(LISTED);
    assert_eq!(client.sent(), "CAPA\r\nAUTH OAUTHBEARER\r\n");
    client.server("+ \r\n");
    assert_eq!(client.sent(), format!("{}\r\n", bearer(&token)));
    client.server("+OK\r\n");
    client.server("-ERR\r\n");
    assert_eq!(client.told(), ["login: ok"]);
}

#[test]
fn a_long_answer_to_a_token_is_read_up_to_the_limit_of_a_challenge() {
    let mut client = greeted();
    client.ask("login-token alice abc.def");
    client.server(LISTED);
    client.sent();
    let json = format!(
        r#"{{"status":"invalid_token","scope":"{}"}}"#,
        "s".repeat(3_000)
    );
    client.server(format!("+ {}\r\n", STANDARD.encode(json)));
    assert_eq!(client.sent(), "AQ==\r\n");
    client.server("-ERR no\r\n");
    assert_eq!(
        client.told(),
        ["login: failed: auth AUTH \"no\", token \"invalid_token\""]
    );

    let mut client = greeted();
    client.ask("login-token alice abc.def");
    client.server(LISTED);
    client.server(format!("+ {}", "A".repeat(40 << 10)));
    assert_eq!(
        client.told(),
        [
            "login: failed: limit Line 32768",
            "closed: limit Line 32768"
        ]
    );
}

#[test]
fn who_has_tokens_is_asked_when_the_login_begins_and_once_more() {
    let (login, asked) = provided();
    assert!(format!("{login:?}").contains("alice"));
    let mut client = greeted();
    client.connection.submit(login).expect("it is queued");
    client.settle();
    assert_eq!(asked.lock().unwrap().as_slice(), [], "not before it knows");
    client.server(LISTED);
    assert_eq!(asked.lock().unwrap().as_slice(), [None]);
    client.server(INVALID);
    client.server("-ERR expired\r\n");
    assert_eq!(
        asked.lock().unwrap().as_slice(),
        [None, Some(Advice::FreshToken)]
    );
    client.server(INVALID);
    client.server("-ERR expired\r\n");
    assert_eq!(asked.lock().unwrap().len(), 2);
    let sent = client.sent();
    assert!(sent.contains(&bearer("fresh-1")) && sent.contains(&bearer("fresh-2")));
    assert_eq!(sent.matches("AUTH OAUTHBEARER").count(), 2);
}

#[test]
fn who_has_tokens_is_told_the_scope_that_the_server_names() {
    let scopes = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&scopes);
    let login = Login::bearer_from("alice", move |why| {
        let scope = match why {
            Some(AuthError::Rejected(why)) => why.oauth.as_ref().and_then(|it| it.scope.clone()),
            _ => None,
        };
        log.lock()
            .expect("the log")
            .push(scope.map(|it| it.to_string()));
        Secret::new("fresh")
    });
    let mut client = greeted();
    let login = login.expect("a name");
    client.connection.submit(login).expect("it is queued");
    client.server(LISTED);
    let json = r#"{"status":"invalid_token","scope":"mail.read"}"#;
    client.server(format!("+ {}\r\n", STANDARD.encode(json)));
    client.server("-ERR expired\r\n");
    let told = scopes.lock().unwrap().clone();
    assert_eq!(told, [None, Some("mail.read".to_owned())]);
}

#[test]
fn who_has_tokens_is_not_asked_for_one_that_cannot_be_used() {
    let (login, asked) = provided();
    let mut client = greeted();
    client.connection.submit(login).expect("it is queued");
    client.server("+OK\r\nSASL PLAIN\r\n.\r\n");
    assert_eq!(asked.lock().unwrap().as_slice(), []);
    assert_eq!(client.sent(), "CAPA\r\n");
}

#[test]
fn who_has_tokens_is_not_asked_again_where_the_mechanism_is_refused() {
    let (login, asked) = provided();
    let login = login.with_policy(LoginPolicy::only(Method::XOAuth2));
    let mut client = greeted();
    client.connection.submit(login).expect("it is queued");
    // The server lists nothing, so that the token waits for a challenge.
    client.server("-ERR\r\n");
    client.server("-ERR unknown mechanism\r\n");
    assert_eq!(client.sent(), "CAPA\r\nAUTH XOAUTH2\r\n");
    assert_eq!(asked.lock().unwrap().as_slice(), [None]);
}

#[test]
fn no_fresh_token_is_asked_for_where_the_token_was_not_seen() {
    for (listed, refusal) in [
        ("+OK\r\nSASL XOAUTH2\r\n.\r\n", "-ERR unknown command\r\n"),
        (
            "+OK\r\nSASL XOAUTH2\r\n.\r\n",
            "-ERR Unknown AUTH method\r\n",
        ),
        ("+OK\r\nSASL\r\n.\r\n", "-ERR no\r\n"),
    ] {
        let (login, asked) = provided();
        let login = login.with_policy(LoginPolicy::only(Method::XOAuth2));
        let mut client = greeted();
        client.connection.submit(login).expect("it is queued");
        client.server(listed);
        assert!(client.sent().contains("AUTH XOAUTH2 "), "{listed}");
        client.server(refusal);
        assert_eq!(client.sent(), "", "{refusal}");
        assert_eq!(asked.lock().unwrap().as_slice(), [None], "{refusal}");
    }
}

#[test]
fn a_login_that_is_asked_for_again_may_have_a_fresh_token_again() {
    let mut client = greeted();
    for _ in 0..2 {
        let op = Op::parse("login-tokens alice stale fresh").expect("an operation");
        client.ask_op(&op, "login");
        if client.sent().starts_with("CAPA") {
            client.server(LISTED);
            client.sent();
        }
        client.server(INVALID);
        client.server("-ERR\r\n");
        let sent = client.sent();
        assert!(sent.contains(&bearer("fresh")), "{sent}");
        client.server(INVALID);
        client.server("-ERR\r\n");
        assert_eq!(client.told().len(), 1);
        client.sent();
    }
}

#[test]
fn debug_output_shows_no_token_and_no_provider() {
    let (login, _) = provided();
    let shown = format!("{login:?}");
    assert!(
        shown.contains("alice") && !shown.contains("fresh"),
        "{shown}"
    );
}

#[test]
fn whoever_has_tokens_may_take_longer_than_a_server_that_takes_no_octet() {
    let mut client = greeted();
    let (login, _) = provided();
    client.connection.submit(login).expect("a login");
    client.server(LISTED);
    client.sent();
    // What a browser and its user took is not in the time that the connection was told.
    client.arrive(INVALID.as_bytes());
    client.now = client.now + core::time::Duration::from_secs(3_600);
    assert!(client.sent().starts_with("AQ==\r\n"));
    client.arrive(b"-ERR\r\n");
    client.now = client.now + core::time::Duration::from_secs(3_600);
    assert!(client.sent().starts_with("AUTH OAUTHBEARER "));
    client.server("+OK\r\n");
    client.server("-ERR\r\n");
    assert_eq!(client.connection.error(), None);
}

#[test]
fn time_spent_in_the_token_provider_is_not_counted_against_the_server() {
    let mut client = greeted();
    let (login, asked) = provided();
    client.connection.submit(login).expect("a login");
    client.settle();
    client.arrive(LISTED.as_bytes());
    assert_eq!(asked.lock().unwrap().len(), 1);
    // The clock is told before the command is sent.
    client.now = client.now + core::time::Duration::from_secs(3_600);
    client.connection.handle_timeout(client.now);
    assert_eq!(client.connection.error(), None);
    assert!(client.sent().starts_with("CAPA\r\nAUTH OAUTHBEARER "));
}

#[test]
fn a_login_that_nobody_waits_for_any_more_makes_no_other_attempt() {
    let (login, asked) = provided();
    let mut client = greeted();
    client.connection.submit(login).expect("a login");
    client.server(LISTED);
    client.sent();
    client.abandon();
    client.server(INVALID);
    client.server("-ERR\r\n");
    assert_eq!(client.sent(), "AQ==\r\n");
    assert_eq!(asked.lock().expect("the log").len(), 1);

    let mut client = greeted();
    client.ask("login alice secret each=PLAIN,USER/PASS");
    client.server(LISTED);
    client.sent();
    client.abandon();
    client.server("-ERR\r\n");
    assert_eq!(client.sent(), "");
    assert_eq!(
        client.exchange("capabilities", ""),
        ["capabilities: SASL PLAIN OAUTHBEARER XOAUTH2"]
    );
}

#[test]
fn a_refusal_is_told_even_if_the_server_hangs_up_behind_it() {
    let mut client = greeted();
    client.ask("login alice secret each=PLAIN,USER/PASS");
    client.server(LISTED);
    client.server("-ERR [AUTH] no\r\n");
    client.eof();
    assert_eq!(
        client.told(),
        [
            "login: failed: auth AUTH \"[AUTH] no\" Auth",
            "closed: closed Unanswered USER, 1 in flight, after AUTH \"[AUTH] no\" Auth"
        ]
    );
}
