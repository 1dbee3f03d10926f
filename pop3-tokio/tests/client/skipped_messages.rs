//! A message that takes too long is abandoned, and its rest skipped: every other message arrives,
//! and every later command gets its reply. This is the asynchronous example of the README.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pop3_blocking::server::EmbeddedServer;
use pop3_tokio::proto::server::Server;
use pop3_tokio::{
    Client, Config, Connector, Dele, List, Uidl,
    config::{Pipelining, StlsPolicy},
    connect_with, start,
    tls::Roots,
};
use tokio::io::{AsyncRead, AsyncWrite, copy, duplex, sink};
use tokio::time::{sleep, timeout};

use super::support::{account, alice, number, run_local, scripted, serve, terse, trusted};

const MESSAGES: u32 = 4;

/// Octets of a message: two of them fill the window.
const OCTETS: usize = 3 << 20;

const POLICIES: [Pipelining; 2] = [Pipelining::Auto, Pipelining::Never];

fn mail() -> impl Iterator<Item = (String, String)> {
    let line = format!("{}\r\n", "x".repeat(78));
    (1..=MESSAGES).map(move |n| (format!("uid-{n}"), line.repeat(OCTETS / line.len())))
}

/// A file on a disk that stopped responding.
struct Stuck;

impl AsyncWrite for Stuck {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }
}

/// Fetches like the README, with a file that is stuck for some messages. Returns the numbers of the
/// messages that were stored, and how many were abandoned.
async fn fetch<S>(client: &mut Client<S>, is_stuck: impl Fn(u32) -> bool) -> (Vec<u32>, u32)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // The window uses the sizes from LIST: with two messages in flight, it is full.
    let (_, uids) = client.batch((List, Uidl)).await.unwrap();
    let (mut stored, mut left) = (Vec::new(), 0);
    let mut messages = client.retrieve(uids.numbers());
    while let Some(message) = messages.next().await {
        let mut message = message.unwrap();
        let n = message.number().unwrap().get();
        let copied = if is_stuck(n) {
            timeout(Duration::from_millis(50), copy(&mut message, &mut Stuck)).await
        } else {
            timeout(Duration::from_secs(60), copy(&mut message, &mut sink())).await
        };
        match copied {
            Ok(octets) => assert!(octets.unwrap() > OCTETS as u64 / 2),
            Err(_) => {
                left += 1;
                continue;
            }
        }
        stored.push(n);
    }
    (stored, left)
}

/// Each message is abandoned or stored, and each stored one is deleted.
async fn whole_session<S>(mut client: Client<S>, is_stuck: impl Fn(u32) -> bool) -> usize
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    client.login(alice()).await.unwrap();
    let (stored, left) = fetch(&mut client, &is_stuck).await;
    let expected: Vec<u32> = (1..=MESSAGES).filter(|n| !is_stuck(*n)).collect();
    assert_eq!(stored, expected);
    assert_eq!(stored.len() + left as usize, MESSAGES as usize);
    let mut replies = client.pipeline(stored.iter().map(|n| Dele(number(*n))));
    let mut deleted = 0;
    while let Some(reply) = replies.next().await {
        reply.unwrap();
        deleted += 1;
    }
    assert_eq!(deleted, stored.len());
    assert!(client.quit().await.unwrap().is_committed());
    left as usize
}

/// The choices of messages to abandon: none, all, and some subsets.
fn choices() -> [impl Fn(u32) -> bool; 5] {
    [0b0000, 0b0001, 0b0101, 0b0110, 0b1111].map(|choice: u32| move |n| choice >> (n - 1) & 1 == 1)
}

#[tokio::test(start_paused = true)]
async fn messages_after_a_deadline_arrive() {
    for pipelining in POLICIES {
        for is_stuck in choices() {
            run_local(async {
                let (near, far) = duplex(65_536);
                let maildrop = mail().collect();
                let peer = serve(far, Server::new(account(), maildrop), None);
                let mut config = Config::default();
                config.pipelining = pipelining;
                let client = start(trusted(config), near).await.unwrap();
                let left = whole_session(client, is_stuck).await;
                let server = peer.ended().await;
                assert_eq!(server.maildrop().len(), left);
                let retrieved = |line: &&String| line.starts_with("RETR");
                let log = server.log();
                assert_eq!(log.iter().filter(retrieved).count(), MESSAGES as usize);
            })
            .await;
        }
    }
}

#[tokio::test]
async fn messages_after_a_timeout_arrive_over_real_sockets() {
    for pipelining in POLICIES {
        for (implicit_tls, stls) in [
            (false, StlsPolicy::Off),
            (false, StlsPolicy::Required),
            (true, StlsPolicy::Off),
        ] {
            let config = pop3_blocking::server::ServerConfig::new("alice", "secret");
            let server = EmbeddedServer::start(config, mail().collect()).unwrap();
            let mut connector = Connector::default();
            connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
            connector.config.pipelining = pipelining;
            connector.config.stls = stls;
            connector.config.allow_insecure_login = true;
            let endpoint = if implicit_tls {
                server.implicit_tls()
            } else {
                server.plain()
            };
            let client = connect_with(&endpoint, &connector).await.unwrap();
            let left = whole_session(client, |n| n != 3).await;
            assert_eq!(left, 3);
            assert_eq!(server.maildrop().len(), left);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pipeline_continues_while_slow_body_is_skipped() {
    for pipelining in [Pipelining::Always, Pipelining::Never] {
        run_local(async {
            let stream = scripted(300, async |wire| {
                wire.accept_login().await;
                wire.expect_octets("RETR 1\r\n").await;
                wire.send("+OK\r\nhello\r\n").await;
                for _ in 0..100 {
                    sleep(Duration::from_secs(20)).await;
                    wire.send("and so on\r\n").await;
                }
                wire.send(".\r\n").await;
                for n in 1..=3 {
                    wire.expect_octets(&format!("DELE {n}\r\n")).await;
                    wire.send("+OK\r\n").await;
                }
            });
            let mut config = terse();
            config.pipelining = pipelining;
            let mut client = start(trusted(config), stream).await.unwrap();
            client.login(alice()).await.unwrap();
            let mut message = client.retr(number(1)).await.unwrap();
            let mut file = sink();
            let copied = copy(&mut message, &mut file);
            let late = timeout(Duration::from_secs(60), copied).await;
            assert!(late.is_err());
            let mut replies = client.pipeline((1..=3).map(|n| Dele(number(n))));
            // Each wait is dropped every ten seconds, and nothing is lost.
            for _ in 0..3 {
                let reply = loop {
                    match timeout(Duration::from_secs(10), replies.next()).await {
                        Ok(reply) => break reply,
                        Err(_) => continue,
                    }
                };
                reply.expect("a reply").unwrap();
            }
            assert!(replies.next().await.is_none());
        })
        .await;
    }
}
