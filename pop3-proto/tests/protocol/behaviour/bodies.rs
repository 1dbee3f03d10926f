//! Message bodies: where they end, how dots are unstuffed, and how chunks are passed on.

use bytes::Bytes;
use pop3_proto::{
    Channel, Config, Error, Event, MessageNumber, Quirk, Retr,
    config::{Leniency, LfDot},
    error::ProtocolError,
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with};

/// How the server ends its lines, and how strictly the client parses them.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Strict,
    /// The first line ending of each reply decides.
    Adaptive,
    /// The server's status lines end in a bare LF.
    BareLf,
    /// With [`LfDot::EndsReply`].
    Either,
}

/// The result of reading a body.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The body ended.
    Ended(Vec<u8>),
    /// The body ended, but unexpected octets followed in the same segment.
    NotTrusted(Vec<u8>),
    /// The body has not ended; contains what was passed on so far.
    Open(Vec<u8>),
}

fn session(mode: Mode) -> Conversation {
    let mut config = Config::default();
    config.leniency = match mode {
        Mode::Strict => Leniency::Strict,
        Mode::Adaptive | Mode::BareLf | Mode::Either => Leniency::Lenient,
    };
    if let Mode::Either = mode {
        config.lf_dot = LfDot::EndsReply;
    }
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    let end = match mode {
        Mode::BareLf => "\n",
        _ => "\r\n",
    };
    session.server(format!("+OK{end}"));
    for op in ["user alice", "pass secret", "retr 1"] {
        session.ask(op);
        session.server(format!("+OK{end}"));
    }
    session.reported();
    session
}

