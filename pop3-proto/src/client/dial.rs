//! Connecting to one of the addresses of a host (RFC 8305).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::error::Error as _;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::time::Duration;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::error::{Error, Timeout, TransportError, TransportErrorKind};

/// The functions of an async runtime that [`dial`] needs. The futures are `Send`, so that [`dial`]
/// can be spawned as a task.
pub trait Dialer {
    /// A connected stream.
    type Stream;

    /// Looks up the addresses of a host.
    fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<impl IntoIterator<Item = SocketAddr>>> + Send;

    /// Connects to an address.
    fn connect(&self, address: SocketAddr)
    -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Waits for `span`.
    fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send;
}

/// Connects to a host: its addresses are tried until one accepts the connection.
///
/// IPv6 and IPv4 addresses alternate. The next attempt begins when one fails, or after
/// [`Connector::stagger`], while the earlier attempts continue.
/// [`Timeouts::connect`](crate::config::Timeouts::connect) limits the name resolution, and then
/// each attempt.
///
/// # Errors
///
/// [`Error::Transport`] if the host has no address, or if all attempts failed. It then contains the
/// error of each address. [`Timeout::Connect`] if the host has only one address and it does not
/// answer in time, or if the timeout is zero.
///
/// # Cancel safety
///
/// If the future is dropped, all attempts in progress are dropped, and their connections are
/// closed.
pub async fn dial<D: Dialer>(
    dialer: &D,
    endpoint: &Endpoint,
    connector: &Connector,
) -> Result<D::Stream, Error> {
    let patience = connector.config.timeouts.connect;
    if patience.is_zero() {
        // Do not start an attempt, because it could succeed before a timer of zero duration fires.
        return Err(Timeout::Connect.into());
    }
    let addresses = look_up(dialer, endpoint, patience).await?;
    let mut race = Race {
        waiting: by_turns(addresses),
        running: Vec::new(),
        head_start: None,
        failures: Vec::new(),
    };
    let stream = poll_fn(|cx| race.poll(dialer, connector, cx)).await;
    stream.ok_or_else(|| Error::unreachable(&race.failures))
}

async fn look_up<D: Dialer>(
    dialer: &D,
    endpoint: &Endpoint,
    patience: Duration,
) -> Result<Vec<SocketAddr>, Error> {
    let host = endpoint.host();
    let mut answer = pin!(dialer.resolve(host, endpoint.port()));
    let mut patience = pin!(dialer.sleep(patience));
    let addresses: Result<Vec<_>, String> = poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Ready(Ok(addresses)) => Poll::Ready(Ok(addresses.into_iter().collect())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(reason(&error))),
        Poll::Pending => patience.as_mut().poll(cx).map(|()| Err(NO_ANSWER.into())),
    })
    .await;
    let text = match addresses {
        Ok(addresses) if addresses.is_empty() => "it has no address".into(),
        Ok(addresses) => return Ok(addresses),
        Err(text) => text,
    };
    let text = format!("cannot resolve the host name {host}: {text}");
    Err(TransportError::new(TransportErrorKind::NameResolution, text).into())
}

/// Returns the text of an error and of its source, if it has one. Some resolvers put the reason in
/// the source.
fn reason(error: &io::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

const NO_ANSWER: &str = "no answer in time";

/// The attempts to connect that run at the same time.
struct Race<'d, S> {
    /// The addresses that were not tried yet, in reverse order.
    waiting: Vec<SocketAddr>,
    running: Vec<Attempt<'d, S>>,
    /// The time until the next attempt begins.
    head_start: Option<Wait<'d>>,
    failures: Vec<(SocketAddr, io::Error)>,
}

struct Attempt<'d, S> {
    address: SocketAddr,
    connect: Pin<Box<dyn Future<Output = io::Result<S>> + Send + 'd>>,
    patience: Wait<'d>,
}

type Wait<'d> = Pin<Box<dyn Future<Output = ()> + Send + 'd>>;

impl<'d, S> Race<'d, S> {
    fn poll<D: Dialer<Stream = S>>(
        &mut self,
        dialer: &'d D,
        connector: &Connector,
        cx: &mut Context<'_>,
    ) -> Poll<Option<S>> {
        loop {
            let mut connected = None;
            let failed_before = self.failures.len();
            let failures = &mut self.failures;
            self.running.retain_mut(|attempt| {
                if connected.is_some() {
                    return false;
                }
                let failure = match attempt.connect.as_mut().poll(cx) {
                    Poll::Ready(Ok(stream)) => {
                        connected = Some(stream);
                        return false;
                    }
                    Poll::Ready(Err(error)) => error,
                    Poll::Pending if attempt.patience.as_mut().poll(cx).is_ready() => {
                        io::Error::new(io::ErrorKind::TimedOut, NO_ANSWER)
                    }
                    Poll::Pending => return true,
                };
                failures.push((attempt.address, failure));
                false
            });
            if connected.is_some() {
                return Poll::Ready(connected);
            }
            // After a failure, the next attempt begins immediately.
            let failed = self.failures.len() > failed_before;
            let head_start = self.head_start.as_mut();
            if !(failed
                || self.running.is_empty()
                || head_start.is_some_and(|wait| wait.as_mut().poll(cx).is_ready()))
            {
                return Poll::Pending;
            }
            self.head_start = None;
            match self.waiting.pop() {
                Some(address) => {
                    self.running.push(Attempt {
                        address,
                        connect: Box::pin(dialer.connect(address)),
                        patience: Box::pin(dialer.sleep(connector.config.timeouts.connect)),
                    });
                    let another = connector.stagger.filter(|_| !self.waiting.is_empty());
                    self.head_start = another.map(|span| Box::pin(dialer.sleep(span)) as Wait);
                }
                None if self.running.is_empty() => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        }
    }
}

/// Returns the addresses in reverse order, alternating between the two families. The family of the
/// first address is tried first.
fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_ipv6);
    let longest = first.len().max(second.len());
    let mut turns: Vec<SocketAddr> = (0..longest)
        .flat_map(|turn| [first.get(turn).copied(), second.get(turn).copied()])
        .flatten()
        .collect();
    turns.reverse();
    turns
}
