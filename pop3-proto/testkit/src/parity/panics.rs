//! Tests in which application code panics inside a client, and the application catches the panic.
//! Afterwards the client must work as before or report an error. It must not hang.

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_proto::{
    Channel, Config, Connection, Error, Instant, Login, MessageNumber, Phase, QuitOutcome, Secret,
    config::Pipelining,
    error::{AuthError, Misuse},
    login::{LoginPolicy, Method},
};

use super::client::{Client, Enough};

fn server() -> EmbeddedServer {
    let config = ServerConfig::new("alice", "secret")
        .allow_plaintext_login(true)
        .sasl(["XOAUTH2"])
        .token("token");
    let maildrop: Maildrop = (1..=9)
        .map(|number| {
            (
                format!("uid-{number}"),
                format!("Subject: {number}\r\n\r\n").into_bytes(),
            )
        })
        .collect();
    EmbeddedServer::start(config, maildrop).unwrap()
}

fn client<C: Client>(server: &EmbeddedServer, pipelining: Pipelining) -> C {
    let mut config = Config::default();
    config.pipelining = pipelining;
    let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    let stream = TcpStream::connect(("127.0.0.1", server.plain().port())).unwrap();
    C::start(session, stream).unwrap()
}

/// Asserts that a closure panics, and catches the panic.
fn caught<T>(act: impl FnOnce() -> T) {
    assert!(catch_unwind(AssertUnwindSafe(act)).is_err(), "no panic");
}

/// Returns a login that requests its token.
fn on_request() -> Login {
    let login = Login::bearer_on_request("alice").unwrap();
    login.with_policy(LoginPolicy::only(Method::XOAuth2))
}

pub fn panicking_token_function_leaves_the_client_usable<C: Client>() {
    let server = server();
    for fresh in [false, true] {
        let mut client: C = client(&server, Pipelining::Auto);
        let mut provide = |refused: Option<AuthError>| {
            assert_eq!(refused.is_none(), fresh, "the function panics");
            Ok(Secret::new("stale").unwrap())
        };
        caught(|| client.login_with(on_request(), &mut provide));
        // The next operation abandons the login. Nothing more of it is sent.
        assert!(client.capa().unwrap().is_some());
        assert_eq!(client.connection().phase(), Phase::Authorization);
        let mut provide = |_: Option<AuthError>| Ok(Secret::new("token").unwrap());
        client.login_with(on_request(), &mut provide).unwrap();
        assert_eq!(client.stat().unwrap().messages, 9);
        assert_eq!(client.connection().error(), None);
    }
}

pub fn token_function_logs_in_or_reports_its_error<C: Client>() {
    let server = server();
    let mut client: C = client(&server, Pipelining::Auto);
    let mut none = |_: Option<AuthError>| Err("no browser".to_owned());
    let Err(Error::Auth(error)) = client.login_with(on_request(), &mut none) else {
        panic!("no token");
    };
    assert!(
        matches!(&*error, AuthError::NoToken { why, refused: None } if **why == *"no browser"),
        "{error:?}"
    );
    let mut asked = Vec::new();
    let mut provide = |refused: Option<AuthError>| {
        asked.push(refused.as_ref().map(AuthError::advice));
        Ok(Secret::new(refused.map_or("stale", |_| "token")).unwrap())
    };
    client.login_with(on_request(), &mut provide).unwrap();
    assert!(
        matches!(asked[..], [None, Some(_)]),
        "one request for each token: {asked:?}"
    );
    assert_eq!(client.stat().unwrap().messages, 9);
}

pub fn login_without_a_token_function_fails<C: Client>() {
    let server = server();
    let mut client: C = client(&server, Pipelining::Auto);
    let no_function = || Error::from(Misuse::TokenOnRequest);
    assert!(no_function().to_string().contains("login_with"));
    assert_eq!(client.login(on_request()), Err(no_function()));
    assert_eq!(client.call(on_request()), Err(no_function()));
    let ticket = client.submit(on_request()).unwrap();
    assert_eq!(client.wait(ticket), Err(no_function()));
    let replies = client.pipeline([on_request(), on_request()], 2);
    assert_eq!(replies, [Err(no_function()), Err(no_function())]);
    // `provide` must be called for this login, not for the one that was submitted before.
    let ticket = client.submit(on_request()).unwrap();
    let mut provide = |_: Option<AuthError>| Ok(Secret::new("token").unwrap());
    client.login_with(on_request(), &mut provide).unwrap();
    assert_eq!(client.wait(ticket), Err(Misuse::TicketSpent.into()));
    assert_eq!(client.stat().unwrap().messages, 9);
    let other = Login::new("alice", "secret").unwrap();
    let phase = client.login_with(other, &mut provide);
    assert!(matches!(phase, Err(Error::Misuse(Misuse::Phase { .. }))));
}

pub fn panicking_iterator_leaves_the_client_usable<C: Client>() {
    let server = server();
    for pipelining in [Pipelining::Never, Pipelining::Always] {
        for panics_at in 1..=4 {
            let mut client: C = client(&server, pipelining);
            client
                .login(Login::new("alice", "secret").unwrap())
                .unwrap();
            let until = |number: u32| {
                assert!(number < panics_at, "the iterator panics");
                MessageNumber::try_from(number).unwrap()
            };
            caught(|| client.pipeline((1..9).map(|n| pop3_proto::command::ListOne(until(n))), 9));
            assert_eq!(client.stat().unwrap().messages, 9);
            caught(|| {
                client.retrieve((1..9).map(until), &mut |message| {
                    // Leave half of the messages unread.
                    let message = message.unwrap();
                    if message.number().is_some_and(|number| number.get() % 2 == 0) {
                        message.rest().unwrap();
                    }
                    Enough::NotYet
                });
            });
            assert_eq!(client.uidl().unwrap().numbers().count(), 9);
            let quit = client.quit();
            assert!(matches!(quit, Ok(QuitOutcome::Committed(_))), "{quit:?}");
        }
    }
}
