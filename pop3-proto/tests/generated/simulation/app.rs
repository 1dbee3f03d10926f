//! The application: submits requests, polls events, abandons requests, and pauses.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use pop3_proto::{
    Connection, Error, Event, Instant, Phase, QuitOutcome, RequestId,
    error::{LimitError, Timeout},
    reply::Reply,
};

use super::ask::Ask;
use super::plan::Plan;
use super::random::spread;
use super::tally::Tally;
use super::transcript::{Transcript, octets};

/// A request and what was reported about it.
pub(crate) struct Request {
    pub(crate) id: RequestId,
    pub(crate) ask: Ask,
    pub(crate) reply: Option<Result<Reply, Error>>,
    pub(crate) body: Vec<u8>,
    pub(crate) body_end: Option<Result<(), Error>>,
    pub(crate) abandoned: Option<Abandoned>,
}

/// The state of a request when it was abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Abandoned {
    /// It was not sent, and must not be sent.
    Unsent,
    /// It may have been sent. Then its reply is discarded.
    MaybeSent,
}

impl Request {
    pub(crate) fn new(id: RequestId, ask: Ask) -> Self {
        Self {
            id,
            ask,
            reply: None,
            body: Vec::new(),
            body_end: None,
            abandoned: None,
        }
    }

    /// Ignores the rest of the reply.
    pub(crate) fn discard(&mut self) {
        if !self.is_complete() {
            self.abandoned = Some(Abandoned::MaybeSent);
        }
    }

    /// Returns whether no more events are expected.
    pub(crate) fn is_complete(&self) -> bool {
        let opened = matches!(self.reply, Some(Ok(Reply::BodyHead(_))));
        self.abandoned.is_some() || self.body_end.is_some() || (self.reply.is_some() && !opened)
    }
}

pub(crate) struct App {
    rng: Rng,
    transcript: Transcript,
    pub(crate) requests: Vec<Request>,
    /// Requests that are still to be submitted, except QUIT.
    to_make: VecDeque<Ask>,
    quits: bool,
    /// The first request that may get an event.
    next: usize,
    /// The time until which the application sleeps.
    wakes: Instant,
    /// Whether the last poll returned no event and nothing has changed since.
    pub(crate) drained: bool,
    greeted: bool,
    pub(crate) closed: Option<Result<(), Error>>,
}

impl App {
    pub(crate) fn new(plan: &Plan, rng: Rng, transcript: Transcript) -> Self {
        Self {
            rng,
            transcript,
            requests: Vec::new(),
            to_make: plan.asks.iter().copied().collect(),
            quits: plan.behaviour.quits,
            next: 0,
            wakes: Instant::ORIGIN,
            drained: false,
            greeted: false,
            closed: None,
        }
    }

    fn waiting(&self) -> usize {
        let waiting = |request: &&Request| !request.is_complete();
        self.requests[self.next..].iter().filter(waiting).count()
    }

