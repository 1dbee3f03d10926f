//! What a fuzzer's octets mean to the targets that hold a conversation.
//!
//! Octets below 0x80 are what the server sends, as they are: a regression can be read, and a
//! dictionary applies. Octets above are what happens otherwise. A run of the former is one segment.

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;

/// Steps, of all the octets there are: a fuzzer shows them of what it finds.
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

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The server sends this, in one segment.
    Server(Bytes),
    /// The application asks for the command of this number: 0x80 to 0x9f.
    Submit(u8),
    /// It gives up one request, so many before the last: 0xa0 to 0xa7.
    AbandonOne(u8),
    /// It gives up the last so many: 0xa8 to 0xaf.
    AbandonLast(u8),
    /// So many seconds pass: 0xb0 to 0xbf, a quarter of a minute each.
    Wait(u64),
    /// The socket takes so many octets: 0xc0 to 0xdf, where 0xdf is all.
    Send(usize),
    /// 0xe0.
    Eof,
    /// 0xe1.
    ReadFails,
    /// 0xe2.
    WriteFails,
    /// TLS is up: 0xe3, and 0xe4 where it has something to bind to.
    Tls { exporter: bool },
    /// 0xe5.
    TlsFails,
    /// The application takes one event: 0xe6.
    Poll,
    /// It takes all: 0xe7.
    PollAll,
    /// It has had enough: 0xe8.
    Exceeded,
    /// Nothing, but the segment ends: 0xe9 to 0xfe.
    Pause,
}

/// In front of an octet that the server sends with its eighth bit set.
pub const HIGH: u8 = 0xff;

/// What the octets mean.
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

/// All that the server sends.
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
