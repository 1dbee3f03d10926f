//! Compares bodies with those of the [naive reader](crate::naive): where the terminator is, and
//! which dots are removed.

use pop3_proto::{
    Channel, Config, Connection, Error, Event, Instant, Quirk, Retr,
    command::{Pass, Raw, User},
    config::Leniency,
    error::{Closed, ProtocolError, TransportError, TransportErrorKind},
    reply::Reply,
};

use super::commands::{secret, user};
use super::setup::{limits, message};
use crate::naive::{Lines, may_follow, read};
use crate::wire;

/// Runs an input: an octet for the mode, one for the size of the pieces, then the octets after the
/// `+OK` to `RETR`.
pub fn unstuffing(data: &[u8]) -> usize {
    let Some((&[mode, piece], octets)) = data.split_first_chunk() else {
        return 0;
    };
    let mode = match mode % 3 {
        0 => Lines::CrLf,
        1 => Lines::Either,
        _ => Lines::Lf,
    };
    let (expected, rest) = read(octets, mode);
    let piece = usize::from(piece) + 1;
    for piece in [usize::MAX, piece] {
        let mut connection = logged_in(mode);
        connection.submit(Retr(message(1))).unwrap();
        let reply = [ok(mode), octets].concat();
        let room = connection.recv_buffer().map_or(0, |room| room.len());
        let events = feed(&mut connection, &reply, piece);
        let trusted = rest.map(|rest| may_follow(rest, mode));
        compare(&events, &expected, trusted, reply.len() <= piece.min(room));
        if rest.is_none() {
            assert_cut_short(&mut connection, piece);
        }
    }
    if let Some(rest) = rest {
        let reply = [ok(mode), &octets[..octets.len() - rest.len()]].concat();
        assert_eq!(gathered(mode, &reply, piece), expected);
    }
    octets.len()
}

/// Returns a status line of the server, with its line end.
pub fn ok(lines: Lines) -> &'static [u8] {
    match lines {
        Lines::Lf => b"+OK\n",
        _ => b"+OK\r\n",
    }
}

/// Returns a session with nothing in flight, whose server has sent status lines with these line
/// ends.
fn logged_in(mode: Lines) -> Connection {
    let mut config = Config::default();
    config.limits = limits(false);
    if mode == Lines::CrLf {
        config.leniency = Leniency::Strict;
    }
    let mut connection = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    connection.submit(User(user())).unwrap();
    connection.submit(Pass(secret())).unwrap();
    for _ in 0..3 {
        feed(&mut connection, ok(mode), usize::MAX);
    }
    connection
}

/// Sends all pending octets, and receives the reply in pieces.
fn feed(connection: &mut Connection, mut said: &[u8], piece: usize) -> Vec<Event> {
    let mut events = Vec::new();
    wire::send(connection, usize::MAX, Instant::ORIGIN);
    loop {
        events.extend(std::iter::from_fn(|| connection.poll_event()));
        let next = &said[..piece.min(said.len())];
        match wire::receive(connection, next, Instant::ORIGIN) {
            0 => break,
            count => said = &said[count..],
        }
    }
    wire::send(connection, usize::MAX, Instant::ORIGIN);
    events
}

/// Compares a body with the expected one. `trusted` is `None` without a terminator, else whether
/// the octets after the terminator may follow it. If they may not, the body fails if all octets are
/// received in one read.
fn compare(events: &[Event], expected: &[u8], trusted: Option<bool>, in_one_read: bool) {
    let chunks: Vec<&[u8]> = events
        .iter()
        .filter_map(|event| match event {
            Event::Body { chunk, .. } => Some(&chunk[..]),
            _ => None,
        })
        .collect();
    for pair in chunks.windows(2) {
        let split = pair[0].ends_with(b"\r") && pair[1].starts_with(b"\n");
        assert!(!split, "a CRLF in two chunks");
    }
    let body = chunks.concat();
    let ended = trusted.is_some();
    let end = events.iter().find_map(|event| match event {
        Event::BodyEnd { result, .. } => Some(result),
        _ => None,
    });
    match (end, trusted) {
        (None, None) => {}
        (Some(Ok(_)), Some(trusted)) => assert!(trusted || !in_one_read),
        (Some(Err(Error::Protocol(error))), Some(false)) => {
            assert!(matches!(**error, ProtocolError::Surplus { .. }), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        expected.starts_with(&body),
        "{body:?} instead of {expected:?}"
    );
    // The start of a terminator, or of a CRLF, is held back until more octets are received.
    let waits = if ended { 0 } else { 2 };
    assert!(
        expected.len() - body.len() <= waits,
        "{body:?} of {expected:?}"
    );
}

/// Checks that a body without its terminator fails, regardless of how the connection ends.
fn assert_cut_short(connection: &mut Connection, piece: usize) {
    if piece.is_multiple_of(2) {
        connection.handle_eof(Instant::ORIGIN);
    } else {
        let reset = TransportError::new(TransportErrorKind::Reset, "reset");
        connection.handle_read_error(reset, Instant::ORIGIN);
    }
    let events = feed(connection, b"", 1);
    let [
        Event::BodyEnd {
            result: Err(error), ..
        },
        Event::Closed(Err(closed)),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(error, closed);
    match error {
        Error::Closed(closed) => assert!(matches!(**closed, Closed::Truncated { .. })),
        error => assert!(matches!(error, Error::Transport(_)), "{error}"),
    }
}

/// Returns the content of the same reply to a command whose reply is kept in memory.
fn gathered(mode: Lines, reply: &[u8], piece: usize) -> Vec<u8> {
    let mut connection = logged_in(mode);
    connection.submit(Raw::long("XTND LOG").unwrap()).unwrap();
    let events = feed(&mut connection, reply, piece);
    match &events[..] {
        [
            Event::Reply {
                result: Ok(Reply::Lines(lines)),
                ..
            },
        ]
        | [
            Event::Quirk(Quirk::BareLineFeed),
            Event::Reply {
                result: Ok(Reply::Lines(lines)),
                ..
            },
        ] => lines.octets.to_vec(),
        _ => panic!("{events:?}"),
    }
}
