//! Fetches POP3 mailboxes into a Maildir with async-std. It is the same program as the example `fetch` of
//! `pop3-blocking`, with the same options; only what is in this file differs.
//!
//! ```text
//! cargo run --release -p pop3-async-std --example fetch_async_std
//! cargo run --release -p pop3-async-std --example fetch_async_std -- --help
//! ```
//!
//! Messages are written in the same task, because the program has nothing else to do. A server with
//! many tasks would use a thread pool for that.

#[path = "../../pop3-blocking/examples/fetch/app/mod.rs"]
mod app;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use app::{account::Account, jobs::Mailbox, output::Output};
use async_std::task;
use pop3_async_std::sync::{Dial, Do};
use pop3_async_std::{Client, Error, connect_with};

/// The session is kept open with `NOOP` after it was idle for this long.
const IDLE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    app::main(|mailbox| task::block_on(fetch(mailbox)))
}

/// Fetches a mailbox, in as many sessions as the run needs.
async fn fetch(mailbox: &mut Mailbox<'_>) -> io::Result<()> {
    let Mailbox {
        account,
        run,
        store,
        output,
    } = mailbox;
    while let Some(how) = run.connect() {
        task::sleep(how.delay).await;
        let Some(mut client) = run.opened(log_in(account, &how, output).await) else {
            continue;
        };
        while let Some(step) = run.step() {
            match step {
                Do::Ask(asks) => {
                    client
                        .pipeline(asks)
                        .for_each(|reply| run.reply(reply))
                        .await
                }
                Do::Keep(what) => store.keep(&what)?,
                Do::Fetch(gets) => {
                    let mut messages = client.retrieve(gets);
                    while let Some(message) = messages.next().await {
                        let Some(mut message) = run.message(message) else {
                            continue;
                        };
                        let mut sink = store.sink(run.to_store())?;
                        while let Some(chunk) = run.chunk(message.chunk().await) {
                            sink.write_all(&chunk)?;
                            output.progress(run);
                        }
                        if !output.update(run) {
                            break;
                        }
                    }
                }
            }
            output.update(run);
            // Storing may have taken long, and some servers close a session that is idle for a
            // minute. The next step reports an error.
            let _ = client.noop_if_idle(IDLE).await;
        }
        account.ended(client.connection(), output);
    }
    Ok(())
}

/// Connects and logs in.
async fn log_in(account: &mut Account, how: &Dial, output: &Output) -> Result<Client, Error> {
    let mut client = connect_with(account.endpoint(), &account.connector(how, output)).await?;
    let result = client.login(account.login()).await;
    account.logged_in(client.connection(), output, result.is_ok());
    if result.is_err() {
        account.ended(client.connection(), output);
    }
    result.map(|_| client)
}
