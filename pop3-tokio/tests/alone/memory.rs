//! A message of a gigabyte in constant memory. The test measures the memory of all threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pop3_tokio::{
    Connector, Endpoint, Login,
    config::{CapaPolicy, StlsPolicy},
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::ALONE;

const OCTETS: usize = 1 << 30;

/// What a server may have sent before the consumer reads it: the buffers of two sockets.
const IN_SOCKETS: usize = 64 << 20;

/// Generates each message while sending it, for one client.
async fn serve(listener: TcpListener, sent: Arc<AtomicUsize>) -> std::io::Result<()> {
    let (socket, _) = listener.accept().await?;
    let mut wire = BufReader::new(socket);
    wire.write_all(b"+OK ready\r\n").await?;
    let block = [b"..x\r\n" as &[u8], &[b'y'; 93], b"\r\n"]
        .concat()
        .repeat(100);
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        wire.write_all(b"+OK\r\n").await?;
        if line == "RETR 1\r\n" {
            while sent.load(Ordering::Relaxed) < OCTETS {
                wire.write_all(&block).await?;
                sent.fetch_add(block.len(), Ordering::Relaxed);
            }
            wire.write_all(b".\r\n").await?;
            // The next message is shorter.
            sent.store(OCTETS / 8 * 7, Ordering::Relaxed);
        }
    }
}

/// Returns the resident memory in octets.
pub(super) fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("the file exists on Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    let pages: usize = pages.expect("a number");
    pages * 4096
}

#[tokio::test]
async fn one_gigabyte_message_needs_constant_memory() -> Result<(), Box<dyn std::error::Error>> {
    let _alone = ALONE.lock().await;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = Endpoint::plain("127.0.0.1", Some(listener.local_addr()?.port()));
    let sent = Arc::new(AtomicUsize::new(0));
    let server = tokio::spawn(serve(listener, Arc::clone(&sent)));
    let mut connector = Connector::default();
    connector.config.stls = StlsPolicy::Off;
    connector.config.allow_insecure_login = true;
    connector.config.capa = CapaPolicy::Never;
    let mut client = pop3_tokio::connect_with(&endpoint, &connector).await?;
    client.login(Login::new("alice", "secret")?).await?;

    let mut message = client.retr(1.try_into()?).await?;
    let mut octets = message.chunk().await?.map_or(0, |chunk| chunk.len());
    // Without a reader, the server cannot continue.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let held = sent.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(sent.load(Ordering::Relaxed), held);
    assert!(held < IN_SOCKETS, "{held}");

    let before = resident();
    let (mut most, mut chunks) = (before, 0);
    let begin = Instant::now();
    while let Some(chunk) = message.chunk().await? {
        octets += chunk.len();
        chunks += 1;
        if chunks % 100 == 0 {
            most = most.max(resident());
        }
    }
    let grown = most.saturating_sub(before);
    println!(
        "{octets} octets in {:?}; {held} before the first read; {before} octets resident, {grown} more at most",
        begin.elapsed()
    );
    // Every second line was dot-stuffed.
    assert!(octets > OCTETS / 100 * 99 - 20_000, "{octets}");
    assert!(grown < 16 << 20, "{grown} octets more");

    // The next operation skips another message.
    client.retr(1.try_into()?).await?.chunk().await?;
    let begin = Instant::now();
    client.noop().await?;
    println!("another one was skipped in {:?}", begin.elapsed());
    let grown = resident().saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} octets more");
    assert!(client.quit().await?.is_committed());
    drop(client);
    server.await??;
    Ok::<_, Box<dyn std::error::Error>>(())
}
