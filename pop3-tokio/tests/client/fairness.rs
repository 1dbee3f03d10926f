//! Two clients in one thread: an endless message that is always available does not starve the other
//! client.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use pop3_tokio::Config;
use pop3_tokio::proto::server::Server;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, duplex};

use super::support::{
    account, alice, maildrop, number, run_local, scripted, serve, terse, trusted,
};

/// A server that always has octets available: each read is full, immediate, and does not use
/// Tokio's cooperative budget.
struct AlwaysReady {
    /// One for each line that it received, and the greeting.
    replies: usize,
    /// How many of them were read.
    read: usize,
}

/// The greeting, the replies to USER and PASS, and the start of the message.
const SHORT: usize = 4;

impl AsyncRead for AlwaysReady {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read >= SHORT {
            let octets = room.remaining();
            room.put_slice(&vec![b'x'; octets]);
        } else if self.read < self.replies {
            room.put_slice(b"+OK\r\n");
            self.read += 1;
        } else {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for AlwaysReady {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.replies += octets.iter().filter(|octet| **octet == b'\n').count();
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a whole session of another client, within a time limit.
async fn another_session() {
    let session = async {
        let (near, far) = duplex(300);
        serve(far, Server::new(account(), maildrop(5)), None);
        let session = trusted(Config::default());
        let mut client = pop3_tokio::start(session, near).await.unwrap();
        client.login(alice()).await.unwrap();
        let mut messages = client.retrieve((1..=5).map(number));
        while let Some(message) = messages.next().await {
            message.unwrap().to_vec(10_000).await.unwrap();
        }
        let _ = client.quit().await.unwrap();
    };
    let begin = std::time::Instant::now();
    tokio::time::timeout(Duration::from_secs(30), session)
        .await
        .unwrap();
    println!("the other session took {:?}", begin.elapsed());
}

#[tokio::test]
async fn endless_message_does_not_starve_other_tasks() {
    run_local(async {
        let read = Rc::new(Cell::new(0));
        let counted = Rc::clone(&read);
        tokio::task::spawn_local(async move {
            let stream = scripted(65_536, async |wire| {
                wire.accept_login().await;
                wire.expect_octets("RETR 1\r\n").await;
                wire.send("+OK\r\n").await;
                while wire.try_send(&"endless\r\n".repeat(1000)).await {}
            });
            let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
            client.login(alice()).await.unwrap();
            let mut message = client.retr(number(1)).await.unwrap();
            while let Some(chunk) = message.chunk().await.unwrap() {
                counted.set(counted.get() + chunk.len());
            }
        });
        another_session().await;
        println!("the greedy one read {} octets", read.get());
        assert!(read.get() > 0);
    })
    .await;
}

#[tokio::test]
async fn always_ready_stream_does_not_starve_other_tasks() {
    for skips in [false, true] {
        run_local(async {
            let begun = Rc::new(Cell::new(false));
            let reported = Rc::clone(&begun);
            let greedy = tokio::task::spawn_local(async move {
                let stream = AlwaysReady {
                    replies: 1,
                    read: 0,
                };
                let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
                client.login(alice()).await.unwrap();
                let mut message = client.retr(number(1)).await.unwrap();
                reported.set(true);
                if skips {
                    // An operation that has to skip everything.
                    let _ = client.noop().await;
                } else {
                    while message.chunk().await.unwrap().is_some() {}
                }
            });
            another_session().await;
            assert!(begun.get() && !greedy.is_finished());
        })
        .await;
    }
}
