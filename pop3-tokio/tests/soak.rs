//! Half an hour of mail checks in some seconds: nothing may grow. Alone in its process, because it
//! counts what all threads hold; the embedded server is among them, so it must not grow either.
//!
//! What half an hour is: a program that asks fifty accounts for mail each minute has 1500 sessions in
//! it. Each session logs in, lists, fetches the new messages, deletes some, and quits; every tenth is
//! in TLS. `POP3_SOAK=n` goes on for n times as long.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::time::{Duration, Instant};

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_tokio::{Connector, Dele, Endpoint, List, Login, LoginPolicy, Method, Noop};
use pop3_tokio::{QuitOutcome, Roots, Stat, StlsPolicy, Uidl};
use tokio::task::JoinSet;

const ACCOUNTS: usize = 50;
const MINUTES: usize = 30;

/// How many accounts are asked at a time.
const AT_ONCE: usize = 10;

/// What the process may have more at the end: less than 2 KiB for each session behind the warm-up.
const GROWTH: usize = 2 << 20;

/// What the process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Holdings {
    resident: usize,
    files: usize,
    threads: usize,
}

impl Holdings {
    fn now() -> Self {
        let count = |folder| fs::read_dir(folder).expect("Linux has it").count();
        let statm = fs::read_to_string("/proc/self/statm").expect("Linux has it");
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
        let pages: usize = pages.expect("a number");
        Self {
            resident: pages * 4096,
            files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }

    /// What it holds when the server has let all sessions go; their threads end by and by.
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

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    sessions: usize,
    commands: usize,
    octets: usize,
}

/// One check for mail. Every fifth does not quit, but is dropped with a message half read.
async fn check(endpoint: Endpoint, connector: Connector, n: usize) -> Traffic {
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
            if n.is_multiple_of(5) {
                let commands = 5 + uids.len();
                return Traffic {
                    sessions: 1,
                    commands,
                    octets,
                };
            }
        }
    }
    // The next session has to find them again.
    let mut replies = client.pipeline(uids.numbers().map(Dele));
    while let Some(reply) = replies.next().await {
        reply.unwrap();
    }
    client.call(Noop).await.unwrap();
    assert_eq!(client.quit_keeping().await.unwrap(), QuitOutcome::Committed);
    // CAPA, AUTH, CAPA, the batch, RETR and DELE, NOOP, RSET, QUIT.
    let commands = 3 + 3 + 2 * uids.len() + 3;
    Traffic {
        sessions: 1,
        commands,
        octets,
    }
}

/// The checks of some minutes.
async fn checks(minutes: usize, server: &EmbeddedServer, connector: &Connector) -> Traffic {
    let mut in_clear = connector.clone();
    in_clear.config.stls = StlsPolicy::Off;
    in_clear.config.allow_insecure_login = true;
    // By address: Tokio looks names up in threads that it keeps for a while.
    let clear = Endpoint::plain("127.0.0.1", Some(server.plain().port()));
    let tls = Endpoint::implicit_tls("127.0.0.1", Some(server.implicit_tls().port()));
    let mut sum = Traffic::default();
    let mut running = JoinSet::new();
    for n in 0..minutes * ACCOUNTS + AT_ONCE {
        if n >= AT_ONCE {
            let traffic: Traffic = running.join_next().await.unwrap().unwrap();
            sum.sessions += traffic.sessions;
            sum.commands += traffic.commands;
            sum.octets += traffic.octets;
        }
        if n < minutes * ACCOUNTS {
            running.spawn(match n % 10 {
                3 => check(tls.clone(), connector.clone(), n),
                _ => check(clear.clone(), in_clear.clone(), n),
            });
        }
    }
    sum
}

#[tokio::test]
async fn half_an_hour_of_mail_checks_leaves_nothing_behind() {
    let times: usize = std::env::var("POP3_SOAK").map_or(1, |times| times.parse().unwrap());
    let mail = (1..=5).map(|n| {
        (
            format!("uid-{n}"),
            "Subject: mail\r\n\r\n.\r\ntext\r\n".repeat(n * 50),
        )
    });
    let config = ServerConfig::new("alice", "secret").sasl(["PLAIN"]);
    let server = EmbeddedServer::start(config, mail.collect()).unwrap();
    let mut connector = Connector::default();
    connector.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());

    let start = Holdings::now();
    let warm_up = checks(MINUTES / 3, &server, &connector).await;
    let before = Holdings::at_rest(start.files, start.threads).await;
    let begin = Instant::now();
    let traffic = checks(MINUTES * times, &server, &connector).await;
    let taken = begin.elapsed();
    let after = Holdings::at_rest(start.files, start.threads).await;
    println!("{start:?}, {warm_up:?}, {before:?}, {traffic:?} in {taken:?}, {after:?}");
    assert_eq!(traffic.sessions, MINUTES * times * ACCOUNTS);
    for now in [before, after] {
        assert_eq!((now.files, now.threads), (start.files, start.threads));
    }
    let grown = after.resident.saturating_sub(before.resident);
    assert!(grown < GROWTH, "{grown} octets more");
}
