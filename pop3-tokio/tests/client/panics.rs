//! Tests of a stream that panics, where the application catches the panic. The number of
//! transferred octets is unknown, and the next operation returns an error instead of waiting.

use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use pop3_tokio::proto::server::Server;
use pop3_tokio::{Config, Error};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

use super::support::{account, alice, maildrop, number, run_local, serve, trusted};

/// A stream that panics in the call with this number, after the call was made.
struct Panics {
    stream: DuplexStream,
    calls: u32,
    panics_at: u32,
}

impl Panics {
    fn called<T>(&mut self, polled: Poll<T>) -> Poll<T> {
        self.calls += 1;
        assert!(self.calls != self.panics_at, "the stream panics");
        polled
    }
}

impl AsyncRead for Panics {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, room);
        self.called(polled)
    }
}

impl AsyncWrite for Panics {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, octets);
        self.called(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.called(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Returns the output of the future, or `None` if it panicked.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}

/// Returns whether an operation panicked, and the results of the next ones.
async fn session(panics_at: u32) -> (bool, Vec<Result<(), Error>>) {
    let (near, far) = duplex(300);
    serve(far, Server::new(account(), maildrop(3)), None);
    let stream = Panics {
        stream: near,
        calls: 0,
        panics_at,
    };
    let started = caught(pop3_tokio::start(trusted(Config::default()), stream)).await;
    let Some(client) = started else {
        return (true, Vec::new());
    };
    let mut client = client.unwrap();
    let mut results = vec![caught(client.login(alice())).await.map(|it| it.map(drop))];
    results.push(caught(client.stat()).await.map(|it| it.map(drop)));
    let retrieved = async { client.retr(number(1)).await?.to_vec(1000).await };
    results.push(caught(retrieved).await.map(|it| it.map(drop)));
    results.push(caught(client.noop()).await.map(|it| it.map(drop)));
    results.push(caught(client.quit()).await.map(|it| it.map(drop)));
    let mut after = results.into_iter();
    for result in after.by_ref() {
        match result {
            Some(result) => result.unwrap(),
            None => {
                let after: Vec<_> = after.map(|result| result.expect("one panic")).collect();
                return (true, after);
            }
        }
    }
    (false, Vec::new())
}

#[tokio::test(start_paused = true)]
async fn panicking_stream_ends_the_session() {
    run_local(async {
        let mut panics = 0;
        let mut operations = 0;
        for panics_at in 1.. {
            let (panicked, after) = session(panics_at).await;
            if !panicked {
                break;
            }
            panics += 1;
            operations += after.len();
            let ended = |result: &Result<(), Error>| *result == Err(Error::CallbackPanicked);
            assert!(after.iter().all(ended), "{panics_at}: {after:?}");
        }
        assert!(panics > 20 && operations > 30, "{panics}, {operations}");
    })
    .await;
}
