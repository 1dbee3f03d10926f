//! Bodies against what RFC 1939 section 3 says, done in the plainest way: where the terminator is,
//! and which dots go.

use pop3_proto::{
    Channel, Closed, Config, Connection, Error, Event, Instant, Leniency, Pass, ProtocolError,
    Quirk, Raw, Reply, Retr, TransportError, TransportErrorKind, User,
};

use super::commands::{secret, user};
use super::setup::{limits, message};

/// An octet for the mode, one for the size of the pieces, then what is behind the `+OK` to `RETR`.
pub fn unstuffing(data: &[u8]) -> usize {
    let Some((&[mode, piece], octets)) = data.split_first_chunk() else {
        return 0;
    };
    let mode = match mode % 3 {
        0 => LineEnds::Strict,
        1 => LineEnds::Adaptive,
        _ => LineEnds::BareLf,
    };
    let (expected, rest) = naive(octets, mode);
    let piece = usize::from(piece) + 1;
    for piece in [usize::MAX, piece] {
        let mut connection = logged_in(mode);
        connection.submit(Retr(message(1))).unwrap();
        let reply = [mode.ok(), octets].concat();
        let room = connection.recv_buffer().map_or(0, |room| room.len());
        let events = feed(&mut connection, &reply, piece);
        let trusted = rest.map(|rest| may_follow(rest, mode));
        compare(&events, &expected, trusted, reply.len() <= piece.min(room));
        if rest.is_none() {
            assert_cut_short(&mut connection, piece);
        }
    }
    if let Some(rest) = rest {
        let reply = [mode.ok(), &octets[..octets.len() - rest.len()]].concat();
        assert_eq!(gathered(mode, &reply, piece), expected);
    }
    octets.len()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnds {
    /// CR LF.
    Strict,
    /// The first line end of each reply decides: after CR LF, as under strict rules; after LF, LF ends
    /// a line until one ends in CR LF, but no reply.
    Adaptive,
    /// The server knows no other than LF.
    BareLf,
}

impl LineEnds {
    fn ok(self) -> &'static [u8] {
        match self {
            Self::BareLf => b"+OK\n",
            _ => b"+OK\r\n",
        }
    }

    fn end(self) -> &'static [u8] {
        match self {
            Self::Strict => b"\r\n",
            _ => b"\n",
        }
    }
}

/// The body, and what follows its terminator if there is one.
pub fn naive(octets: &[u8], mut mode: LineEnds) -> (Vec<u8>, Option<&[u8]>) {
    let mut body = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        let first = rest.iter().position(|octet| *octet == b'\n');
        let crlf = first.is_some_and(|lf| rest[..lf].ends_with(b"\r"));
        // `.` CR LF is the one line with this end that may come after those with LF.
        if mode == LineEnds::Adaptive && (crlf && !rest.starts_with(b".\r\n") || first.is_none()) {
            let line = first.map_or(rest.len(), |lf| lf + 1);
            let (line, behind) = rest.split_at(line);
            body.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            (rest, mode) = (behind, LineEnds::Strict);
            continue;
        }
        let end = mode.end();
        let length = rest.windows(end.len()).position(|window| window == end);
        let (line, behind) = rest.split_at(length.map_or(rest.len(), |at| at + end.len()));
        match (line, mode) {
            (b".\r\n", _) | (b".\n", LineEnds::BareLf) => return (body, Some(behind)),
            // A sender's own, which a server that writes CR LF did not see.
            (b".\n", LineEnds::Adaptive) => body.extend_from_slice(line),
            _ => body.extend_from_slice(line.strip_prefix(b".").unwrap_or(line)),
        }
        rest = behind;
    }
    (body, None)
}

/// Whether octets may follow a reply while no other is awaited: a `-ERR` with nothing after it, or the
/// beginning of one. Blank lines before it are skipped unless one is strict.
fn may_follow(mut rest: &[u8], mode: LineEnds) -> bool {
    for _ in 0..8 {
        let blank = rest.strip_prefix(b"\n").or(rest.strip_prefix(b"\r\n"));
        match blank.filter(|_| mode != LineEnds::Strict) {
            Some(behind) => rest = behind,
            None if rest == b"\r" => return mode != LineEnds::Strict,
            None => break,
        }
    }
    let word = rest.len().min(4);
    rest[..word].eq_ignore_ascii_case(&b"-ERR"[..word])
        && matches!(rest.get(4), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
        && (rest.get(4) != Some(&b'\r') || matches!(rest.get(5), None | Some(b'\n')))
        && rest
            .iter()
            .position(|octet| *octet == b'\n')
            .is_none_or(|lf| lf + 1 == rest.len())
}

/// A session with nothing in flight, whose server has shown its line ends.
fn logged_in(mode: LineEnds) -> Connection {
    let mut config = Config::default();
    config.limits = limits(false);
    if mode == LineEnds::Strict {
        config.leniency = Leniency::Strict;
    }
    let mut connection = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    connection.submit(User(user())).unwrap();
    connection.submit(Pass(secret())).unwrap();
    for _ in 0..3 {
        feed(&mut connection, mode.ok(), usize::MAX);
    }
    connection
}

/// Sends what there is to send, and receives in pieces.
fn feed(connection: &mut Connection, mut octets: &[u8], piece: usize) -> Vec<Event> {
    let mut events = Vec::new();
    let sent = connection.transmit().len();
    connection.transmitted(sent, Instant::ORIGIN);
    loop {
        events.extend(std::iter::from_fn(|| connection.poll_event()));
        let Some(room) = connection.recv_buffer().filter(|_| !octets.is_empty()) else {
            break;
        };
        let count = piece.min(room.len()).min(octets.len());
        room[..count].copy_from_slice(&octets[..count]);
        connection.received(count, Instant::ORIGIN);
        octets = &octets[count..];
    }
    let sent = connection.transmit().len();
    connection.transmitted(sent, Instant::ORIGIN);
    events
}

/// `trusted` is whether what follows the terminator may follow it, if there is one: otherwise the body
/// fails if all of it comes in one read.
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
        assert!(!split, "a CR LF in two chunks");
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
    // The begin of a terminator, or of a CR LF, waits for what follows it.
    let waits = if ended { 0 } else { 2 };
    assert!(
        expected.len() - body.len() <= waits,
        "{body:?} of {expected:?}"
    );
}

/// Without its terminator no body is whole, however the connection ends.
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

/// The same as a reply that is kept.
fn gathered(mode: LineEnds, reply: &[u8], piece: usize) -> Vec<u8> {
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
