//! A message of 200 MB in constant memory, with the blocking client. It is here because it needs a
//! separate process, and no other test of the blocking client does.

use std::io::Write as _;
use std::net::TcpListener;
use std::thread;

use pop3_blocking::{
    Connector, Endpoint, Login, Secret,
    config::{CapaPolicy, StlsPolicy},
    connect_with,
};

use super::ALONE;
use super::memory::resident;

const OCTETS: usize = 200_000_000;

/// Generates the message while sending it.
fn serve(listener: &TcpListener) -> std::io::Result<()> {
    let (mut socket, _) = listener.accept()?;
    // The client waits for each answer, so all of them can be sent immediately.
    socket.write_all(b"+OK ready\r\n")?;
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(socket.try_clone()?));
    while let Some(line) = lines.next().transpose()? {
        if line != "RETR 1" {
            socket.write_all(b"+OK\r\n")?;
            continue;
        }
        socket.write_all(b"+OK\r\n")?;
        let block = [b"..x\r\n" as &[u8], &[b'y'; 93], b"\r\n"]
            .concat()
            .repeat(100);
        for _ in 0..OCTETS / (block.len() - 100) {
            socket.write_all(&block)?;
        }
        socket.write_all(b".\r\n")?;
    }
    Ok(())
}

#[test]
fn message_of_200_mb_needs_constant_memory() -> Result<(), Box<dyn std::error::Error>> {
    let _alone = ALONE.blocking_lock();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let server = thread::spawn(move || serve(&listener));
    let mut connector = Connector::default();
    connector.config.stls = StlsPolicy::Off;
    connector.config.allow_insecure_login = true;
    connector.config.capa = CapaPolicy::Never;
    let mut client = connect_with(&Endpoint::plain("127.0.0.1", Some(port)), &connector)?;
    client.login(Login::password("alice".try_into()?, Secret::new("secret")?))?;

    let mut message = client.retr(1.try_into()?)?;
    let (mut octets, mut before, mut most) = (0, 0, 0);
    while let Some(chunk) = message.chunk()? {
        octets += chunk.len();
        // Measure only after the first megabytes, which fill the buffers.
        if before == 0 && octets > OCTETS / 20 {
            before = resident();
        }
        most = most.max(resident());
    }
    assert!(octets > OCTETS - 20_000, "{octets}");
    let grown = most.saturating_sub(before);
    assert!(before > 0 && grown < 4 << 20, "{grown} octets more");
    assert!(client.quit()?.is_committed());
    drop(client);
    server.join().expect("the server succeeded")?;
    Ok(())
}
