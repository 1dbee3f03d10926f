//! Connecting to one of a host's addresses (RFC 8305).

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

/// How an adapter connects and waits. Its futures are `Send`, so that connecting may be spawned.
pub trait Dialer {
    /// A connected stream.
    type Stream;

    /// Looks up the addresses of a host.
    fn resolve(
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<impl IntoIterator<Item = SocketAddr>>> + Send;

    /// Connects to an address.
    fn connect(
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static;

    /// Waits.
    fn sleep(span: Duration) -> impl Future<Output = ()> + Send + 'static;
}

/// Connects to the first of a host's addresses that answers, IPv6 and IPv4 by turns: each gets a head
/// start of [`Connector::stagger`], and as long as
/// [`Timeouts::connect`](crate::Timeouts::connect) allows. The look-up may take as long again.
///
/// # Errors
///
/// [`Error::Transport`] if the host has no address, or with what each one said; [`Timeout::Connect`]
/// if there is only one and it says nothing.
///
/// # Cancel safety
///
/// Attempts under way are dropped, and with them their connections.
pub async fn dial<D: Dialer>(
    endpoint: &Endpoint,
    connector: &Connector,
) -> Result<D::Stream, Error> {
    let addresses = look_up::<D>(endpoint, connector.config.timeouts.connect).await?;
    let mut race = Race {
        waiting: by_turns(addresses),
        running: Vec::new(),
        head_start: None,
        failures: Vec::new(),
    };
    let stream = poll_fn(|cx| race.poll::<D>(connector, cx)).await;
    stream.ok_or_else(|| race.failure())
}

async fn look_up<D: Dialer>(
    endpoint: &Endpoint,
    patience: Duration,
) -> Result<Vec<SocketAddr>, Error> {
    let host = endpoint.host();
    let mut answer = pin!(D::resolve(host, endpoint.port()));
    let mut patience = pin!(D::sleep(patience));
    let addresses: Result<Vec<_>, String> = poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Ready(Ok(addresses)) => Poll::Ready(Ok(addresses.into_iter().collect())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(reason(&error))),
        Poll::Pending => patience.as_mut().poll(cx).map(|()| Err(NO_ANSWER.into())),
    })
    .await;
    let text = match addresses {
        Ok(addresses) if addresses.is_empty() => "no address".into(),
        Ok(addresses) => return Ok(addresses),
        Err(text) => text,
    };
    let text = format!("{host}: {text}");
    Err(TransportError::new(TransportErrorKind::NameResolution, text).into())
}

/// What went wrong, and why if the resolver keeps that inside.
fn reason(error: &io::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

const NO_ANSWER: &str = "no answer in time";

/// The attempts to connect.
struct Race<S> {
    /// The addresses that were not tried, the next one last.
    waiting: Vec<SocketAddr>,
    running: Vec<Attempt<S>>,
    /// For how long nobody else joins.
    head_start: Option<Wait>,
    failures: Vec<(SocketAddr, Option<io::Error>)>,
}

struct Attempt<S> {
    address: SocketAddr,
    connect: Pin<Box<dyn Future<Output = io::Result<S>> + Send>>,
    patience: Wait,
}

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<S> Race<S> {
    fn poll<D: Dialer<Stream = S>>(
        &mut self,
        connector: &Connector,
        cx: &mut Context<'_>,
    ) -> Poll<Option<S>> {
        loop {
            let mut connected = None;
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
                    Poll::Ready(Err(error)) => Some(error),
                    Poll::Pending if attempt.patience.as_mut().poll(cx).is_ready() => None,
                    Poll::Pending => return true,
                };
                failures.push((attempt.address, failure));
                false
            });
            if connected.is_some() {
                return Poll::Ready(connected);
            }
            let held = match &mut self.head_start {
                Some(wait) => wait.as_mut().poll(cx).is_pending(),
                None => true,
            };
            if held && !self.running.is_empty() {
                return Poll::Pending;
            }
            self.head_start = None;
            match self.waiting.pop() {
                Some(address) => {
                    self.running.push(Attempt {
                        address,
                        connect: Box::pin(D::connect(address)),
                        patience: Box::pin(D::sleep(connector.config.timeouts.connect)),
                    });
                    let another = connector.stagger.filter(|_| !self.waiting.is_empty());
                    self.head_start = another.map(|span| Box::pin(D::sleep(span)) as Wait);
                }
                None if self.running.is_empty() => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        }
    }

    fn failure(self) -> Error {
        let kind = match self.failures.last() {
            Some((_, None)) if self.failures.len() == 1 => return Timeout::Connect.into(),
            Some((_, Some(error))) => TransportError::from(error).kind,
            _ => TransportErrorKind::Unreachable,
        };
        let texts = self
            .failures
            .iter()
            .map(|(address, failure)| match failure {
                Some(error) => format!("{address}: {error}"),
                None => format!("{address}: {NO_ANSWER}"),
            });
        let texts: Vec<String> = texts.collect();
        TransportError::new(kind, texts.join("; ")).into()
    }
}

/// The addresses by turns, beginning with the family of the first; the next one stands last.
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
