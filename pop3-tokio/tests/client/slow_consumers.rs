//! A slow consumer: only the total timeout runs while something is waiting to be read.

use std::time::Duration;

use pop3_tokio::proto::server::Server;
use pop3_tokio::{Config, Dele, Error, Stat, command::Verb, error::Timeout};
use tokio::io::duplex;
use tokio::time::sleep;

use super::support::{
    InMemory, account, alice, at, mail, maildrop, number, polled, private, run_local, scripted,
    serve, settle, terse, tls, trusted,
};

const HOUR: Duration = Duration::from_secs(3600);

async fn client(room: usize, with_tls: bool) -> InMemory {
    let (near, far) = duplex(room);
    let server = Server::new(account().stls(with_tls), maildrop(4));
    serve(far, server, Some(tls()));
    let session = if with_tls {
        private(false)
    } else {
        trusted(Config::default())
    };
    let mut client = pop3_tokio::start(session, near).await.unwrap();
    client.login(alice()).await.unwrap();
    client
}

#[tokio::test(start_paused = true)]
async fn idle_hour_between_steps_exceeds_no_deadline() {
    for (room, with_tls) in [(7, false), (65_536, false), (300, true), (65_536, true)] {
        run_local(async {
            let mut client = client(room, with_tls).await;
            sleep(HOUR).await;
            let mut messages = client.retrieve([1, 2, 3].map(number));
            while let Some(message) = messages.next().await {
                let mut message = message.unwrap();
                let whole = mail(message.number().unwrap().get());
                let mut octets = Vec::new();
                sleep(HOUR).await;
                while let Some(chunk) = message.chunk().await.unwrap() {
                    octets.extend_from_slice(&chunk);
                    sleep(HOUR).await;
                }
                assert_eq!(octets, whole);
            }
            sleep(HOUR).await;
            let mut deletions = client.pipeline([1, 2].map(number).map(Dele));
            while let Some(reply) = deletions.next().await {
                reply.unwrap();
                sleep(HOUR).await;
            }
            assert!(client.quit().await.unwrap().is_committed());
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn reply_received_in_time_never_times_out() {
    run_local(async {
        let mut client = client(65_536, false).await;
        let ticket = client.submit(Stat).unwrap();
        assert!(polled(1, client.wait(ticket)).await.is_none());
        settle().await;
        sleep(HOUR).await;
        assert_eq!(client.wait(ticket).await.unwrap().messages, 4);
        // Nor does a reply to an abandoned request time out.
        assert!(polled(1, client.list()).await.is_none());
        sleep(HOUR).await;
        at(Duration::ZERO, client.noop()).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn stall_deadline_restarts_when_the_consumer_returns() {
    run_local(async {
        let stream = scripted(1000, async |wire| {
            wire.accept_login().await;
            wire.expect_octets("RETR 1\r\n").await;
            wire.send("+OK\r\nhello\r\n").await;
            // Half a minute after the consumer's return: no stall.
            sleep(HOUR + Duration::from_secs(30)).await;
            wire.send("world\r\n").await;
        });
        let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        let mut message = client.retr(number(1)).await.unwrap();
        assert_eq!(message.chunk().await.unwrap().unwrap(), "hello\r\n");
        sleep(HOUR).await;
        let next = at(Duration::from_secs(30), message.chunk()).await;
        assert_eq!(next.unwrap().unwrap(), "world\r\n");
        // A server that stops responding is reported a minute after the consumer's return.
        sleep(HOUR).await;
        let next = at(Duration::from_secs(60), message.chunk()).await;
        assert_eq!(
            next.unwrap_err(),
            Timeout::Stall {
                verb: Some(Verb::Retr),
                number: Some(number(1)),
                last_err: None,
                outstanding: 1,
                first_batch: false,
                lf_dot: false
            }
            .into()
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn total_timeout_includes_the_slow_consumer() {
    run_local(async {
        let mut config = Config::default();
        config.timeouts.total = Some(HOUR / 2);
        let (near, far) = duplex(7);
        serve(far, Server::new(account(), maildrop(4)), None);
        let mut client = pop3_tokio::start(trusted(config), near).await.unwrap();
        client.login(alice()).await.unwrap();
        let mut message = client.retr(number(2)).await.unwrap();
        message.chunk().await.unwrap();
        sleep(HOUR).await;
        let error = loop {
            match message.chunk().await {
                Ok(chunk) => assert!(chunk.is_some(), "the message ended"),
                Err(error) => break error,
            }
        };
        assert_eq!(error, Error::from(Timeout::Total));
    })
    .await;
}
