//! Requests the headers of messages with `TOP n 0`, or with `RETR` where `TOP` does not work.

use alloc::collections::VecDeque;
use core::task::{Poll, ready};

use super::Engine;
use crate::capability::{Capabilities, Expire};
use crate::command::{Retr, Top};
use crate::error::Error;
use crate::preview::{HeaderEnd, HeaderReader, Preview};
use crate::received::Received;
use crate::ticket::RequestId;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// A server that sends more octets than this after the header answers `TOP n 0` with whole messages.
/// Some servers only send a few lines.
const FEW_LINES: u64 = 4 << 10;

/// Requests headers while the window has room, and returns one result for each number.
///
/// # Invariant
///
/// Every number that the iterator yields gets exactly one result. The results are in the order of
/// the numbers, except that a number whose `TOP` was refused is requested again, with `RETR`, after
/// the commands that are in flight. After a fatal error was reported, nothing more is taken from the
/// iterator, and the numbers that were taken get that error.
#[derive(Debug)]
pub struct Previewer<I> {
    /// `None` once the iterator has ended or a fatal error was reported.
    numbers: Option<I>,
    budget: usize,
    /// The requests that are submitted and not answered yet.
    submitted: VecDeque<Request>,
    /// The numbers whose `TOP` was refused.
    refused: VecDeque<MessageNumber>,
    /// Why the next number could not be requested. Reported after the results before it.
    unsubmitted: Option<(MessageNumber, Error)>,
    /// The reply that is being read.
    open: Option<Open>,
    top: TopSupport,
    with_retr: bool,
    discarded: u64,
}

/// What is known about `TOP`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TopSupport {
    /// It is not advertised, or it was refused. It is sent when nothing else is in flight, until it
    /// is accepted.
    Doubtful,
    /// It is advertised, and was not refused yet.
    Advertised,
    /// It was accepted.
    Works,
    /// It returns whole messages. Their size is not known, so one is requested at a time.
    SendsAll,
    /// It was refused for a message that exists. `RETR` is sent instead.
    Missing,
}

#[derive(Debug, Clone, Copy)]
struct Request {
    id: RequestId,
    number: MessageNumber,
    verb: Verb,
}

#[derive(Debug)]
struct Open {
    request: Request,
    reader: HeaderReader,
    /// Whether the result was returned. The rest of the reply is then discarded.
    is_reported: bool,
}

/// A number and its result.
type Item = (MessageNumber, Result<Preview, Error>);

impl<I: Iterator<Item = MessageNumber>> Previewer<I> {
    /// Creates a previewer for these numbers. Each header has at most `budget` octets.
    pub fn new(engine: &mut Engine, numbers: I, budget: usize) -> Self {
        engine.begin();
        let capabilities = engine.connection().capabilities();
        let is_advertised = capabilities.is_some_and(Capabilities::top);
        // Such a server may delete a message as soon as it was retrieved (RFC 2449 section 6.7).
        let deletes = |expire: Expire| expire.days == Some(0);
        let deletes = capabilities
            .and_then(Capabilities::expire)
            .is_some_and(deletes);
        Self {
            numbers: Some(numbers),
            budget,
            submitted: VecDeque::new(),
            refused: VecDeque::new(),
            unsubmitted: None,
            open: None,
            top: if is_advertised {
                TopSupport::Advertised
            } else {
                TopSupport::Doubtful
            },
            with_retr: !deletes,
            discarded: 0,
        }
    }

    /// Reports a refused `TOP` instead of sending `RETR`.
    pub fn forbid_retr(&mut self) {
        self.with_retr = false;
    }

    /// Returns how many octets were received and left out.
    pub fn discarded(&self) -> u64 {
        let open = self.open.as_ref();
        self.discarded + open.map_or(0, |open| open.reader.discarded())
    }

    /// Returns the next number and its result; `None` if every number has its result.
    pub fn poll_next(&mut self, engine: &mut Engine) -> Poll<Option<Item>> {
        loop {
            if let Some(item) = ready!(self.poll_open(engine)) {
                return Poll::Ready(Some(item));
            }
            self.submit(engine);
            let Some(request) = self.submitted.front().copied() else {
                let unsubmitted = self.unsubmitted.take();
                return Poll::Ready(unsubmitted.map(|(number, error)| self.failed(number, error)));
            };
            let head = ready!(engine.poll_head(request.id));
            self.submitted.pop_front();
            match head {
                Ok(_) => self.open(request),
                Err(Error::Refused(_)) if request.verb == Verb::Top && self.with_retr => {
                    if self.top == TopSupport::Advertised {
                        self.top = TopSupport::Doubtful;
                    }
                    self.refused.push_back(request.number);
                }
                Err(error) => return Poll::Ready(Some(self.failed(request.number, error))),
            }
        }
    }

