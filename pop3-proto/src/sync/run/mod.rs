//! The run: a state machine above sessions that decides everything except how to dial and where to
//! store.

mod delete;
mod link;
mod listing;
mod peek;
mod probe;
mod session;
mod settle;
mod step;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use bytes::Bytes;

pub use self::link::Dial;
use self::link::Link;
use self::session::Session;
use super::ask::{Answer, Ask, Get};
use super::day::Day;
use super::ledger::{FetchName, Ledger};
use super::places::Places;
use super::plan::{Context, Fate, RunKey};
use super::report::{Note, Notes, Progress, Report};
use super::rule::Rule;
use super::rules::Rules;
use crate::connection::Connection;
use crate::error::Error;
use crate::types::{MessageNumber, UniqueId};

/// The next step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// Send these commands as a pipeline, and pass each reply to [`Run::reply`].
    Ask(Vec<Ask>),
    /// Retrieve these messages. Pass each to [`Run::message`], and its chunks to [`Run::chunk`].
    Fetch(Vec<Get>),
    /// Store this, durably. If that fails, stop: drop the client and the run. Nothing is lost then.
    Keep(Keep),
}

/// What must be stored before the run goes on. Everything must survive a crash of the machine when
/// the application asks for the next step.
///
/// A *staged* file contains a message that is not visible yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// At the start: publish those of these files that are staged, and remove all other staged
    /// files. They are what an earlier run left.
    Recover(Vec<FetchName>),
    /// Sync these staged files, and the folder with their names.
    Stage(Vec<FetchName>),
    /// Remove these staged files.
    Discard(Vec<FetchName>),
    /// Append these lines to the ledger, and sync it. In an empty file, begin with
    /// [`Ledger::HEADER`].
    Record(String),
    /// Publish these staged files: rename them to where they are seen, and sync the folder.
    ///
    /// A store that cannot rename atomically may show a message twice after a crash in between.
    Publish(Vec<FetchName>),
}

/// The message that is about to be received, and where to store it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToStore {
    /// The name of the staged file. It is unique: an existing file with that name may be replaced.
    pub name: FetchName,
    /// The number of the message in this session.
    pub number: MessageNumber,
    /// Its unique-id, if it has one that identifies it.
    pub unique_id: Option<UniqueId>,
    /// The size in the server's listing, in octets.
    pub octets: Option<u64>,
    /// Whether only the header is received.
    pub header_only: bool,
}

/// A new message whose header a filter judges.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// The number of the message in this session.
    pub number: MessageNumber,
    /// Its unique-id, if it has one that identifies it.
    pub unique_id: Option<UniqueId>,
    /// The size in the server's listing, in octets.
    pub octets: Option<u64>,
    /// Its header, as the server sent it: at most 64 KiB of it.
    pub header: Bytes,
}

/// What a filter decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// The message is fetched.
    #[default]
    Fetch,
    /// Only its header is fetched and stored.
    FetchHeader,
    /// It is not fetched, and it is recorded as declined. It is never deleted.
    Decline,
}

/// The function that decides about new messages.
struct Filter(Box<dyn FnMut(&Preview) -> Choice + Send>);

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter(..)")
    }
}

/// One synchronisation of a mailbox, over as many sessions as it takes.
///
/// The application dials, stores, and calls these methods; see the [module](super) for the loop.
/// Nothing is deleted that is not stored, confirmed and recorded. The application may stop at any
/// time, by an error or by a crash: the next run goes on from the ledger, and no message is lost.
#[derive(Debug)]
pub struct Run {
    ledger: Ledger,
    rules: Rules,
    today: Day,
    /// The start of the names of this run's files.
    token: String,
    /// The number of the next fetch.
    next_name: u32,
    /// What earlier sessions of this run found out about messages.
    fates: BTreeMap<RunKey, Fate>,
    /// The entries whose deletion was requested.
    requested: Places,
    /// The entries that the report counts as fetched or known.
    counted: Places,
    /// Whether a session has made a plan.
    planned: bool,
    /// A rule that a test leaves out.
    pub(super) left_out: Option<Rule>,
    link: Link,
    session: Option<Session>,
    notes: Notes,
    report: Report,
    progress: Progress,
    /// Whether staged files of earlier runs were dealt with.
    recovered: bool,
    stopping: bool,
    filter: Option<Filter>,
}

impl Run {
    /// Starts a run.
    ///
    /// `seed` names the staged files. It must be random octets that were not used for this ledger
    /// before, for example from the operating system.
    pub fn new(mut ledger: Ledger, rules: Rules, today: Day, seed: [u8; 8]) -> Self {
        let mut token = String::new();
        for octet in seed {
            // Writing to a string cannot fail.
            let _ = write!(token, "{octet:02x}");
        }
        ledger.expire(today);
        let link = Link::new(ledger.server().single.is_some());
        Self {
            ledger,
            rules,
            today,
            token,
            next_name: 0,
            fates: BTreeMap::new(),
            requested: Places::default(),
            counted: Places::default(),
            planned: false,
            left_out: None,
            link,
            session: None,
            notes: Notes::default(),
            report: Report::default(),
            progress: Progress::default(),
            recovered: false,
            stopping: false,
            filter: None,
        }
    }

