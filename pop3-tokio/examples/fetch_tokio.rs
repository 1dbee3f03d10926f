//! Fetches a POP3 mailbox into a Maildir with Tokio. Each message is fetched once. Nothing is
//! deleted from the server; see `Client::confirm` before you delete.
//!
//! ```text
//! cargo run -p pop3-tokio --example fetch_tokio
//! cargo run -p pop3-tokio --example fetch_tokio -- --maildir mail pop3s://joe@mail.example.org
//! ```
//!
//! Without a URL it fetches a sample mailbox from a server within this program. It prompts for the
//! password, or reads it from `POP3_PASSWORD`. `--ca FILE.pem` trusts only the certificates in that
//! file, and `--plaintext` disables TLS. The example `fetch` of `pop3-blocking` also deletes.

#[expect(dead_code, reason = "nothing is deleted here")]
#[path = "../../pop3-blocking/examples/fetch/app/maildir/mod.rs"]
mod maildir;
#[path = "../../pop3-blocking/examples/fetch/app/sample/mod.rs"]
mod sample;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use lexopt::prelude::*;
use maildir::Maildir;
use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_tokio::{Connector, Endpoint, Login, connect_with};
use pop3_tokio::{config::StlsPolicy, login::LoginPolicy, tls::Roots};

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match fetch().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fetch: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn fetch() -> Result<(), Failure> {
    let (mut folder, mut url) = (PathBuf::from("mail"), None);
    let mut connector = Connector::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("maildir") => folder = arguments.value()?.into(),
            Long("ca") => {
                let pem = std::fs::read(arguments.value()?)?;
                connector.roots = Some(Roots::from_pem(&pem)?);
            }
            Long("plaintext") => {
                connector.config.stls = StlsPolicy::Off;
                connector.config.allow_insecure_login = true;
            }
            Value(value) if url.is_none() => url = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }

    let _embedded;
    let (endpoint, login, account) = match url {
        Some(url) => {
            let endpoint: Endpoint = url.parse()?;
            let user = endpoint.username().ok_or("the URL has no user name")?;
            let user = user.as_str();
            let account = format!("{user}@{}:{}", endpoint.host(), endpoint.port());
            let password = std::env::var("POP3_PASSWORD")
                .or_else(|_| rpassword::prompt_password(format!("Password of {account}: ")))?;
            let method = endpoint.method();
            let policy = method.map_or_else(LoginPolicy::default, LoginPolicy::only);
            let login = Login::new(user, password)?.with_policy(policy);
            (endpoint, login, account)
        }
        None => {
            let mail = sample::sample_maildrop().into_iter().collect();
            let server = EmbeddedServer::start(ServerConfig::new("sample", "sample"), mail)?;
            connector.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
            let (endpoint, login) = (server.implicit_tls(), Login::new("sample", "sample")?);
            _embedded = server;
            (endpoint, login, "sample@embedded".to_owned())
        }
    };

    let mut maildir = Maildir::open(folder)?;
    let mut client = connect_with(&endpoint, &connector).await?;
    client.login(login).await?;
    let unique_ids = client.uidl().await?;
    let mut wanted = Vec::new();
    for entry in unique_ids.iter() {
        // A message without a unique-id cannot be recorded and is fetched each time.
        let id = entry.unique_id.map(|id| id.as_bytes().to_vec());
        if !id.as_ref().is_some_and(|id| maildir.contains(&account, id)) {
            wanted.push((entry.number, id));
        }
    }
    // The messages are pipelined and streamed. A message that is dropped before `commit` leaves no
    // file, so the next run fetches it again.
    let mut fetched = 0;
    let mut messages = client.retrieve(wanted.iter().map(|(number, _)| *number));
    for (_, id) in &wanted {
        let mut message = match messages.next().await.ok_or("the session ended too early")? {
            Err(refused) if !refused.is_fatal() => {
                eprintln!("fetch: {refused}");
                continue;
            }
            message => message?,
        };
        let mut delivery = maildir.begin()?;
        while let Some(chunk) = message.chunk().await? {
            delivery.write_all(&chunk)?;
        }
        delivery.commit(&account, id.as_deref())?;
        fetched += 1;
    }
    maildir.sync()?;
    let _ = client.quit().await?; // nothing was deleted, so the outcome does not matter
    let known = unique_ids.len() - wanted.len();
    println!("fetched {fetched} messages, {known} already here");
    Ok(())
}
