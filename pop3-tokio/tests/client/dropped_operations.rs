//! Single operations that are dropped after every number of polls: each behaves as documented.

use std::pin::pin;

use futures::StreamExt;
use futures::channel::oneshot;
use futures::future::{Either, select};
use pop3_tokio::proto::server::Server;
use pop3_tokio::{
    Config, Dele, Error, List, Retr, Stat, Uidl,
    command::{ListOne, Noop},
    config::Pipelining,
    error::Misuse,
};
use tokio::io::duplex;

use super::support::{
    InMemory, Peer, account, alice, immediately, mail, maildrop, number, polled, run_local,
    scripted, serve, settle, terse, trusted,
};

const MESSAGES: u32 = 5;

/// Returns a client that is logged in.
async fn client(room: usize) -> (InMemory, Peer) {
    let (near, far) = duplex(room);
    let peer = serve(far, Server::new(account(), maildrop(MESSAGES)), None);
    let mut client = pop3_tokio::start(trusted(Config::default()), near)
        .await
        .unwrap();
    client.login(alice()).await.unwrap();
    (client, peer)
}

/// Runs a case for every number of polls until it reports that the operation was complete.
async fn everywhere(
    name: &str,
    rooms: &[usize],
    at_least: usize,
    case: impl AsyncFn(InMemory, Peer, usize) -> bool,
) {
    let mut places = 0;
    for room in rooms {
        for polls in 0.. {
            places += 1;
            let over = run_local(immediately(async {
                let (client, peer) = client(*room).await;
                case(client, peer, polls).await
            }));
            if over.await {
                break;
            }
        }
    }
    println!("{name}: dropped at {places} places with rooms {rooms:?}");
    assert!(places >= at_least, "{places} only");
}

/// Checks that the session is synchronized and ends properly. Returns what the server received
/// after the login.
async fn finish(mut client: InMemory, peer: Peer) -> Vec<String> {
    assert_eq!(client.stat().await.unwrap().messages, MESSAGES);
    let message = client.retr_to_vec(number(2), 10_000).await.unwrap();
    assert_eq!(message, mail(2));
    assert!(client.quit().await.unwrap().is_committed());
    let server = peer.ended().await;
    assert_eq!(server.maildrop().len(), MESSAGES as usize);
    let log = server.log();
    let login = log.iter().position(|line| line.starts_with("PASS"));
    // CAPA is sent again after the login.
    log[login.unwrap() + 2..].to_vec()
}

const ALL: &[usize] = &[1, 7, 300, 65_536];