    /// Lets `filter` decide about each new message by its header. The header is confirmed before:
    /// the replies to `TOP` can be shifted like those to `RETR`. If the server does not support
    /// `TOP`, everything is fetched.
    pub fn set_filter(&mut self, filter: impl FnMut(&Preview) -> Choice + Send + 'static) {
        self.filter = Some(Filter(Box::new(filter)));
    }

    /// Returns how to open the next session: connect and log in. `None` if the run is done.
    pub fn connect(&mut self) -> Option<Dial> {
        self.close();
        if self.stopping {
            return None;
        }
        self.link.dial()
    }

    /// Accepts a session that is logged in, or the error. Returns the client; if there is none, ask
    /// [`Run::connect`] again.
    pub fn opened<C: AsRef<Connection>>(&mut self, dialled: Result<C, Error>) -> Option<C> {
        match dialled {
            Ok(client) => {
                let capabilities = client.as_ref().capabilities();
                let delay = capabilities.and_then(|it| it.login_delay());
                self.link.opened(delay.map_or(0, |delay| delay.seconds));
                self.session = Some(Session::new(&self.link, self.filter.is_some()));
                Some(client)
            }
            Err(error) => {
                self.failed_to_open(error);
                None
            }
        }
    }

    fn failed_to_open(&mut self, error: Error) {
        if let Some(delay) = self.link.failed_to_open(&error, self.rules.retries) {
            // The server did not let us in again so soon after our own QUIT.
            let mut server = self.ledger.server();
            server.batch = self.commit_batch().saturating_mul(2);
            let mut lines = String::new();
            self.ledger.learn_server(server, &mut lines);
            self.report.lines.push_str(&lines);
            self.report.again_after = Some(delay);
        }
        if !self.link.will_dial() {
            self.report.failed = true;
            self.report.error = Some(error);
        }
    }

    /// Passes the reply to a command of [`Do::Ask`], in order.
    pub fn reply(&mut self, reply: Result<Answer, Error>) {
        if let Some(session) = &mut self.session {
            session.reply(reply);
        }
    }

    /// Passes a message of [`Do::Fetch`], or the error instead of it. Returns the message if its
    /// octets are needed.
    pub fn message<M>(&mut self, message: Result<M, Error>) -> Option<M> {
        let session = self.session.as_mut()?;
        match message {
            Ok(message) => {
                let name = self.next_name;
                self.next_name = self.next_name.wrapping_add(1);
                let named = || (name, FetchName::new(&self.token, name));
                session.begin(named).then_some(message)
            }
            Err(error) => {
                session.refused(error, &mut self.notes);
                None
            }
        }
    }

    /// Returns where to store the message that [`Run::message`] returned. `None` if its octets are
    /// only looked at: then write them nowhere.
    pub fn to_store(&self) -> Option<ToStore> {
        self.session.as_ref()?.to_store()
    }

    /// Passes the next octets of the message, or its end. Returns what to write to the staged file;
    /// `None` at the end, or if the message failed.
    pub fn chunk(&mut self, chunk: Result<Option<Bytes>, Error>) -> Option<Bytes> {
        let session = self.session.as_mut()?;
        let chunk = session.chunk(chunk, &mut self.notes);
        if let Some(chunk) = &chunk {
            self.progress.octets += chunk.len() as u64;
        }
        chunk
    }

    /// Ends the run as soon as possible without losing what is in hand. If a message is being
    /// received, complete it, and then leave the loop over the messages.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Returns how far the run is.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Returns what was noticed since the last call. Equal notes are one, with a count.
    pub fn notes(&mut self) -> Vec<Note> {
        self.notes.take()
    }

    /// Ends the run, and returns the ledger and what was done.
    pub fn finish(mut self) -> (Ledger, Report) {
        self.close();
        self.report.failed |= self.notes.failed;
        (self.ledger, self.report)
    }

    /// How many deletions wait until they are committed.
    fn commit_batch(&self) -> u32 {
        match self.ledger.server().batch {
            0 => 1000,
            batch => batch,
        }
    }

    /// Returns whether a rule applies.
    fn applies(&self, rule: Rule) -> bool {
        self.left_out != Some(rule)
    }

    fn context(&self) -> Context<'_> {
        Context {
            ledger: &self.ledger,
            rules: &self.rules,
            today: self.today,
            fates: &self.fates,
            requested: &self.requested,
            filtered: self.filter.is_some(),
            fetched: (self.link.fetched_messages, self.link.fetched_octets),
        }
    }

    /// Ends the session, if there is one.
    fn close(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        let end = session.end();
        if end.error.is_some() || end.done {
            self.report.error.clone_from(&end.error);
        }
        let delay = self.link.closed(&end, self.rules.retries);
        self.report.again_after = delay.or(self.report.again_after);
        self.report.failed |= !self.link.will_dial() && end.is_failure();
    }
}
