//! A QUIT that is dropped before its outcome is known. A sent QUIT cannot be undone, and must not
//! be sent twice.

use pop3_tokio::proto::server::Server;
use pop3_tokio::{Config, Error, Phase, QuitOutcome, command::Verb, error::Closed};
use tokio::io::duplex;

use super::support::{
    account, alice, at, immediately, maildrop, number, polled, run_local, scripted, serve, settle,
    terse, trusted,
};

/// Drops a QUIT after this many polls and tries again. Returns the result of the second one, and
/// whether the first one was complete.
async fn dropped_after(polls: usize, room: usize, settles: bool) -> (String, bool) {
    let (near, far) = duplex(room);
    let peer = serve(far, Server::new(account(), maildrop(3)), None);
    let mut client = pop3_tokio::start(trusted(Config::default()), near)
        .await
        .unwrap();
    client.login(alice()).await.unwrap();
    client.dele(number(2)).await.unwrap();
    let first = polled(polls, client.quit()).await;
    if let Some(outcome) = &first {
        assert!(
            matches!(outcome, Ok(QuitOutcome::Committed(_))),
            "{outcome:?}"
        );
    }
    if settles {
        settle().await;
    }
    let second = client.quit().await;
    let finished = Err(Error::from(Closed::Finished));
    let reported = match &second {
        // The first one had not been sent.
        Ok(QuitOutcome::Committed(_)) => "committed",
        Ok(QuitOutcome::Unknown) => "unknown",
        _ if second == finished => "finished",
        other => panic!("{other:?}"),
    };
    assert_eq!(client.phase(), Phase::Closed);
    assert_eq!(client.quit().await, finished);
    assert_eq!(client.noop().await, Err(Closed::Finished.into()));
    let server = peer.ended().await;
    let quits = server.log().iter().filter(|line| *line == "QUIT").count();
    assert_eq!(quits, 1);
    assert_eq!(server.expunged(), ["uid-2"]);
    (reported.to_owned(), first.is_some())
}

#[tokio::test(start_paused = true)]
async fn later_quit_completes_a_dropped_quit() {
    for settles in [false, true] {
        let mut reported = Vec::new();
        for room in [1, 7, 300, 65_536] {
            for polls in 0.. {
                let (what, over) =
                    run_local(immediately(dropped_after(polls, room, settles))).await;
                reported.push(what);
                if over {
                    break;
                }
            }
        }
        println!("QUIT: dropped at {} places: {reported:?}", reported.len());
        assert!(reported.len() > 20);
        assert!(reported.contains(&"committed".to_owned()));
        assert!(reported.contains(&"finished".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn unanswered_dropped_quit_is_unknown() {
    run_local(async {
        let stream = scripted(1000, async |wire| {
            wire.accept_login().await;
            wire.expect_octets("QUIT\r\n").await;
            wire.hang_up();
        });
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        // The first poll reads, and the second one sends.
        assert!(polled(2, client.quit()).await.is_none());
        settle().await;
        // The second one is never sent, and reports the outcome of the first.
        let (verb, outstanding) = (Verb::Quit, 1);
        let unanswered = Closed::Unanswered {
            verb,
            number: None,
            outstanding,
            first_batch: false,
            last_err: None,
        };
        assert_eq!(client.quit().await, Err(unanswered.into()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn quit_without_a_reply_times_out_as_unknown() {
    run_local(async {
        let stream = scripted(1000, async |wire| {
            wire.accept_login().await;
            wire.expect_octets("QUIT\r\n").await;
        });
        let config = terse();
        let patience = config.timeouts.quit_without_deletions;
        let mut client = pop3_tokio::start(trusted(config), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        let outcome = at(patience, client.quit()).await;
        assert_eq!(outcome, Ok(QuitOutcome::Unknown));
    })
    .await;
}
