//! Previews whose futures are dropped at any point, and previews as a stream.

use std::future::poll_fn;
use std::pin::Pin;

use futures::Stream;
use pop3_tokio::{
    Config, Error, MessageNumber, command::Verb, config::Pipelining, proto::server::Server,
    reply::Preview,
};
use tokio::io::DuplexStream;

use super::support::{
    Hesitant, account, alice, maildrop, number, polled, run_local, serve, trusted,
};

const MESSAGES: u32 = 12;

/// Starts a server with these messages, and with `TOP` only if that is the verb to expect.
fn server(verb: Verb) -> DuplexStream {
    let mut account = account();
    if verb == Verb::Retr {
        account = account.without(Verb::Top);
    }
    let (near, far) = tokio::io::duplex(1000);
    serve(far, Server::new(account, maildrop(MESSAGES)), None);
    near
}

type Item = (MessageNumber, Result<Preview, Error>);

fn assert_complete(items: &[Item], verb: Verb) {
    let numbers: Vec<u32> = items.iter().map(|(number, _)| number.get()).collect();
    assert_eq!(numbers, (1..=MESSAGES).collect::<Vec<_>>());
    for (number, preview) in items {
        let preview = preview.as_ref().unwrap();
        assert_eq!(preview.number, *number);
        assert_eq!(preview.verb, verb);
        let header = format!("Subject: message {number}\r\n\r\n");
        assert_eq!(preview.header, header.as_bytes());
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_futures_of_previews_lose_nothing() {
    for pipelining in [Pipelining::Auto, Pipelining::Never] {
        for verb in [Verb::Top, Verb::Retr] {
            for polls in 1..8 {
                run_local(async {
                    let stream = Hesitant::new(server(verb), true);
                    let mut config = Config::default();
                    config.pipelining = pipelining;
                    let mut client = pop3_tokio::start(trusted(config), stream).await.unwrap();
                    client.login(alice()).await.unwrap();
                    let mut previews = client.preview((1..=MESSAGES).map(number), 1000);
                    let mut items = Vec::new();
                    let mut dropped = 0;
                    loop {
                        match polled(polls, previews.next()).await {
                            Some(Some(item)) => items.push(item),
                            Some(None) => break,
                            None => {
                                dropped += 1;
                                // Let the server run.
                                tokio::task::yield_now().await;
                            }
                        }
                        assert!(dropped < 10_000, "no progress");
                    }
                    assert!(dropped > 0 || polls > 2, "nothing was dropped");
                    assert_complete(&items, verb);
                    assert_eq!(client.stat().await.unwrap().messages, MESSAGES);
                })
                .await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_previews_leave_the_client_synchronized() {
    for verb in [Verb::Top, Verb::Retr] {
        for taken in 0..4 {
            run_local(async {
                let stream = server(verb);
                let mut client = pop3_tokio::start(trusted(Config::default()), stream)
                    .await
                    .unwrap();
                client.login(alice()).await.unwrap();
                let mut previews = client.preview((1..=MESSAGES).map(number), 5);
                for _ in 0..taken {
                    assert!(previews.next().await.unwrap().1.is_ok());
                }
                drop(previews);
                assert_eq!(client.stat().await.unwrap().messages, MESSAGES);
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn stream_returns_every_preview() {
    run_local(async {
        let stream = server(Verb::Top);
        let mut client = pop3_tokio::start(trusted(Config::default()), stream)
            .await
            .unwrap();
        client.login(alice()).await.unwrap();
        let mut previews = client.preview((1..=MESSAGES).map(number), 1000);
        let mut items = Vec::new();
        while let Some(item) = poll_fn(|cx| Pin::new(&mut previews).poll_next(cx)).await {
            items.push(item);
        }
        assert_complete(&items, Verb::Top);
    })
    .await;
}
