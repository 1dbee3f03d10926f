//! What the fuzz targets share: a connection fed with octets in any partition.

use core::time::Duration;

use pop3_proto::{Channel, Config, Connection, Event, Instant};

/// The time of everything; no target waits.
pub const NOW: Instant = Instant::since_origin(Duration::from_secs(1));

/// A connection that may pipeline and needs no TLS.
pub fn connection(strict: bool) -> Connection {
    let mut config = Config::default();
    config.pipelining = pop3_proto::Pipelining::Always;
    if strict {
        config.leniency = pop3_proto::Leniency::Strict;
    }
    let mut connection = Connection::new(config, Channel::TrustedByCaller, NOW);
    connection.seed([7; 32]);
    connection
}

/// Sends what there is to send.
pub fn send(connection: &mut Connection) {
    let octets = connection.transmit().len();
    connection.transmitted(octets, NOW);
}

/// Feeds octets in pieces of at most `piece`, and gives what came of them, neighbouring body
/// chunks joined: how a body is cut is the one thing that may depend on the pieces.
pub fn feed(connection: &mut Connection, mut octets: &[u8], piece: usize) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        while let Some(event) = connection.poll_event() {
            match (events.last_mut(), event) {
                (
                    Some(Event::Body {
                        id: last,
                        chunk: body,
                    }),
                    Event::Body { id, chunk },
                ) if *last == id => {
                    *body = [&body[..], &chunk[..]].concat().into();
                }
                (_, event) => events.push(event),
            }
        }
        send(connection);
        // The computation of SCRAM.
        while connection.poll_timeout().is_some_and(|due| due < NOW) {
            connection.handle_timeout(NOW);
            send(connection);
        }
        let Some(room) = connection.recv_buffer().filter(|_| !octets.is_empty()) else {
            break;
        };
        let count = piece.clamp(1, room.len()).min(octets.len());
        let (now, later) = octets.split_at(count);
        room[..count].copy_from_slice(now);
        connection.received(count, NOW);
        octets = later;
    }
    events
}
