//! Memory: messages allocate nothing, a connection has a fixed buffer, and sizes that a server
//! states are never allocated.

use allocation_counter::{AllocationInfo, measure};
use pop3_proto::{
    Channel, Config, Connection, Event, Instant, List, MessageNumber, Retr, Secret, Stat, Username,
    command::{Noop, Pass, User},
    config::Pipelining,
};
use pop3_testkit::wire;

/// Passes octets in as a socket would and polls all events. Returns the number of body octets.
fn deliver(connection: &mut Connection, mut octets: &[u8]) -> usize {
    let mut passed_on = 0;
    loop {
        while let Some(event) = connection.poll_event() {
            if let Event::Body { chunk, .. } = event {
                passed_on += chunk.len();
            }
        }
        send(connection);
        if octets.is_empty() {
            return passed_on;
        }
        match wire::receive(connection, octets, Instant::ORIGIN) {
            0 => return passed_on,
            count => octets = octets.split_at(count).1,
        }
    }
}

fn send(connection: &mut Connection) {
    while connection.wants_write() {
        let sent = connection.transmit().len();
        connection.transmitted(sent, Instant::ORIGIN);
    }
}

fn logged_in() -> Connection {
    let mut config = Config::default();
    config.pipelining = Pipelining::Always;
    let mut connection = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    deliver(&mut connection, b"+OK\r\n");
    let user = Username::new("alice").expect("a name");
    connection.submit(User(user)).expect("a live connection");
    deliver(&mut connection, b"+OK\r\n");
    let secret = Secret::new("secret").expect("a password");
    connection.submit(Pass(secret)).expect("a live connection");
    deliver(&mut connection, b"+OK\r\n");
    connection
}

/// The maximum number of octets that were allocated at the same time.
fn peak(info: &AllocationInfo) -> u64 {
    info.bytes_max
}

#[test]
fn steady_state_retr_does_not_allocate() {
    let mut connection = logged_in();
    let body = "..a line of a message, with a dot before it\r\n".repeat(50);
    let reply = format!("+OK 2048 octets\r\n{body}.\r\n");
    let mut retrieve = |messages: usize| {
        for _ in 0..messages {
            connection
                .submit(Retr(MessageNumber::FIRST))
                .expect("a live connection");
            send(&mut connection);
            deliver(&mut connection, reply.as_bytes());
        }
    };
    retrieve(200);
    let info = measure(|| retrieve(2000));
    assert_eq!(info.count_total, 0);
}

#[test]
fn steady_state_single_line_command_does_not_allocate() {
    let mut connection = logged_in();
    let mut ask = |commands: usize| {
        for _ in 0..commands {
            connection.submit(Noop).expect("a live connection");
            connection.submit(Stat).expect("a live connection");
            send(&mut connection);
            deliver(&mut connection, b"+OK\r\n+OK 2 320\r\n");
        }
    };
    ask(1000);
    let info = measure(|| ask(10_000));
    assert_eq!(info.count_total, 0);
}

#[test]
fn line_of_64_mib_needs_one_buffer() {
    let piece = vec![b'x'; 16 << 10];
    let info = measure(|| {
        let mut connection = logged_in();
        connection
            .submit(Retr(MessageNumber::FIRST))
            .expect("a live connection");
        deliver(&mut connection, b"+OK\r\n");
        let mut passed_on = 0;
        for _ in 0..(64 << 20) / piece.len() {
            passed_on += deliver(&mut connection, &piece);
        }
        assert_eq!(passed_on, 64 << 20);
    });
    assert!(peak(&info) < 256 << 10, "{} octets", peak(&info));
}

#[test]
fn server_stated_size_is_never_allocated() {
    let run = |size: &str| {
        let stat = format!("+OK 4294967295 {size}\r\n");
        let list = format!("+OK 1 messages ({size} octets)\r\n1 {size}\r\n.\r\n");
        let retr = format!("+OK {size} octets\r\nx\r\n.\r\n");
        measure(|| {
            let mut connection = logged_in();
            connection.submit(Stat).expect("a live connection");
            deliver(&mut connection, stat.as_bytes());
            connection.submit(List).expect("a live connection");
            deliver(&mut connection, list.as_bytes());
            connection
                .submit(Retr(MessageNumber::FIRST))
                .expect("a live connection");
            deliver(&mut connection, retr.as_bytes());
        })
    };
    let (small, large) = (run("1"), run("9223372036854775808"));
    assert_eq!(small.count_total, large.count_total);
    assert!(peak(&large) < peak(&small) + 1024);
}

#[test]
fn endless_line_needs_no_more_than_one_buffer() {
    for ask in [false, true] {
        let info = measure(|| {
            let mut connection = logged_in();
            if ask {
                connection.submit(Stat).expect("a live connection");
            }
            for _ in 0..1000 {
                deliver(&mut connection, &[b'x'; 1000]);
            }
            assert!(connection.error().is_some());
        });
        assert!(peak(&info) < 256 << 10, "{} octets", peak(&info));
    }
}

#[test]
fn skipping_an_abandoned_body_needs_one_buffer() {
    let piece = vec![b'x'; 16 << 10];
    let info = measure(|| {
        let mut connection = logged_in();
        let ticket = connection
            .submit(Retr(MessageNumber::FIRST))
            .expect("a live connection");
        send(&mut connection);
        connection.abandon(ticket.id()..ticket.id().next());
        deliver(&mut connection, b"+OK\r\n");
        for _ in 0..1000 {
            assert_eq!(deliver(&mut connection, &piece), 0);
        }
        assert!(connection.wants_read());
    });
    assert!(peak(&info) < 256 << 10, "{} octets", peak(&info));
}

#[test]
fn listing_memory_is_bounded_by_size_and_entries() {
    let mut connection = logged_in();
    connection.submit(List).expect("a live connection");
    let blocks: Vec<String> = (0..100_u32)
        .map(|block| {
            (1..=1000)
                .map(|line| format!("{} 12345\r\n", block * 1000 + line))
                .collect()
        })
        .collect();
    let octets: u64 = blocks.iter().map(|block| block.len() as u64).sum();
    let info = measure(|| {
        deliver(&mut connection, b"+OK\r\n");
        for block in &blocks {
            deliver(&mut connection, block.as_bytes());
        }
        deliver(&mut connection, b".\r\n");
    });
    assert!(
        peak(&info) < 2 * octets,
        "{} octets for {octets}",
        peak(&info)
    );
    assert!(info.count_total < 100, "{} allocations", info.count_total);
    let mut connection = logged_in();
    connection.submit(List).expect("a live connection");
    deliver(&mut connection, b"+OK\r\n");
    let thousand = "1 1\r\n".repeat(1000);
    for _ in 0..1000 {
        deliver(&mut connection, thousand.as_bytes());
    }
    assert!(connection.error().is_none(), "a million entries");
    deliver(&mut connection, b"1 1\r\n");
    assert!(connection.error().is_some(), "one entry too many");
}

#[test]
fn failing_a_long_queue_allocates_little() {
    let mut connection = logged_in();
    for _ in 0..10_000 {
        connection.submit(Noop).expect("a live connection");
    }
    let info = measure(|| {
        connection.handle_eof(Instant::ORIGIN);
        deliver(&mut connection, b"");
    });
    assert_eq!(connection.outstanding(), 0);
    assert!(peak(&info) < 4096, "{} octets", peak(&info));
}
