//! Helpers for TLS with servers in memory (`authority`), for sessions with these servers, and for
//! futures that are dropped early.

mod authority;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use pop3_tokio::proto::server::{Maildrop, ServerConfig};
use pop3_tokio::proto::{Channel, Connection, Instant};
use pop3_tokio::{
    Client, Config, Endpoint, Login, MessageNumber,
    config::{CapaPolicy, Pipelining, StlsPolicy},
};
use tokio::io::DuplexStream;

pub(crate) use authority::{connector, tls};
pub(crate) use pop3_testkit::peer::hesitant::{self, Hesitant};
pub(crate) use pop3_testkit::peer::in_memory::{Peer, serve, serve_in_tls};
pub(crate) use pop3_testkit::peer::scripted_in_memory::{Wire, scripted};

/// A client on a stream in memory.
pub(crate) type InMemory = Client<DuplexStream>;

pub(crate) fn alice() -> Login {
    Login::new("alice", "secret").unwrap()
}

pub(crate) fn number(number: u32) -> MessageNumber {
    number.try_into().unwrap()
}

/// Returns the message with this number in [`maildrop`]: with dot-stuffed lines, and of different
/// lengths.
pub(crate) fn mail(number: u32) -> Vec<u8> {
    let lines = ".dot\r\n..\r\nno dot\r\n".repeat(number as usize % 3 * 2 + 1);
    format!("Subject: message {number}\r\n\r\n{lines}").into_bytes()
}

pub(crate) fn maildrop(messages: u32) -> Maildrop {
    (1..=messages)
        .map(|number| (format!("uid-{number}"), mail(number)))
        .collect()
}

/// Returns Alice's account, with the settings that the tests need.
pub(crate) fn account() -> ServerConfig {
    ServerConfig::new("alice", "secret").keep_log(true)
}

/// Returns a cleartext session that the caller trusts.
pub(crate) fn trusted(config: Config) -> Connection {
    Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN)
}

/// No CAPA, no TLS, and pipelining from the start, to keep scripts short.
pub(crate) fn terse() -> Config {
    let mut config = Config::default();
    config.stls = StlsPolicy::Off;
    config.allow_insecure_login = true;
    config.capa = CapaPolicy::Never;
    config.pipelining = Pipelining::Always;
    config
}

/// Returns a session for `localhost` that does its own TLS.
pub(crate) fn private(implicit_tls: bool) -> Connection {
    let endpoint = if implicit_tls {
        Endpoint::implicit_tls("localhost", None)
    } else {
        Endpoint::plain("localhost", None)
    };
    connector().connection(&endpoint, Instant::ORIGIN).unwrap()
}

/// Polls a future at most this many times, and drops it then. Between polls, a hesitant stream
/// makes one move.
pub(crate) async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        hesitant::allow(1);
        let polled = future.as_mut().poll(cx);
        hesitant::allow(usize::MAX);
        match polled {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Lets the other tasks run until they are all waiting.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Awaits a future, and checks that it took exactly this long.
pub(crate) async fn at<T>(span: Duration, future: impl Future<Output = T>) -> T {
    let start = tokio::time::Instant::now();
    let result = future.await;
    let taken = start.elapsed();
    // Tokio's clock has a resolution of a millisecond.
    assert!(
        taken >= span && taken < span + Duration::from_millis(20),
        "it took {taken:?} instead of {span:?}"
    );
    result
}

/// Awaits a future, and asserts that no time passed, so that nothing waited for a deadline.
pub(crate) async fn immediately<T>(future: impl Future<Output = T>) -> T {
    at(Duration::ZERO, future).await
}

/// Runs a test whose own tasks end with it.
pub(crate) async fn run_local<T>(future: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(future).await
}
