//! Message bodies: where they end, what is taken from them, and how they are handed on.

use bytes::Bytes;
use pop3_proto::{
    Channel, Config, Error, Event, MessageNumber, Quirk, Retr,
    config::{Leniency, LfDot},
    error::ProtocolError,
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with};

/// How a server ends its lines, and how strictly that is taken.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Strict,
    /// The first line end of each reply decides.
    Adaptive,
    /// The server's own lines end in LF alone.
    BareLf,
    /// By [`LfDot::EndsReply`].
    Either,
}

/// What came of a body.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It ended.
    Ended(Vec<u8>),
    /// It ended together with octets that nothing explains.
    NotTrusted(Vec<u8>),
    /// It goes on; this much was handed on.
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

/// Reads a body that comes in these pieces.
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
                    // Before the end of a reply whose first line ended so.
                    Event::Quirk(Quirk::BareLineFeed) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    Outcome::Open(body)
}

/// Reads it whole, octet by octet and cut everywhere; all give the same.
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
fn ends(mode: Mode, octets: &str, body: &str) {
    let outcome = read_every_way(mode, octets.as_bytes());
    let expected = Outcome::Ended(body.as_bytes().to_vec());
    assert_eq!(outcome, expected, "{octets:?} under {mode:?}");
}

#[track_caller]
fn goes_on(mode: Mode, octets: &str, so_far: &str) {
    let outcome = read_every_way(mode, octets.as_bytes());
    let expected = Outcome::Open(so_far.as_bytes().to_vec());
    assert_eq!(outcome, expected, "{octets:?} under {mode:?}");
}

const ALL: [Mode; 4] = [Mode::Strict, Mode::Adaptive, Mode::BareLf, Mode::Either];

// Where a body ends.

#[test]
fn a_dot_alone_on_its_line_ends_a_body() {
    for mode in ALL {
        ends(mode, "a\r\n.\r\n", "a\r\n");
        ends(mode, ".\r\n", "");
    }
}

#[test]
fn lf_dot_crlf_ends_only_a_reply_whose_lines_end_in_lf() {
    goes_on(Mode::Strict, "a\n.\r\n", "a\n.\r\n");
    ends(Mode::Adaptive, "a\n.\r\n", "a\n");
    ends(Mode::BareLf, "a\n.\r\n", "a\n");
    // The first line end decides, and a CR LF after it.
    for octets in ["a\r\nb\n.\r\n", "a\nb\r\nc\n.\r\n", "\nb\r\nc\n.\r\n"] {
        goes_on(Mode::Adaptive, octets, octets);
        goes_on(Mode::Strict, octets, octets);
    }
    ends(Mode::BareLf, "a\r\nb\n.\r\n", "a\r\nb\n");
    ends(Mode::Either, "a\r\nb\n.\r\n", "a\r\nb\n");
}

#[test]
fn a_dot_and_a_bare_lf_end_a_body_only_of_a_server_that_has_no_cr() {
    for mode in [Mode::Strict, Mode::Adaptive] {
        goes_on(mode, "a\r\n.\n", "a\r\n\n");
        goes_on(mode, "a\n.\n", "a\n.\n");
    }
    ends(Mode::BareLf, "a\r\n.\n", "a\r\n");
    ends(Mode::BareLf, "a\n.\n", "a\n");
    goes_on(Mode::Either, "a\r\n.\n", "a\r\n.\n");
    goes_on(Mode::Either, "a\n.\n", "a\n.\n");
}

#[test]
fn dots_after_a_bare_lf_are_data_once_a_line_ended_in_crlf() {
    for mode in [Mode::Strict, Mode::Adaptive] {
        ends(mode, "a\r\nx\n.y\n..z\r\n.\r\n", "a\r\nx\n.y\n..z\r\n");
        ends(mode, "a\r\n\n.\r\n.\r\n", "a\r\n\n.\r\n");
    }
    ends(
        Mode::Adaptive,
        "a\n..b\n.\nc\r\n..d\n..e\r\n.\r\n",
        "a\n.b\n.\nc\r\n.d\n..e\r\n",
    );
}

#[test]
fn the_message_that_forged_replies_is_whole() {
    let forged = "S: x\r\n\r\nx\n.\r\n+OK 20 octets\r\nFrom: bank\r\n\r\npay\r\n";
    for mode in [Mode::Strict, Mode::Adaptive] {
        ends(mode, &format!("{forged}.\r\n"), forged);
    }
}

#[test]
fn many_dotted_lines_cost_no_search_of_the_whole_buffer_each() {
    // A server whose messages have LF alone; a megabyte of lines of one dot.
    let mut session = session(Mode::Adaptive);
    let mut handed_on = 0;
    let piece = b".\n".repeat(16 << 10);
    for _ in 0..32 {
        session.server(&piece);
        for event in session.events() {
            if let Event::Body { chunk, .. } = event {
                handed_on += chunk.len();
            }
        }
    }
    assert_eq!(handed_on, 32 * piece.len());
}

