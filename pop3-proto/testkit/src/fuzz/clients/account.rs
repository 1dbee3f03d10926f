//! Records what was submitted, what reached the server, and what the client reported.

use std::collections::VecDeque;
use std::ops::Range;

use pop3_proto::{Error, error::Misuse};

use super::plan::{Ask, Setup};
use super::reading::Got;
use super::server::{Answer, Server, Value};

/// The position of a command among all commands.
pub type Id = usize;

/// The record of one session.
#[derive(Debug)]
pub struct Account {
    pub server: Server,
    asked: Vec<Asked>,
    /// The commands that must reach the server next, in order.
    expected: VecDeque<Id>,
    /// The octets of an incomplete command line.
    line: Vec<u8>,
    login: Login,
    asks_for_capabilities: bool,
    /// The commands of the last helper. The next operation abandons the rest of them.
    helper: Range<Id>,
    /// The last command that an operation has waited for, and the last one whose reply was
    /// received.
    waited: Option<Id>,
    received: Option<Id>,
    /// Whether the transport has failed.
    pub broken: bool,
    /// Whether octets were written after the server had closed. It is unknown which commands they
    /// are from.
    pub wrote_after_close: bool,
    /// How many commands got a reply.
    pub results: usize,
}

/// A command that was submitted.
#[derive(Debug)]
struct Asked {
    ask: Ask,
    answer: Option<Answer>,
    /// Whether it was dropped before any octet of it was written.
    withdrawn: bool,
    reported: bool,
}

/// The state of the login. The client chooses the commands of a login itself.
#[derive(Debug, PartialEq, Eq)]
enum Login {
    UnderWay,
    /// The client requests the capabilities once more.
    Capabilities,
    Done,
}

/// What the client reported about a command.
pub type Outcome = Result<Value, Error>;

impl Account {
    pub fn new(setup: Setup) -> Self {
        Self {
            server: Server::new(setup),
            asked: Vec::new(),
            expected: VecDeque::new(),
            line: Vec::new(),
            login: Login::UnderWay,
            asks_for_capabilities: !setup.has(Setup::CAPA_NEVER),
            helper: 0..0,
            waited: None,
            received: None,
            broken: false,
            wrote_after_close: false,
            results: 0,
        }
    }

    /// Begins an operation, which abandons the rest of the last helper. Commands of which no octet
    /// was sent must not be sent any more.
    pub fn begin(&mut self) {
        let begun = self.begun();
        let helper = core::mem::replace(&mut self.helper, self.asked.len()..self.asked.len());
        let asked = &mut self.asked;
        self.expected.retain(|id| {
            let withdrawn = helper.contains(id) && Some(*id) != begun;
            asked[*id].withdrawn = withdrawn;
            !withdrawn
        });
    }

    /// Returns the command whose line has been written in part.
    fn begun(&self) -> Option<Id> {
        // The CAPA of a login shares a batch with the next commands, but is not recorded as a
        // command.
        let is_one_of_them = !self.line.is_empty() && self.login == Login::Done;
        self.expected.front().copied().filter(|_| is_one_of_them)
    }

    /// Records a command whose reply is claimed with a ticket.
    pub fn submit(&mut self, ask: Ask) -> Id {
        let id = self.asked.len();
        self.asked.push(Asked {
            ask,
            answer: None,
            withdrawn: false,
            reported: false,
        });
        self.expected.push_back(id);
        id
    }

    /// Records a command of a helper, which waits for the reply.
    pub fn submit_for_helper(&mut self, ask: Ask) -> Id {
        let id = self.submit(ask);
        self.helper.end = id + 1;
        self.wait(id);
        id
    }

    /// Records that the client waits for this reply, so it may discard the replies to earlier
    /// commands.
    pub fn wait(&mut self, id: Id) {
        self.waited = self.waited.max(Some(id));
    }

    /// Passes octets to the server. Appends its replies to `replies`.
    pub fn receive(&mut self, octets: &[u8], replies: &mut Vec<u8>) {
        for line in octets.split_inclusive(|&octet| octet == b'\n') {
            self.line.extend_from_slice(line);
            if self.line.ends_with(b"\n") {
                let line = core::mem::take(&mut self.line);
                self.receive_line(&String::from_utf8(line).unwrap(), replies);
            }
        }
    }

    fn receive_line(&mut self, line: &str, replies: &mut Vec<u8>) {
        assert!(!self.server.over, "after QUIT: {line:?}");
        if self.login == Login::UnderWay {
            if line.starts_with("PASS ") {
                self.login = if self.asks_for_capabilities {
                    Login::Capabilities
                } else {
                    Login::Done
                };
            }
            return match line {
                "CAPA\r\n" => self.server.answer(Ask::Capa).write(replies),
                _ => replies.extend_from_slice(b"+OK\r\n"),
            };
        }
        if core::mem::replace(&mut self.login, Login::Done) == Login::Capabilities {
            assert_eq!(line, "CAPA\r\n", "the capabilities may have changed");
            return self.server.answer(Ask::Capa).write(replies);
        }
        let expected = self.expected.pop_front();
        let id = expected.unwrap_or_else(|| panic!("{line:?} was not requested"));
        let asked = &mut self.asked[id];
        assert_eq!(line, asked.ask.line(), "not the next command");
        let answer = self.server.answer(asked.ask);
        answer.write(replies);
        asked.answer = Some(answer);
    }

