//! Benchmarks of the core in memory: message bodies compared with `memcpy` through the same buffer,
//! and listings.
//!
//! Only the ratios within one run are meaningful: `body/*` compared with `memcpy`, in octets per
//! second. 256 MiB of replies are read through the connection's 64 KiB receive buffer, as from a
//! socket.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark may stop with a panic"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pop3_proto::{
    Channel, Config, Connection, Event, Instant, List, Login, MessageNumber, Retr, Secret, Stat,
    Uidl, Username, config::Pipelining,
};

const NOW: Instant = Instant::ORIGIN;
const SOURCE: usize = 256 << 20;

/// Creates a connection in the TRANSACTION state that knows how large a message is.
fn logged_in(size: usize) -> Connection {
    let mut config = Config::default();
    config.pipelining = Pipelining::Always;
    config.capa = pop3_proto::config::CapaPolicy::Never;
    let mut connection = Connection::new(config, Channel::TrustedByCaller, NOW);
    let secret = Secret::new("secret").unwrap();
    connection
        .submit(Login::password(Username::new("alice").unwrap(), secret))
        .unwrap();
    for line in ["+OK\r\n", "+OK\r\n", "+OK\r\n"] {
        read(&mut connection, line.as_bytes());
    }
    connection.submit(Stat).unwrap();
    send(&mut connection);
    read(&mut connection, format!("+OK 1 {size}\r\n").as_bytes());
    connection
}

/// Passes octets to the connection as a socket would, and drops the results. Returns the octets of
/// bodies.
fn read(connection: &mut Connection, mut source: &[u8]) -> usize {
    let mut body = 0;
    loop {
        while let Some(event) = connection.poll_event() {
            if let Event::Body { chunk, .. } = black_box(event) {
                body += chunk.len();
            }
        }
        send(connection);
        let Some(room) = connection.recv_buffer().filter(|_| !source.is_empty()) else {
            return body;
        };
        let octets = room.len().min(source.len());
        let (now, later) = source.split_at(octets);
        room[..octets].copy_from_slice(now);
        connection.received(octets, NOW);
        source = later;
    }
}

fn send(connection: &mut Connection) {
    let octets = connection.transmit().len();
    if octets > 0 {
        connection.transmitted(octets, NOW);
    }
}

/// Creates replies to `RETR`, whose bodies have `size` octets and consist of `line`.
fn replies(line: &str, size: usize) -> (Vec<u8>, usize) {
    let reply = format!(
        "+OK {size} octets\r\n{}.\r\n",
        line.repeat(size / line.len())
    );
    let messages = SOURCE / reply.len();
    (reply.repeat(messages).into_bytes(), messages)
}

fn retrieve(connection: &mut Connection, source: &[u8], messages: usize) -> usize {
    for _ in 0..messages {
        connection.submit(Retr(MessageNumber::FIRST)).unwrap();
    }
    send(connection);
    read(connection, source)
}

fn bodies(c: &mut Criterion) {
    let text = "The quick brown fox jumps over the lazy dog, and then it sits down.\r\n";
    let base64 = "TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2NpbmcgZWxpdCwg\r\n";
    let dotty = "..he quick brown fox jumps over the lazy dog, and then it sits down.\r\n";
    let mut group = c.benchmark_group("body");
    group
        .sample_size(10)
        .throughput(Throughput::Bytes(SOURCE as u64));
    let source = vec![b'x'; SOURCE];
    let mut room = vec![0; 64 << 10];
    group.bench_function("memcpy", |b| {
        b.iter(|| {
            for block in source.chunks(room.len()) {
                room[..block.len()].copy_from_slice(black_box(block));
                black_box(&mut room);
            }
        });
    });
    drop(source);
    for (name, line, size) in [
        ("text, 1 MiB each", text, 1 << 20),
        ("text, 2 KiB each", text, 2 << 10),
        ("base64, 1 MiB each", base64, 1 << 20),
        ("dotted lines, 64 KiB each", dotty, 64 << 10),
    ] {
        let (source, messages) = replies(line, size);
        let mut connection = logged_in(size);
        group.bench_function(name, |b| {
            b.iter(|| retrieve(&mut connection, &source, messages))
        });
    }
    group.finish();
}

fn listings(c: &mut Criterion) {
    let scan: String = (1..=1_000_000).map(|n| format!("{n} 2048\r\n")).collect();
    let uids: String = (1..=1_000_000)
        .map(|n| format!("{n} 000000{n:08x}4c1f9a2b00d3\r\n"))
        .collect();
    let mut group = c.benchmark_group("listing of a million");
    group.sample_size(10);
    for (name, lines) in [("LIST", scan), ("UIDL", uids)] {
        let reply = format!("+OK\r\n{lines}.\r\n");
        group.throughput(Throughput::Bytes(reply.len() as u64));
        group.bench_function(format!("{name}, received and checked"), |b| {
            b.iter_batched(
                || {
                    let mut connection = logged_in(2048);
                    match name {
                        "LIST" => drop(connection.submit(List).unwrap()),
                        _ => drop(connection.submit(Uidl).unwrap()),
                    }
                    send(&mut connection);
                    connection
                },
                |mut connection| {
                    read(&mut connection, reply.as_bytes());
                    connection
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, bodies, listings);
criterion_main!(benches);
