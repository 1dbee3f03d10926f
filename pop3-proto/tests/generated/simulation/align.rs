//! Assigns the lines on the wire to requests.

use std::collections::HashSet;

use pop3_proto::{Error, reply::Reply};

use super::app::{GivenUp, Request};
use super::ask::Ask;
use super::frames::Frame;
use super::line::{is_of_exchange, is_plain, verb};
use super::oracle::told_something;
use super::peer::Heard;
use super::plan::Plan;

/// Returns, for each line that the server received, the request that it belongs to: `None` for the
/// greeting and for the client's own commands. `frames` are the replies that reached the client.
/// Panics if a line was not requested, was sent twice or is out of order, or if a reply has no
/// command.
pub(crate) fn align(
    heard: &[Heard],
    frames: &[Frame],
    requests: &[Request],
    plan: &Plan,
) -> Vec<Option<usize>> {
    // A client that accepts a +OK to STLS begins a handshake. A server that sent it too early
    // receives the handshake in cleartext.
    let hello = |heard: &Heard| heard.line.starts_with(&[22, 3]);
    let in_clear = heard.iter().position(hello).unwrap_or(heard.len());
    // A violating server can answer what it has not received.
    for lies in [false, !plan.lies.is_empty()] {
        let mut search = Search {
            heard: &heard[..in_clear],
            frames,
            requests,
            keeps_alive: plan.config.keep_alive.is_some(),
            lies,
            owners: Vec::new(),
            in_vain: HashSet::new(),
        };
        if search.fits(0, 0) {
            search.owners.resize(heard.len(), None);
            return search.owners;
        }
    }
    let lines = heard
        .iter()
        .map(|heard| String::from_utf8_lossy(&heard.line));
    let asked: Vec<_> = requests
        .iter()
        .map(|request| (request.ask, request.given_up))
        .collect();
    panic!("received {:?}, asked {asked:?}", lines.collect::<Vec<_>>());
}

/// Tries every assignment. There are several only if a request may or may not have been sent before
/// it was abandoned.
struct Search<'a> {
    heard: &'a [Heard],
    frames: &'a [Frame],
    requests: &'a [Request],
    keeps_alive: bool,
    lies: bool,
    owners: Vec<Option<usize>>,
    in_vain: HashSet<(usize, usize, bool)>,
}

impl Search<'_> {
    /// Returns whether the lines from `line` on belong to requests from `next` on.
    fn fits(&mut self, line: usize, next: usize) -> bool {
        let state = (line, next, self.owners.contains(&Some(next)));
        if self.in_vain.contains(&state) {
            return false;
        }
        let fits = self.goes_on(line, next);
        if !fits {
            self.in_vain.insert(state);
        }
        fits
    }

    fn goes_on(&mut self, line: usize, next: usize) -> bool {
        let request = self.requests.get(next);
        let Some(heard) = self.heard.get(line) else {
            return (next..self.requests.len()).all(|index| self.may_be_over(index));
        };
        if let Some(request) = request
            && may_have_left(request)
            && is_asked_by(&heard.line, request.ask)
            && (self.lies || self.agrees(line, request))
        {
            // An exchange may have more lines.
            let then = next + usize::from(request.ask.line().is_some());
            if self.fits_as(line, Some(next), then) {
                return true;
            }
        }
        let own =
            line == 0 || verb(&heard.line) == b"CAPA" || self.keeps_alive && heard.line == b"NOOP";
        if own && self.fits_as(line, None, next) {
            return true;
        }
        request.is_some() && self.may_be_over(next) && self.fits(line, next + 1)
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
            _ if !told_something(request) || request.ask.line().is_none() => return true,
            Some(Ok(Reply::Quit(outcome))) => !outcome.is_committed(),
            reply => matches!(reply, Some(Err(Error::Refused(_)))),
        };
        let frame = self.frames.get(line);
        frame.is_some_and(|frame| frame.is_err() == refused && is_told_of(request, frame))
    }

    /// Returns whether this request was received, or need not have been.
    fn may_be_over(&self, index: usize) -> bool {
        let request = &self.requests[index];
        let asks = matches!(request.ask, Ask::Capabilities | Ask::StartTls);
        self.lies || asks || !told_something(request) || self.owners.contains(&Some(index))
    }
}

/// Returns whether the reported octets are those of this reply, and all of them if everything was
/// reported.
fn is_told_of(request: &Request, frame: &Frame) -> bool {
    let lines = || frame.body.iter().filter(|octet| **octet == b'\n').count();
    match &request.reply {
        Some(Ok(Reply::BodyHead(opened))) => {
            let whole = matches!(request.body_end, Some(Ok(())));
            opened.status.text.as_bytes() == frame.text()
                && frame.body.starts_with(&request.body)
                && (!whole || frame.complete && frame.body.len() == request.body.len())
        }
        Some(Ok(Reply::Lines(told))) => frame.complete && told.octets == frame.body,
        Some(Ok(Reply::Sizes(told))) => frame.complete && told.len() == lines(),
        Some(Ok(Reply::UniqueIds(told))) => frame.complete && told.len() == lines(),
        Some(Ok(Reply::Status(told))) => told.text.as_bytes() == frame.text(),
        Some(Err(Error::Refused(told))) => frame.text().starts_with(told.text.as_bytes()),
        _ => true,
    }
}

fn may_have_left(request: &Request) -> bool {
    request.given_up != Some(GivenUp::Unsent)
        && !matches!(request.reply, Some(Err(Error::Misuse(_))))
}

fn is_asked_by(line: &[u8], ask: Ask) -> bool {
    match ask {
        Ask::StartTls => verb(line) == b"STLS",
        Ask::Login => is_of_exchange(line) || !is_plain(line),
        _ => ask.line().is_some_and(|asked| asked.as_bytes() == line),
    }
}
