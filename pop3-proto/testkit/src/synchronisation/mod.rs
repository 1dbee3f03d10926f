//! Synchronisation in tests: a store in memory, the loops of both kinds of clients, and a server that
//! does not stuff dots.

mod forged;
mod forging;
mod store;

pub use forged::{Synchronise, forged_messages_delete_no_other_mail};
pub use forging::{Forging, Mail};
pub use store::Store;

use std::sync::atomic::{AtomicU64, Ordering};

use pop3_proto::Error;
use pop3_proto::blocking;
use pop3_proto::client;
use pop3_proto::sync::{Dial, Do, Run};

/// Returns a seed that no other run of this process has.
pub fn seed() -> [u8; 8] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()
}

/// Does a run with a blocking client.
pub fn synchronise<T: blocking::Transport>(
    run: &mut Run,
    store: &mut Store,
    dial: impl Fn(Dial) -> Result<blocking::Client<T>, Error>,
) {
    while let Some(how) = run.connect() {
        let Some(mut client) = run.opened(dial(how)) else {
            continue;
        };
        while let Some(step) = run.step() {
            match step {
                Do::Ask(asks) => client.pipeline(asks).for_each(|reply| run.reply(reply)),
                Do::Keep(what) => store.keep(&what),
                Do::Fetch(gets) => {
                    let mut messages = client.retrieve(gets);
                    while let Some(message) = messages.next() {
                        let Some(mut message) = run.message(message) else {
                            continue;
                        };
                        store.begin(run.to_store());
                        while let Some(chunk) = run.chunk(message.chunk()) {
                            store.write(&chunk);
                        }
                    }
                }
            }
        }
    }
}

/// Does a run with an asynchronous client.
pub async fn synchronise_async<T: client::Transport>(
    run: &mut Run,
    store: &mut Store,
    dial: impl AsyncFn(Dial) -> Result<client::Client<T>, Error>,
) {
    while let Some(how) = run.connect() {
        let Some(mut client) = run.opened(dial(how).await) else {
            continue;
        };
        while let Some(step) = run.step() {
            match step {
                Do::Ask(asks) => {
                    client
                        .pipeline(asks)
                        .for_each(|reply| run.reply(reply))
                        .await;
                }
                Do::Keep(what) => store.keep(&what),
                Do::Fetch(gets) => {
                    let mut messages = client.retrieve(gets);
                    while let Some(message) = messages.next().await {
                        let Some(mut message) = run.message(message) else {
                            continue;
                        };
                        store.begin(run.to_store());
                        while let Some(chunk) = run.chunk(message.chunk().await) {
                            store.write(&chunk);
                        }
                    }
                }
            }
        }
    }
}
