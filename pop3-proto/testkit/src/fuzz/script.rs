//! Decodes the octets of a fuzzer, for the targets that run a conversation.
//!
//! Octets below 0x80 are sent by the server unchanged. Regressions are therefore readable, and a
//! dictionary can be used. The octets from 0x80 are other steps. Consecutive server octets are one
//! segment.

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;

/// Steps, decoded from all available octets. A fuzzer prints them for its findings.
#[derive(Debug)]
pub struct Script(pub Vec<Step>);

impl<'a> Arbitrary<'a> for Script {
    fn arbitrary(octets: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(steps(octets.bytes(octets.len())?)))
    }

    fn arbitrary_take_rest(octets: Unstructured<'a>) -> Result<Self> {
        Ok(Self(steps(octets.take_rest())))
    }
}

/// A step of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The server sends this, in one segment.
    Server(Bytes),
    /// The application submits the command with this number: 0x80 to 0x9f.
    Submit(u8),
    /// The application abandons one request, this many before the last: 0xa0 to 0xa7.
    AbandonOne(u8),
    /// The application abandons this many of the last requests: 0xa8 to 0xaf.
    AbandonLast(u8),
    /// This many seconds pass: 0xb0 to 0xbf, in steps of 15 seconds.
    Wait(u64),
    /// The socket accepts this many octets: 0xc0 to 0xdf, where 0xdf is all.
    Send(usize),
    /// 0xe0.
    Eof,
    /// 0xe1.
    ReadFails,
    /// 0xe2.
    WriteFails,
    /// The TLS handshake is complete: 0xe3, and 0xe4 with channel binding data.
    Tls { exporter: bool },
    /// 0xe5.
    TlsFails,
    /// The application polls one event: 0xe6.
    Poll,
    /// The application polls all events: 0xe7.
    PollAll,
    /// The application reports an exceeded limit: 0xe8.
    Exceeded,
    /// Ends the segment and does nothing else: 0xe9 to 0xfe.
    Pause,
}

/// Precedes a server octet of 0x80 or more.
pub const HIGH: u8 = 0xff;

/// Returns the octets that decode to these steps.
pub fn encode(steps: &[Step]) -> Vec<u8> {
    let mut script = Vec::new();
    for step in steps {
        match step {
            Step::Server(segment) => {
                if script.last().is_some_and(|octet| *octet < 0x80) {
                    script.push(0xe9);
                }
                for &octet in segment {
                    script.extend((octet >= 0x80).then_some(HIGH).into_iter().chain([octet]));
                }
            }
            step => script.push(code(step)),
        }
    }
    script
}

/// Decodes the octets.
pub fn steps(script: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut segment = Vec::new();
    let mut octets = script.iter().copied();
    while let Some(octet) = octets.next() {
        match octet {
            0..0x80 => segment.push(octet),
            HIGH => segment.extend(octets.next().map(|octet| octet | 0x80)),
            _ => {
                end_segment(&mut segment, &mut steps);
                steps.push(step(octet));
            }
        }
    }
    end_segment(&mut segment, &mut steps);
    steps
}

/// Returns all that the server sends.
pub fn said(steps: &[Step]) -> Vec<u8> {
    let segments = steps.iter().filter_map(|step| match step {
        Step::Server(segment) => Some(&segment[..]),
        _ => None,
    });
    segments.collect::<Vec<_>>().concat()
}

fn end_segment(segment: &mut Vec<u8>, steps: &mut Vec<Step>) {
    if !segment.is_empty() {
        steps.push(Step::Server(core::mem::take(segment).into()));
    }
}

/// Returns the octet of a step that is not the server's.
fn code(step: &Step) -> u8 {
    let small = |n: usize, most: usize| u8::try_from(n.min(most)).unwrap_or_default();
    match *step {
        Step::Submit(which) => 0x80 + which % 0x20,
        Step::AbandonOne(back) => 0xa0 + back % 8,
        Step::AbandonLast(count) => 0xa8 + count.clamp(1, 8) - 1,
        Step::Wait(seconds) => 0xb0 + u8::try_from(seconds / 15).unwrap_or(15).min(15),
        Step::Send(octets) => 0xc0 + small(octets, 0x1f),
        Step::Eof => 0xe0,
        Step::ReadFails => 0xe1,
        Step::WriteFails => 0xe2,
        Step::Tls { exporter: false } => 0xe3,
        Step::Tls { exporter: true } => 0xe4,
        Step::TlsFails => 0xe5,
        Step::Poll => 0xe6,
        Step::PollAll => 0xe7,
        Step::Exceeded => 0xe8,
        Step::Pause | Step::Server(_) => 0xe9,
    }
}

fn step(octet: u8) -> Step {
    match octet {
        0x80..=0x9f => Step::Submit(octet - 0x80),
        0xa0..=0xa7 => Step::AbandonOne(octet - 0xa0),
        0xa8..=0xaf => Step::AbandonLast(octet - 0xa8 + 1),
        0xb0..=0xbf => Step::Wait(u64::from(octet - 0xb0) * 15),
        0xc0..=0xde => Step::Send(usize::from(octet - 0xc0)),
        0xdf => Step::Send(usize::MAX),
        0xe0 => Step::Eof,
        0xe1 => Step::ReadFails,
        0xe2 => Step::WriteFails,
        0xe3 => Step::Tls { exporter: false },
        0xe4 => Step::Tls { exporter: true },
        0xe5 => Step::TlsFails,
        0xe6 => Step::Poll,
        0xe7 => Step::PollAll,
        0xe8 => Step::Exceeded,
        _ => Step::Pause,
    }
}
