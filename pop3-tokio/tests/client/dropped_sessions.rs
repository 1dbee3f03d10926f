//! A session is one future, which is dropped after every number of polls. The same client must then
//! continue. The server's log must show that no command was lost or executed twice.

use std::cell::RefCell;
use std::collections::BTreeSet;

use pop3_tokio::proto::Connection;
use pop3_tokio::proto::server::{Server, ServerConfig};
use pop3_tokio::{
    Client, Config, Dele, Error, List, Phase, Uidl,
    command::GetCapabilities,
    config::StlsPolicy,
    error::Misuse,
    login::{LoginPolicy, Method},
};
use tokio::io::duplex;

use super::support::{
    Hesitant, Peer, account, alice, immediately, mail, maildrop, number, polled, private,
    run_local, serve, settle, tls, trusted,
};

const MESSAGES: u32 = 6;

/// The last message is never deleted: it is read after the drop.
const KEPT: u32 = MESSAGES;

/// The settings of both sides.
struct Setting {
    /// How many octets fit between the two.
    room: usize,
    session: fn() -> Connection,
    server: fn() -> ServerConfig,
    policy: fn() -> LoginPolicy,
    /// Whether the client waits between any two reads and writes.
    hesitates: bool,
    /// Whether the server may do as much as it can before the client continues.
    settles: bool,
    /// Whether a client that does not know whether it is logged in requests the capabilities first.
    asks_first: bool,
}

/// Runs everything except the QUIT. `whole` collects the messages that were read completely.
async fn session(
    client: &mut Client<Hesitant>,
    policy: LoginPolicy,
    whole: &RefCell<Vec<u32>>,
) -> Result<(), Error> {
    client.login(alice().with_policy(policy)).await?;
    let (sizes, uids) = client.batch((List, Uidl)).await?;
    assert_eq!((sizes.len(), uids.len()), (6, 6));
    for part in [[1, 2, 3].as_slice(), &[4, 5]] {
        let mut messages = client.retrieve(part.iter().copied().map(number));
        while let Some(message) = messages.next().await {
            let message = message?;
            let number = message.number().unwrap().get();
            assert_eq!(message.to_vec(10_000).await?, mail(number));
            whole.borrow_mut().push(number);
        }
        let mut deletions = client.pipeline(part.iter().copied().map(number).map(Dele));
        while let Some(reply) = deletions.next().await {
            reply?;
        }
    }
    Ok(())
}

/// Runs one session, dropped after this many polls. Returns true if it was complete by then.
async fn dropped_after(polls: usize, setting: &Setting) -> bool {
    let (near, far) = duplex(setting.room);
    let server = Server::new((setting.server)(), maildrop(MESSAGES));
    let peer = serve(far, server, Some(tls()));
    let near = Hesitant::new(near, setting.hesitates);
    let mut client = pop3_tokio::start((setting.session)(), near).await.unwrap();
    let whole = RefCell::default();
    let policy = (setting.policy)();
    let done = polled(polls, session(&mut client, policy, &whole)).await;
    if let Some(result) = &done {
        assert_eq!(result, &Ok(()));
    }
    if setting.settles {
        settle().await;
    }
    let listed = continue_session(client, setting).await;
    check(peer, &whole.into_inner(), &listed).await;
    done.is_some()
}

