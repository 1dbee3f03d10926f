//! The end of a session: buffers are flushed, TLS sends close_notify, and the stream is shut down.
//! The client waits for none of this.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pop3_tokio::proto::server::Server;
use pop3_tokio::{
    Error,
    error::{LimitError, Limited},
};
use tokio::io::{AsyncRead, AsyncWrite, BufStream, DuplexStream, ReadBuf, duplex};

use super::support::{
    account, alice, immediately, mail, maildrop, number, private, run_local, serve, serve_in_tls,
    terse, tls, trusted,
};

/// What was observed at the end of a stream.
#[derive(Debug, Default)]
struct Seen {
    last_write: Cell<usize>,
    shutdowns: Cell<usize>,
}

/// An observed stream, whose shutdown may never complete.
struct Watched {
    stream: DuplexStream,
    seen: Rc<Seen>,
    lingers: bool,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, room)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.seen.last_write.set(octets.len());
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.seen.shutdowns.set(self.seen.shutdowns.get() + 1);
        if self.lingers {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Returns both ends of an observed stream, and the observations.
fn watched(lingers: bool) -> (Watched, DuplexStream, Rc<Seen>) {
    let (stream, server) = duplex(1000);
    let seen = Rc::new(Seen::default());
    let stream = Watched {
        stream,
        seen: Rc::clone(&seen),
        lingers,
    };
    (stream, server, seen)
}

/// The size of a `close_notify` in TLS 1.3: a record's header, the alert, its type, the tag.
const CLOSE_NOTIFY: usize = 5 + 2 + 1 + 16;

#[tokio::test(start_paused = true)]
async fn buffered_stream_is_flushed() {
    run_local(async {
        let (stream, server) = duplex(1000);
        let peer = serve(server, Server::new(account(), maildrop(3)), None);
        let stream = BufStream::new(stream);
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        immediately(client.login(alice())).await.unwrap();
        let message = immediately(client.retr_to_vec(number(3), 1000))
            .await
            .unwrap();
        assert_eq!(message, mail(3));
        immediately(client.dele(number(1))).await.unwrap();
        assert!(immediately(client.quit()).await.unwrap().is_committed());
        assert_eq!(peer.ended().await.maildrop().len(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn quit_shuts_the_stream_down_once() {
    run_local(async {
        let (stream, server, seen) = watched(false);
        serve(server, Server::new(account(), maildrop(1)), None);
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        assert_eq!(seen.shutdowns.get(), 0);
        let _ = client.quit().await.unwrap();
        assert_eq!(seen.shutdowns.get(), 1);
        client.noop().await.unwrap_err();
        assert_eq!(seen.shutdowns.get(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn quit_sends_close_notify() {
    run_local(async {
        let (stream, server, seen) = watched(false);
        serve_in_tls(server, Server::new(account(), maildrop(1)), tls());
        let mut client = pop3_tokio::start(private(true), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        let _ = client.quit().await.unwrap();
        assert_eq!(seen.last_write.get(), CLOSE_NOTIFY);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn slow_shutdown_does_not_delay_the_quit_outcome() {
    run_local(async {
        let (stream, server, seen) = watched(true);
        serve(server, Server::new(account(), maildrop(1)), None);
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        client.dele(number(1)).await.unwrap();
        assert!(immediately(client.quit()).await.unwrap().is_committed());
        assert_eq!(seen.shutdowns.get(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn message_over_its_limit_closes_immediately() {
    run_local(async {
        let (stream, server, seen) = watched(false);
        serve(server, Server::new(account(), maildrop(1)), None);
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        let error = client.retr_to_vec(number(1), 10).await.unwrap_err();
        assert_eq!(error, Error::Limit(LimitError::new(Limited::Message, 10)));
        assert_eq!(
            error.to_string(),
            "the message has more octets than the limit of 10 (given by the application), and the \
             connection was closed; raise the limit, or read the message in chunks"
        );
        assert_eq!(seen.shutdowns.get(), 1);
    })
    .await;
}
