//! Fetches POP3 mailboxes into a Maildir: each message once, and no message is lost if a run fails.
//!
//! ```text
//! cargo run --release -p pop3-blocking --example fetch
//! cargo run --release -p pop3-blocking --example fetch -- --maildir mail pop3s://joe@mail.example.org
//! ```
//!
//! Without a URL it starts an embedded server with a sample mailbox and fetches that. What to fetch
//! and to delete, and in which order, is decided by a [`Run`](pop3_blocking::sync::Run). The examples
//! `fetch_tokio` and `fetch_async_std` do the same with the other clients.

mod app;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use app::{account::Account, interrupt, jobs::Mailbox, output::Output};
use pop3_blocking::sync::{Dial, Do};
use pop3_blocking::{Client, Error, connect_with};

/// The session is kept open with `NOOP` after it was idle for this long.
const IDLE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    app::main(fetch)
}

/// Fetches a mailbox, in as many sessions as the run needs.
fn fetch(mailbox: &mut Mailbox<'_>) -> io::Result<()> {
    let Mailbox {
        account,
        run,
        store,
        output,
    } = mailbox;
    while let Some(how) = run.connect() {
        interrupt::wait(how.delay);
        let Some(mut client) = run.opened(log_in(account, &how, output)) else {
            continue;
        };
        while let Some(step) = run.step() {
            match step {
                Do::Ask(asks) => client.pipeline(asks).for_each(|reply| run.reply(reply)),
                Do::Keep(what) => store.keep(&what)?,
                Do::Fetch(gets) => {
                    let mut messages = client.retrieve(gets);
                    while let Some(message) = messages.next() {
                        let Some(mut message) = run.message(message) else {
                            continue;
                        };
                        let mut sink = store.sink(run.to_store())?;
                        while let Some(chunk) = run.chunk(message.chunk()) {
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
            let _ = client.noop_if_idle(IDLE);
        }
        account.ended(client.connection(), output);
    }
    Ok(())
}

/// Connects and logs in.
fn log_in(account: &mut Account, how: &Dial, output: &Output) -> Result<Client, Error> {
    let mut client = connect_with(account.endpoint(), &account.connector(how, output))?;
    let result = client.login(account.login());
    account.logged_in(client.connection(), output, result.is_ok());
    if result.is_err() {
        account.ended(client.connection(), output);
    }
    result.map(|_| client)
}
