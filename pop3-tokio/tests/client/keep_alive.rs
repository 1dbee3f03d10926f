//! `keep_alive` and `noop_if_idle`: an idle session stays open while the program does other work.
//! Tokio's time is paused, so times are exact.

use std::cell::RefCell;
use std::future::{Future as _, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use pop3_tokio::{Config, Error, Phase, Stat, error::Closed};
use tokio::time::{Instant, sleep, timeout};

use super::support::{
    InMemory, Wire, alice, at, immediately, number, run_local, scripted, terse, trusted,
};

const SECOND: Duration = Duration::from_secs(1);

/// The times at which the server received `NOOP`, in seconds since the login.
type Noops = Rc<RefCell<Vec<u64>>>;

fn with_interval(interval: Duration) -> Config {
    let mut config = terse();
    config.keep_alive = Some(interval);
    config
}

/// Returns a logged-in client whose server continues with a script.
async fn client_of(config: Config, script: impl AsyncFnOnce(&mut Wire) + 'static) -> InMemory {
    let stream = scripted(1000, async move |wire| {
        wire.accept_login().await;
        script(wire).await;
    });
    let mut client = pop3_tokio::start(trusted(config), stream).await.unwrap();
    client.login(alice()).await.unwrap();
    client
}

/// Returns a logged-in client of a server that answers `NOOP` and `STAT`, and closes the session
/// when it was idle for a minute.
async fn client(config: Config) -> (InMemory, Noops) {
    let noops = Noops::default();
    let received = Rc::clone(&noops);
    let client = client_of(config, async move |wire| {
        let start = Instant::now();
        while let Ok(line) = timeout(60 * SECOND, wire.read_line()).await {
            match line.as_str() {
                "NOOP\r\n" => {
                    received.borrow_mut().push(start.elapsed().as_secs());
                    wire.send("+OK\r\n").await;
                }
                "STAT\r\n" => wire.send("+OK 1 2\r\n").await,
                other => panic!("{other:?}"),
            }
        }
        wire.send("-ERR idle for too long\r\n").await;
        wire.hang_up();
    })
    .await;
    (client, noops)
}

fn assert_closed<T: std::fmt::Debug>(result: Result<T, Error>) {
    let closed = |why: &Error| matches!(why, Error::Closed(why) if matches!(**why, Closed::UnsolicitedErr(_)));
    assert!(result.as_ref().is_err_and(closed), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn keep_alive_prevents_the_idle_close() {
    run_local(async {
        let (mut client, noops) = client(terse()).await;
        let output = at(
            600 * SECOND,
            client.keep_alive(async {
                sleep(600 * SECOND).await;
                7
            }),
        );
        assert_eq!(output.await, 7);
        let expected: Vec<u64> = (1..20).map(|n| 30 * n).collect();
        assert_eq!(noops.borrow().get(..19), Some(expected.as_slice()));
        assert_eq!(client.stat().await.unwrap().messages, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_session_is_closed_without_keep_alive() {
    run_local(async {
        let (mut client, noops) = client(terse()).await;
        sleep(600 * SECOND).await;
        assert_closed(client.stat().await);
        assert!(noops.borrow().is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn configured_interval_is_at_least_a_second() {
    for (interval, expected) in [
        (20 * SECOND, vec![20, 40, 60]),
        (Duration::ZERO, (1..70).collect()),
    ] {
        run_local(async {
            let (mut client, noops) = client(with_interval(interval)).await;
            client
                .keep_alive(sleep(Duration::from_millis(69_500)))
                .await;
            assert_eq!(*noops.borrow(), expected);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn time_before_keep_alive_counts_as_idle() {
    run_local(async {
        let (mut client, noops) = client(terse()).await;
        sleep(50 * SECOND).await;
        client.keep_alive(sleep(29 * SECOND)).await;
        assert_eq!(*noops.borrow(), [50]);
        client.stat().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn later_operations_send_no_noop() {
    run_local(async {
        let (mut client, noops) = client(terse()).await;
        client.keep_alive(sleep(31 * SECOND)).await;
        assert_eq!(*noops.borrow(), [30]);
        // Dropped while it is idle.
        assert!(
            timeout(20 * SECOND, client.keep_alive(pending::<()>()))
                .await
                .is_err()
        );
        client.stat().await.unwrap();
        sleep(59 * SECOND).await;
        client.stat().await.unwrap();
        assert_eq!(*noops.borrow(), [30]);
    })
    .await;
}

/// Checks that the reply to a `NOOP` in flight is not taken for the reply to the next command.
async fn noop_in_flight(act: impl AsyncFnOnce(&mut InMemory)) {
    run_local(async {
        let mut client = client_of(terse(), async |wire| {
            wire.expect_octets("NOOP\r\n").await;
            sleep(10 * SECOND).await;
            wire.send("+OK 9 9\r\n").await;
            wire.expect_octets("STAT\r\n").await;
            wire.send("+OK 1 2\r\n").await;
        })
        .await;
        act(&mut client).await;
        let stat = at(9 * SECOND, client.stat()).await.unwrap();
        assert_eq!((stat.messages, stat.octets), (1, Some(2)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn noop_in_flight_is_discarded_when_done() {
    noop_in_flight(async |client| client.keep_alive(sleep(31 * SECOND)).await).await;
}

#[tokio::test(start_paused = true)]
async fn noop_in_flight_is_discarded_when_dropped() {
    noop_in_flight(async |client| {
        let work = client.keep_alive(pending::<()>());
        assert!(timeout(31 * SECOND, work).await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unclaimed_replies_survive_keep_alive() {
    run_local(async {
        let (mut client, noops) = client(terse()).await;
        let first = client.submit(Stat).unwrap();
        client.keep_alive(sleep(59 * SECOND)).await;
        assert_eq!(*noops.borrow(), [30]);
        assert_eq!(client.wait(first).await.unwrap().messages, 1);

        let (first, second) = (client.submit(Stat).unwrap(), client.submit(Stat).unwrap());
        client.keep_alive(sleep(59 * SECOND)).await;
        assert_eq!(client.wait(first).await.unwrap().messages, 1);
        assert_eq!(client.wait(second).await.unwrap().messages, 1);
        assert_eq!(*noops.borrow(), [30], "two replies waited to be claimed");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn rest_of_a_message_is_read_during_keep_alive() {
    run_local(async {
        let mut client = client_of(terse(), async |wire| {
            wire.expect_octets("RETR 1\r\n").await;
            wire.send("+OK\r\n").await;
            // More than the stream can buffer.
            for _ in 0..1000 {
                wire.send("a line of the message\r\n").await;
            }
            wire.send(".\r\n").await;
            wire.expect_octets("NOOP\r\n").await;
            wire.send("+OK\r\n").await;
        })
        .await;
        drop(client.retr(number(1)).await.unwrap());
        client.keep_alive(sleep(31 * SECOND)).await;
        assert_eq!(client.error(), None);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn future_runs_on_after_the_connection_ended() {
    run_local(async {
        let mut client = client_of(terse(), async |wire| {
            wire.expect_octets("NOOP\r\n").await;
            wire.send("-ERR idle for too long\r\n").await;
            sleep(5 * SECOND).await;
            wire.send("-ERR idle for too long\r\n").await;
            wire.hang_up();
        })
        .await;
        let mut polls = 0;
        let mut work = pin!(sleep(100 * SECOND));
        let counted = poll_fn(|cx| {
            polls += 1;
            work.as_mut().poll(cx)
        });
        at(100 * SECOND, client.keep_alive(counted)).await;
        assert!(polls < 30, "{polls} polls");
        assert_eq!(client.phase(), Phase::Closed);
        assert_closed(immediately(client.stat()).await);
        // And again, on a connection that has ended.
        at(SECOND, client.keep_alive(sleep(SECOND))).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unanswered_noop_ends_the_connection() {
    run_local(async {
        let mut client = client_of(terse(), async |wire| {
            wire.expect_octets("NOOP\r\n").await;
        })
        .await;
        at(600 * SECOND, client.keep_alive(sleep(600 * SECOND))).await;
        let error = client.stat().await.unwrap_err();
        assert!(matches!(error, Error::Timeout(_)), "{error:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_login() {
    run_local(async {
        let stream = scripted(1000, async |wire| {
            wire.accept_login().await;
        });
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        client.keep_alive(sleep(100 * SECOND)).await;
        assert!(!client.noop_if_idle(Duration::ZERO).await.unwrap());
        client.login(alice()).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn noop_if_idle_counts_from_the_last_octet() {
    run_local(async {
        let (mut client, noops) = client(terse()).await;
        for _ in 0..5 {
            sleep(20 * SECOND).await;
            client.noop_if_idle(30 * SECOND).await.unwrap();
        }
        assert_eq!(*noops.borrow(), [40, 80]);
        sleep(100 * SECOND).await;
        assert_closed(client.noop_if_idle(30 * SECOND).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn refused_noop_is_no_error() {
    run_local(async {
        let mut client = client_of(terse(), async |wire| {
            wire.expect_octets("NOOP\r\n").await;
            wire.send("-ERR not implemented\r\n").await;
        })
        .await;
        assert!(client.noop_if_idle(Duration::ZERO).await.unwrap());
    })
    .await;
}
