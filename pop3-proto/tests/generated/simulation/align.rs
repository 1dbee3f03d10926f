//! Assigns the lines on the wire to requests.

use std::collections::HashSet;

use pop3_proto::{Error, reply::Reply};

use super::app::{Abandoned, Request};
use super::ask::Ask;
use super::frames::Frame;
use super::line::{is_of_exchange, is_plain, verb};
use super::oracle::reports_server_data;
use super::peer::Received;
use super::plan::Plan;

/// Returns, for each line that the server received, the request that it belongs to: `None` for the
/// greeting and for the client's own commands. `frames` are the replies that reached the client.
/// Panics if a line was not requested, was sent twice or is out of order, or if a reply has no
/// command.
pub(crate) fn align(
    received: &[Received],
    frames: &[Frame],
    requests: &[Request],
    plan: &Plan,
) -> Vec<Option<usize>> {
    // A client that accepts a +OK to STLS begins a handshake. A server that sent it too early
    // receives the handshake in cleartext.
    let hello = |received: &Received| received.line.starts_with(&[22, 3]);
    let cleartext = received.iter().position(hello).unwrap_or(received.len());
    // A violating server can answer commands that it has not received.
    for violations in [false, !plan.violations.is_empty()] {
        let mut search = Search {
            received: &received[..cleartext],
            frames,
            requests,
            keeps_alive: plan.config.keep_alive.is_some(),
            violations,
            owners: Vec::new(),
            dead_ends: HashSet::new(),
        };
        if search.fits(0, 0) {
            search.owners.resize(received.len(), None);
            return search.owners;
        }
    }
    let lines = received
        .iter()
        .map(|received| String::from_utf8_lossy(&received.line));
    let asked: Vec<_> = requests
        .iter()
        .map(|request| (request.ask, request.abandoned))
        .collect();
    panic!("received {:?}, asked {asked:?}", lines.collect::<Vec<_>>());
}

/// Tries every assignment. There are several only if a request may or may not have been sent before
/// it was abandoned.
struct Search<'a> {
    received: &'a [Received],
    frames: &'a [Frame],
    requests: &'a [Request],
    keeps_alive: bool,
    violations: bool,
    owners: Vec<Option<usize>>,
    dead_ends: HashSet<(usize, usize, bool)>,
}

impl Search<'_> {
    /// Returns whether the lines from `line` on belong to requests from `next` on.
    fn fits(&mut self, line: usize, next: usize) -> bool {
        let state = (line, next, self.owners.contains(&Some(next)));
        if self.dead_ends.contains(&state) {
            return false;
        }
        let fits = self.continues(line, next);
        if !fits {
            self.dead_ends.insert(state);
        }
        fits
    }

    fn continues(&mut self, line: usize, next: usize) -> bool {
        let request = self.requests.get(next);
        let Some(received) = self.received.get(line) else {
            return (next..self.requests.len()).all(|index| self.may_be_unsent(index));
        };
        if let Some(request) = request
            && may_have_left(request)
            && is_asked_by(&received.line, request.ask)
            && (self.violations || self.agrees(line, request))
        {
            // An exchange may have more lines.
            let then = next + usize::from(request.ask.line().is_some());
            if self.fits_as(line, Some(next), then) {
                return true;
            }
        }
        let own = line == 0
            || verb(&received.line) == b"CAPA"
            || self.keeps_alive && received.line == b"NOOP";
        if own && self.fits_as(line, None, next) {
            return true;
        }
        request.is_some() && self.may_be_unsent(next) && self.fits(line, next + 1)
    }

    fn fits_as(&mut self, line: usize, owner: Option<usize>, then: usize) -> bool {
        self.owners.push(owner);
        let fits = self.fits(line + 1, then);
        if !fits {
            self.owners.truncate(line);
        }
        fits
    }

    /// Returns whether this reply can be the reported one.
    fn agrees(&self, line: usize, request: &Request) -> bool {
        let refused = match &request.reply {
            _ if !reports_server_data(request) || request.ask.line().is_none() => return true,
            Some(Ok(Reply::Quit(outcome))) => !outcome.is_committed(),
            reply => matches!(reply, Some(Err(Error::Refused(_)))),
        };
        let frame = self.frames.get(line);
        frame.is_some_and(|frame| frame.is_err() == refused && is_reported_by(request, frame))
    }

    /// Returns whether this request was received, or may be missing because it was abandoned.
    fn may_be_unsent(&self, index: usize) -> bool {
        let request = &self.requests[index];
        let asks = matches!(request.ask, Ask::Capabilities | Ask::StartTls);
        self.violations
            || asks
            || !reports_server_data(request)
            || self.owners.contains(&Some(index))
    }
}

/// Returns whether the reported octets are those of this reply, and all of them if everything was
/// reported.
fn is_reported_by(request: &Request, frame: &Frame) -> bool {
    let lines = || frame.body.iter().filter(|octet| **octet == b'\n').count();
    match &request.reply {
        Some(Ok(Reply::BodyHead(opened))) => {
            let whole = matches!(request.body_end, Some(Ok(())));
            opened.status.text.as_bytes() == frame.text()
                && frame.body.starts_with(&request.body)
                && (!whole || frame.complete && frame.body.len() == request.body.len())
        }
        Some(Ok(Reply::Lines(reported))) => frame.complete && reported.octets == frame.body,
        Some(Ok(Reply::Sizes(reported))) => frame.complete && reported.len() == lines(),
        Some(Ok(Reply::UniqueIds(reported))) => frame.complete && reported.len() == lines(),
        Some(Ok(Reply::Status(reported))) => reported.text.as_bytes() == frame.text(),
        Some(Err(Error::Refused(reported))) => frame.text().starts_with(reported.text.as_bytes()),
        _ => true,
    }
}

fn may_have_left(request: &Request) -> bool {
    request.abandoned != Some(Abandoned::Unsent)
        && !matches!(request.reply, Some(Err(Error::Misuse(_))))
}

fn is_asked_by(line: &[u8], ask: Ask) -> bool {
    match ask {
        Ask::StartTls => verb(line) == b"STLS",
        Ask::Login => is_of_exchange(line) || !is_plain(line),
        _ => ask.line().is_some_and(|asked| asked.as_bytes() == line),
    }
}
