//! One history: a server, a store, and the loop around `Run`.

use bytes::Bytes;
use pop3_proto::internals::model;
use pop3_proto::sync::{Ask, Day, Do, Get, Keep, Run};
use pop3_proto::{Channel, Config, Connection, Instant};

use super::fault::{Event, Fault};
use super::left_out::LeftOut;
use super::maildrop::Server;
use super::scenario::Scenario;
use super::session::{Got, Session};
use super::store::{Crash, Store};

/// The state of a history.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) left_out: Option<LeftOut>,
    pub(super) server: Server,
    pub(super) store: Store,
    pub(super) session: Option<Session>,
    pub(super) day: u16,
    /// How many runs were started.
    pub(super) runs: usize,
    /// How many runs were completed since the last fault, event or crash.
    pub(super) clean: usize,
    pub(super) violation: Option<String>,
    /// Steps of the loop that were put off, if the order is left out.
    delayed: Vec<Keep>,
    /// What has happened, if that is recorded.
    pub(super) trace: Option<Vec<String>>,
}

/// Called at each point at which the machine may stop.
pub(super) type AtPoint<'a> = &'a mut dyn FnMut(&World, Crash);

/// What `Run` expects of a client.
struct Client<'a>(&'a Connection);

impl AsRef<Connection> for Client<'_> {
    fn as_ref(&self) -> &Connection {
        self.0
    }
}

/// How many sessions a run may have, and how many steps.
const SESSIONS: usize = 16;
const STEPS: usize = 300;