    /// Submits requests while the window has room.
    fn submit(&mut self, engine: &mut Engine) {
        while self.unsubmitted.is_none() {
            // If nothing is in flight, nothing could make room in the window.
            let alone = self.submitted.is_empty();
            if !alone && !engine.connection.wants_request() {
                return;
            }
            let waits = matches!(self.top, TopSupport::Doubtful | TopSupport::SendsAll);
            let (number, verb) = match self.refused.pop_front() {
                Some(number) => (number, Verb::Retr),
                None if waits && !alone => return,
                None => match self.numbers.as_mut().and_then(Iterator::next) {
                    Some(number) if self.top == TopSupport::Missing => (number, Verb::Retr),
                    Some(number) => (number, Verb::Top),
                    None => {
                        self.numbers = None;
                        return;
                    }
                },
            };
            let id = if verb == Verb::Retr {
                engine.submit_for_helper(Retr(number)).map(|it| it.id())
            } else {
                let top = Top { number, lines: 0 };
                engine.submit_for_helper(top).map(|it| it.id())
            };
            match id {
                Ok(id) => self.submitted.push_back(Request { id, number, verb }),
                Err(error) => self.unsubmitted = Some((number, error)),
            }
        }
    }

    /// Handles an accepted request.
    fn open(&mut self, request: Request) {
        self.top = match (request.verb, self.top) {
            (Verb::Retr, TopSupport::Doubtful) => TopSupport::Missing,
            (Verb::Top, TopSupport::Doubtful | TopSupport::Advertised) => TopSupport::Works,
            (_, top) => top,
        };
        self.open = Some(Open {
            request,
            reader: HeaderReader::new(self.budget),
            is_reported: false,
        });
    }

    /// Reads the open reply. Returns its result once, and `None` when there is no open reply.
    fn poll_open(&mut self, engine: &mut Engine) -> Poll<Option<Item>> {
        while let Some(open) = &mut self.open {
            if !open.is_reported && open.is_done() {
                return Poll::Ready(Some(open.report(None)));
            }
            let end = match ready!(engine.poll_chunk(open.request.id)) {
                Ok(Some(chunk)) => {
                    open.reader.push(&chunk);
                    continue;
                }
                Ok(None) => Ok(engine.received()),
                Err(error) => Err(error),
            };
            if let Some(item) = self.close(end) {
                return Poll::Ready(Some(item));
            }
        }
        Poll::Ready(None)
    }

    /// Handles the end of the open reply. Returns its result, if it was not returned before.
    fn close(&mut self, end: Result<Option<Received>, Error>) -> Option<Item> {
        let mut open = self.open.take()?;
        self.discarded += open.reader.discarded();
        if open.request.verb == Verb::Top && open.reader.body() > FEW_LINES {
            self.top = TopSupport::SendsAll;
        }
        match end {
            // The next request gets the error.
            _ if open.is_reported => None,
            Ok(received) => Some(open.report(received)),
            Err(error) => Some(self.failed(open.request.number, error)),
        }
    }

    fn failed(&mut self, number: MessageNumber, error: Error) -> Item {
        if error.is_fatal() {
            self.numbers = None;
        }
        (number, Err(error))
    }
}

impl Open {
    /// Returns whether the result is known before the end of the reply. The reply to `TOP n 0` should
    /// end after the header, so its end is awaited, unless more octets follow.
    fn is_done(&self) -> bool {
        let reader = &self.reader;
        let more = reader.body() > 0 || reader.end() == HeaderEnd::Budget;
        reader.has_ended() && (self.request.verb == Verb::Retr || more)
    }

    fn report(&mut self, received: Option<Received>) -> Item {
        self.is_reported = true;
        let Request { number, verb, .. } = self.request;
        let preview = Preview {
            number,
            header: self.reader.take(),
            end: self.reader.end(),
            verb,
            received,
        };
        (number, Ok(preview))
    }
}
