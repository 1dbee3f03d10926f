//! A conversation whose segments are received whole, line by line, or in pieces: the same is
//! reported, and the same is sent.

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

/// An octet for the setup, one for the partition of segments, then a [script](super::script).
///
/// The conversation is run line by line and with one other partition: in pieces of 1 to 128 octets,
/// or whole from 0x80. Each run costs the same, so the fuzzer chooses one; [`with_every_partition`] is for
/// replays.
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

/// Runs the same with every partition: under both leniencies, line by line, in pieces of this size,
/// of one octet, and whole.
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

/// Returns the final error of an input's conversation, if its segments are received whole.
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
    /// The reply to STLS was received, and octets of its segment remained to be read after it.
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
            // Nothing is sent before the end of a segment, so what follows a reply in it was not
            // requested.
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
    events.iter_mut().for_each(forget_which_limit);
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

/// Octets that are received together may be rejected earlier: if a server sends more than was
/// requested, the connection closes before anything else is sent or reported. Octets read together
/// with the reply to STLS always close it.
fn assert_alike(whole: &Outcome, lines: &Outcome) {
    let same = whole.without_blank_lines() == lines.without_blank_lines()
        && (&whole.sent, &whole.error) == (&lines.sent, &lines.error);
    // A blank line is tolerated before AUTH has its turn, and not during the exchange.
    let blank = match lines.cause() {
        Some(Error::Protocol(error)) => {
            matches!(&**error, ProtocolError::Unsolicited { got } if got.is_empty())
        }
        _ => false,
    };
    let sooner = whole.is_ahead() && whole.begins(lines) || blank && lines.begins(whole);
    assert!(same || sooner, "{whole:#?}\nin lines: {lines:#?}");
    // Line by line, the octets after that reply visibly remain unread. A full buffer may end there
    // as well.
    assert!(
        !lines.unread_after_stls || whole.unread_after_stls || whole.is_injected(),
        "octets after STLS: {whole:#?}"
    );
}

impl Outcome {
    /// Returns whether it ended because of something unsolicited, or waited for the rest of it.
    fn is_ahead(&self) -> bool {
        match self.cause() {
            // The end of a multi-line reply may be reported before the octets that make it fail are
            // received.
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

    /// Returns the cause of the close. During a confirmation, that is also why the messages are
    /// unconfirmed.
    fn cause(&self) -> Option<&Error> {
        match self.error.as_ref()? {
            Error::Unconfirmed(why) => why.cause().or(self.error.as_ref()),
            error => Some(error),
        }
    }

    /// Returns whether it ended because of octets after the reply to STLS.
    fn is_injected(&self) -> bool {
        matches!(self.cause(), Some(Error::Security(error)) if **error == SecurityError::ResponseInjection)
    }

    /// Returns whether all that was reported and sent before the end is the start of another story.
    fn begins(&self, other: &Self) -> bool {
        let before = self.without_blank_lines().into_iter();
        let before = before.take_while(|event| !is_fatal(event));
        other.sent.starts_with(&self.sent)
            && before.zip(other.without_blank_lines()).all(|(a, b)| a == b)
    }

    /// Returns the events without blank lines. A blank line is reported when it is received, before
    /// or after events that depend on what was sent.
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

/// A reply that exceeds several limits exceeds one of them first, and which one depends on the
/// partition.
fn forget_which_limit(event: &mut Event) {
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
    // An error quotes as much as was received.
    if let Error::Protocol(error) = error
        && let ProtocolError::Surplus { got, .. } = &mut **error
    {
        *got = ServerText::default();
    }
}
