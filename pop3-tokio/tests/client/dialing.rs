//! Connecting to a host with several addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use pop3_blocking::server::EmbeddedServer;
use pop3_tokio::proto::client::{Dialer, dial};
use pop3_tokio::{
    Connector, Endpoint, Error,
    config::StlsPolicy,
    connect_with,
    error::{Timeout, TransportErrorKind},
    tls::Roots,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

use super::support::{account, alice, at, maildrop};

/// A fake network. The port of an address determines its behaviour: below 30,000 it accepts after
/// this many milliseconds, from there on it refuses after the remainder, and 65,535 does not
/// respond.
#[derive(Default)]
struct FakeNetwork {
    addresses: Vec<SocketAddr>,
    tried: Mutex<Vec<(u16, Instant)>>,
    cancelled: Mutex<Vec<u16>>,
}

const SILENT: u16 = 65_535;
const REFUSES: u16 = 30_000;

/// An attempt that records its drop.
struct Attempt<'p>(u16, &'p FakeNetwork);

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.1.cancelled.lock().unwrap().push(self.0);
    }
}

impl Dialer for FakeNetwork {
    type Stream = u16;

    async fn resolve(
        &self,
        host: &str,
        _: u16,
    ) -> io::Result<impl IntoIterator<Item = SocketAddr>> {
        if host == "silent" {
            std::future::pending::<()>().await;
        }
        Ok(self.addresses.clone())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<u16> {
        let port = address.port();
        self.tried.lock().unwrap().push((port, Instant::now()));
        let attempt = Attempt(port, self);
        match port {
            SILENT => std::future::pending().await,
            REFUSES.. => {
                sleep(Duration::from_millis((port - REFUSES).into())).await;
                Err(io::ErrorKind::ConnectionRefused.into())
            }
            _ => {
                sleep(Duration::from_millis(port.into())).await;
                std::mem::forget(attempt);
                Ok(port)
            }
        }
    }

    async fn sleep(&self, span: Duration) {
        sleep(span).await;
    }
}

fn v4(port: u16) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()
}

fn v6(port: u16) -> SocketAddr {
    (IpAddr::V6(Ipv6Addr::LOCALHOST), port).into()
}

fn millis(span: u64) -> Duration {
    Duration::from_millis(span)
}

/// The result, when each port was tried in milliseconds, and which attempts were cancelled.
struct Played {
    result: Result<u16, Error>,
    tried: Vec<(u16, u128)>,
    cancelled: Vec<u16>,
}

async fn play(addresses: &[SocketAddr], stagger: Option<Duration>) -> Played {
    let mut connector = Connector::default();
    connector.stagger = stagger;
    let play = FakeNetwork {
        addresses: addresses.to_vec(),
        ..FakeNetwork::default()
    };
    let begin = Instant::now();
    let result = dial(&play, &Endpoint::plain("host", None), &connector).await;
    let tried = play.tried.lock().unwrap().clone().into_iter();
    Played {
        result,
        tried: tried
            .map(|(port, at)| (port, (at - begin).as_millis()))
            .collect(),
        cancelled: play.cancelled.lock().unwrap().clone(),
    }
}

const STAGGER: Option<Duration> = Some(Duration::from_millis(250));

#[tokio::test(start_paused = true)]
async fn second_address_is_tried_after_the_stagger() {
    let Played { result, tried, .. } = at(millis(249), play(&[v6(249), v4(1)], STAGGER)).await;
    assert_eq!(result, Ok(249));
    assert_eq!(tried, [(249, 0)]);
    let Played {
        result,
        tried,
        cancelled,
    } = at(millis(252), play(&[v6(SILENT), v4(2)], STAGGER)).await;
    assert_eq!(result, Ok(2));
    assert_eq!(tried.len(), 2);
    assert!((250..253).contains(&tried[1].1), "{tried:?}");
    // The losing attempt is cancelled immediately.
    assert_eq!(cancelled, [SILENT]);
}

