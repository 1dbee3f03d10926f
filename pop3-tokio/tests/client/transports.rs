//! Custom transports, and what a client knows with any transport.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use pop3_tokio::proto::client::{Client, Transport};
use pop3_tokio::proto::server::Server;
use pop3_tokio::{
    Config, Error, Tokio,
    error::{TlsErrorKind, TransportErrorKind},
    login::Method,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, DuplexStream, ReadBuf, duplex};

use super::support::{account, alice, mail, maildrop, number, run_local, serve, terse, trusted};

fn server(messages: u32) -> DuplexStream {
    let (near, far) = duplex(300);
    serve(far, Server::new(account(), maildrop(messages)), None);
    near
}

#[tokio::test(start_paused = true)]
async fn client_works_with_a_boxed_transport() {
    run_local(async {
        let transport: Box<dyn Transport> = Box::new(Tokio::new(server(2)));
        let session = trusted(Config::default());
        let mut client = Client::start(session, transport).await.unwrap();
        client.login(alice()).await.unwrap();
        let octets = client
            .retr(number(2))
            .await
            .unwrap()
            .to_vec(1 << 20)
            .await
            .unwrap();
        assert_eq!(octets, mail(2));
        assert!(client.quit().await.unwrap().is_committed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn client_exposes_greeting_and_login_plan() {
    run_local(async {
        let session = trusted(Config::default());
        let mut client = pop3_tokio::start(session, server(1)).await.unwrap();
        assert!(!client.greeting().unwrap().text.as_bytes().is_empty());
        assert!(client.login_plan().is_none());
        client.capa().await.unwrap();
        let chosen = |plan: &pop3_tokio::login::LoginPlan| plan.chosen().map(|way| way.method);
        assert_eq!(chosen(&client.plan_login(&alice())), Some(Method::UserPass));
        client.login(alice()).await.unwrap();
        assert_eq!(client.login_plan().and_then(chosen), Some(Method::UserPass));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unread_part_of_a_chunk_is_returned_next() {
    run_local(async {
        let session = trusted(Config::default());
        let mut client = pop3_tokio::start(session, server(1)).await.unwrap();
        client.login(alice()).await.unwrap();
        let mut message = client.retr(number(1)).await.unwrap();
        let mut octets = vec![0; 3];
        message.read_exact(&mut octets).await.unwrap();
        while let Some(chunk) = message.chunk().await.unwrap() {
            octets.extend_from_slice(&chunk);
        }
        assert_eq!(octets, mail(1));
    })
    .await;
}

/// A stream that reports writes of zero octets.
struct Full(DuplexStream);

impl AsyncRead for Full {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, room)
    }
}

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn stream_writing_zero_octets_fails() {
    run_local(async {
        let stream = Full(server(1));
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        match client.login(alice()).await {
            Err(Error::Transport(error)) => {
                assert_eq!(error.kind, TransportErrorKind::Other);
                assert!(error.writing);
            }
            other => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn stls_without_tls_configuration_fails() {
    use pop3_tokio::proto::{Channel, Connection, Instant};
    run_local(async {
        let session = Connection::new(Config::default(), Channel::Plain, Instant::ORIGIN);
        let (near, far) = duplex(300);
        serve(far, Server::new(account().stls(true), maildrop(1)), None);
        let mut client = pop3_tokio::start(session, near).await.unwrap();
        match client.start_tls().await {
            Err(Error::Tls(error)) => assert_eq!(error.kind, TlsErrorKind::NotConfigured),
            other => panic!("{other:?}"),
        }
    })
    .await;
}
