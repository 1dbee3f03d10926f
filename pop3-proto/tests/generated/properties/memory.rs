//! I5: memory is bounded by the configuration for any input of any length.

use allocation_counter::measure;
use pop3_proto::{Error, Event, config::Pipelining};
use pop3_testkit::wire;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::case::{Answer, Case, small_limits};
use super::check;
use super::client::Client;
use super::strategies::{Pieces, octets, plain_case};

/// The most memory that a connection with `small_limits` may use, in octets. It consists of two
/// receive buffers (the application may own one), a batch, a list and its growing copy, and the
/// queue.
const BOUND: u64 = 16 << 10;

/// Octets that a server can repeat forever.
const ENDLESS: [&[u8]; 10] = [
    b"A",
    b"1 1\r\n",
    b"1 uid\r\n",
    b"X\r\n",
    b".\r",
    b"..\r\n",
    b"\r\n",
    b"\0",
    b"+ cj1h\r\n",
    b"123456789 123456789 123456789\r\n",
];

const OPS: [&str; 12] = [
    "stat",
    "list",
    "list 1",
    "list streamed",
    "uidl",
    "uidl 1",
    "retr 1",
    "capa",
    "long XTND X",
    "short XTND X",
    "login alice correct-horse only=SCRAM-SHA-256",
    "login alice correct-horse",
];

/// Creates a session with one unanswered request.
fn asked(op: &str) -> Result<Client, TestCaseError> {
    let mut case: Case = plain_case();
    case.client.small_limits = true;
    case.client.ask_capa = false;
    case.client.pipelining = Pipelining::Always;
    case.ops_after_login(&[op]);
    if op.starts_with("login") {
        case.ops.drain(..2);
    }
    let login = vec![Answer::Proper; case.ops.len()];
    case.answers = [login, vec![Answer::Instead(Vec::new()); 20]].concat();
    let mut client = Client::new(&case);
    while client.ask() {}
    client.run(Pieces::WHOLE.sizes())?;
    Ok(client)
}

/// Passes octets in as a socket would. The application drops every event. Returns how many octets
/// were accepted.
fn pour(client: &mut Client, begin: &[u8], endless: &[u8], octets: usize) -> usize {
    let connection = &mut client.connection;
    let mut source = begin.iter().chain(endless.iter().cycle()).take(octets);
    let mut taken = 0;
    loop {
        while connection.poll_event().is_some() {}
        connection.transmitted(usize::MAX, client.now);
        if connection
            .poll_timeout()
            .is_some_and(|due| due <= client.now)
        {
            connection.handle_timeout(client.now);
            continue;
        }
        match wire::receive_from(connection, &mut source, usize::MAX, client.now) {
            0 => return taken,
            count => taken += count,
        }
    }
}

#[test]
fn i05_memory_does_not_grow_with_server_output() {
    let begin = prop_oneof![
        Just(b"+OK\r\n".to_vec()),
        Just(b"+OK 4294967295 18446744073709551615\r\n".to_vec()),
        octets(),
    ];
    let endless = prop_oneof![
        select(&ENDLESS[..]).prop_map(<[u8]>::to_vec),
        octets().prop_filter("something", |octets| !octets.is_empty()),
    ];
    let strategy = (select(&OPS[..]), begin, endless, 0..64_000usize);
    check(250, strategy, |(op, begin, endless, octets)| {
        let mut client = asked(op)?;
        let mut taken = 0;
        let info = measure(|| taken = pour(&mut client, &begin, &endless, octets));
        client.ensure(
            info.bytes_max <= BOUND,
            format!("{} octets held after {taken} for {op}", info.bytes_max),
        )
    });
}

/// Lists that are kept in memory never exceed their limits.
#[test]
fn i05_reported_lists_respect_the_limits() {
    let line = select(
        &[
            "1 1\r\n",
            "2 uid\r\n",
            "3 a-unique-id-that-is-a-little-long\r\n",
            "X\r\n",
        ][..],
    );
    let op = select(&["list", "uidl", "capa", "long XTND X"][..]);
    check(200, (op, vec(line, 0..20)), |(op, lines)| {
        let mut client = asked(op)?;
        let list = lines.concat();
        client.peer.out = format!("+OK\r\n{list}.\r\n").into_bytes();
        client.run(Pieces::WHOLE.sizes())?;
        let limits = small_limits();
        let (count, octets) = match op {
            "capa" => (limits.capability_lines, limits.capability_octets),
            "long XTND X" => (usize::MAX, limits.listing_octets),
            _ => (limits.listing_entries, limits.listing_octets),
        };
        let within = lines.len() <= count && list.len() <= octets;
        let limit = matches!(client.connection.error(), Some(Error::Limit(_)));
        client.ensure(
            limit != within,
            format!("{} lines, {} octets", lines.len(), list.len()),
        )
    });
}

/// An application that polls no events stops the server: no more is read than the buffer can store.
#[test]
fn i05_unread_events_stop_reading_at_the_buffer() {
    let strategy = (select(&OPS[..]), octets(), select(&ENDLESS[..]));
    check(150, strategy, |(op, begin, endless)| {
        let mut client = asked(op)?;
        let begin = [b"+OK 1 1\r\n", begin.as_slice()].concat();
        let mut source = begin.iter().chain(endless.iter().cycle());
        // A list may be gathered, or empty lines may be skipped, before there is an event.
        let limits = small_limits();
        let gathered = limits.listing_octets.max(limits.capability_octets);
        let most = 2 * limits.receive_buffer + 3 * gathered;
        let mut taken = 0;
        // Limit the octets, so that a failing case does not loop forever.
        while taken <= most && client.connection.wants_read() {
            let (connection, now) = (&mut client.connection, client.now);
            taken += wire::receive_from(connection, &mut source, usize::MAX, now);
            connection.transmitted(usize::MAX, now);
        }
        client.ensure(
            taken <= most,
            format!("{taken} octets taken for {op}, and {most} are the most"),
        )?;
        // All pending events can still be polled.
        let first = client.connection.poll_event();
        client.ensure(
            first.is_some() && !matches!(first, Some(Event::Greeting(_))),
            "there is no event",
        )
    });
}