#[tokio::test(start_paused = true)]
async fn refused_address_starts_the_next_immediately() {
    let addresses = [v6(REFUSES + 10), v4(REFUSES + 10), v4(5)];
    let Played { result, tried, .. } = at(millis(25), play(&addresses, STAGGER)).await;
    assert_eq!(result, Ok(5));
    assert_eq!(tried.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn refused_second_address_starts_the_third_immediately() {
    let refuses = v4(REFUSES + 10);
    let addresses = [v4(SILENT), refuses, refuses, refuses, v4(5)];
    let Played { result, tried, .. } = at(millis(285), play(&addresses, STAGGER)).await;
    assert_eq!(result, Ok(5));
    assert_eq!(tried.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn refusal_is_reported_in_preference_to_timeout() {
    let silent = [v4(SILENT), v6(SILENT)];
    for (addresses, kind) in [
        (&[v4(REFUSES), v6(SILENT)], TransportErrorKind::Refused),
        (&silent, TransportErrorKind::Unreachable),
    ] {
        let Played { result, .. } = play(addresses, STAGGER).await;
        let Err(Error::Transport(error)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(error.kind, kind);
    }
}

#[tokio::test(start_paused = true)]
async fn slow_first_address_can_still_connect() {
    let Played {
        result, cancelled, ..
    } = at(millis(400), play(&[v6(400), v4(SILENT)], STAGGER)).await;
    assert_eq!(result, Ok(400));
    assert_eq!(cancelled, [SILENT]);
}

#[tokio::test(start_paused = true)]
async fn address_families_alternate() {
    let addresses = [v6(SILENT), v6(20_000), v4(100), v4(20_001)];
    let Played { result, tried, .. } = at(millis(350), play(&addresses, STAGGER)).await;
    assert_eq!(result, Ok(100));
    assert_eq!(tried[1].0, 100);
}

#[tokio::test(start_paused = true)]
async fn without_stagger_addresses_are_tried_in_sequence() {
    let Played { result, tried, .. } = at(millis(30_002), play(&[v6(SILENT), v4(2)], None)).await;
    assert_eq!(result, Ok(2));
    assert!(tried[1].1 >= 30_000, "{tried:?}");
    let Played { result, tried, .. } = at(millis(20_000), play(&[v6(20_000), v4(2)], None)).await;
    assert_eq!(result, Ok(20_000));
    assert_eq!(tried.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn silent_single_address_times_out() {
    for stagger in [None, STAGGER] {
        let Played { result, .. } = at(millis(30_000), play(&[v4(SILENT)], stagger)).await;
        assert_eq!(result, Err(Timeout::Connect.into()));
    }
}

#[tokio::test(start_paused = true)]
async fn silent_resolver_times_out() {
    let silent = Endpoint::plain("silent", None);
    let connector = Connector::default();
    let result = at(
        millis(30_000),
        dial(&FakeNetwork::default(), &silent, &connector),
    )
    .await;
    let Err(Error::Transport(error)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(error.kind, TransportErrorKind::NameResolution);
    assert_eq!(
        &*error.text,
        "cannot resolve the host name silent: no answer in time"
    );
}

#[tokio::test(start_paused = true)]
async fn connect_error_names_each_address_and_cause() {
    let addresses = [v6(REFUSES), v4(SILENT)];
    let Played { result, .. } = at(millis(30_000), play(&addresses, STAGGER)).await;
    let text = result.unwrap_err().to_string();
    assert!(text.contains("[::1]:30000: connection refused"), "{text}");
    assert!(
        text.contains("127.0.0.1:65535: no answer in time"),
        "{text}"
    );
    let Played { result, .. } = at(millis(0), play(&[], STAGGER)).await;
    match result {
        Err(Error::Transport(error)) => {
            assert_eq!(error.kind, TransportErrorKind::NameResolution);
        }
        other => panic!("{other:?}"),
    }
}

/// Connects like the adapter, to addresses that no resolver returns.
struct Tcp(Vec<SocketAddr>);

impl Dialer for Tcp {
    type Stream = TcpStream;

    async fn resolve(&self, _: &str, _: u16) -> io::Result<impl IntoIterator<Item = SocketAddr>> {
        Ok(self.0.clone())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }

    async fn sleep(&self, span: Duration) {
        sleep(span).await;
    }
}

#[tokio::test]
async fn connection_falls_back_to_the_reachable_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (endpoint, tcp) = (
        Endpoint::plain("localhost", None),
        Tcp(vec![v6(port), v4(port)]),
    );
    for stagger in [None, STAGGER] {
        let mut connector = Connector::default();
        connector.stagger = stagger;
        let stream = dial(&tcp, &endpoint, &connector).await;
        assert_eq!(stream.unwrap().peer_addr().unwrap(), v4(port));
    }
    drop(listener);
    let error = dial(&tcp, &endpoint, &Connector::default()).await;
    let Err(Error::Transport(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind, TransportErrorKind::Refused);
    assert!(error.text.contains(&format!("[::1]:{port}")), "{error}");
    assert!(error.text.contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn session_with_a_host_name_works() {
    let server = EmbeddedServer::start(account(), maildrop(2)).unwrap();
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
    for endpoint in [server.plain(), server.implicit_tls()] {
        let mut client = connect_with(&endpoint, &connector).await.unwrap();
        assert!(client.transport().get_ref().nodelay().unwrap());
        client.login(alice()).await.unwrap();
        assert!(client.quit().await.unwrap().is_committed());
    }
}

#[tokio::test]
async fn refused_connection_names_every_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let endpoint = Endpoint::plain("localhost", Some(port));
    let Err(Error::Transport(error)) = connect_with(&endpoint, &Connector::default()).await else {
        panic!("it connected");
    };
    assert_eq!(error.kind, TransportErrorKind::Refused);
    for address in tokio::net::lookup_host(("localhost", port)).await.unwrap() {
        assert!(error.text.contains(&address.to_string()), "{error}");
    }
    let endpoint = Endpoint::plain("no-such-host.invalid", None);
    let Err(Error::Transport(error)) = connect_with(&endpoint, &Connector::default()).await else {
        panic!("it connected");
    };
    assert_eq!(error.kind, TransportErrorKind::NameResolution);
    assert!(error.text.contains("no-such-host.invalid"), "{error}");
}

#[tokio::test]
async fn full_backlog_times_out() {
    // If the accept queue is full, Linux ignores SYN packets.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    for _ in 0..16 {
        match tokio::time::timeout(millis(100), TcpStream::connect(address)).await {
            Ok(stream) => queue.push(stream.unwrap()),
            Err(_) => break,
        }
    }
    if queue.len() == 16 {
        println!("skipped: this kernel drops no SYN");
        return;
    }
    let mut connector = Connector::default();
    connector.config.stls = StlsPolicy::Off;
    connector.config.timeouts.connect = millis(300);
    let endpoint = Endpoint::plain("127.0.0.1", Some(address.port()));
    let begin = std::time::Instant::now();
    let result = connect_with(&endpoint, &connector).await;
    println!("a timeout of 300 ms took {:?}", begin.elapsed());
    assert_eq!(result.unwrap_err(), Timeout::Connect.into());
    assert!(begin.elapsed() >= millis(300));
    assert!(begin.elapsed() < millis(5000));
}
