//! Backpressure: a server can send no faster than the consumer reads.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use pop3_tokio::{Error, error::Timeout};
use tokio::time::sleep;

use super::support::{InMemory, alice, at, number, run_local, scripted, settle, terse, trusted};

/// Octets of the message.
const OCTETS: usize = 1 << 30;

/// How much of the message the server wrote, and whether it wrote all of it.
#[derive(Default)]
struct Sent {
    octets: Cell<usize>,
    done: Cell<bool>,
}

/// Returns a client whose server generates a message of this many octets while sending it.
async fn client(room: usize, octets: usize) -> (InMemory, Rc<Sent>) {
    let sent = Rc::new(Sent::default());
    let reported = Rc::clone(&sent);
    let stream = scripted(room, async move |wire| {
        wire.accept_login().await;
        wire.expect_octets("RETR 1\r\n").await;
        wire.send("+OK\r\n").await;
        let block = format!("{}\r\n", "x".repeat(98)).repeat(100);
        while reported.octets.get() < octets {
            if !wire.try_send(&block).await {
                return;
            }
            reported.octets.set(reported.octets.get() + block.len());
        }
        wire.send(".\r\n").await;
        reported.done.set(true);
        loop {
            wire.expect_octets("NOOP\r\n").await;
            wire.send("+OK\r\n").await;
        }
    });
    let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
    client.login(alice()).await.unwrap();
    (client, sent)
}

#[tokio::test(start_paused = true)]
async fn unread_message_applies_backpressure_to_the_server() {
    for room in [300, 65_536] {
        run_local(async {
            let (mut client, sent) = client(room, OCTETS).await;
            let mut message = client.retr(number(1)).await.unwrap();
            message.chunk().await.unwrap().unwrap();
            for _ in 0..10 {
                settle().await;
                sleep(Duration::from_secs(3600)).await;
            }
            let octets = sent.octets.get();
            println!("room {room}: {octets} octets were sent beyond a consumer that stopped");
            assert!(octets < 1 << 20, "{octets}");

            // Dropping the message takes no time.
            let begin = std::time::Instant::now();
            client.abort();
            settle().await;
            assert!(begin.elapsed() < Duration::from_secs(5));
            assert!(!sent.done.get());
            assert!(sent.octets.get() < 1 << 20);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn next_operation_skips_the_unread_rest() {
    run_local(async {
        let octets = OCTETS / 16;
        let (mut client, sent) = client(65_536, octets).await;
        let mut message = client.retr(number(1)).await.unwrap();
        message.chunk().await.unwrap().unwrap();
        sleep(Duration::from_secs(3600)).await;
        let begin = std::time::Instant::now();
        at(Duration::ZERO, client.noop()).await.unwrap();
        println!("{octets} octets were skipped in {:?}", begin.elapsed());
        assert!(sent.done.get());
        at(Duration::ZERO, client.noop()).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn exceeding_max_octets_ends_an_endless_message() {
    run_local(async {
        let (mut client, _) = client(65_536, usize::MAX).await;
        let message = client.retr(number(1)).await.unwrap();
        // Exceeding a limit of `to_vec` closes the connection.
        let error = message.to_vec(1 << 20).await.unwrap_err();
        assert!(matches!(error, Error::Limit(_)), "{error:?}");
        assert_eq!(at(Duration::ZERO, client.noop()).await, Err(error));
    })
    .await;
}

#[tokio::test]
async fn total_timeout_ends_skipping_an_endless_message() {
    run_local(async {
        let stream = scripted(65_536, async |wire| {
            wire.accept_login().await;
            wire.expect_octets("RETR 1\r\n").await;
            wire.send("+OK\r\n").await;
            while wire.try_send(&"endless\r\n".repeat(1000)).await {}
        });
        let mut config = terse();
        config.timeouts.total = Some(Duration::from_millis(300));
        let mut client = pop3_tokio::start(trusted(config), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        let mut message = client.retr(number(1)).await.unwrap();
        message.chunk().await.unwrap();
        assert_eq!(client.noop().await, Err(Timeout::Total.into()));
    })
    .await;
}
