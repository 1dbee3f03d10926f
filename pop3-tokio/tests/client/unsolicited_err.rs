//! A server that sends `-ERR` and closes while the connection is idle: the next operation reports
//! this `-ERR`, not a failed write.

use std::time::Duration;

use pop3_tokio::{Dele, Endpoint, Error, Retr, Stat, Uidl, error::Closed};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::support::{alice, number, run_local, scripted, settle, terse, trusted};

const UNSOLICITED_ERR: &str = "-ERR autologout; idle for too long\r\n";

fn assert_unsolicited_err<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::Closed(closed)) => match *closed {
            Closed::UnsolicitedErr(reply) => {
                assert_eq!(reply.text.as_bytes(), b"autologout; idle for too long");
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn unsolicited_err_is_reported_in_memory() {
    for operation in 0..5 {
        run_local(async {
            let stream = scripted(1000, async |wire| {
                wire.accept_login().await;
                wire.send(UNSOLICITED_ERR).await;
                wire.hang_up();
            });
            let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
            client.login(alice()).await.unwrap();
            settle().await;
            match operation {
                0 => assert_unsolicited_err(client.noop().await),
                1 => assert_unsolicited_err(client.batch((Stat, Uidl)).await),
                2 => assert_unsolicited_err(client.open(Retr(number(1))).await.map(drop)),
                3 => {
                    assert_unsolicited_err(client.pipeline([Dele(number(1))]).next().await.unwrap())
                }
                _ => assert_unsolicited_err(
                    client.retrieve([number(1)]).next().await.unwrap().map(drop),
                ),
            }
            assert_unsolicited_err(client.noop().await);
            assert_unsolicited_err(client.quit().await);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn unsolicited_err_is_not_the_quit_reply() {
    run_local(async {
        let stream = scripted(1000, async |wire| {
            wire.accept_login().await;
            wire.send(UNSOLICITED_ERR).await;
            wire.hang_up();
        });
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        settle().await;
        // It was not sent, so nothing was deleted: an error, and not an unknown outcome.
        assert_unsolicited_err(client.quit().await);
    })
    .await;
}

#[tokio::test]
async fn unsolicited_err_is_reported_over_closed_tcp() {
    for _ in 0..20 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut wire = BufReader::new(socket);
            wire.write_all(b"+OK ready\r\n").await.unwrap();
            for _ in 0..2 {
                wire.read_line(&mut String::new()).await.unwrap();
                wire.write_all(b"+OK\r\n").await.unwrap();
            }
            wire.write_all(UNSOLICITED_ERR.as_bytes()).await.unwrap();
        });
        let mut connector = pop3_tokio::Connector::default();
        connector.config = terse();
        let endpoint = Endpoint::plain("127.0.0.1", Some(port));
        let mut client = pop3_tokio::connect_with(&endpoint, &connector)
            .await
            .unwrap();
        client.login(alice()).await.unwrap();
        // The socket is closed in both directions: a write is answered with a reset.
        server.await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_unsolicited_err(client.batch((Stat, Uidl)).await);
        assert_unsolicited_err(client.noop().await);
    }
}

#[tokio::test(start_paused = true)]
async fn close_while_idle_is_reported() {
    run_local(async {
        let stream = scripted(1000, async |wire| {
            wire.accept_login().await;
            wire.hang_up();
        });
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        settle().await;
        let Err(Error::Closed(closed)) = client.noop().await else {
            panic!("the connection is closed");
        };
        println!("a close without -ERR: {closed:?}");
        // A QUIT that was not sent is an error, too, and not an unknown outcome.
        assert_eq!(client.quit().await, Err(Error::Closed(closed)));
    })
    .await;
}
