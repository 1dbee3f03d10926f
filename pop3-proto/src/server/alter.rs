//! Changes replies as faults ask for it. A reply that is changed is rendered completely in memory.

use alloc::vec::Vec;

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
    let mut segments = None;
    let mut delayed = false;
    for alteration in alterations {
        match alteration {
            Alteration::Delay(time) => {
                delayed = true;
                output.stop_after(0, Stop::Wait(*time));
            }
            Alteration::Segments(octets, pause) => segments = Some((*octets, *pause)),
            _ => {}
        }
    }
    if alterations
        .iter()
        .all(|alteration| matches!(alteration, Alteration::Delay(_)))
        && delayed
    {
        output.push(answer);
        return None;
    }
    let (octets, end) = altered(answer, alterations, view);
    if let Some((size, pause)) = segments {
        let mut at = size;
        while at < octets.len() {
            output.stop_after(at, Stop::Wait(pause));
            at += size;
        }
    }
    if let Some(end) = end {
        output.stop_after(octets.len(), Stop::End(end));
    }
    output.push_altered(octets);
    end
}

/// Renders a reply, and applies all changes of its octets in order.
fn altered(answer: Answer, alterations: &[Alteration], view: &View) -> (Vec<u8>, Option<End>) {
    let is = |wanted: fn(&Alteration) -> bool| alterations.iter().any(wanted);
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
            | Alteration::Delay(_)
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
