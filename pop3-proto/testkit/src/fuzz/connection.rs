//! Runs a conversation whose segments are received whole, line by line, or in pieces. The events
//! and the sent octets must be the same.

use pop3_proto::{
    Error, Event, Quirk,
    config::Leniency,
    error::{Closed, Limited, ProtocolError, SecurityError, Unconfirmed},
    reply::ServerText,
};

use super::driver::Driver;
use super::script::{Step, said, steps};
use super::setup::setup;
use super::{SECRET, contains};
use crate::bodies;

/// Runs an input: an octet for the setup, one for the partition of segments, then a
/// [script](super::script).
///
/// The conversation is run line by line and with one other partition: in pieces of 1 to 128 octets,
/// or whole if the octet is 0x80 or more. The fuzzer chooses only one partition, because each run
/// takes the same time. [`with_every_partition`] is for replays.
pub fn connection(data: &[u8]) -> usize {
    let Some((&[bits, cut], script)) = data.split_first_chunk() else {
        return 0;
    };
    let (config, _) = setup(bits);
    let cut = match cut {
        0..0x80 => Cut::Pieces(usize::from(cut) + 1),
        _ => Cut::Not,
    };
    compare(bits, config.leniency, &steps(script), &[cut])
}

/// Runs an input with every partition: line by line, in pieces of the input's size, in single
/// octets, and whole. Does so under both leniencies.
pub fn with_every_partition(data: &[u8]) -> usize {
    let Some((&[bits, piece], script)) = data.split_first_chunk() else {
        return 0;
    };
    let steps = steps(script);
    let pieces = Cut::Pieces(usize::from(piece % 0x80) + 1);
    let cuts = [pieces, Cut::Pieces(1), Cut::Not];
    let [lenient, strict] = [Leniency::Lenient, Leniency::Strict];
    compare(bits, lenient, &steps, &cuts).max(compare(bits, strict, &steps, &cuts))
}

/// Runs a conversation line by line and with other partitions. Returns the number of events.
fn compare(bits: u8, leniency: Leniency, steps: &[Step], cuts: &[Cut]) -> usize {
    let lines = play(bits, leniency, steps, Cut::Lines);
    for &cut in cuts {
        let other = play(bits, leniency, steps, cut);
        match cut {
            Cut::Not => assert_alike(&other, &lines),
            _ => assert!(lines == other, "{lines:#?}\n{cut:?}: {other:#?}"),
        }
    }
    lines.events.len()
}

/// Returns the final error of an input's conversation when its segments are received whole.
pub fn end(data: &[u8]) -> Option<Error> {
    let (&[bits, _], script) = data.split_first_chunk()?;
    play(bits, Leniency::Lenient, &steps(script), Cut::Not).error
}

/// How segments are partitioned.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Not,
    Lines,
    /// Lines in pieces of this size.
    Pieces(usize),
}

impl Cut {
    fn pieces(self, segment: &[u8]) -> impl Iterator<Item = &[u8]> {
        let (lines, size) = match self {
            Self::Not => (false, usize::MAX),
            Self::Lines => (true, usize::MAX),
            Self::Pieces(size) => (true, size),
        };
        let lines = segment.split_inclusive(move |&octet| lines && octet == b'\n');
        lines.flat_map(move |line| line.chunks(size))
    }
}

/// The result of a conversation.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    events: Vec<Event>,
    sent: Vec<u8>,
    error: Option<Error>,
    /// Whether octets remained to be read from the segment that contained the reply to STLS.
    unread_after_stls: bool,
}

fn play(bits: u8, leniency: Leniency, steps: &[Step], cut: Cut) -> Outcome {
    let (mut config, channel) = setup(bits);
    config.leniency = leniency;
    let mut driver = Driver::new(config, channel);
    driver.ledger.secret_is_out = contains(&said(steps), SECRET.as_bytes());
    let (mut events, mut unread_after_stls) = (Vec::new(), false);
    for step in steps {
        if let Step::Server(segment) = step {
            let in_handshake = driver.connection.wants_tls();
            // Nothing is sent before the end of a segment, so octets after a reply within the
            // segment were not requested.
            for piece in cut.pieces(segment) {
                let all = receive(&mut driver, piece, &mut events);
                unread_after_stls |= !in_handshake && !all && driver.connection.wants_tls();
            }
        }
        driver.happen(step);
        driver.settle(&mut events);
    }
    let driver = driver.finish(&mut events);
    let mut events = bodies::join_all(events);
    events.iter_mut().for_each(remove_limit);
    Outcome {
        events,
        sent: driver.ledger.sent,
        error: driver.connection.error().cloned().map(|mut error| {
            forget(&mut error);
            error
        }),
        unread_after_stls,
    }
}

