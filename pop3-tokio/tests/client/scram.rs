//! The long computation of SCRAM, with a real clock.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pop3_tokio::{
    Error, Login,
    error::AuthError,
    login::{LoginPolicy, Method},
};

use super::support::{Wire, alice, run_local, scripted, terse, trusted};

/// Some twenty slices of the computation.
const ITERATIONS: u32 = 100_000;

fn login() -> Login {
    alice().with_policy(LoginPolicy::only(Method::ScramSha256))
}

/// Sends a challenge with this many iterations, and refuses the response without checking it.
/// Returns how long the client took to respond.
async fn challenge(wire: &mut Wire, iterations: u32) -> Duration {
    wire.send("+OK ready\r\n").await;
    wire.expect_octets("AUTH SCRAM-SHA-256\r\n").await;
    wire.send("+ \r\n").await;
    let line = wire.read_line().await;
    let first = BASE64_STANDARD.decode(line.trim_end()).unwrap();
    let first = String::from_utf8(first).unwrap();
    let nonce = first.rsplit("r=").next().unwrap();
    let challenge = format!("r={nonce}more,s=c2FsdA==,i={iterations}");
    let challenge = BASE64_STANDARD.encode(challenge);
    wire.send(&format!("+ {challenge}\r\n")).await;
    let begin = Instant::now();
    wire.read_line().await;
    let taken = begin.elapsed();
    wire.send("-ERR no\r\n").await;
    taken
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::Auth(error)) => assert!(matches!(*error, AuthError::Rejected(_)), "{error:?}"),
        other => panic!("{other:?}"),
    }
}

/// Logs in with these deadlines. Returns how long the computation took.
async fn span(patience: Duration) -> Duration {
    let span = Rc::new(Cell::new(Duration::ZERO));
    let reported = Rc::clone(&span);
    let stream = scripted(10_000, async move |wire| {
        reported.set(challenge(wire, ITERATIONS).await);
    });
    let mut config = terse();
    config.timeouts.first_octet = patience;
    config.timeouts.stall = patience;
    config.timeouts.send = patience;
    let mut client = pop3_tokio::start(trusted(config), stream).await.unwrap();
    refused(client.login(login()).await);
    span.get()
}

#[tokio::test]
async fn scram_computation_exceeds_no_deadline() {
    run_local(async {
        // The speed and load of this machine are not known in advance.
        let patience = span(Duration::from_secs(60)).await / 3;
        let taken = span(patience).await;
        println!("{ITERATIONS} iterations took {taken:?}, deadlines are {patience:?}");
    })
    .await;
}

#[tokio::test]
async fn scram_computation_yields_to_other_tasks() {
    run_local(async {
        let stream = scripted(10_000, async |wire| {
            challenge(wire, ITERATIONS).await;
        });
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        let (turns, longest) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(Duration::ZERO)));
        let (counted, held_up) = (Rc::clone(&turns), Rc::clone(&longest));
        tokio::task::spawn_local(async move {
            loop {
                let begin = Instant::now();
                tokio::task::yield_now().await;
                counted.set(counted.get() + 1);
                held_up.set(held_up.get().max(begin.elapsed()));
            }
        });
        let begin = Instant::now();
        refused(client.login(login()).await);
        let (taken, held_up) = (begin.elapsed(), longest.get());
        println!("{ITERATIONS} iterations: of {taken:?} another task waited {held_up:?} at a time");
        // Without slices it would be nearly all of the time.
        assert!(held_up < taken / 2, "{held_up:?} of {taken:?}");
    })
    .await;
}
