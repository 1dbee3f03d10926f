//! Tokens that an async function provides during a login.

use std::future::pending;
use std::time::Duration;

use futures::channel::oneshot;
use pop3_tokio::proto::server::{Server, ServerConfig};
use pop3_tokio::{
    Config, Error, Login, Phase, Secret,
    command::GetCapabilities,
    error::{Advice, AuthError, Closed, Misuse},
    login::{LoginPolicy, Method},
};
use tokio::io::duplex;
use tokio::time::{sleep, timeout};

use super::support::{
    InMemory, Peer, at, immediately, maildrop, polled, run_local, scripted, serve, settle, terse,
    trusted,
};

/// Returns a login by XOAUTH2 whose token is requested.
fn on_request() -> Login {
    let login = Login::bearer_on_request("alice").unwrap();
    login.with_policy(LoginPolicy::only(Method::XOAuth2))
}

fn token(text: &str) -> Result<Secret, Misuse> {
    Secret::new(text)
}

/// Returns a client of a server that accepts the token `fresh`.
async fn client() -> (InMemory, Peer) {
    let config = ServerConfig::new("alice", "secret")
        .keep_log(true)
        .sasl(["XOAUTH2"])
        .token("fresh");
    let (near, far) = duplex(1_000);
    let peer = serve(far, Server::new(config, maildrop(3)), None);
    let client = pop3_tokio::start(trusted(Config::default()), near).await;
    (client.unwrap(), peer)
}

#[tokio::test(start_paused = true)]
async fn async_function_provides_token_and_fresh_token() {
    run_local(async {
        let (mut client, _peer) = client().await;
        let mut refusals = Vec::new();
        let hour = Duration::from_secs(3_600);
        // No deadline runs in the meantime.
        let login = client.login_with(on_request(), |refused| {
            refusals.push(refused.as_ref().map(AuthError::advice));
            async move {
                sleep(hour).await;
                token(refused.map_or("stale", |_| "fresh"))
            }
        });
        at(2 * hour, login).await.unwrap();
        assert!(matches!(refusals[..], [None, Some(_)]), "{refusals:?}");
        assert_eq!(client.stat().await.unwrap().messages, 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn token_function_does_not_block_the_executor() {
    run_local(async {
        let (mut client, _peer) = client().await;
        let (asking, asked) = oneshot::channel();
        let (answering, answer) = oneshot::channel();
        tokio::task::spawn_local(async move {
            asked.await.unwrap();
            answering.send("fresh").unwrap();
        });
        let mut channels = Some((asking, answer));
        let login = client.login_with(on_request(), |_| {
            let (asking, answer) = channels.take().unwrap();
            async move {
                asking.send(()).unwrap();
                token(answer.await.unwrap())
            }
        });
        immediately(login).await.unwrap();
        assert_eq!(client.phase(), Phase::Transaction);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn token_function_error_fails_only_the_login() {
    run_local(async {
        let (mut client, _peer) = client().await;
        let login = client.login_with(on_request(), async |_: Option<AuthError>| {
            Err::<Secret, _>("no browser")
        });
        let Err(Error::Auth(error)) = immediately(login).await else {
            panic!("no token");
        };
        assert_eq!(error.advice(), Advice::SignIn);
        assert!(error.to_string().contains("no browser"), "{error}");
        let fresh = async |_: Option<AuthError>| token("fresh");
        immediately(client.login_with(on_request(), fresh))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn login_dropped_during_token_wait_is_abandoned() {
    for fresh in [false, true] {
        run_local(async {
            let (mut client, peer) = client().await;
            let login = client.login_with(on_request(), async |refused: Option<AuthError>| {
                if fresh && refused.is_none() {
                    return token("stale");
                }
                pending().await
            });
            timeout(Duration::from_secs(3_600), login)
                .await
                .unwrap_err();
            assert!(immediately(client.capa()).await.unwrap().is_some());
            assert_eq!(client.phase(), Phase::Authorization);
            assert!(immediately(client.quit()).await.is_ok());
            let server = peer.ended().await;
            let auths = server.log().iter().filter(|line| line.starts_with("AUTH"));
            assert_eq!(auths.count(), usize::from(fresh));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn login_dropped_anywhere_leaves_the_client_usable() {
    for polls in 0.. {
        let done = run_local(immediately(async {
            let (mut client, _peer) = client().await;
            let provide = async |refused: Option<AuthError>| {
                tokio::task::yield_now().await;
                token(refused.map_or("stale", |_| "fresh"))
            };
            let done = polled(polls, client.login_with(on_request(), provide)).await;
            settle().await;
            // The login was completed or abandoned.
            client.call(GetCapabilities).await.unwrap();
            if client.phase() == Phase::Authorization {
                let fresh = async |_: Option<AuthError>| token("fresh");
                client.login_with(on_request(), fresh).await.unwrap();
            }
            assert_eq!(client.stat().await.unwrap().messages, 3);
            done.is_some()
        }));
        if done.await {
            assert!(polls > 5, "{polls} only");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn close_while_a_token_is_awaited_ends_login() {
    run_local(async {
        let stream = scripted(1_000, async |wire| {
            wire.send("+OK ready\r\n").await;
            sleep(Duration::from_secs(600)).await;
            wire.send("-ERR idle too long\r\n").await;
            wire.hang_up();
        });
        let client = pop3_tokio::start(trusted(terse()), stream).await;
        let mut client = client.unwrap();
        let login = client.login_with(on_request(), async |_: Option<AuthError>| {
            sleep(Duration::from_secs(700)).await;
            token("fresh")
        });
        let Err(Error::Closed(closed)) = login.await else {
            panic!("the connection is closed");
        };
        // What the server sent in the meantime is not a reply to the token.
        assert!(matches!(*closed, Closed::UnsolicitedErr(_)), "{closed:?}");
        assert!(client.noop().await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_with_a_token_function_can_be_spawned() {
    let config = ServerConfig::new("alice", "secret")
        .allow_plaintext_login(true)
        .sasl(["XOAUTH2"])
        .token("fresh");
    let server = pop3_blocking::server::EmbeddedServer::start(config, maildrop(3)).unwrap();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", server.plain().port()));
    let stream = stream.await.unwrap();
    let mut client = pop3_tokio::start(trusted(Config::default()), stream)
        .await
        .unwrap();
    let tokens = vec!["stale".to_owned(), "fresh".to_owned()];
    let login = tokio::spawn(async move {
        let mut tokens = tokens.into_iter();
        let provide = |_| {
            let next = tokens.next().unwrap();
            async move {
                sleep(Duration::from_millis(1)).await;
                token(&next)
            }
        };
        client.login_with(on_request(), provide).await.map(drop)
    });
    login.await.unwrap().unwrap();
}
