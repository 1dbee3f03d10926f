//! A message can be read with several traits, with the same result.

use std::io;

use futures::StreamExt as _;
use pop3_tokio::proto::server::Server;
use pop3_tokio::{
    Config, Error,
    command::Verb,
    error::{Closed, Timeout},
};
use tokio::io::duplex;

use super::support::{
    InMemory, account, alice, at, mail, maildrop, number, run_local, scripted, serve, terse,
    trusted,
};

const MESSAGES: u32 = 8;

async fn client(room: usize) -> InMemory {
    let (near, far) = duplex(room);
    serve(far, Server::new(account(), maildrop(MESSAGES)), None);
    let session = trusted(Config::default());
    let mut client = pop3_tokio::start(session, near).await.unwrap();
    client.login(alice()).await.unwrap();
    client
}

const ROOMS: [usize; 4] = [1, 7, 300, 65_536];

#[tokio::test(start_paused = true)]
async fn tokio_reads_to_the_end() {
    use tokio::io::AsyncReadExt as _;
    for room in ROOMS {
        run_local(async {
            let mut client = client(room).await;
            for n in 1..=MESSAGES {
                let mut octets = Vec::new();
                let mut message = client.retr(number(n)).await.unwrap();
                message.read_to_end(&mut octets).await.unwrap();
                assert_eq!(octets, mail(n));
                // Reading at the end returns the end again.
                assert_eq!(message.read(&mut [0; 9]).await.unwrap(), 0);
            }
            let _ = client.quit().await.unwrap();
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn tokio_reads_lines_and_single_octets_and_copies() {
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};
    for room in ROOMS {
        run_local(async {
            let mut client = client(room).await;
            let message = client.retr(number(2)).await.unwrap();
            let mut lines = message.lines();
            let mut read = Vec::new();
            while let Some(line) = lines.next_line().await.unwrap() {
                read.push(line);
            }
            let whole = String::from_utf8(mail(2)).unwrap();
            assert_eq!(read, whole.lines().collect::<Vec<_>>());

            let mut message = client.retr(number(2)).await.unwrap();
            let mut octets = vec![message.read_u8().await.unwrap()];
            // One part with a trait, and the rest with another method.
            octets.extend_from_slice(message.fill_buf().await.unwrap());
            let taken = octets.len() - 1;
            message.consume(taken);
            while let Some(chunk) = message.chunk().await.unwrap() {
                octets.extend_from_slice(&chunk);
            }
            assert_eq!(octets, mail(2));

            let mut copy = Vec::new();
            let mut message = client.retr(number(5)).await.unwrap();
            tokio::io::copy_buf(&mut message, &mut copy).await.unwrap();
            assert_eq!(copy, mail(5));
            let mut copy = Vec::new();
            let mut message = client.retr(number(5)).await.unwrap();
            tokio::io::copy(&mut message, &mut copy).await.unwrap();
            assert_eq!(copy, mail(5));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn futures_reads_to_the_end_and_lines() {
    use futures::{AsyncBufReadExt as _, AsyncReadExt as _};
    for room in ROOMS {
        run_local(async {
            let mut client = client(room).await;
            let mut octets = Vec::new();
            let mut message = client.retr(number(4)).await.unwrap();
            message.read_to_end(&mut octets).await.unwrap();
            assert_eq!(octets, mail(4));
            assert_eq!(message.read(&mut [0; 9]).await.unwrap(), 0);

            let message = client.retr(number(5)).await.unwrap();
            let lines: Vec<_> = message.lines().map(Result::unwrap).collect().await;
            let whole = String::from_utf8(mail(5)).unwrap();
            assert_eq!(lines, whole.lines().collect::<Vec<_>>());

            let mut copy = Vec::new();
            let message = client.retr(number(5)).await.unwrap();
            futures::io::copy_buf(message, &mut copy).await.unwrap();
            assert_eq!(copy, mail(5));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn stream_yields_the_same_octets() {
    for room in ROOMS {
        run_local(async {
            let mut client = client(room).await;
            for n in 1..=MESSAGES {
                let mut message = client.retr(number(n)).await.unwrap();
                let mut octets = Vec::new();
                while let Some(chunk) = message.next().await {
                    octets.extend_from_slice(&chunk.unwrap());
                }
                assert_eq!(octets, mail(n));
                assert!(message.next().await.is_none());
            }
        })
        .await;
    }
}

/// Returns a client whose first message is truncated after two lines.
async fn cut_short(hangs_up: bool) -> InMemory {
    let stream = scripted(1000, async move |wire| {
        wire.accept_login().await;
        wire.expect_octets("RETR 1\r\n").await;
        wire.send("+OK\r\nSubject: none\r\n\r\n").await;
        if hangs_up {
            wire.hang_up();
        }
    });
    let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
    client.login(alice()).await.unwrap();
    client
}

fn truncated() -> Error {
    let (verb, outstanding) = (Verb::Retr, 1);
    Closed::Truncated {
        verb,
        number: Some(number(1)),
        outstanding,
        first_batch: false,
        lf_dot: false,
        last_err: None,
    }
    .into()
}

fn check(error: &io::Error, octets: &[u8]) {
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(Error::inside(error), Some(&truncated()));
    assert_eq!(octets, b"Subject: none\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn truncated_message_is_an_error_for_every_reader() {
    run_local(async {
        let mut octets = Vec::new();
        let mut client = cut_short(true).await;
        let mut message = client.retr(number(1)).await.unwrap();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut message, &mut octets).await;
        check(&read.unwrap_err(), &octets);
        // A further read returns the error again.
        let again = tokio::io::AsyncReadExt::read(&mut message, &mut [0; 9]).await;
        assert_eq!(Error::inside(&again.unwrap_err()), Some(&truncated()));

        let mut octets = Vec::new();
        let mut client = cut_short(true).await;
        let mut message = client.retr(number(1)).await.unwrap();
        let read = futures::AsyncReadExt::read_to_end(&mut message, &mut octets).await;
        check(&read.unwrap_err(), &octets);

        let mut copy = Vec::new();
        let mut client = cut_short(true).await;
        let mut message = client.retr(number(1)).await.unwrap();
        let read = tokio::io::copy_buf(&mut message, &mut copy).await;
        check(&read.unwrap_err(), &copy);

        let mut client = cut_short(true).await;
        let message = client.retr(number(1)).await.unwrap();
        let mut chunks: Vec<_> = message.collect().await;
        assert_eq!(chunks.pop(), Some(Err(truncated())));
        let octets: Vec<_> = chunks.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(octets, b"Subject: none\r\n\r\n");

        let mut client = cut_short(true).await;
        let read = client.retr_to_vec(number(1), 1000).await;
        assert_eq!(read, Err(truncated()));
        assert_eq!(client.noop().await, Err(truncated()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn stalled_message_times_out_for_every_reader() {
    run_local(async {
        let mut client = cut_short(false).await;
        let patience = client.config().timeouts.stall;
        let mut octets = Vec::new();
        let mut message = client.retr(number(1)).await.unwrap();
        let read = at(
            patience,
            tokio::io::AsyncReadExt::read_to_end(&mut message, &mut octets),
        );
        let error = read.await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(
            Error::inside(&error),
            Some(
                &Timeout::Stall {
                    verb: Some(Verb::Retr),
                    number: Some(number(1)),
                    last_err: None,
                    outstanding: 1,
                    first_batch: false,
                    lf_dot: false
                }
                .into()
            )
        );
        // An error from elsewhere is not a POP3 error.
        assert_eq!(Error::inside(&io::Error::other("the disk is full")), None);
    })
    .await;
}