    /// Returns whether a command may end with a fatal error: only after a fault, or after `QUIT`.
    fn may_fail(&self, id: Id) -> bool {
        let quit = |asked: &Asked| asked.ask == Ask::Quit && !asked.withdrawn;
        self.broken || self.asked[..id].iter().any(quit)
    }

    /// Returns whether any octet of a command has been written.
    fn has_begun(&self, id: Id) -> bool {
        match self.expected.front() {
            None => !self.asked[id].withdrawn,
            Some(&next) => id < next || self.begun() == Some(id),
        }
    }

    /// Checks the only result of a command.
    pub fn report(&mut self, id: Id, outcome: Outcome) {
        let alive = !outcome.as_ref().is_err_and(Error::is_fatal);
        self.results += usize::from(alive);
        let may_fail = outcome.is_err() && self.may_fail(id);
        let begun = self.has_begun(id);
        let asked = &mut self.asked[id];
        assert!(
            !core::mem::replace(&mut asked.reported, true),
            "a second result"
        );
        match (&outcome, &asked.answer) {
            (Ok(Value::Unknown), _) => assert!(self.broken && (begun || self.wrote_after_close)),
            (Ok(Value::BodyHead), Some(answer)) => assert!(answer.body.is_some()),
            (Ok(value), Some(answer)) => assert_eq!(*value, answer.value, "{:?}", asked.ask),
            (Err(Error::Refused(_)), Some(answer)) => assert_eq!(answer.value, Value::Refused),
            (Err(error), _) => {
                assert!(error.is_fatal() && may_fail, "{:?}: {error:?}", asked.ask);
                assert!(
                    asked.ask != Ask::Quit || !begun,
                    "QUIT may have been carried out"
                );
            }
            (Ok(_), None) => panic!("{:?} was not answered: {outcome:?}", asked.ask),
        }
        self.received = self.received.max(Some(id));
    }

    /// Checks the result of a command that a ticket claims. The result was discarded if the client
    /// has waited for a later one.
    pub fn report_ticket(&mut self, id: Id, outcome: Outcome) {
        if outcome == Err(Misuse::TicketSpent.into()) {
            assert!(
                self.waited > Some(id),
                "the reply to {:?} is lost",
                self.asked[id].ask
            );
            return;
        }
        let error = outcome.as_ref().is_err_and(Error::is_fatal);
        assert!(error || self.received < Some(id), "discarded before");
        self.report(id, outcome);
    }

    /// Checks the results of a batch: those of all its commands, or the first error.
    pub fn report_batch(&mut self, ids: Range<Id>, outcome: Result<Vec<Value>, Error>) {
        match outcome {
            Ok(values) => {
                assert_eq!(values.len(), ids.len());
                let values = values.into_iter().map(Ok);
                ids.zip(values)
                    .for_each(|(id, value)| self.report(id, value));
            }
            Err(error) => {
                let failed = |id: &Id| {
                    let answer = self.asked[*id].answer.as_ref();
                    answer.is_none_or(|answer| answer.value == Value::Refused)
                };
                // A fatal error may be the result of any of these commands.
                let mut candidates = ids.clone().filter(|id| error.is_fatal() || failed(id));
                let id = candidates.next().expect("every command succeeded");
                self.report(id, Err(error));
            }
        }
    }

    /// Checks how much of a body was read, and how it ended, if it was read to its end.
    pub fn report_got(&self, id: Id, got: Got) {
        let asked = &self.asked[id];
        assert_eq!(got.number, asked.ask.number());
        let body = asked
            .answer
            .as_ref()
            .and_then(|answer| answer.body.as_ref());
        let body = body.expect("a body");
        assert!(body.starts_with(&got.octets), "a different body");
        match got.end {
            None => {}
            Some(Ok(())) => assert_eq!(got.octets.len(), body.len(), "complete, but cut short"),
            Some(Err(error)) => assert!(error.is_fatal() && self.may_fail(id), "{error:?}"),
        }
    }

    /// Returns the position of the next command, which is the number of submitted commands.
    pub fn next(&self) -> Id {
        self.asked.len()
    }

    /// Returns whether no command can succeed any more.
    pub fn is_dead(&self) -> bool {
        self.may_fail(self.asked.len())
    }

    /// Asserts that all commands that were not withdrawn have reached the server.
    pub fn assert_nothing_is_left(&self) {
        assert!(self.expected.is_empty(), "not sent: {:?}", self.expected);
    }
}