/// Runs operations that work on any client whose last operation was dropped. Returns what UIDL
/// lists.
async fn continue_session(mut client: Client<Hesitant>, setting: &Setting) -> Vec<u32> {
    let phase = |client: &Client<Hesitant>| client.phase();
    if setting.asks_first {
        // This completes a login that was in progress.
        client.call(GetCapabilities).await.unwrap();
    }
    if phase(&client) != Phase::Transaction {
        match client.login(alice().with_policy((setting.policy)())).await {
            Ok(_) => {}
            // The dropped login was completed first, and succeeded.
            Err(Error::Misuse(Misuse::Phase {
                phase: Phase::Transaction,
                ..
            })) if !setting.asks_first => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(phase(&client), Phase::Transaction);
    let listed = client.uidl().await.unwrap();
    let message = client.retr_to_vec(number(KEPT), 10_000).await.unwrap();
    assert_eq!(message, mail(KEPT));
    assert!(client.quit().await.unwrap().is_committed());
    listed.iter().map(|entry| entry.number.get()).collect()
}

/// Checks which commands the server received and executed.
async fn check(peer: Peer, whole: &[u32], listed: &[u32]) {
    let server = peer.ended().await;
    let log = server.log();
    let count = |start: &str| log.iter().filter(|line| line.starts_with(start)).count();
    // Each of these would succeed, so none may be sent twice.
    let logins = count("PASS") + count("AUTH");
    assert_eq!(logins, 1, "{log:?}");
    assert!(count("STLS") <= 1, "{log:?}");
    assert_eq!(count("QUIT"), 1, "{log:?}");
    assert_eq!(log.last().unwrap(), "QUIT");
    for line in log {
        assert!(is_command(line), "{line:?} in {log:?}");
    }
    let mut deleted = BTreeSet::new();
    for number in log.iter().filter_map(|line| line.strip_prefix("DELE ")) {
        let number: u32 = number.parse().unwrap();
        assert!(deleted.insert(number), "sent twice: {log:?}");
        assert!(whole.contains(&number), "{number} of {whole:?}: {log:?}");
    }
    let left: Vec<u32> = (1..=MESSAGES)
        .filter(|number| !deleted.contains(number))
        .collect();
    assert_eq!(listed, left, "{log:?}");
    let uids: Vec<_> = deleted.iter().map(|n| format!("uid-{n}")).collect();
    assert_eq!(server.expunged(), uids);
    let kept: Vec<_> = server
        .maildrop()
        .messages()
        .map(|message| message.unique_id().clone())
        .collect();
    let left: Vec<_> = left.iter().map(|n| format!("uid-{n}")).collect();
    assert_eq!(kept, left);
}

/// Returns whether the line is one complete expected command.
fn is_command(line: &str) -> bool {
    let plain = [
        "CAPA",
        "STLS",
        "USER alice",
        "PASS <redacted>",
        "AUTH SCRAM-SHA-256",
        "AUTH SCRAM-SHA-256 <redacted>",
        "<redacted>",
        "LIST",
        "UIDL",
        "QUIT",
    ];
    let numbered = ["RETR ", "DELE "].iter().any(|verb| {
        let number = line.strip_prefix(verb).and_then(|rest| rest.parse().ok());
        number.is_some_and(|number: u32| (1..=MESSAGES).contains(&number))
    });
    plain.contains(&line) || numbered
}

/// Drops the session at every `step`-th poll. There have to be at least this many places.
async fn dropped_everywhere(name: &str, setting: Setting, step: usize, at_least: usize) {
    let start = std::time::Instant::now();
    let mut polls = 0;
    let mut places = 1;
    while !run_local(immediately(dropped_after(polls, &setting))).await {
        polls += step;
        places += 1;
    }
    println!(
        "{name}, room {}: dropped at {places} places, up to {polls} polls, in {:?}",
        setting.room,
        start.elapsed()
    );
    assert!(places >= at_least, "{places} only");
}

fn cleartext(room: usize) -> Setting {
    Setting {
        room,
        session: || trusted(Config::default()),
        server: account,
        policy: LoginPolicy::default,
        hesitates: false,
        settles: false,
        asks_first: false,
    }
}

fn with_stls(room: usize) -> Setting {
    Setting {
        session: || private(false),
        server: || account().stls(true).allow_plaintext_login(false),
        ..cleartext(room)
    }
}

#[tokio::test(start_paused = true)]
async fn cleartext_session_survives_a_drop_anywhere() {
    for (room, at_least) in [(7, 100), (300, 10), (65_536, 8)] {
        dropped_everywhere("cleartext", cleartext(room), 1, at_least).await;
    }
}

#[tokio::test(start_paused = true)]
async fn octet_by_octet_session_survives_a_drop_anywhere() {
    dropped_everywhere("cleartext", cleartext(1), 1, 800).await;
}

#[tokio::test(start_paused = true)]
async fn stls_session_survives_a_drop_anywhere() {
    for (room, at_least) in [(7, 300), (300, 12), (65_536, 10)] {
        dropped_everywhere("STLS", with_stls(room), 1, at_least).await;
    }
}

#[tokio::test(start_paused = true)]
async fn octet_by_octet_stls_session_survives_sampled_drops() {
    dropped_everywhere("STLS", with_stls(1), 29, 80).await;
}

/// Like the previous test, but drops the session at every poll. This takes minutes.
#[tokio::test(start_paused = true)]
#[ignore = "it takes minutes"]
async fn octet_by_octet_stls_session_survives_every_drop() {
    dropped_everywhere("STLS", with_stls(1), 1, 2000).await;
}

#[tokio::test(start_paused = true)]
async fn session_survives_a_drop_between_any_io() {
    for (room, at_least) in [(7, 150), (300, 15), (65_536, 15)] {
        for settles in [false, true] {
            for (name, setting) in [("cleartext", cleartext(room)), ("STLS", with_stls(room))] {
                let setting = Setting {
                    hesitates: true,
                    settles,
                    ..setting
                };
                dropped_everywhere(&format!("{name}, hesitant"), setting, 1, at_least).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pending_server_output_does_not_affect_a_drop() {
    for (room, at_least) in [(7, 100), (300, 10), (65_536, 8)] {
        let setting = Setting {
            settles: true,
            ..cleartext(room)
        };
        dropped_everywhere("cleartext, settled", setting, 1, at_least).await;
        let setting = Setting {
            settles: true,
            asks_first: true,
            ..with_stls(room)
        };
        let step = if room == 7 { 11 } else { 1 };
        dropped_everywhere("STLS, settled, asked first", setting, step, 8).await;
    }
}

#[tokio::test(start_paused = true)]
async fn capa_after_a_drop_leaves_client_usable() {
    for (room, at_least) in [(7, 100), (300, 10)] {
        let setting = Setting {
            asks_first: true,
            ..cleartext(room)
        };
        dropped_everywhere("cleartext, asked first", setting, 1, at_least).await;
    }
}

#[tokio::test(start_paused = true)]
async fn session_without_pipelining_survives_a_drop() {
    for (room, at_least) in [(7, 100), (300, 10)] {
        let setting = Setting {
            server: || account().pipelining(false),
            ..cleartext(room)
        };
        dropped_everywhere("not pipelined", setting, 1, at_least).await;
    }
}

#[tokio::test(start_paused = true)]
async fn session_without_tls_survives_a_drop() {
    let setting = Setting {
        session: || {
            let mut connector = super::support::connector();
            connector.config.stls = StlsPolicy::Off;
            connector.config.allow_insecure_login = true;
            let server = pop3_tokio::Endpoint::plain("localhost", None);
            let now = pop3_tokio::proto::Instant::ORIGIN;
            connector.connection(&server, now).unwrap()
        },
        ..cleartext(7)
    };
    dropped_everywhere("insecure", setting, 1, 100).await;
}

#[tokio::test(start_paused = true)]
async fn scram_session_survives_a_drop_anywhere() {
    for asks_first in [false, true] {
        let setting = Setting {
            server: || account().sasl(["SCRAM-SHA-256"]),
            policy: || LoginPolicy::only(Method::ScramSha256),
            asks_first,
            ..cleartext(20)
        };
        dropped_everywhere("SCRAM", setting, 1, 50).await;
    }
}
