//! Checks that listings fail at their limits, and only there.

use pop3_proto::{Error, config::Limits, error::Limited, reply::Reply};

use super::app::App;
use super::ask::Ask;
use super::frames::Frame;
use super::line::{is_long, verb};
use super::peer::Received;
use super::plan::Plan;

/// Checks that no reported value exceeds a limit, and that a reported limit was really exceeded.
pub(crate) fn check_limits(
    app: &App,
    plan: &Plan,
    received: &[Received],
    owners: &[Option<usize>],
    frames: &[Frame],
) {
    let limits = &plan.config.limits;
    let reported = match &app.closed {
        Some(Err(Error::Limit(over))) if plan.listing_limit(over.what) == Some(over.limit) => {
            Some(over.what)
        }
        _ => None,
    };
    let mut explained = reported.is_none();
    for ((received, owner), frame) in received.iter().zip(owners).zip(frames) {
        let listing = matches!(verb(&received.line), b"LIST" | b"UIDL") && is_long(&received.line);
        let Some(owner) = owner.filter(|_| listing) else {
            continue;
        };
        let request = &app.requests[owner];
        let raw = (frame.body.len() > limits.listing_octets).then_some(Limited::Octets);
        let gathered = beyond(&frame.body, limits);
        let over = match request.ask {
            Ask::ListStreamed => None,
            Ask::ListRaw => raw,
            _ => gathered,
        };
        if let Some(Ok(Reply::Sizes(_) | Reply::UniqueIds(_) | Reply::Lines(_))) = request.reply {
            assert_eq!(over, None, "{:?} exceeds a limit", request.ask);
        }
        // It is unknown which of several abandoned requests was sent.
        let perhaps = request.abandoned.is_some() && [raw, gathered].contains(&reported);
        explained |= over == reported || perhaps;
    }
    assert!(
        explained,
        "{reported:?} is reported, and nothing exceeds it"
    );
}

/// Returns the first limit that a listing exceeds.
fn beyond(body: &[u8], limits: &Limits) -> Option<Limited> {
    let within = &body[..body.len().min(limits.listing_octets)];
    for (index, line) in within.split_inclusive(|octet| *octet == b'\n').enumerate() {
        if line.len() > limits.listing_line {
            return Some(Limited::Line);
        }
        if line.ends_with(b"\n") && index >= limits.listing_entries {
            return Some(Limited::Lines);
        }
    }
    (within.len() < body.len()).then_some(Limited::Octets)
}
