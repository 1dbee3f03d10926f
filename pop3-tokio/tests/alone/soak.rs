//! Half an hour of mail checks in a few seconds: memory must not grow. The test measures all
//! threads. The embedded server is among them, so it must not grow either.
//!
//! Half an hour means this: a program that checks fifty accounts each minute has 1500 sessions.
//! Each session logs in, lists, fetches all messages and marks them as deleted; most reset that
//! before they quit. Every fifth is dropped in the middle, every tenth is in TLS, and of those in
//! TLS every other one is dropped. Once a minute there is a server whose messages are really
//! deleted. `POP3_SOAK=n` runs n times as long.

use std::fs;
use std::time::{Duration, Instant};

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_tokio::{
    Connector, Dele, Endpoint, List, Login,
    command::Noop,
    login::{LoginPolicy, Method},
};
use pop3_tokio::{Stat, Uidl, config::StlsPolicy, tls::Roots};
use tokio::task::JoinSet;

use super::ALONE;

const ACCOUNTS: usize = 50;
const MINUTES: usize = 30;

/// How many accounts are checked at a time.
const CONCURRENT: usize = 10;

/// How much the memory may grow in the second half: 350 octets for each of its sessions.
const GROWTH: usize = 256 << 10;

/// The resources of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resources {
    resident: usize,
    files: usize,
    threads: usize,
}

impl Resources {
    fn now() -> Self {
        let count = |folder| {
            fs::read_dir(folder)
                .expect("the file exists on Linux")
                .count()
        };
        let status = fs::read_to_string("/proc/self/status").expect("the file exists on Linux");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: usize = resident.expect("a size").parse().expect("a number");
        Self {
            resident: kibibytes << 10,
            files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }

    /// Returns the resources after the server has closed all sessions. Their threads end with a
    /// delay.
    async fn at_rest(files: usize, threads: usize) -> Self {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let now = Self::now();
            if (now.files, now.threads) == (files, threads) || Instant::now() > deadline {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// What was transferred.
#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    sessions: usize,
    octets: usize,
}

/// How a mail check ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The next check finds the messages again.
    QuitKeeping,
    /// The messages are deleted.
    Quit,
    /// Without a QUIT, with a message partially read.
    Dropped,
}

/// Runs one mail check.
async fn check(endpoint: Endpoint, connector: Connector, end: End) -> Traffic {
    let mut client = pop3_tokio::connect_with(&endpoint, &connector)
        .await
        .unwrap();
    let by_password = LoginPolicy::only(Method::Plain);
    let login = Login::new("alice", "secret").unwrap();
    client.login(login.with_policy(by_password)).await.unwrap();
    let (stat, list, uids) = client.batch((Stat, List, Uidl)).await.unwrap();
    assert_eq!(
        (stat.messages as usize, list.len()),
        (uids.len(), uids.len())
    );
    let mut octets = 0;
    let mut messages = client.retrieve(uids.numbers());
    while let Some(message) = messages.next().await {
        let mut message = message.unwrap();
        while let Some(chunk) = message.chunk().await.unwrap() {
            octets += chunk.len();
            if end == End::Dropped {
                return Traffic {
                    sessions: 1,
                    octets,
                };
            }
        }
    }
    let mut replies = client.pipeline(uids.numbers().map(Dele));
    while let Some(reply) = replies.next().await {
        reply.unwrap();
    }
    client.call(Noop).await.unwrap();
    let outcome = match end {
        End::Quit => client.quit().await,
        _ => client.quit_keeping().await,
    };
    assert!(outcome.unwrap().is_committed());
    Traffic {
        sessions: 1,
        octets,
    }
}

/// Runs the checks of this many minutes.
async fn checks(minutes: usize, server: &EmbeddedServer, connector: &Connector) -> Traffic {
    let mut cleartext = connector.clone();
    cleartext.config.stls = StlsPolicy::Off;
    cleartext.config.allow_insecure_login = true;
    // By address, because Tokio resolves names in threads that it keeps for a while.
    let clear = Endpoint::plain("127.0.0.1", Some(server.plain().port()));
    let tls = Endpoint::implicit_tls("127.0.0.1", Some(server.implicit_tls().port()));
    let mut sum = Traffic::default();
    let mut running = JoinSet::new();
    for n in 0..minutes * ACCOUNTS + CONCURRENT {
        if n >= CONCURRENT {
            let traffic: Traffic = running.join_next().await.unwrap().unwrap();
            sum.sessions += traffic.sessions;
            sum.octets += traffic.octets;
        }
        if n < minutes * ACCOUNTS {
            let end = if n.is_multiple_of(5) {
                End::Dropped
            } else {
                End::QuitKeeping
            };
            // One of each in twenty, so that sessions in TLS are dropped as well.
            running.spawn(match n % 20 {
                5 | 13 => check(tls.clone(), connector.clone(), end),
                _ => check(clear.clone(), cleartext.clone(), end),
            });
        }
        if n % ACCOUNTS == 7 {
            let server = server_with_mail();
            let own = Endpoint::plain("127.0.0.1", Some(server.plain().port()));
            check(own, cleartext.clone(), End::Quit).await;
            assert!(server.maildrop().is_empty());
        }
    }
    sum
}

fn server_with_mail() -> EmbeddedServer {
    let mail = (1..=5).map(|n| {
        (
            format!("uid-{n}"),
            "Subject: mail\r\n\r\n.\r\ntext\r\n".repeat(n * 50),
        )
    });
    // The log is bounded, but its limit is higher than the number of commands here.
    let config = ServerConfig::new("alice", "secret")
        .sasl(["PLAIN"])
        .keep_log(false);
    EmbeddedServer::start(config, mail.collect()).unwrap()
}

#[tokio::test]
async fn thirty_minutes_of_mail_checks_leak_nothing() {
    let _alone = ALONE.lock().await;
    let times: usize = std::env::var("POP3_SOAK").map_or(1, |times| times.parse().unwrap());
    let server = server_with_mail();
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());

    let start = Resources::now();
    // A warm-up and then two halves, so that caches that are filled once do not count as a leak.
    let mut steps = Vec::new();
    for minutes in [MINUTES / 3, MINUTES * times / 2, MINUTES * times / 2] {
        let begin = Instant::now();
        let traffic = checks(minutes, &server, &connector).await;
        let taken = begin.elapsed();
        let now = Resources::at_rest(start.files, start.threads).await;
        println!("{traffic:?} in {taken:?}: {now:?}");
        assert_eq!(traffic.sessions, minutes * ACCOUNTS);
        assert_eq!((now.files, now.threads), (start.files, start.threads));
        steps.push(now.resident);
    }
    let grown = steps[2].saturating_sub(steps[1]);
    assert!(grown < GROWTH * times, "{grown} octets more");
}