/// Receives these octets. Returns whether all were accepted.
fn receive(driver: &mut Driver, mut octets: &[u8], events: &mut Vec<Event>) -> bool {
    while !octets.is_empty() {
        while let Some(event) = driver.poll() {
            events.push(event);
        }
        match driver.receive(octets) {
            0 => return false,
            taken => octets = &octets[taken..],
        }
    }
    true
}

/// Asserts that two runs are the same, with one exception. If a server sends more than was
/// requested, and the client receives it together, the connection closes earlier: nothing else is
/// sent or reported. Octets that are read together with the reply to STLS always close the
/// connection.
fn assert_alike(whole: &Outcome, lines: &Outcome) {
    let same = whole.without_blank_lines() == lines.without_blank_lines()
        && (&whole.sent, &whole.error) == (&lines.sent, &lines.error);
    // A blank line is tolerated before AUTH is sent, but not during the exchange.
    let blank = match lines.cause() {
        Some(Error::Protocol(error)) => {
            matches!(&**error, ProtocolError::Unsolicited { got } if got.is_empty())
        }
        _ => false,
    };
    let sooner = whole.is_ahead() && whole.begins(lines) || blank && lines.begins(whole);
    assert!(same || sooner, "{whole:#?}\nin lines: {lines:#?}");
    // In the run line by line, octets after the reply to STLS are seen as unread. In the other run,
    // a full buffer may also end at that reply.
    assert!(
        !lines.unread_after_stls || whole.unread_after_stls || whole.is_injected(),
        "octets after STLS: {whole:#?}"
    );
}

impl Outcome {
    /// Returns whether the run ended because of unsolicited octets, or was waiting for the rest of
    /// them.
    fn is_ahead(&self) -> bool {
        match self.cause() {
            // The end of a multi-line reply may have been reported before the octets were received
            // that make the reply fail.
            Some(Error::Protocol(error)) => matches!(
                **error,
                ProtocolError::Unsolicited { .. } | ProtocolError::Surplus { .. }
            ),
            Some(Error::Security(error)) => matches!(**error, SecurityError::ResponseInjection),
            Some(Error::Closed(closed)) => {
                matches!(**closed, Closed::UnsolicitedErr(_) | Closed::Idle { .. })
            }
            Some(Error::Limit(_) | Error::Timeout(_) | Error::Transport(_) | Error::Tls(_)) => true,
            _ => false,
        }
    }

    /// Returns the error that closed the connection. During a confirmation, it is inside
    /// [`Error::Unconfirmed`].
    fn cause(&self) -> Option<&Error> {
        match self.error.as_ref()? {
            Error::Unconfirmed(why) => why.cause().or(self.error.as_ref()),
            error => Some(error),
        }
    }

    /// Returns whether the run ended because of octets after the reply to STLS.
    fn is_injected(&self) -> bool {
        matches!(self.cause(), Some(Error::Security(error)) if **error == SecurityError::ResponseInjection)
    }

    /// Returns whether the events before the end and the sent octets are a prefix of those of
    /// another run.
    fn begins(&self, other: &Self) -> bool {
        let before = self.without_blank_lines().into_iter();
        let before = before.take_while(|event| !is_fatal(event));
        other.sent.starts_with(&self.sent)
            && before.zip(other.without_blank_lines()).all(|(a, b)| a == b)
    }

    /// Returns the events without blank lines. A blank line is reported when it is received. Its
    /// place among the other events depends on the partition.
    fn without_blank_lines(&self) -> Vec<&Event> {
        let blank = Event::Quirk(Quirk::BlankLine);
        self.events
            .iter()
            .filter(|event| **event != blank)
            .collect()
    }
}

fn is_fatal(event: &Event) -> bool {
    let error = match event {
        Event::Reply { result, .. } => result.as_ref().err(),
        Event::BodyEnd { result, .. } => result.as_ref().err(),
        Event::Closed(result) => result.as_ref().err(),
        _ => None,
    };
    error.is_some_and(Error::is_fatal)
}

/// Removes the limit from an error. If a reply exceeds several limits, the partition determines
/// which one is reported.
fn remove_limit(event: &mut Event) {
    match event {
        Event::Reply {
            result: Err(error), ..
        }
        | Event::BodyEnd {
            result: Err(error), ..
        }
        | Event::Closed(Err(error)) => forget(error),
        _ => {}
    }
}

fn forget(error: &mut Error) {
    if let Error::Unconfirmed(why) = error
        && let Unconfirmed::CutShort(cause) = &mut **why
    {
        return forget(cause);
    }
    if let Error::Limit(limit) = error {
        limit.what = Limited::Octets;
        limit.limit = 0;
    }
    // Remove the quote, because an error quotes all octets that were received.
    if let Error::Protocol(error) = error
        && let ProtocolError::Surplus { got, .. } = &mut **error
    {
        *got = ServerText::default();
    }
}
