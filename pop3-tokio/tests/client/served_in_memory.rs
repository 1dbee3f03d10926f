//! The server of the feature `server`, over streams in memory. Tokio's time is paused, so times are
//! exact.

use std::io::ErrorKind;
use std::time::Duration;

use pop3_tokio::Error;
use pop3_tokio::error::{Closed, Timeout};
use pop3_tokio::server::{End, Fault, On, Server, Verb, serve};
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, sleep};

use super::support::{InMemory, account, alice, at, mail, maildrop, number, terse, trusted};

const SECOND: Duration = Duration::from_secs(1);

fn with(fault: Fault) -> Server {
    Server::new(account().fault(fault), maildrop(2))
}

/// Runs a program with a client that is logged in, and the server beside it.
async fn beside<T>(server: &mut Server, program: impl AsyncFnOnce(InMemory) -> T) -> T {
    let (near, far) = tokio::io::duplex(4096);
    let client = async {
        let mut client = pop3_tokio::start(trusted(terse()), near).await.unwrap();
        client.login(alice()).await.unwrap();
        program(client).await
    };
    let (served, output) = tokio::join!(serve(far, server), client);
    served.unwrap();
    output
}

#[tokio::test(start_paused = true)]
async fn session_in_memory_deletes_and_logs() {
    let mut server = Server::new(account(), maildrop(2));
    beside(&mut server, async |mut client| {
        assert_eq!(client.retr_to_vec(number(1), 1000).await.unwrap(), mail(1));
        client.dele(number(1)).await.unwrap();
        assert!(client.quit().await.unwrap().is_committed());
    })
    .await;
    assert_eq!(server.expunged(), ["uid-1"]);
    let expected = ["USER alice", "PASS <redacted>", "RETR 1", "DELE 1", "QUIT"];
    assert_eq!(server.log(), expected);
}

#[tokio::test(start_paused = true)]
async fn stalled_message_fails_at_the_deadline() {
    let mut server = with(On::command(Verb::Retr).cut(20, End::Stall).unwrap());
    beside(&mut server, async |mut client| {
        let message = at(60 * SECOND, client.retr_to_vec(number(2), 1000)).await;
        assert!(
            matches!(message, Err(Error::Timeout(Timeout::Stall { .. }))),
            "{message:?}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn delayed_reply_arrives_in_time_or_fails() {
    for (delay, arrives) in [(179, true), (181, false)] {
        let mut server = with(On::command(Verb::Noop).delay(delay * SECOND).unwrap());
        beside(&mut server, async |mut client| {
            let expected = delay.min(180) * SECOND;
            assert_eq!(at(expected, client.noop()).await.is_ok(), arrives);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn slow_segments_need_no_longer_than_they_must() {
    let retr = On::command(Verb::Retr).message(1);
    let mut server = with(retr.segments(10, SECOND).unwrap());
    let reply = format!("+OK {} octets\r\n", mail(1).len()).len();
    let stuffed = pop3_testkit::naive::stuffed(&mail(1)).len();
    let pauses = (reply + stuffed).div_ceil(10) - 1;
    beside(&mut server, async |mut client| {
        let message = client.retr_to_vec(number(1), 1000);
        let message = at(pauses as u32 * SECOND, message).await;
        assert_eq!(message.unwrap(), mail(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_limit_ends_only_idle_sessions() {
    let config = account().idle_limit(60 * SECOND).idle_reply("idle");
    let mut server = Server::new(config, maildrop(2));
    beside(&mut server, async |mut client| {
        client.keep_alive(sleep(600 * SECOND)).await;
        client.noop().await.unwrap();
        sleep(61 * SECOND).await;
        match client.noop().await {
            Err(Error::Closed(closed)) => {
                assert!(matches!(*closed, Closed::UnsolicitedErr(_)), "{closed:?}");
            }
            other => panic!("{other:?}"),
        }
    })
    .await;
    assert!(server.expunged().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lost_client_ends_the_session() {
    let mut server = with(On::command(Verb::Noop).disconnect(End::Stall).unwrap());
    let start = Instant::now();
    beside(&mut server, async |mut client| {
        client.dele(number(1)).await.unwrap();
        tokio::time::timeout(SECOND, client.noop())
            .await
            .unwrap_err();
    })
    .await;
    assert!(server.is_closed() && server.expunged().is_empty());
    assert!(start.elapsed() < 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn stls_is_an_error_of_the_test() {
    let mut server = Server::new(account().stls(true), maildrop(0));
    server.receive(b"STLS\r\n");
    let (mut near, far) = tokio::io::duplex(4096);
    let error = serve(far, &mut server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let mut received = String::new();
    near.read_to_string(&mut received).await.unwrap();
    assert!(received.ends_with("+OK begin TLS negotiation\r\n"));
}