    /// Returns whether the application can do something now.
    pub(crate) fn is_awake(&self, plan: &Plan, now: Instant) -> bool {
        let may_ask =
            !plan.helpers && self.has_more() && self.waiting() < plan.behaviour.max_outstanding;
        now >= self.wakes && self.closed.is_none() && (!self.drained || may_ask)
    }

    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        (now < self.wakes).then_some(self.wakes)
    }

    pub(crate) fn has_more(&self) -> bool {
        !self.to_make.is_empty() || self.quits
    }

    /// Returns whether everything was submitted and reported.
    pub(crate) fn is_done(&self) -> bool {
        !self.has_more() && self.waiting() == 0
    }

    /// Runs one step of the application.
    pub(crate) fn turn(&mut self, connection: &mut Connection, plan: &Plan, now: Instant) {
        let behaviour = &plan.behaviour;
        for _ in 0..self.rng.usize(1..=behaviour.events_per_turn) {
            let Some(event) = connection.poll_event() else {
                self.drained = true;
                break;
            };
            self.reported(event, now);
        }
        if self.closed.is_some() {
            return;
        }
        if self.rng.bool() {
            let room = behaviour.max_outstanding.saturating_sub(self.waiting());
            for _ in 0..self.rng.usize(..=room) {
                self.ask(connection, plan, now);
            }
        }
        if self.rng.u8(..) < behaviour.abandon_rate {
            self.abandon_some(connection, now);
        }
        if self.rng.u8(..) < behaviour.pause_rate {
            self.pause(now);
        }
    }

    /// Sleeps for a while, sometimes longer than any deadline.
    pub(crate) fn pause(&mut self, now: Instant) {
        let seconds = spread(&mut self.rng, 10) as u64;
        self.wakes = now + Duration::from_secs(seconds);
    }

    pub(crate) fn note(&self, now: Instant, line: impl FnOnce() -> String) {
        self.transcript.add(now, line);
    }

    pub(crate) fn stop_submitting(&mut self) {
        self.to_make.clear();
        self.quits = false;
    }

    pub(crate) fn next_ask(&mut self, plan: &Plan) -> Option<Ask> {
        let asked = self.requests.len();
        if asked == 0 && plan.behaviour.starts_tls {
            return Some(Ask::StartTls);
        }
        if asked == usize::from(plan.behaviour.starts_tls) {
            return Some(Ask::Login);
        }
        if let Some(ask) = self.to_make.pop_front() {
            return Some(ask.unlike_a_keep_alive(plan));
        }
        std::mem::take(&mut self.quits).then_some(Ask::Quit)
    }

    fn ask(&mut self, connection: &mut Connection, plan: &Plan, now: Instant) {
        let Some(ask) = self.next_ask(plan) else {
            return;
        };
        self.drained = false;
        match ask.submit(connection, plan) {
            Ok(id) => {
                self.transcript.add(now, || format!("  asks {ask:?}"));
                self.requests.push(Request::new(id, ask));
            }
            // The close event was not polled yet. A request on a closed connection fails in the
            // same way.
            Err(error) => {
                self.transcript.add(now, || {
                    format!("  asks {ask:?}, which is rejected: {error}")
                });
                let core = connection;
                assert_eq!(core.phase(), Phase::Closed, "{error:?}");
                assert!(core.error().is_none_or(|fatal| *fatal == error));
                self.stop_submitting();
            }
        }
    }

    /// Abandons some of the latest requests, or a few in between.
    fn abandon_some(&mut self, connection: &mut Connection, now: Instant) {
        let waiting: Vec<_> = (self.next..self.requests.len())
            .filter(|index| !self.requests[*index].is_complete())
            .collect();
        if waiting.is_empty() {
            return;
        }
        let from = self.rng.usize(..waiting.len());
        let to = self.rng.usize(from..waiting.len());
        let chosen = &waiting[from..=to];
        let (first, last) = (
            self.requests[chosen[0]].id,
            self.requests[*chosen.last().unwrap()].id,
        );
        let before = connection.outstanding();
        connection.abandon(first..last.next());
        // If no octets are waiting to be read, the last ones of these requests were unsent and are
        // removed.
        let gone = before - connection.outstanding().min(before);
        let gone = if self.drained {
            gone.min(chosen.len())
        } else {
            0
        };
        self.transcript.add(now, || {
            format!(
                "  abandons {} requests, of which {gone} were certainly unsent",
                chosen.len()
            )
        });
        let kept = chosen.len() - gone;
        for (place, index) in chosen.iter().enumerate() {
            self.requests[*index].abandoned = Some(if place < kept {
                Abandoned::MaybeSent
            } else {
                Abandoned::Unsent
            });
        }
        self.drained = false;
    }

    /// Records an event, which must be legal now.
    fn reported(&mut self, event: Event, now: Instant) {
        self.transcript
            .add(now, || format!("  reported {}", shown(&event)));
        assert!(self.closed.is_none(), "an event after the close event");
        match event {
            Event::Greeting(_) => {
                assert!(!self.greeted, "greeted twice");
                self.greeted = true;
            }
            Event::Reply { id, result } => {
                assert!(
                    self.greeted || result.is_err(),
                    "an event before the greeting"
                );
                let request = self.next_request(id);
                assert!(request.reply.is_none(), "reported twice");
                if let Ok(reply) = &result {
                    let opened = matches!(reply, Reply::BodyHead(_));
                    assert_eq!(opened, request.ask.is_streamed());
                }
                request.reply = Some(result);
            }
            Event::Body { id, chunk } => {
                let request = self.next_request(id);
                assert!(
                    matches!(request.reply, Some(Ok(_))),
                    "a body without a reply"
                );
                assert!(!chunk.is_empty());
                assert!(!(request.body.ends_with(b"\r") && chunk.starts_with(b"\n")));
                request.body.extend_from_slice(&chunk);
            }
            Event::BodyEnd { id, result } => {
                let request = self.next_request(id);
                assert!(
                    matches!(request.reply, Some(Ok(_))),
                    "the end of a body without a reply"
                );
                let octets = request.body.len() as u64;
                request.body_end = Some(result.map(|received| assert_eq!(received.octets, octets)));
            }
            Event::Quirk(_) => {}
            Event::Closed(result) => {
                for request in &self.requests {
                    assert!(request.is_complete(), "{:?} got no event", request.ask);
                }
                self.closed = Some(result);
            }
            event => panic!("unknown: {event:?}"),
        }
    }

    /// Returns the request that the event belongs to: the first incomplete one, never an abandoned
    /// one.
    fn next_request(&mut self, id: RequestId) -> &mut Request {
        while self.requests[self.next].is_complete() {
            self.next += 1;
        }
        let request = &mut self.requests[self.next];
        assert_eq!(request.id, id, "out of order: {:?} was next", request.ask);
        request
    }

    pub(crate) fn has_abandoned(&self) -> bool {
        let mut requests = self.requests.iter();
        requests.any(|request| request.abandoned.is_some())
    }

    /// Returns the outcome of QUIT, if there is one.
    pub(crate) fn quit(&self) -> Option<&QuitOutcome> {
        self.requests
            .iter()
            .find_map(|request| match &request.reply {
                Some(Ok(Reply::Quit(outcome))) => Some(outcome),
                _ => None,
            })
    }

    pub(crate) fn has_asked(&self, ask: Ask) -> bool {
        self.requests.iter().any(|request| request.ask == ask)
    }

    pub(crate) fn tally(&self, plan: &Plan) -> Tally {
        let count = |counts: fn(&Request) -> bool| {
            let requests = self.requests.iter();
            requests.filter(|request| counts(request)).count()
        };
        Tally {
            logins: count(|request| {
                request.ask == Ask::Login && matches!(request.reply, Some(Ok(_)))
            }),
            whole_messages: count(|request| request.body_end == Some(Ok(()))),
            bodies_cut: count(|request| matches!(request.body_end, Some(Err(_)))),
            deletions: count(|request| {
                matches!((request.ask, &request.reply), (Ask::Dele(_), Some(Ok(_))))
            }),
            refusals: count(|request| matches!(request.reply, Some(Err(Error::Refused(_))))),
            abandoned: count(|request| request.abandoned.is_some()),
            committed: usize::from(self.quit().is_some_and(QuitOutcome::is_committed)),
            quit_unknown: usize::from(self.quit() == Some(&QuitOutcome::Unknown)),
            fatal: usize::from(matches!(self.closed, Some(Err(_)))),
            late_handshakes: usize::from(matches!(
                self.closed,
                Some(Err(Error::Timeout(Timeout::TlsHandshake { .. })))
            )),
            over_limits: usize::from(matches!(
                self.closed,
                Some(Err(Error::Limit(LimitError { what, limit, .. })))
                if plan.listing_limit(what) == Some(limit)
            )),
            ..Tally::NONE
        }
    }
}

fn shown(event: &Event) -> String {
    match event {
        Event::Body { chunk, .. } => format!("body {}", octets(chunk)),
        Event::Reply {
            result: Ok(reply), ..
        } => octets(format!("{reply:?}").as_bytes()),
        Event::Reply {
            result: Err(error), ..
        } => format!("error: {error}"),
        event => format!("{event:?}"),
    }
}