/// Reads a body that arrives in these pieces.
fn read(mode: Mode, pieces: &[&[u8]]) -> Outcome {
    let mut session = session(mode);
    let mut body = Vec::new();
    let mut last: Option<Bytes> = None;
    for piece in pieces {
        let mut rest = *piece;
        while session.connection.wants_read() && !rest.is_empty() {
            let taken = session.arrive(rest);
            rest = rest.get(taken..).unwrap_or_default();
            while let Some(event) = session.connection.poll_event() {
                match event {
                    Event::Body { chunk, .. } => {
                        assert!(!chunk.is_empty());
                        if last.as_ref().is_some_and(|last| last.ends_with(b"\r")) {
                            assert!(!chunk.starts_with(b"\n"), "CR LF was split");
                        }
                        body.extend_from_slice(&chunk);
                        last = Some(chunk);
                    }
                    Event::BodyEnd {
                        result: Ok(received),
                        ..
                    } => {
                        assert_eq!(received.octets, body.len() as u64);
                        return Outcome::Ended(body);
                    }
                    Event::BodyEnd {
                        result: Err(Error::Protocol(why)),
                        ..
                    } => {
                        assert!(matches!(*why, ProtocolError::Surplus { .. }), "{why}");
                        return Outcome::NotTrusted(body);
                    }
                    // Reported before the end of a reply whose first line ends in a bare LF.
                    Event::Quirk(Quirk::BareLineFeed) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    Outcome::Open(body)
}

/// Reads the octets whole, octet by octet and split at each place; asserts equal results.
fn read_every_way(mode: Mode, octets: &[u8]) -> Outcome {
    let whole = read(mode, &[octets]);
    let single: Vec<&[u8]> = octets.chunks(1).collect();
    assert_eq!(read(mode, &single), whole, "octet by octet");
    for cut in 0..=octets.len() {
        let (head, tail) = octets.split_at(cut);
        assert_eq!(read(mode, &[head, tail]), whole, "cut at {cut}");
    }
    whole
}

#[track_caller]
fn assert_ends(mode: Mode, octets: &str, body: &str) {
    let outcome = read_every_way(mode, octets.as_bytes());
    let expected = Outcome::Ended(body.as_bytes().to_vec());
    assert_eq!(outcome, expected, "{octets:?} under {mode:?}");
}

#[track_caller]
fn assert_open(mode: Mode, octets: &str, so_far: &str) {
    let outcome = read_every_way(mode, octets.as_bytes());
    let expected = Outcome::Open(so_far.as_bytes().to_vec());
    assert_eq!(outcome, expected, "{octets:?} under {mode:?}");
}

const ALL: [Mode; 4] = [Mode::Strict, Mode::Adaptive, Mode::BareLf, Mode::Either];

// The end of a body.

#[test]
fn dot_on_its_own_line_ends_body() {
    for mode in ALL {
        assert_ends(mode, "a\r\n.\r\n", "a\r\n");
        assert_ends(mode, ".\r\n", "");
    }
}

#[test]
fn lf_dot_crlf_ends_only_bare_lf_bodies() {
    assert_open(Mode::Strict, "a\n.\r\n", "a\n.\r\n");
    assert_ends(Mode::Adaptive, "a\n.\r\n", "a\n");
    assert_ends(Mode::BareLf, "a\n.\r\n", "a\n");
    // The first line ending decides; the first CR LF after a bare LF decides again.
    for octets in ["a\r\nb\n.\r\n", "a\nb\r\nc\n.\r\n", "\nb\r\nc\n.\r\n"] {
        assert_open(Mode::Adaptive, octets, octets);
        assert_open(Mode::Strict, octets, octets);
    }
    assert_ends(Mode::BareLf, "a\r\nb\n.\r\n", "a\r\nb\n");
    assert_ends(Mode::Either, "a\r\nb\n.\r\n", "a\r\nb\n");
}

#[test]
fn dot_lf_ends_only_bodies_of_lf_servers() {
    for mode in [Mode::Strict, Mode::Adaptive] {
        assert_open(mode, "a\r\n.\n", "a\r\n\n");
        assert_open(mode, "a\n.\n", "a\n.\n");
    }
    assert_ends(Mode::BareLf, "a\r\n.\n", "a\r\n");
    assert_ends(Mode::BareLf, "a\n.\n", "a\n");
    assert_open(Mode::Either, "a\r\n.\n", "a\r\n.\n");
    assert_open(Mode::Either, "a\n.\n", "a\n.\n");
}

#[test]
fn dots_after_bare_lf_are_data_after_crlf() {
    for mode in [Mode::Strict, Mode::Adaptive] {
        assert_ends(mode, "a\r\nx\n.y\n..z\r\n.\r\n", "a\r\nx\n.y\n..z\r\n");
        assert_ends(mode, "a\r\n\n.\r\n.\r\n", "a\r\n\n.\r\n");
    }
    assert_ends(
        Mode::Adaptive,
        "a\n..b\n.\nc\r\n..d\n..e\r\n.\r\n",
        "a\n.b\n.\nc\r\n.d\n..e\r\n",
    );
}

#[test]
fn message_containing_forged_replies_is_complete() {
    let forged = "S: x\r\n\r\nx\n.\r\n+OK 20 octets\r\nFrom: bank\r\n\r\npay\r\n";
    for mode in [Mode::Strict, Mode::Adaptive] {
        assert_ends(mode, &format!("{forged}.\r\n"), forged);
    }
}

#[test]
fn many_dot_lines_are_parsed_in_linear_time() {
    // A server whose messages have bare LFs sends a megabyte of lines that consist of a dot.
    let mut session = session(Mode::Adaptive);
    let mut passed_on = 0;
    let piece = b".\n".repeat(16 << 10);
    for _ in 0..32 {
        session.server(&piece);
        for event in session.events() {
            if let Event::Body { chunk, .. } = event {
                passed_on += chunk.len();
            }
        }
    }
    assert_eq!(passed_on, 32 * piece.len());
}

#[test]
fn bare_cr_does_not_end_a_line() {
    for mode in ALL {
        assert_open(mode, "a\r.\r\n", "a\r.\r\n");
        assert_ends(mode, "\r\r\n.\r\n", "\r\r\n");
        assert_ends(mode, "a\r\n.\rx\r\n.\r\n", "a\r\n\rx\r\n");
        assert_ends(mode, "a\r\n.\r.\r\n.\r\n", "a\r\n\r.\r\n");
    }
}

#[test]
fn one_leading_dot_is_removed() {
    for mode in ALL {
        assert_ends(mode, "a\r\n..\r\n.\r\n", "a\r\n.\r\n");
        assert_ends(mode, "..\r\n...\r\n.x\r\n.\r\n", ".\r\n..\r\nx\r\n");
    }
    assert_ends(Mode::Strict, "..a\n..b\r\n.\r\n", ".a\n..b\r\n");
    assert_ends(Mode::Either, "..a\n..b\r\n.\r\n", ".a\n.b\r\n");
    assert_ends(Mode::Adaptive, "..a\n..b\r\n.\r\n", ".a\n.b\r\n");
    assert_ends(Mode::BareLf, "..a\n..b\r\n.\r\n", ".a\n.b\r\n");
}

#[test]
fn partial_terminator_does_not_end_body() {
    for mode in ALL {
        for octets in [".", ".\r", "a\r\n", "a\r\n.", "a\r\n.\r"] {
            let mut session = session(mode);
            session.server(octets);
            session.eof();
            let reported = session.reported();
            assert!(
                reported
                    .iter()
                    .any(|reported| reported.starts_with("retr 1: cut short: closed Truncated")),
                "{octets:?} under {mode:?}: {reported:?}"
            );
        }
    }
}

#[test]
fn body_may_contain_any_octet() {
    let all: Vec<u8> = (0..=255_u8)
        .filter(|octet| !b"\r\n".contains(octet))
        .collect();
    let wire = [&all[..], b"\r\n.\r\n"].concat();
    let body = [&all[..], b"\r\n"].concat();
    for mode in ALL {
        assert_eq!(read_every_way(mode, &wire), Outcome::Ended(body.clone()));
    }
}

#[test]
fn short_bodies_match_a_line_by_line_parser() {
    // Compares all strings of up to five of these octets with a parser that works line by line.
    let alphabet = [b'a', b'.', b'\r', b'\n'];
    for length in 0..=5_u32 {
        for code in 0..4_usize.pow(length) {
            let octets: Vec<u8> = (0..length)
                .map(|place| alphabet[code / 4_usize.pow(place) % 4])
                .collect();
            for mode in ALL {
                let wire = [&octets[..], b"\r\n.\r\n"].concat();
                let (expected, rest) = line_by_line(mode, &wire);
                let single: Vec<&[u8]> = wire.chunks(1).collect();
                assert_eq!(read(mode, &single), expected, "{mode:?} {wire:?}");
                let together = match expected {
                    Outcome::Ended(body) if rest > 0 => Outcome::NotTrusted(body),
                    other => other,
                };
                assert_eq!(read(mode, &[&wire]), together, "{mode:?} {wire:?}");
            }
        }
    }
}

/// A simple reference implementation of the rules. Returns how many octets follow the end, too.
fn line_by_line(mode: Mode, wire: &[u8]) -> (Outcome, usize) {
    let mut body = Vec::new();
    let mut line = Vec::new();
    let mut lines = wire.split_inclusive(|octet| *octet == b'\n');
    let mut only_crlf = match mode {
        Mode::Strict => true,
        Mode::Adaptive => lines.next().is_some_and(|line| line.ends_with(b"\r\n")),
        Mode::BareLf | Mode::Either => false,
    };
    for (at, octet) in wire.iter().enumerate() {
        line.push(*octet);
        let crlf = line.ends_with(b"\r\n");
        if !crlf && (only_crlf || !line.ends_with(b"\n")) {
            continue;
        }
        match (line.as_slice(), mode) {
            (b".\r\n", _) | (b".\n", Mode::BareLf) => {
                return (Outcome::Ended(body), wire.len() - at - 1);
            }
            (b".\n", Mode::Adaptive | Mode::Either) => body.extend_from_slice(&line),
            _ => body.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line)),
        }
        line.clear();
        only_crlf |= crlf && matches!(mode, Mode::Adaptive);
    }
    // The unfinished line, without a CR that may be the first half of its line ending.
    let begun = line.strip_suffix(b"\r").unwrap_or(&line);
    body.extend_from_slice(begun.strip_prefix(b".").unwrap_or(begun));
    (Outcome::Open(body), 0)
}

// Passing a body on.

#[test]
fn line_of_64_mib_is_streamed() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\n");
    session.reported();
    let piece = vec![b'x'; 16 << 10];
    let mut passed_on = 0;
    for _ in 0..(64 << 20) / piece.len() {
        let room = session.connection.recv_buffer().expect("room");
        assert!(room.len() >= piece.len() && room.len() <= 64 << 10);
        assert_eq!(session.arrive(&piece), piece.len());
        while let Some(event) = session.connection.poll_event() {
            let Event::Body { chunk, .. } = event else {
                panic!("{event:?}")
            };
            passed_on += chunk.len();
        }
    }
    assert_eq!(passed_on, 64 << 20, "nothing is buffered");
    session.server("\r\n.\r\n");
    assert_eq!(
        session.reported(),
        ["retr 1: body \"\\r\\n\"", "retr 1: end"]
    );
}

#[test]
fn body_arrives_octet_by_octet() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\n");
    session.reported();
    let line = b"..a line of seventy octets or so, as mail has them, with a dot before\r\n";
    let mut passed_on = 0;
    for octet in line.iter().cycle().take(line.len() * 15_000) {
        assert_eq!(session.arrive(&[*octet]), 1);
        while let Some(event) = session.connection.poll_event() {
            if let Event::Body { chunk, .. } = event {
                passed_on += chunk.len();
            }
        }
    }
    assert_eq!(passed_on, (line.len() - 1) * 15_000);
}

