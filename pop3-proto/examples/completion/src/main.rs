//! Fetches mail in a completion-based event loop: POP3 with `compio`, here on io_uring.
//!
//! ```text
//! cargo run --manifest-path pop3-proto/examples/completion/Cargo.toml
//! POP3_PASSWORD=… cargo run --manifest-path … -- pop3s://joe@mail.example.org
//! ```
//!
//! In such a loop the kernel owns the buffer while it reads, so a read cannot go directly into the
//! buffer that `Connection::recv_buffer` lends. This loop reads into its own buffer, and copies. The
//! documentation of `Connection` says what owned buffers would save.
#![allow(
    clippy::disallowed_methods,
    reason = "the core has no clock and no environment"
)]

use std::io::{self, ErrorKind};
use std::mem::take;
use std::process::ExitCode;
use std::time::{Duration, Instant as Clock};

use compio::buf::BufResult;
use compio::io::{AsyncRead as _, AsyncWriteExt as _};
use compio::net::TcpStream;
use compio::time::timeout;
use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_proto::tls::Roots;
use pop3_proto::{Connector, Endpoint, Event, Instant, Login, Quit, Retr, Uidl};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let done = match compio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => {
            eprintln!("completion: skipped, because the kernel has no io_uring: {error}");
            return ExitCode::from(77);
        }
    };
    if let Err(error) = done {
        eprintln!("completion: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
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
    let expected = (mail.len(), mail.iter().map(|(_, text)| text.len()).sum());
    let config = ServerConfig::new("sample", "sample");
    let server = EmbeddedServer::start(config, mail.into_iter().collect())?;
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
    for endpoint in [server.implicit_tls(), server.plain()] {
        let fetched = fetch(&endpoint, &connector, Login::new("sample", "sample")?).await?;
        println!("{endpoint}: {} messages, {} octets", fetched.0, fetched.1);
        assert_eq!(fetched, expected, "all messages of the server");
    }
    Ok(())
}

/// Retrieves all messages, and returns their number and size.
async fn fetch(to: &Endpoint, by: &Connector, login: Login) -> Result<(usize, usize), Failure> {
    let socket = TcpStream::connect((to.host(), to.port())).await?;
    let origin = Clock::now();
    let now = || Instant::since_origin(origin.elapsed());
    let mut connection = by.connection(to, now())?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    connection.seed(seed);
    connection.submit(login)?;
    let uidl = connection.submit(Uidl)?;
    let (mut messages, mut octets) = (0, 0);
    let (mut buffer, mut taken) = (Vec::with_capacity(64 << 10), 0);
    let mut reading = None;
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
                Event::BodyEnd { result, .. } => messages += result.map(|_| 1)?,
                Event::Closed(result) => {
                    let last = connection.transmit().to_vec(); // close_notify of TLS
                    let _ = write(&socket, last, Duration::from_secs(1)).await;
                    return Ok(result.map(|()| (messages, octets))?);
                }
                _ => {}
            }
        }
        let due = connection.poll_timeout();
        let wait = due.map_or(Duration::from_secs(3600), |due| due.duration_since(now()));
        if wait.is_zero() {
            connection.handle_timeout(now());
        } else if connection.wants_write() {
            let batch = connection.transmit().to_vec(); // the kernel owns it while it writes
            let octets = batch.len();
            match write(&socket, batch, wait).await {
                Ok(()) => connection.transmitted(octets, now()),
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
            // The kernel owns the buffer while it reads. The read stays in progress at a deadline,
            // because a cancelled read can lose octets.
            let read = reading.get_or_insert_with(|| Box::pin(read(&socket, take(&mut buffer))));
            if let Ok(BufResult(read, filled)) = timeout(wait, read).await {
                (reading, buffer, taken) = (None, filled, 0);
                match read {
                    Ok(0) => connection.handle_eof(now()),
                    Ok(_) => {}
                    Err(error) => connection.handle_read_error((&error).into(), now()),
                }
            }
        }
    }
}

async fn read(mut socket: &TcpStream, mut buffer: Vec<u8>) -> BufResult<usize, Vec<u8>> {
    buffer.clear();
    socket.read(buffer).await
}

async fn write(mut socket: &TcpStream, batch: Vec<u8>, limit: Duration) -> io::Result<()> {
    timeout(limit, socket.write_all(batch))
        .await
        .map_err(|_| ErrorKind::TimedOut)?
        .0
}