#[test]
fn cr_alone_ends_no_line() {
    for mode in ALL {
        goes_on(mode, "a\r.\r\n", "a\r.\r\n");
        ends(mode, "\r\r\n.\r\n", "\r\r\n");
        ends(mode, "a\r\n.\rx\r\n.\r\n", "a\r\n\rx\r\n");
        ends(mode, "a\r\n.\r.\r\n.\r\n", "a\r\n\r.\r\n");
    }
}

#[test]
fn one_dot_is_taken_from_a_line_that_begins_with_one() {
    for mode in ALL {
        ends(mode, "a\r\n..\r\n.\r\n", "a\r\n.\r\n");
        ends(mode, "..\r\n...\r\n.x\r\n.\r\n", ".\r\n..\r\nx\r\n");
    }
    ends(Mode::Strict, "..a\n..b\r\n.\r\n", ".a\n..b\r\n");
    ends(Mode::Either, "..a\n..b\r\n.\r\n", ".a\n.b\r\n");
    ends(Mode::Adaptive, "..a\n..b\r\n.\r\n", ".a\n.b\r\n");
    ends(Mode::BareLf, "..a\n..b\r\n.\r\n", ".a\n.b\r\n");
}

#[test]
fn only_a_whole_terminator_ends_a_body() {
    for mode in ALL {
        for octets in [".", ".\r", "a\r\n", "a\r\n.", "a\r\n.\r"] {
            let mut session = session(mode);
            session.server(octets);
            session.eof();
            let told = session.reported();
            assert!(
                told.iter()
                    .any(|told| told.starts_with("retr 1: cut short: closed Truncated")),
                "{octets:?} under {mode:?}: {told:?}"
            );
        }
    }
}

#[test]
fn a_body_may_hold_any_octet() {
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
fn every_short_body_reads_the_same_however_it_is_cut() {
    // All strings of up to five of these octets, against a reading line by line.
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

/// The rules, written down as slowly as they are read; and how many octets follow the end.
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
    // What a line holds that has not ended, but for a CR that may be half of its end.
    let begun = line.strip_suffix(b"\r").unwrap_or(&line);
    body.extend_from_slice(begun.strip_prefix(b".").unwrap_or(begun));
    (Outcome::Open(body), 0)
}

// How a body is handed on.

#[test]
fn a_line_of_64_mib_streams_through() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\n");
    session.reported();
    let piece = vec![b'x'; 16 << 10];
    let mut handed_on = 0;
    for _ in 0..(64 << 20) / piece.len() {
        let room = session.connection.recv_buffer().expect("room");
        assert!(room.len() >= piece.len() && room.len() <= 64 << 10);
        assert_eq!(session.arrive(&piece), piece.len());
        while let Some(event) = session.connection.poll_event() {
            let Event::Body { chunk, .. } = event else {
                panic!("{event:?}")
            };
            handed_on += chunk.len();
        }
    }
    assert_eq!(handed_on, 64 << 20, "nothing is held back");
    session.server("\r\n.\r\n");
    assert_eq!(
        session.reported(),
        ["retr 1: body \"\\r\\n\"", "retr 1: end"]
    );
}

#[test]
fn a_body_that_trickles_in_octet_by_octet_is_whole() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\n");
    session.reported();
    let line = b"..a line of seventy octets or so, as mail has them, with a dot before\r\n";
    let mut handed_on = 0;
    for octet in line.iter().cycle().take(line.len() * 15_000) {
        assert_eq!(session.arrive(&[*octet]), 1);
        while let Some(event) = session.connection.poll_event() {
            if let Event::Body { chunk, .. } = event {
                handed_on += chunk.len();
            }
        }
    }
    assert_eq!(handed_on, (line.len() - 1) * 15_000);
}

#[test]
fn chunks_that_are_kept_stay_as_they_were() {
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
fn a_consumer_that_stops_stops_the_reads() {
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
    assert!(!session.connection.wants_read(), "the body waits too");
    assert!(session.connection.poll_event().is_some());
    assert!(session.connection.wants_read());
    session.server("\r\n.\r\n");
    assert_eq!(
        session.reported(),
        ["retr 1: body \"\\r\\n\"", "retr 1: end"]
    );
}

#[test]
fn a_message_larger_than_the_buffer_comes_in_the_pieces_that_were_read() {
    for receive_buffer in [0, 8 << 10, 16 << 10, 64 << 10, 1 << 20] {
        let mut config = Config::default();
        config.limits.receive_buffer = receive_buffer;
        let mut session = logged_in_with(config);
        session.ask("retr 1");
        let body = "..0123456789\r\n".repeat(30_000);
        session.server(format!("+OK\r\n{body}.\r\n"));
        let told = session.reported();
        assert_eq!(told.len(), 3);
        let expected = "retr 1: body \"\"".len() + 30_000 * ".0123456789\\r\\n".len();
        assert_eq!(told[1].len(), expected);
    }
}

#[test]
fn the_size_that_a_server_names_is_text() {
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
