//! Synchronisation over sockets with Tokio.

use std::time::Duration;

use pop3_testkit::synchronisation::{
    Forging, Mail, Store, Synchronise, forged_messages_delete_no_other_mail, synchronise_async,
};
use pop3_tokio::{
    Client, Connector, Error, Login,
    config::{Pipelining, StlsPolicy},
    connect_with,
    sync::{Delete, Dial, Rules, Run},
};

/// Tokio's client.
struct Tokio;

async fn dial(server: &Forging, how: Dial) -> Result<Client, Error> {
    let mut connector = Connector::default();
    connector.config.stls = StlsPolicy::Off;
    connector.config.allow_insecure_login = true;
    if !how.pipelining {
        connector.config.pipelining = Pipelining::Never;
    }
    let mut client = connect_with(&server.endpoint(), &connector).await?;
    client.login(Login::new("alice", "secret")?).await?;
    Ok(client)
}

impl Synchronise for Tokio {
    fn synchronise(run: &mut Run, store: &mut Store, server: &Forging) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime
            .unwrap()
            .block_on(synchronise_async(run, store, async |how| {
                dial(server, how).await
            }));
    }
}

/// Twenty messages of different sizes.
fn mail() -> Vec<Mail> {
    let text = |n: usize| format!("Subject: {n}\r\n\r\n{}", "text\r\n".repeat(n * n * 20));
    let mail = (1..=20).map(|n| Mail {
        id: format!("uid-{n}"),
        text: text(n).into_bytes(),
    });
    mail.collect()
}

#[tokio::test]
async fn dropped_runs_lose_and_repeat_no_message() {
    for pipelining in [true, false] {
        let server = Forging::start(mail(), pipelining, Duration::ZERO);
        let mut store = Store::default();
        let rules = Rules {
            delete: Delete::WhenStored,
            ..Rules::default()
        };
        let mut dropped = 0;
        for attempt in 0..200 {
            let mut run = store.run(rules.clone(), 100);
            let whole =
                synchronise_async(&mut run, &mut store, async |how| dial(&server, how).await);
            let time = Duration::from_micros(150 * attempt);
            dropped += usize::from(tokio::time::timeout(time, whole).await.is_err());
            // What is gone from the server is stored.
            let left = server.left();
            for message in mail() {
                let stored = store.published.iter().filter(|text| **text == message.text);
                let stored = stored.count();
                let gone = !left.iter().any(|it| it.id == message.id);
                assert!(
                    stored == 1 || (stored == 0 && !gone),
                    "{}: {stored}",
                    message.id
                );
            }
            if left.is_empty() {
                break;
            }
        }
        assert!(dropped > 5, "only {dropped} runs were dropped");
        assert_eq!(server.left().len(), 0);
        assert_eq!(store.published.len(), mail().len());
    }
}

#[test]
fn forged_replies_delete_no_other_mail() {
    assert!(forged_messages_delete_no_other_mail::<Tokio>() > 100);
}
