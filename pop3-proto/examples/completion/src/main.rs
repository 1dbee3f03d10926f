//! Fetches mail in a completion-based event loop: POP3 with `compio`, here on io_uring.
//!
//! ```text
//! cargo run --manifest-path pop3-proto/examples/completion/Cargo.toml
//! POP3_PASSWORD=… cargo run --manifest-path … -- pop3s://joe@mail.example.org
//! ```
//!
//! In such a loop the kernel owns the buffer while it reads, so a read cannot go directly into the
//! buffer that `Connection::recv_buffer` lends. This loop reads into a buffer of its own, which it
//! reuses, and copies the octets. That is the intended way. A connection that accepts owned buffers
//! was measured with twenty messages of 20 MiB: it saves the copy, but needs a new buffer for each
//! read. The loop needed 8 % less CPU time, but the transfer took as long.
#![allow(clippy::disallowed_methods, reason = "the core has no clock and no environment")]

use std::process::ExitCode;
use std::time::Instant as Clock;

use compio::buf::BufResult;
use compio::io::{AsyncRead as _, AsyncWriteExt as _};
use compio::net::TcpStream;
use compio::time::timeout;
use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_proto::tls::Roots;
use pop3_proto::{Connector, Endpoint, Event, Instant, Login, Quit, Retr, Uidl};

type Failure = Box<dyn std::error::Error>;

/// The exit code if the kernel does not support io_uring, so the example cannot run.
const SKIPPED: u8 = 77;

fn main() -> ExitCode {
    let runtime = match compio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("completion: skipped, because the kernel has no io_uring: {error}");
            return ExitCode::from(SKIPPED);
        }
    };
    match runtime.block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("completion: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    if let Some(url) = std::env::args().nth(1) {
        let endpoint: Endpoint = url.parse()?;
        let user = endpoint.username().ok_or("the URL has no user name")?;
        let login = Login::new(user.as_str(), std::env::var("POP3_PASSWORD")?)?;
        let (messages, octets) = fetch(&endpoint, &Connector::default(), login).await?;
        println!("{messages} messages, {octets} octets");
        return Ok(());
    }
    let text = |n: usize| format!("Subject: {n}\r\n\r\n{}", ".a dotted line\r\n".repeat(n * n));
    let mail: Vec<_> = (1..=300).map(|n| (format!("uid-{n}"), text(n))).collect();
    let expected: usize = mail.iter().map(|(_, text)| text.len()).sum();
    let config = ServerConfig::new("sample", "sample");
    let server = EmbeddedServer::start(config, mail.into_iter().collect())?;
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
    for endpoint in [server.implicit_tls(), server.plain()] {
        let login = Login::new("sample", "sample")?;
        let (messages, octets) = fetch(&endpoint, &connector, login).await?;
        println!("{endpoint}: {messages} messages, {octets} octets");
        if (messages, octets) != (300, expected) {
            return Err(format!("expected 300 messages, {expected} octets").into());
        }
    }
    Ok(())
}

/// Retrieves all messages, and returns their number and size.
async fn fetch(
    endpoint: &Endpoint,
    connector: &Connector,
    login: Login,
) -> Result<(usize, usize), Failure> {
    let mut socket = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
    let origin = Clock::now();
    let now = || Instant::since_origin(origin.elapsed());
    let mut connection = connector.connection(endpoint, now())?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    connection.seed(seed);
    connection.submit(login)?;
    let uidl = connection.submit(Uidl)?;
    let (mut messages, mut octets) = (0, 0);
    let (mut buffer, mut taken) = (Vec::with_capacity(64 << 10), 0);
    loop {
        while let Some(event) = connection.poll_event() {
            match event {
                Event::Reply { id, result } if id == uidl.id() => {
                    for number in uidl.read(result?)?.numbers() {
                        connection.submit(Retr(number))?;
                    }
                    connection.submit(Quit)?;
                }
                Event::Reply { result, .. } => drop(result?),
                Event::Body { chunk, .. } => octets += chunk.len(), // a real program stores it
                Event::BodyEnd { result, .. } => {
                    result?;
                    messages += 1;
                }
                Event::Closed(result) => return Ok(result.map(|()| (messages, octets))?),
                _ => {}
            }
        }
        let due = connection.poll_timeout();
        if due.is_some_and(|due| due <= now()) {
            connection.handle_timeout(now());
        } else if connection.wants_write() {
            let batch = connection.transmit().to_vec(); // the kernel owns it while it writes
            let BufResult(written, batch) = socket.write_all(batch).await;
            match written {
                Ok(()) => connection.transmitted(batch.len(), now()),
                Err(error) => connection.handle_write_error((&error).into(), now()),
            }
        } else if let Some(room) = connection.recv_buffer() {
            let unread = buffer.get(taken..).unwrap_or_default();
            let octets = room.len().min(unread.len());
            if octets > 0 {
                room[..octets].copy_from_slice(&unread[..octets]);
                taken += octets;
                connection.received(octets, now());
                continue;
            }
            taken = 0;
            buffer.clear();
            let read = socket.read(buffer); // the kernel owns the buffer while it reads
            let done = match due.map(|due| due.duration_since(now())) {
                None => Some(read.await),
                Some(wait) => timeout(wait, read).await.ok(),
            };
            // A read that is cancelled may have taken octets, so the session cannot continue.
            let Some(BufResult(read, filled)) = done else {
                return Err("the server does not respond".into());
            };
            buffer = filled;
            match read {
                Ok(0) => connection.handle_eof(now()),
                Ok(_) => {}
                Err(error) => connection.handle_read_error((&error).into(), now()),
            }
        }
    }
}
