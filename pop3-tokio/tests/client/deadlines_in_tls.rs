//! Deadlines in TLS: the alert after a timeout must not delay the error.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use pop3_tokio::proto::server::Server;
use pop3_tokio::{
    Client, Stat,
    command::{Noop, Verb},
    error::Timeout,
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::time::sleep;

use super::support::{account, alice, at, maildrop, polled, private, serve_in_tls, story, tls};

const SECOND: Duration = Duration::from_secs(1);

/// A stream that can be blocked.
struct Dammed {
    stream: DuplexStream,
    dam: Rc<Cell<bool>>,
}

impl AsyncRead for Dammed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.dam.get() {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, room)
    }
}

impl AsyncWrite for Dammed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.dam.get() {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Returns a client that is logged in over TLS, and a switch that blocks all octets.
async fn client() -> (Client<Dammed>, Rc<Cell<bool>>) {
    let (stream, far) = duplex(65_536);
    let server = Server::implicit_tls(account(), maildrop(3));
    serve_in_tls(far, server, tls());
    let dam = Rc::new(Cell::new(false));
    let stream = Dammed {
        stream,
        dam: Rc::clone(&dam),
    };
    let mut client = pop3_tokio::start(private(true), stream).await.unwrap();
    client.login(alice()).await.unwrap();
    (client, dam)
}

#[tokio::test(start_paused = true)]
async fn unread_handshake_times_out() {
    story(async {
        // No alert can be sent either.
        let (stream, _far) = duplex(16);
        let start = pop3_tokio::start(private(true), stream);
        let late = at(30 * SECOND, start).await;
        assert_eq!(late.unwrap_err(), Timeout::TlsHandshake.into());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn blocked_tls_write_times_out_after_a_minute() {
    story(async {
        let (mut client, dam) = client().await;
        dam.set(true);
        let late = at(60 * SECOND, client.batch((Stat, Noop))).await;
        assert_eq!(late.unwrap_err(), Timeout::Send.into());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn dead_network_does_not_delay_the_timeout_error() {
    story(async {
        let (mut client, dam) = client().await;
        client.capa().await.unwrap();
        let ticket = client.submit(Stat).unwrap();
        // The first poll reads, and the second one sends.
        assert!(polled(2, client.wait(ticket)).await.is_none());
        dam.set(true);
        // The close_notify cannot be sent, and the error is due without it.
        let late = at(180 * SECOND, client.wait(ticket)).await;
        assert_eq!(
            late.unwrap_err(),
            Timeout::FirstOctet {
                verb: Verb::Stat,
                outstanding: 1,
                first_batch: false,
                last_err: None,
            }
            .into()
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_tls_session_does_not_time_out() {
    story(async {
        let (mut client, _) = client().await;
        sleep(7200 * SECOND).await;
        at(Duration::ZERO, client.noop()).await.unwrap();
        let outcome = at(Duration::ZERO, client.quit()).await;
        assert!(outcome.unwrap().is_committed());
    })
    .await;
}
