//! Fetches a POP3 mailbox into a Maildir, with Tokio. Everything but moving octets is shared with the
//! example `fetch` of `pop3-blocking`: the options, the Maildir, the sample mailbox.
//!
//! ```text
//! cargo run --release -p pop3-tokio --example fetch_tokio
//! cargo run --release -p pop3-tokio --example fetch_tokio -- --maildir mail pop3s://joe@mail.example.org
//! ```

#[path = "../../../pop3-blocking/examples/fetch/login.rs"]
mod login;
#[path = "../../../pop3-blocking/examples/fetch/mailbox.rs"]
mod mailbox;
#[path = "../../../pop3-blocking/examples/fetch/maildir/mod.rs"]
mod maildir;
#[path = "../../../pop3-blocking/examples/fetch/options.rs"]
mod options;
#[path = "../../../pop3-blocking/examples/fetch/report.rs"]
mod report;
#[path = "../../../pop3-blocking/examples/fetch/run.rs"]
mod run;
#[path = "../../../pop3-blocking/examples/fetch/sample/mod.rs"]
mod sample;
mod session;
#[path = "../../../pop3-blocking/examples/fetch/setup.rs"]
mod setup;

use std::process::ExitCode;

use setup::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    setup::exit(fetch().await)
}

/// Does what the command line says; `false` if a part of it failed and was reported.
async fn fetch() -> Result<bool, Failure> {
    let Some((mut setup, maildir)) = setup::set_up()? else {
        return Ok(true);
    };
    let client = pop3_tokio::connect_with(&setup.endpoint, &setup.connector).await;
    let mut client = session::log_in(client, &setup).await?;
    let mut run = setup.logged_in(maildir)?;
    let result = loop {
        let result = session::session(&mut client, &mut run).await;
        let Some(again) = run.again(&result, client.connection()) else {
            break result;
        };
        // A server may allow one session at a time.
        drop(client);
        setup.prepare(again);
        let next = pop3_tokio::connect_with(&setup.endpoint, &setup.connector).await;
        client = match session::log_in(next, &setup).await {
            Ok(client) => client,
            Err(error) => break Err(error),
        };
    };
    run.conclude(result)
}