#[test]
fn chunks_do_not_change_after_later_reads() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\n");
    session.reported();
    let mut kept: Vec<(Bytes, Vec<u8>)> = Vec::new();
    for round in 0..2000_u32 {
        let line = format!("..{round} {}\r\n", "y".repeat(200));
        session.arrive(line.as_bytes());
        while let Some(Event::Body { chunk, .. }) = session.connection.poll_event() {
            let copy = chunk.to_vec();
            kept.push((chunk, copy));
        }
    }
    assert_eq!(kept.len(), 2000);
    for (chunk, copy) in &kept {
        assert_eq!(chunk, copy);
    }
    assert!(kept[1999].0.starts_with(b".1999 yyy"));
}

#[test]
fn pending_body_event_stops_reading() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.settle();
    session.arrive(b"+OK\r\nbody");
    for _ in 0..3 {
        assert!(!session.connection.wants_read());
        assert_eq!(session.connection.recv_buffer(), None);
        session.connection.received(100, session.now);
    }
    assert!(session.connection.poll_event().is_some());
    assert!(
        !session.connection.wants_read(),
        "a body event is pending too"
    );
    assert!(session.connection.poll_event().is_some());
    assert!(session.connection.wants_read());
    session.server("\r\n.\r\n");
    assert_eq!(
        session.reported(),
        ["retr 1: body \"\\r\\n\"", "retr 1: end"]
    );
}