#[tokio::test(start_paused = true)]
async fn dropped_call_is_executed_once_or_never() {
    everywhere("call", ALL, 100, async |mut client, peer, polls| {
        let done = polled(polls, client.call(ListOne(number(3)))).await;
        if let Some(result) = &done {
            assert_eq!(result.as_ref().unwrap().number, number(3));
        }
        let log = finish(client, peer).await;
        assert!(["LIST 3", "STAT"].contains(&&*log[0]), "{log:?}");
        assert_eq!(log[log.len() - 3..], ["STAT", "RETR 2", "QUIT"]);
        assert!(log.len() <= 4, "{log:?}");
        done.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_batch_executes_a_prefix_of_its_commands() {
    everywhere("batch", ALL, 100, async |mut client, peer, polls| {
        let done = polled(polls, client.batch((Stat, List, Uidl, Noop))).await;
        let log = finish(client, peer).await;
        let (batch, rest) = log.split_at(log.len() - 3);
        assert!(["STAT", "LIST", "UIDL", "NOOP"].starts_with(&strs(batch)));
        assert_eq!(rest, ["STAT", "RETR 2", "QUIT"]);
        done.is_some_and(|result| result.is_ok())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ticket_stays_valid_after_a_dropped_wait() {
    everywhere("wait", ALL, 100, async |mut client, peer, polls| {
        let first = client.submit(ListOne(number(1))).unwrap();
        let second = client.submit(Uidl).unwrap();
        let third = client.submit(ListOne(number(3))).unwrap();
        let done = polled(polls, client.wait(second)).await;
        let over = done.is_some();
        let uids = match done {
            Some(uids) => uids,
            None => client.wait(second).await,
        };
        assert_eq!(uids.unwrap().len(), MESSAGES as usize);
        // An earlier reply is discarded, and a later one is not.
        let spent = Err(Error::Misuse(Misuse::TicketSpent));
        assert_eq!(client.wait(first).await, spent);
        assert_eq!(client.wait(third).await.unwrap().number, number(3));
        assert_eq!(
            client.wait(third).await.unwrap_err(),
            Misuse::TicketSpent.into()
        );
        let log = finish(client, peer).await;
        assert_eq!(
            strs(&log),
            ["LIST 1", "UIDL", "LIST 3", "STAT", "RETR 2", "QUIT"]
        );
        over
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn streamed_ticket_stays_valid_after_a_dropped_wait() {
    everywhere("wait_open", ALL, 100, async |mut client, peer, polls| {
        let first = client.submit(Retr(number(1))).unwrap();
        let second = client.submit(Retr(number(5))).unwrap();
        let uids = client.submit(Uidl).unwrap();
        let third = client.submit(Retr(number(3))).unwrap();
        let over = polled(polls, client.wait_open(second)).await.is_some();
        // A body is opened once: if it was received, it was lost with the future's output.
        let spent = Error::from(Misuse::TicketSpent);
        let mut octets = Vec::new();
        match client.wait_open(second).await {
            Ok(message) => octets = message.to_vec(10_000).await.unwrap(),
            Err(error) => assert!(over && error == spent),
        }
        assert_eq!(octets == mail(5), !over);
        assert_eq!(client.wait_open(first).await.unwrap_err(), spent);
        // A reply after it, and a body that is left partially read.
        assert_eq!(client.wait(uids).await.unwrap().len(), MESSAGES as usize);
        let mut message = client.wait_open(third).await.unwrap();
        let _ = polled(polls, message.chunk()).await;
        let log = finish(client, peer).await;
        let submitted = ["RETR 1", "RETR 5", "UIDL", "RETR 3"];
        assert_eq!(
            strs(&log),
            [&submitted[..], &["STAT", "RETR 2", "QUIT"]].concat()
        );
        over
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ticket_stays_valid_after_other_dropped_operations() {
    everywhere(
        "call beside a ticket",
        ALL,
        100,
        async |mut client, peer, polls| {
            let ticket = client.submit(Uidl).unwrap();
            let done = polled(polls, client.list_one(number(1))).await.is_some();
            // The call discards the reply after it was received, and not before.
            match client.wait(ticket).await {
                Ok(uids) => assert!(!done && uids.len() == MESSAGES as usize),
                Err(error) => assert!(polls > 0 && error == Misuse::TicketSpent.into()),
            }
            let log = finish(client, peer).await;
            assert_eq!(log.iter().filter(|line| *line == "UIDL").count(), 1);
            done
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn chunk_of_a_dropped_call_is_returned_next() {
    everywhere("chunk", ALL, 100, async |mut client, peer, polls| {
        let mut message = client.retr(number(5)).await.unwrap();
        let mut octets = Vec::new();
        let over = polled(polls, async {
            while let Some(chunk) = message.chunk().await.unwrap() {
                octets.extend_from_slice(&chunk);
            }
        });
        let over = over.await.is_some();
        // From here on, every wait is dropped as many times as possible.
        loop {
            match polled(1, message.chunk()).await {
                Some(Ok(Some(chunk))) => octets.extend_from_slice(&chunk),
                Some(end) => break assert_eq!(end, Ok(None)),
                None => tokio::task::yield_now().await,
            }
        }
        assert_eq!(octets, mail(5));
        let log = finish(client, peer).await;
        assert_eq!(strs(&log), ["RETR 5", "STAT", "RETR 2", "QUIT"]);
        over
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_to_vec_skips_the_rest() {
    everywhere("to_vec", ALL, 100, async |mut client, peer, polls| {
        let message = client.retr(number(5)).await.unwrap();
        let done = polled(polls, message.to_vec(10_000)).await;
        if let Some(octets) = &done {
            assert_eq!(octets, &Ok(mail(5)));
        }
        let log = finish(client, peer).await;
        assert_eq!(strs(&log), ["RETR 5", "STAT", "RETR 2", "QUIT"]);
        done.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_wait_for_a_message_loses_nothing() {
    everywhere(
        "Retrieve::next",
        ALL,
        100,
        async |mut client, peer, polls| {
            let mut seen = Vec::new();
            let mut messages = client.retrieve([3, 1, 4].map(number));
            let over = polled(polls, async {
                while let Some(message) = messages.next().await {
                    seen.push(message.unwrap().number().unwrap().get());
                }
            });
            let over = over.await.is_some();
            loop {
                // The message is not read here: the next call skips it.
                match polled(1, messages.next()).await {
                    Some(Some(message)) => seen.push(message.unwrap().number().unwrap().get()),
                    Some(None) => break,
                    None => tokio::task::yield_now().await,
                }
            }
            assert_eq!(seen, [3, 1, 4]);
            let log = finish(client, peer).await;
            let expected = ["RETR 3", "RETR 1", "RETR 4", "STAT", "RETR 2", "QUIT"];
            assert_eq!(strs(&log), expected);
            over
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_wait_for_a_reply_loses_nothing() {
    everywhere(
        "Pipeline::next",
        ALL,
        100,
        async |mut client, peer, polls| {
            let mut seen = Vec::new();
            // The ninth message does not exist: a refusal is a reply too.
            let mut sizes = client.pipeline([2, 9, 5].map(number).map(ListOne));
            let over = polled(polls, async {
                while let Some(reply) = sizes.next().await {
                    seen.push(reply.ok().map(|entry| entry.number.get()));
                }
            });
            let over = over.await.is_some();
            loop {
                // The other method of waiting, which can be dropped too.
                match polled(1, StreamExt::next(&mut sizes)).await {
                    Some(Some(reply)) => seen.push(reply.ok().map(|entry| entry.number.get())),
                    Some(None) => break,
                    None => tokio::task::yield_now().await,
                }
            }
            assert_eq!(seen, [Some(2), None, Some(5)]);
            let log = finish(client, peer).await;
            let expected = ["LIST 2", "LIST 9", "LIST 5", "STAT", "RETR 2", "QUIT"];
            assert_eq!(strs(&log), expected);
            over
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_pipeline_does_not_send_unsent_commands() {
    everywhere("Pipeline", ALL, 100, async |mut client, peer, polls| {
        let mut replies = client.pipeline((1..=MESSAGES).map(number).map(Dele));
        let mut done = 0;
        let over = polled(polls, async {
            while let Some(reply) = replies.next().await {
                reply.unwrap();
                done += 1;
            }
        });
        let over = over.await.is_some();
        // Only RSET can undo the deletions.
        client.rset().await.unwrap();
        let log = finish(client, peer).await;
        let deleted: Vec<_> = log.iter().filter(|line| line.starts_with("DELE")).collect();
        let all = ["DELE 1", "DELE 2", "DELE 3", "DELE 4", "DELE 5"];
        assert!(deleted.len() >= done);
        assert_eq!(deleted, all[..deleted.len()]);
        over
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unsent_commands_of_dropped_operations_are_never_sent() {
    run_local(immediately(async {
        let mut config = terse();
        config.pipelining = Pipelining::Never;
        let ((first_sent, first), (ninth_sent, ninth)) = (oneshot::channel(), oneshot::channel());
        let stream = scripted(1000, async |wire| {
            wire.accept_login().await;
            wire.expect_octets("DELE 1\r\n").await;
            first_sent.send(()).unwrap();
            settle().await;
            wire.send("+OK\r\n").await;
            wire.expect_octets("DELE 9\r\n").await;
            ninth_sent.send(()).unwrap();
            settle().await;
            wire.send("+OK\r\n").await;
            wire.expect_octets("NOOP\r\n").await;
            wire.send("+OK\r\n").await;
        });
        let mut client = pop3_tokio::start(trusted(config), stream).await.unwrap();
        client.login(alice()).await.unwrap();

        let batch = (Dele(number(1)), Dele(number(2)), Dele(number(3)));
        assert!(until(first, client.batch(batch)).await.is_none());
        // A forgotten helper does not run its destructor.
        let mut replies = client.pipeline([9, 4, 5].map(number).map(Dele));
        assert!(until(ninth, replies.next()).await.is_none());
        std::mem::forget(replies);
        client.noop().await.unwrap();
    }))
    .await;
}

/// Polls a future until the server has received a line, and drops it then.
async fn until<F: Future>(received: oneshot::Receiver<()>, future: F) -> Option<F::Output> {
    match select(received, pin!(future)).await {
        Either::Left(_) => None,
        Either::Right((output, _)) => Some(output),
    }
}

fn strs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}
