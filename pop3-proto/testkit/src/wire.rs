//! Moves octets between a test and a connection (or the server side), as a socket does. All tests
//! use these functions.
//!
//! The tests decide when to call them.

use pop3_proto::server::Server;
use pop3_proto::{Connection, Instant};

/// Lets a connection read as many of these octets as it has room for. Returns how many.
pub fn receive(connection: &mut Connection, octets: &[u8], now: Instant) -> usize {
    receive_from(connection, &mut octets.iter(), octets.len(), now)
}

/// Lets a connection read at most this many octets of a source that may be endless. Returns how
/// many.
pub fn receive_from<'a>(
    connection: &mut Connection,
    source: &mut impl Iterator<Item = &'a u8>,
    most: usize,
    now: Instant,
) -> usize {
    assert_eq!(connection.wants_read(), connection.recv_buffer().is_some());
    let Some(room) = connection.recv_buffer() else {
        return 0;
    };
    assert!(!room.is_empty(), "room for a read");
    let mut count = 0;
    for (room, octet) in room.iter_mut().take(most).zip(source) {
        *room = *octet;
        count += 1;
    }
    if count > 0 {
        connection.received(count, now);
    }
    count
}

/// Lets a connection write at most this many octets. Returns them.
pub fn send(connection: &mut Connection, most: usize, now: Instant) -> Vec<u8> {
    assert_eq!(connection.wants_write(), !connection.transmit().is_empty());
    let octets = connection.transmit();
    let octets = octets[..octets.len().min(most)].to_vec();
    if !octets.is_empty() {
        connection.transmitted(octets.len(), now);
    }
    octets
}

/// Lets the server side write everything that it has to send, at most this many octets at a time.
/// Returns them.
pub fn say(server: &mut Server, most: usize) -> Vec<u8> {
    let mut said = Vec::new();
    while server.wants_write() {
        let octets = server.transmit();
        let octets = &octets[..octets.len().min(most)];
        said.extend_from_slice(octets);
        let count = octets.len();
        server.transmitted(count);
    }
    said
}
