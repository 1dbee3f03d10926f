//! Changes replies as faults ask for it. A reply that is changed is rendered completely in memory.

use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use memchr::memmem;

use super::fault::{Alteration, End};
use super::maildrop::lacks_final_crlf;
use super::output::{Output, Stop};
use super::stream::{Answer, Body, TERMINATOR};
use super::view::View;

/// Adds a reply with these changes. Returns how it ends the session, if it does.
pub(super) fn push_altered(
    output: &mut Output,
    answer: Answer,
    alterations: &[Alteration],
    view: &View,
) -> Option<End> {
    let mut only_delays = true;
    for alteration in alterations {
        match alteration {
            Alteration::Delay(time) => output.stop_after(0, Stop::Wait(*time)),
            _ => only_delays = false,
        }
    }
    if only_delays {
        output.push(answer);
        return None;
    }
    let (octets, end) = altered(answer, alterations, view);
    for (at, time) in pauses(alterations, octets.len()) {
        output.stop_after(at, Stop::Wait(time));
    }
    if let Some(end) = end {
        output.stop_after(octets.len(), Stop::End(end));
    }
    output.push_altered(octets);
    end
}

/// Returns the pauses within a reply of this length, in order.
fn pauses(alterations: &[Alteration], length: usize) -> Vec<(usize, Duration)> {
    let mut pauses = Vec::new();
    for alteration in alterations {
        match alteration {
            Alteration::Segments(octets, pause) => {
                let places = (*octets..length).step_by(*octets);
                pauses.extend(places.map(|at| (at, *pause)));
            }
            Alteration::Pause(after, time) => pauses.push((length.min(*after), *time)),
            _ => {}
        }
    }
    pauses.sort_by_key(|(at, _)| *at);
    pauses
}

/// Renders a reply, and applies all changes of its octets in order.
fn altered(mut answer: Answer, alterations: &[Alteration], view: &View) -> (Vec<u8>, Option<End>) {
    let is = |wanted: fn(&Alteration) -> bool| alterations.iter().any(wanted);
    for alteration in alterations {
        if let Alteration::Status(line) = alteration {
            answer.status = line.to_vec();
        }
    }
    let mut octets = whole(
        answer,
        is(|alteration| matches!(alteration, Alteration::Unstuffed)),
        is(|alteration| matches!(alteration, Alteration::Unterminated)),
        view,
    );
    let mut end = None;
    for alteration in alterations {
        match alteration {
            Alteration::Replace(other) => octets = other.to_vec(),
            Alteration::Insert(after, inserted) => {
                let at = octets.len().min(*after);
                octets.splice(at..at, inserted.iter().copied());
            }
            Alteration::Append(appended) => octets.extend_from_slice(appended),
            Alteration::BareLf => octets = with_bare_lf(&octets),
            Alteration::Cut(after, how) => {
                octets.truncate(*after);
                end = Some(*how);
            }
            Alteration::Unstuffed
            | Alteration::Unterminated
            | Alteration::Status(_)
            | Alteration::Delay(_)
            | Alteration::Pause(..)
            | Alteration::Segments(..) => {}
        }
    }
    (octets, end)
}

/// Renders a whole reply.
fn whole(answer: Answer, unstuffed: bool, unterminated: bool, view: &View) -> Vec<u8> {
    let mut octets = answer.status;
    octets.extend_from_slice(b"\r\n");
    match answer.body {
        None => return octets,
        Some(Body::Text { octets: text, .. }) if unstuffed => push_unstuffed(&mut octets, &text),
        Some(mut body) => loop {
            let mut block = Vec::new();
            let all = body.render(&mut block, view);
            octets.append(&mut block);
            if all {
                break;
            }
        },
    }
    if unterminated {
        octets.truncate(octets.len() - TERMINATOR.len());
    }
    octets
}

fn push_unstuffed(octets: &mut Vec<u8>, text: &Bytes) {
    octets.extend_from_slice(text);
    if lacks_final_crlf(text) {
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(TERMINATOR);
}

fn with_bare_lf(octets: &[u8]) -> Vec<u8> {
    let mut changed = Vec::with_capacity(octets.len());
    let mut rest = 0;
    for cr in memmem::find_iter(octets, b"\r\n") {
        changed.extend_from_slice(octets.get(rest..cr).unwrap_or_default());
        rest = cr + 1;
    }
    changed.extend_from_slice(octets.get(rest..).unwrap_or_default());
    changed
}
