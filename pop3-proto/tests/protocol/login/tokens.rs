//! Tokens: long tokens, long errors about them, and how they are requested from the application.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::record::Operation as Op;
use pop3_proto::{
    Channel, Config, Error, Event, Login, RequestId, Secret, Ticket,
    command::Capa,
    error::{Advice, AuthError, Closed, Misuse, Timeout},
    login::{LoginPolicy, Method},
};
use pop3_testkit::conversation::Conversation;

const LISTED: &str = "+OK\r\nSASL PLAIN OAUTHBEARER XOAUTH2\r\n.\r\n";
/// `{"status":"invalid_token"}`.
const INVALID: &str = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n";

fn greeted() -> Conversation {
    greeted_with(Config::default())
}

fn greeted_with(config: Config) -> Conversation {
    let mut client = Conversation::new(config, Channel::ImplicitTls);
    client.tls();
    client.server("+OK ready\r\n");
    client.reported();
    client
}

/// A login that requests its token.
fn on_request() -> Login {
    Login::bearer_on_request("alice").expect("a name")
}

/// A session with a login that waits for its first token.
fn requesting() -> (Conversation, RequestId) {
    requesting_with(Config::default())
}

fn requesting_with(config: Config) -> (Conversation, RequestId) {
    let mut client = greeted_with(config);
    let id = submit(&mut client, on_request());
    client.server(LISTED);
    assert_eq!(client.sent(), "CAPA\r\n");
    assert_eq!(wanted(&mut client), [(id, None)]);
    (client, id)
}

fn submit(client: &mut Conversation, login: Login) -> RequestId {
    let ticket: Ticket<Login> = client.connection.submit(login).expect("it is queued");
    client.settle();
    ticket.id()
}

