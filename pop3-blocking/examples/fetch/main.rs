//! Fetches a POP3 mailbox into a Maildir: each message once, and no message is lost if a run fails.
//!
//! ```text
//! cargo run --release -p pop3-blocking --example fetch
//! cargo run --release -p pop3-blocking --example fetch -- --maildir mail pop3s://joe@mail.example.org
//! ```
//!
//! Without a URL it starts an embedded server with a sample mailbox and fetches that. The examples
//! `fetch_tokio` and `fetch_async_std` are shorter: they share the Maildir and the sample with this one.

mod app;

use std::process::ExitCode;

use app::run::Run;
use app::setup::{self, Failure, Setup};
use pop3_blocking::{Client, Dele, List, Uidl, connect_with};

fn main() -> ExitCode {
    setup::exit(fetch())
}

/// Runs the command line. Returns `false` if a part of it failed and was reported.
fn fetch() -> Result<bool, Failure> {
    let Some((mut setup, maildir)) = setup::set_up()? else {
        return Ok(true);
    };
    let mut client = log_in(&setup)?;
    let mut run = setup.logged_in(maildir)?;
    let result = loop {
        let result = session(&mut client, &mut run);
        let Some(again) = run.again(&result, client.connection()) else {
            break result;
        };
        // A server may allow only one session at a time.
        drop(client);
        setup.prepare(again);
        client = match log_in(&setup) {
            Ok(client) => client,
            Err(error) => break Err(error),
        };
    };
    run.conclude(result)
}

/// Connects and logs in.
fn log_in(setup: &Setup) -> Result<Client, Failure> {
    let client = connect_with(&setup.endpoint, &setup.connector);
    let mut client = client.map_err(|error| setup.no_session(&error, None))?;
    let result = client.login(setup.account.login());
    setup.print_login(client.connection());
    match result {
        Ok(_) => Ok(client),
        Err(error) => Err(setup.no_session(&error, client.connection().capabilities())),
    }
}

/// Fetches the messages that are not stored yet. With `--delete`, deletes those that are safely stored.
fn session(client: &mut Client, run: &mut Run) -> Result<(), Failure> {
    let (sizes, unique_ids) = client.batch((List, Uidl))?;
    let mailbox = run.listed(&sizes, &unique_ids);
    let wanted = run.wanted(&mailbox);
    let mut messages = client.retrieve(wanted.iter().map(|mail| mail.number));
    for mail in &wanted {
        match messages
            .next()
            .ok_or("the session ended before all messages were fetched")?
        {
            Ok(mut message) => {
                let mut arriving = run.arriving()?;
                while let Some(chunk) = message.chunk()? {
                    arriving.write(&chunk)?;
                }
                let received = message.received().copied();
                arriving.commit(mail, received)?;
            }
            Err(error) => run.failed(error)?,
        }
    }
    let doomed = run.doomed(&mailbox)?;
    let mut marked = 0;
    for reply in client.pipeline(doomed.into_iter().map(Dele)) {
        marked += run.marked(reply)?;
    }
    run.quit(client.quit(), marked)
}
