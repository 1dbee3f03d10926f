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

use super::support::{account, alice, at, maildrop, polled, private, run_local, serve_in_tls, tls};

const SECOND: Duration = Duration::from_secs(1);

/// A stream that can be blocked.
struct Blockable {
    stream: DuplexStream,
    blocked: Rc<Cell<bool>>,
}

impl AsyncRead for Blockable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.blocked.get() {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, room)
    }
}

impl AsyncWrite for Blockable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.blocked.get() {
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
async fn client() -> (Client<Blockable>, Rc<Cell<bool>>) {
    let (stream, far) = duplex(65_536);
    let server = Server::implicit_tls(account(), maildrop(3));
    serve_in_tls(far, server, tls());
    let blocked = Rc::new(Cell::new(false));
    let stream = Blockable {
        stream,
        blocked: Rc::clone(&blocked),
    };
    let mut client = pop3_tokio::start(private(true), stream).await.unwrap();
    client.login(alice()).await.unwrap();
    (client, blocked)
}

#[tokio::test(start_paused = true)]
async fn unread_handshake_times_out() {
    run_local(async {
        // No alert can be sent either.
        let (stream, _far) = duplex(16);
        let start = pop3_tokio::start(private(true), stream);
        let late = at(30 * SECOND, start).await;
        assert_eq!(
            late.unwrap_err(),
            Timeout::TlsHandshake {
                channel: pop3_tokio::proto::Channel::ImplicitTls
            }
            .into()
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn blocked_tls_write_times_out_after_a_minute() {
    run_local(async {
        let (mut client, blocked) = client().await;
        blocked.set(true);
        let late = at(60 * SECOND, client.batch((Stat, Noop))).await;
        assert_eq!(late.unwrap_err(), Timeout::Send.into());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn dead_network_does_not_delay_the_timeout_error() {
    run_local(async {
        let (mut client, blocked) = client().await;
        client.capa().await.unwrap();
        let ticket = client.submit(Stat).unwrap();
        // The first poll reads, and the second one sends.
        assert!(polled(2, client.wait(ticket)).await.is_none());
        blocked.set(true);
        // The close_notify cannot be sent, and the error is due without it.
        let late = at(180 * SECOND, client.wait(ticket)).await;
        assert_eq!(
            late.unwrap_err(),
            Timeout::FirstOctet {
                verb: Verb::Stat,
                number: None,
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
    run_local(async {
        let (mut client, _) = client().await;
        sleep(7200 * SECOND).await;
        at(Duration::ZERO, client.noop()).await.unwrap();
        let outcome = at(Duration::ZERO, client.quit()).await;
        assert!(outcome.unwrap().is_committed());
    })
    .await;
}