impl World {
    pub(super) fn new(scenario: Scenario, left_out: Option<LeftOut>) -> Self {
        let day = 1000;
        Self {
            scenario,
            left_out,
            server: Server::new(scenario.population.texts(), Day::new(day)),
            store: Store::default(),
            session: None,
            day,
            runs: 0,
            clean: 0,
            violation: None,
            delayed: Vec::new(),
            trace: None,
        }
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(what());
        }
    }

    pub(super) fn violate(&mut self, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            let what = what();
            self.note(|| format!("VIOLATION: {what}"));
            self.violation = Some(what);
        }
    }

    pub(super) fn fault(&self) -> Fault {
        if self.runs == 1 || self.scenario.lasting {
            self.scenario.fault
        } else {
            Fault::None
        }
    }

    fn leaves_out(&self, rule: LeftOut) -> bool {
        self.left_out == Some(rule)
    }

    /// Starts and completes a run, unless something is violated.
    pub(super) fn run(&mut self, at: AtPoint<'_>) {
        self.runs += 1;
        let rules = self.scenario.rules(self.runs, self.left_out);
        let (number, day) = (self.runs, self.day);
        self.note(|| format!("run {number} on day {day} with {rules:?}"));
        let ledger = match self.store.load(self.left_out) {
            Ok(ledger) => ledger,
            Err(error) => return self.violate(|| error),
        };
        let seed = if self.leaves_out(LeftOut::UniqueNames) {
            1
        } else {
            self.runs as u64
        };
        let mut run = Run::new(ledger, rules, Day::new(self.day), seed.to_be_bytes());
        if let Some(LeftOut::Run(rule)) = self.left_out {
            model::leave_out(&mut run, rule);
        }
        self.server.quitted = false;
        let connection =
            Connection::new(Config::default(), Channel::TrustedByCaller, Instant::ORIGIN);
        let mut sessions = 0;
        self.point(at);
        while run.connect().is_some() {
            sessions += 1;
            if sessions > SESSIONS {
                return self.violate(|| "a run has too many sessions".to_owned());
            }
            let dialled = self.server.dial(self.fault(), self.runs == 1);
            self.note(|| format!("dial: {}", if dialled.is_ok() { "ok" } else { "refused" }));
            let dialled = dialled.map(|session| {
                self.session = Some(session);
                Client(&connection)
            });
            if run.opened(dialled).is_none() {
                continue;
            }
            let mut steps = 0;
            while let Some(step) = run.step() {
                steps += 1;
                if steps > STEPS {
                    return self.violate(|| "a session has too many steps".to_owned());
                }
                match step {
                    Do::Ask(asks) => self.ask(asks, &mut run, at),
                    Do::Fetch(gets) => self.fetch(gets, &mut run, at),
                    Do::Keep(what) => self.keep(what, at),
                }
                if self.violation.is_some() {
                    return;
                }
            }
            self.catch_up(at);
            self.hang_up();
            self.point(at);
        }
        if self.trace.is_some() {
            for note in run.notes() {
                self.note(|| format!("note: {note}"));
            }
        }
        let (ledger, report) = run.finish();
        self.note(|| format!("{report:?}"));
        if self.left_out.is_none() {
            self.compare(&ledger);
        }
    }

    /// Compares the ledger in memory with the one that its text describes.
    fn compare(&mut self, ledger: &pop3_proto::sync::Ledger) {
        let mut reread = match self.store.load(None) {
            Ok(reread) => reread
                .entries()
                .map(|(id, it)| (id.map(<[u8]>::to_vec), it))
                .collect(),
            Err(error) => return self.violate(|| error),
        };
        let mut entries: Vec<_> = ledger
            .entries()
            .map(|(id, it)| (id.map(<[u8]>::to_vec), it))
            .collect();
        let sort = |entries: &mut Vec<(Option<Vec<u8>>, pop3_proto::sync::Entry)>| {
            entries.sort_by_cached_key(|entry| format!("{entry:?}"));
        };
        if entries != reread {
            sort(&mut entries);
            sort(&mut reread);
        }
        if entries != reread {
            self.violate(|| format!("the ledger {entries:#?} is read as {reread:#?}"));
        }
    }

    /// A point at which the machine may stop.
    fn point(&self, at: AtPoint<'_>) {
        at(self, Crash::Kill);
        if !self.store.is_synced() {
            at(self, Crash::PowerCut);
            at(self, Crash::Torn);
        }
    }

    /// Stops the machine: what is left is the store and the server.
    pub(super) fn crash(&mut self, how: Crash) {
        self.note(|| format!("CRASH: {how:?}"));
        self.hang_up();
        self.store.crash(how);
        self.delayed.clear();
        self.clean = 0;
    }

    /// What happens between two runs.
    pub(super) fn pause(&mut self) {
        self.day += self.scenario.pause;
        if self.runs == 1 {
            let event = self.scenario.event;
            if event != Event::Nothing {
                self.note(|| format!("{event:?}"));
            }
            self.day += self.server.happen(event, Day::new(self.day));
        }
    }

    fn hang_up(&mut self) {
        if let Some(mut session) = self.session.take() {
            if session.has_quit() {
                self.server.quitted = true;
            } else {
                session.drop();
            }
            self.commit(&mut session);
        }
    }

    /// Removes from the maildrop what a session has committed, and checks that it may be removed.
    fn commit(&mut self, session: &mut Session) {
        for serial in session.committed.take().unwrap_or_default() {
            let Some(place) = self
                .server
                .messages
                .iter()
                .position(|it| it.serial == serial)
            else {
                continue;
            };
            let message = self.server.messages.remove(place);
            self.note(|| format!("the server deletes {message:?}"));
            self.check_deletion(&message);
        }
    }

    fn with_session<R>(&mut self, f: impl FnOnce(&mut Session, &Server) -> R) -> R {
        let session = self.session.as_mut().expect("a session");
        f(session, &self.server)
    }

    fn ask(&mut self, asks: Vec<Ask>, run: &mut Run, at: AtPoint<'_>) {
        if asks.iter().any(|ask| {
            ask.parts()
                .0
                .is_some_and(|verb| verb == pop3_proto::command::Verb::Quit)
        }) {
            self.before_quit(at);
        }
        for ask in asks {
            let mut answer = self.with_session(|session, _| session.ask(&ask));
            self.note(|| format!("{:?}: {answer:?}", ask));
            if ask.parts().0.is_none() && self.leaves_out(LeftOut::Confirm) {
                answer = Ok(model::confirmed());
            }
            let mut session = self.session.take().expect("a session");
            self.commit(&mut session);
            self.session = Some(session);
            // The machine may stop before the answer is received.
            if ask.parts().1.is_some() || ask.parts().0.is_none() {
                self.point(at);
            }
            run.reply(answer);
        }
        self.point(at);
    }

    fn fetch(&mut self, gets: Vec<Get>, run: &mut Run, at: AtPoint<'_>) {
        for get in gets {
            let verifies = !self.leaves_out(LeftOut::Verify);
            let got = self.with_session(|session, server| {
                session.get(&get, verifies, |id| server.expected(id))
            });
            self.note(|| format!("{get:?}: {got:?}"));
            let (text, end) = match got {
                Got::Text(text) => (text, Ok(None)),
                Got::Part(text, error) => (text, Err(error)),
                Got::Error(error) => {
                    let fatal = error.is_fatal();
                    assert!(run.message(Err::<(), _>(error)).is_none());
                    if fatal {
                        break;
                    }
                    continue;
                }
            };
            if run.message(Ok(())).is_none() {
                continue;
            }
            let name = run.to_store().map(|it| it.name.to_string());
            if let Some(name) = &name {
                self.store.create(name);
            }
            let (first, second) = text.split_at(text.len() / 2);
            for part in [first, second] {
                let chunk = run.chunk(Ok(Some(Bytes::from_static(part.as_bytes()))));
                let chunk = chunk.expect("a chunk");
                if let Some(name) = &name {
                    self.store
                        .write(name, std::str::from_utf8(&chunk).expect("text"));
                    self.point(at);
                }
            }
            let fatal = end.is_err();
            assert!(run.chunk(end).is_none());
            if fatal {
                break;
            }
        }
        self.point(at);
    }

    fn keep(&mut self, what: Keep, at: AtPoint<'_>) {
        self.note(|| format!("{what:?}"));
        match &what {
            Keep::Record(_) if self.leaves_out(LeftOut::RecordBeforePublish) => {
                self.delayed.push(what);
                return;
            }
            Keep::Publish(_) if self.leaves_out(LeftOut::PublishBeforeDelete) => {
                self.delayed.push(what);
                return;
            }
            _ => {}
        }
        self.keep_now(&what, at);
        if self.leaves_out(LeftOut::RecordBeforePublish) {
            self.catch_up(at);
        }
    }

    fn keep_now(&mut self, what: &Keep, at: AtPoint<'_>) {
        let what = &self.altered(what);
        for state in self.store.torn_states(what, self.left_out) {
            let before = std::mem::replace(&mut self.store, state);
            self.note(|| "(torn)".to_owned());
            self.point(at);
            self.trace.as_mut().map(Vec::pop);
            self.store = before;
        }
        self.store.keep(what, self.left_out);
        self.point(at);
    }

    /// Leaves lines out of a record, if a rule says so.
    fn altered(&self, what: &Keep) -> Keep {
        let Keep::Record(lines) = what else {
            return what.clone();
        };
        let kinds = match self.left_out {
            Some(LeftOut::RecordStored) => "S",
            Some(LeftOut::RecordDeleting) => "D",
            _ => return what.clone(),
        };
        let kept = lines
            .split_inclusive('\n')
            .filter(|line| !line.starts_with(kinds));
        Keep::Record(kept.collect())
    }

    /// Does the steps that were put off.
    fn catch_up(&mut self, at: AtPoint<'_>) {
        for what in std::mem::take(&mut self.delayed) {
            self.keep_now(&what, at);
        }
    }

    fn before_quit(&mut self, at: AtPoint<'_>) {
        if self.leaves_out(LeftOut::RecordBeforePublish) {
            self.catch_up(at);
        }
    }
}