#[test]
fn message_larger_than_the_buffer_is_streamed() {
    for receive_buffer in [0, 8 << 10, 16 << 10, 64 << 10, 1 << 20] {
        let mut config = Config::default();
        config.limits.receive_buffer = receive_buffer;
        let mut session = logged_in_with(config);
        session.ask("retr 1");
        let body = "..0123456789\r\n".repeat(30_000);
        session.server(format!("+OK\r\n{body}.\r\n"));
        let reported = session.reported();
        assert_eq!(reported.len(), 3);
        let expected = "retr 1: body \"\"".len() + 30_000 * ".0123456789\\r\\n".len();
        assert_eq!(reported[1].len(), expected);
    }
}

#[test]
fn announced_size_is_kept_as_text() {
    let mut session = logged_in();
    let ticket = session
        .connection
        .submit(Retr(MessageNumber::FIRST))
        .expect("a live connection");
    session.server("+OK 9223372036854775808 octets\r\nshort\r\n.\r\n");
    let mut events = session.events().into_iter();
    let Some(Event::Reply { result, .. }) = events.next() else {
        panic!("a status line")
    };
    let opened = ticket.read(result.expect("accepted")).expect("opened");
    assert_eq!(opened.number, Some(MessageNumber::FIRST));
    assert_eq!(opened.status.text.as_bytes(), b"9223372036854775808 octets");
    assert!(matches!(
        events.next(),
        Some(Event::Body { chunk, .. }) if chunk.as_ref() == b"short\r\n"
    ));
}