/// Returns the token requests since the last call, each with the advice of the preceding refusal.
/// No other event may have happened.
fn wanted(client: &mut Conversation) -> Vec<(RequestId, Option<Advice>)> {
    let events = client.events().into_iter();
    events
        .map(|event| match event {
            Event::TokenWanted { id, refused } => (id, refused.map(|error| error.advice())),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn provide(client: &mut Conversation, id: RequestId, token: &str) {
    let token = Secret::new(token).expect("a token");
    let provided = client.connection.provide_token(id, Ok(token));
    provided.expect("a token is wanted");
}

/// Returns the error of the only failed request. Apart from it, only `Closed` may have happened.
fn failure(client: &mut Conversation, id: RequestId) -> Error {
    let mut failed = Vec::new();
    for event in client.events() {
        match event {
            Event::Reply {
                id: of,
                result: Err(error),
            } if of == id => failed.push(error),
            Event::Closed(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(failed.len(), 1, "each request has one result");
    failed.remove(0)
}

fn bearer(token: &str) -> String {
    STANDARD.encode(format!("n,a=alice,\x01auth=Bearer {token}\x01\x01"))
}

#[test]
fn long_token_is_sent_on_a_separate_line() {
    let token = "0123456789".repeat(1_000);
    let mut client = greeted();
    client.ask(&format!("login-token alice {token}"));
    client.server(LISTED);
    assert_eq!(client.sent(), "CAPA\r\nAUTH OAUTHBEARER\r\n");
    client.server("+ \r\n");
    assert_eq!(client.sent(), format!("{}\r\n", bearer(&token)));
    client.server("+OK\r\n");
    client.server("-ERR\r\n");
    assert_eq!(client.reported(), ["login: ok"]);
}

#[test]
fn token_error_is_limited_like_a_challenge() {
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
        client.reported(),
        ["login: failed: auth AUTH \"no\", token \"invalid_token\""]
    );

    let mut client = greeted();
    client.ask("login-token alice abc.def");
    client.server(LISTED);
    client.server(format!("+ {}", "A".repeat(40 << 10)));
    assert_eq!(
        client.reported(),
        [
            "login: failed: limit Line 32768",
            "closed: limit Line 32768"
        ]
    );
}

#[test]
fn token_is_requested_first_and_once_after_refusal() {
    let mut client = greeted();
    let id = submit(&mut client, on_request());
    assert_eq!(wanted(&mut client), [], "not before CAPA is answered");
    client.server(LISTED);
    assert_eq!(wanted(&mut client), [(id, None)]);
    assert_eq!(wanted(&mut client), [], "one event for each token");
    assert_eq!(client.sent(), "CAPA\r\n");
    provide(&mut client, id, "fresh-1");
    let line = format!("AUTH OAUTHBEARER {}\r\n", bearer("fresh-1"));
    assert_eq!(client.sent(), line);
    client.server(INVALID);
    client.server("-ERR expired\r\n");
    assert_eq!(wanted(&mut client), [(id, Some(Advice::FreshToken))]);
    assert_eq!(client.sent(), "AQ==\r\n");
    provide(&mut client, id, "fresh-2");
    let line = format!("AUTH OAUTHBEARER {}\r\n", bearer("fresh-2"));
    assert_eq!(client.sent(), line);
    client.server(INVALID);
    client.server("-ERR expired\r\n");
    assert_eq!(failure(&mut client, id).advice(), Some(Advice::FreshToken));
    assert_eq!(client.sent(), "AQ==\r\n");
}

#[test]
fn fresh_token_logs_in() {
    let (mut client, id) = requesting();
    provide(&mut client, id, "stale");
    client.server(INVALID);
    client.server("-ERR expired\r\n");
    assert_eq!(wanted(&mut client), [(id, Some(Advice::FreshToken))]);
    provide(&mut client, id, "fresh");
    client.server("+OK\r\n");
    client.server("-ERR\r\n");
    let events = client.events();
    assert!(
        matches!(events[..], [Event::Reply { id: of, result: Ok(_) }] if of == id),
        "{events:?}"
    );
}

#[test]
fn token_wanted_event_contains_the_scope() {
    let (mut client, id) = requesting();
    provide(&mut client, id, "stale");
    let json = r#"{"status":"invalid_token","scope":"mail.read"}"#;
    client.server(format!("+ {}\r\n", STANDARD.encode(json)));
    client.server("-ERR expired\r\n");
    let events = client.events();
    let [Event::TokenWanted { refused, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    let Some(AuthError::Rejected(why)) = refused.as_deref() else {
        panic!("{refused:?}");
    };
    let scope = why.oauth.as_ref().and_then(|oauth| oauth.scope.as_ref());
    assert_eq!(scope.expect("a scope").to_string(), "mail.read");
}

#[test]
fn no_token_is_requested_without_a_token_method() {
    let mut client = greeted();
    let id = submit(&mut client, on_request());
    client.server("+OK\r\nSASL PLAIN\r\n.\r\n");
    let error = failure(&mut client, id);
    assert!(matches!(error, Error::Auth(error) if matches!(*error, AuthError::NoSafeLogin(_))));
    assert_eq!(client.sent(), "CAPA\r\n");
}

#[test]
fn refused_mechanism_requests_no_fresh_token() {
    let mut client = greeted();
    let policy = LoginPolicy::only(Method::XOAuth2);
    let id = submit(&mut client, on_request().with_policy(policy));
    // The server advertises no mechanisms, so the token is sent after a challenge.
    client.server("-ERR\r\n");
    assert_eq!(wanted(&mut client), [(id, None)]);
    provide(&mut client, id, "token");
    client.server("-ERR unknown mechanism\r\n");
    assert_eq!(client.sent(), "CAPA\r\nAUTH XOAUTH2\r\n");
    failure(&mut client, id);
}

#[test]
fn refused_command_requests_no_fresh_token() {
    for (listed, refusal) in [
        ("+OK\r\nSASL XOAUTH2\r\n.\r\n", "-ERR unknown command\r\n"),
        (
            "+OK\r\nSASL XOAUTH2\r\n.\r\n",
            "-ERR Unknown AUTH method\r\n",
        ),
        ("+OK\r\nSASL\r\n.\r\n", "-ERR no\r\n"),
    ] {
        let mut client = greeted();
        let policy = LoginPolicy::only(Method::XOAuth2);
        let id = submit(&mut client, on_request().with_policy(policy));
        client.server(listed);
        assert_eq!(wanted(&mut client), [(id, None)]);
        provide(&mut client, id, "token");
        assert!(client.sent().contains("AUTH XOAUTH2 "), "{listed}");
        client.server(refusal);
        assert_eq!(client.sent(), "", "{refusal}");
        failure(&mut client, id);
    }
}

#[test]
fn login_without_a_token_fails_with_the_reason() {
    let no_browser = || Err("no browser".into());
    let (mut client, id) = requesting();
    client.connection.provide_token(id, no_browser()).unwrap();
    let refused = None;
    let why = "no browser".into();
    assert_eq!(
        failure(&mut client, id),
        AuthError::NoToken { why, refused }.into()
    );

    let (mut client, id) = requesting();
    provide(&mut client, id, "stale");
    client.server(INVALID);
    client.server("-ERR expired\r\n");
    assert_eq!(wanted(&mut client).len(), 1);
    client.connection.provide_token(id, no_browser()).unwrap();
    let Error::Auth(error) = failure(&mut client, id) else {
        panic!("another error");
    };
    let AuthError::NoToken { why, refused } = *error else {
        panic!("{error:?}");
    };
    assert_eq!(&*why, "no browser");
    assert_eq!(refused.expect("a refusal").advice(), Advice::FreshToken);
    client.sent();
    // The connection can be used for another login.
    assert!(client.call(Capa, LISTED).is_ok());
}

#[test]
fn close_while_waiting_for_token_fails_login() {
    for says in ["", "-ERR [SYS/TEMP] idle too long\r\n"] {
        for fresh in [false, true] {
            let (mut client, id) = requesting();
            if fresh {
                provide(&mut client, id, "stale");
                client.server(INVALID);
                client.server("-ERR [AUTH] expired\r\n");
                assert_eq!(wanted(&mut client).len(), 1);
            }
            client.sent();
            client.server(says);
            client.eof();
            let closed = client.connection.error().cloned().expect("a fatal error");
            let Error::Closed(how) = &closed else {
                panic!("{closed:?}");
            };
            match &**how {
                Closed::Idle { .. } => assert_eq!(says, ""),
                Closed::UnsolicitedErr(_) => assert_ne!(says, ""),
                other => panic!("{other:?}"),
            }
            let failed = failure(&mut client, id);
            // A login that was refused before the connection was lost keeps the refusal as its
            // error.
            let refused = failed.advice() == Some(Advice::FreshToken)
                || failed.advice() == Some(Advice::CheckCredentials);
            assert!(if fresh { refused } else { failed == closed }, "{failed:?}");
            let late = client
                .connection
                .provide_token(id, Ok(Secret::new("late").unwrap()));
            assert_eq!(late, Err(closed));
            assert_eq!(client.sent(), "");
            client.assert_over();
        }
    }
}

#[test]
fn abandoned_login_waiting_for_token_sends_nothing() {
    for polled in [true, false] {
        let mut client = greeted();
        let id = submit(&mut client, on_request());
        client.sent();
        client.arrive(LISTED.as_bytes());
        if polled {
            assert_eq!(wanted(&mut client), [(id, None)]);
        }
        client.now = client.now + Duration::from_secs(3_600);
        client.abandon();
        assert_eq!(client.events(), []);
        assert_eq!(client.connection.outstanding(), 0);
        assert_eq!(client.sent(), "");
        let late = client
            .connection
            .provide_token(id, Ok(Secret::new("late").unwrap()));
        assert_eq!(late, Err(Misuse::NoTokenWanted.into()));
        // The next request has its full deadline.
        client.ask("capa");
        client.now = client.now + Duration::from_secs(3_600);
        client.settle();
        assert_eq!(client.sent(), "CAPA\r\n");
        client.server(LISTED);
        assert_eq!(client.reported(), ["capa: SASL PLAIN OAUTHBEARER XOAUTH2"]);
    }
}

#[test]
fn login_abandoned_early_requests_no_token() {
    let mut client = greeted();
    submit(&mut client, on_request());
    client.sent();
    client.abandon();
    client.server(LISTED);
    assert_eq!(client.events(), []);
    assert_eq!(client.sent(), "");
    assert_eq!(client.connection.outstanding(), 0);
}

#[test]
fn unwanted_token_is_rejected() {
    let token = || Ok(Secret::new("token").unwrap());
    let unwanted = Err(Misuse::NoTokenWanted.into());
    let mut client = greeted();
    let id = submit(&mut client, on_request());
    assert_eq!(client.connection.provide_token(id, token()), unwanted);
    client.sent();
    client.arrive(LISTED.as_bytes());
    // The event was not polled yet.
    assert_eq!(client.connection.provide_token(id, token()), unwanted);
    assert_eq!(wanted(&mut client), [(id, None)]);
    let other = client.connection.provide_token(id.next(), token());
    assert_eq!(other, unwanted);
    assert_eq!(client.sent(), "");
    assert_eq!(client.connection.provide_token(id, token()), Ok(()));
    assert_eq!(client.connection.provide_token(id, token()), unwanted);
    assert_eq!(client.sent().matches("AUTH ").count(), 1);
}

#[test]
fn logins_in_one_session_request_their_own_tokens() {
    let mut client = greeted();
    let first = submit(&mut client, on_request());
    let second = submit(&mut client, on_request());
    client.server(LISTED);
    assert_eq!(wanted(&mut client), [(first, None)]);
    let early = client
        .connection
        .provide_token(second, Ok(Secret::new("t").unwrap()));
    assert_eq!(early, Err(Misuse::NoTokenWanted.into()));
    client
        .connection
        .provide_token(first, Err("none".into()))
        .unwrap();
    let events = client.events();
    assert!(
        matches!(&events[..], [
            Event::Reply { id, result: Err(_) },
            Event::TokenWanted { id: next, refused: None },
        ] if *id == first && *next == second),
        "{events:?}"
    );
    provide(&mut client, second, "token");
    client.server("+OK\r\n");
    client.server("-ERR\r\n");
    let events = client.events();
    assert!(
        matches!(events[..], [Event::Reply { id, result: Ok(_) }] if id == second),
        "{events:?}"
    );
}

#[test]
fn second_login_may_request_a_fresh_token() {
    let mut client = greeted();
    for _ in 0..2 {
        let op = Op::parse("login-tokens alice stale fresh").expect("an operation");
        client.submit(&op);
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
        assert_eq!(client.reported().len(), 1);
        client.sent();
    }
}

#[test]
fn debug_output_shows_no_provided_token() {
    let (mut client, id) = requesting();
    provide(&mut client, id, "fresh-token");
    let shown = format!("{:?}", client.connection);
    assert!(!shown.contains("fresh-token"), "{shown}");
    let login = format!("{:?}", on_request());
    assert!(login.contains("alice"), "{login}");
}

#[test]
fn no_deadline_runs_while_waiting_for_token() {
    let hour = Duration::from_secs(3_600);
    let mut config = Config::default();
    config.timeouts.total = Some(Duration::from_secs(60));
    config.keep_alive = Some(Duration::from_secs(60));
    for clock_first in [true, false] {
        let (mut client, id) = requesting_with(config.clone());
        assert_eq!(client.connection.poll_timeout(), None);
        client.now = client.now + hour;
        client.connection.handle_timeout(client.now);
        assert_eq!(client.connection.error(), None);
        assert_eq!(client.connection.poll_timeout(), None);
        provide(&mut client, id, "token");
        // `handle_timeout` is called before the command is sent, or afterwards.
        if clock_first {
            client.connection.handle_timeout(client.now);
        }
        assert!(client.sent().starts_with("AUTH OAUTHBEARER "));
        assert_eq!(client.connection.error(), None);
        // The deadlines run again.
        client.wait(59);
        assert_eq!(client.connection.error(), None);
        client.wait(2);
        assert_eq!(client.connection.error(), Some(&Timeout::Total.into()));
    }
}

#[test]
fn partial_line_starts_no_deadline_during_token_wait() {
    let (mut client, id) = requesting();
    client.server("-ERR idle");
    assert_eq!(client.connection.poll_timeout(), None);
    provide(&mut client, id, "token");
    assert_eq!(
        client.sent(),
        "",
        "the response waits until the line is complete"
    );
    client.server(" too long\r\n");
    assert!(matches!(failure(&mut client, id), Error::Closed(_)));
    assert_eq!(client.sent(), "");
}

#[test]
fn abandoned_login_requests_no_fresh_token() {
    let (mut client, id) = requesting();
    provide(&mut client, id, "stale");
    client.sent();
    client.abandon();
    client.server(INVALID);
    client.server("-ERR\r\n");
    assert_eq!(client.sent(), "AQ==\r\n");
    assert_eq!(client.events(), []);

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
fn login_refusal_is_reported_despite_a_close() {
    let mut client = greeted();
    client.ask("login alice secret each=PLAIN,USER/PASS");
    client.server(LISTED);
    client.server("-ERR [AUTH] no\r\n");
    client.eof();
    assert_eq!(
        client.reported(),
        [
            "login: failed: auth AUTH \"[AUTH] no\" Auth",
            "closed: closed Unanswered USER, 1 in flight, after AUTH \"[AUTH] no\" Auth"
        ]
    );
}
