//! One session of a run: what was asked, and what came.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::link::Link;
use super::step::is_lost;
use super::{Do, ToStore};
use crate::error::{Closed, Error, ProtocolError, Unconfirmed};
use crate::misuse::Misuse;
use crate::reply::{QuitOutcome, Reply};
use crate::status::ErrReply;
use crate::sync::ask::{Answer, Question};
use crate::sync::chain::{Deletable, Durable, Fetched, Recorded};
use crate::sync::digest::Hasher;
use crate::sync::headers::Headers;
use crate::sync::ledger::FetchName;
use crate::sync::mailbox::Mailbox;
use crate::sync::places::Places;
use crate::sync::plan::{Item, Task, Why};
use crate::sync::report::{Notes, Noticed};
use crate::sync::table::Handle;
use crate::types::UniqueId;
use crate::verb::Verb;

/// What the next step of a session depends on.
#[derive(Debug)]
pub(super) enum Stage {
    /// Nothing was asked.
    Opened,
    /// It was asked whether the mailbox is as it was when nothing was left to do.
    Peeking,
    /// The listings were asked for.
    Listing,
    /// The server is asked questions before anything is fetched.
    Probing,
    /// The number of messages was asked for, to recognize an unchanged mailbox later.
    Counting,
    /// The plan is made, and no batch is open.
    Ready,
    /// Messages were asked for.
    Fetching,
    /// The files of these messages are being synced.
    Staging(Vec<Fetched>),
    /// Questions about these messages were asked.
    Confirming(Vec<Durable>),
    /// These messages are being recorded and published.
    Settling(Vec<Recorded>),
    /// Deletions are being recorded.
    Announcing(Vec<Deletable>),
    /// Deletions and `QUIT` were requested.
    Quitting(Vec<Deletable>),
    /// The session has ended.
    Over,
}

/// How many octets of a header the filter gets at most.
const PREVIEW: usize = 64 << 10;

/// The message that is being received.
#[derive(Debug)]
struct Current {
    item: Item,
    hasher: Hasher,
    /// The octets of a header, if a filter may need them.
    text: BytesMut,
    name: Option<(u32, FetchName)>,
}

impl core::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Hasher(..)")
    }
}

/// A session of a run.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) stage: Stage,
    pub(super) mailbox: Mailbox,
    /// The unique-id of the message that was the last one.
    pub(super) last_id: Option<UniqueId>,
    /// The messages to look at or to fetch, in this order.
    pub(super) fresh: VecDeque<Item>,
    /// Known messages whose headers are compared before they are deleted.
    pub(super) verify: VecDeque<Item>,
    /// Messages that failed before: they are fetched last, and alone.
    pub(super) suspects: VecDeque<Item>,
    /// The messages that were asked for and have not come.
    pub(super) in_hand: VecDeque<Item>,
    current: Option<Current>,
    /// The messages of the open batch that came.
    pub(super) fetched: Vec<Fetched>,
    /// Staged files to remove.
    pub(super) discard: Vec<FetchName>,
    /// The messages of the open batch that were refused or failed.
    pub(super) failed: Vec<(Item, Failure)>,
    asked: VecDeque<Question>,
    /// Whether the listings were answered.
    pub(super) listed: bool,
    pub(super) confirmation: Option<Result<Answer, Error>>,
    /// The listings that the server refused.
    pub(super) unlisted: Vec<(Verb, Error)>,
    pub(super) deletable: Vec<Deletable>,
    /// The replies to the deletions.
    pub(super) deletions: Vec<Result<(), Error>>,
    pub(super) quit: Option<QuitOutcome>,
    /// The entries that some listed message is.
    pub(super) taken: Places,
    pub(super) headers: Option<Headers>,
    /// The entries that are not listed, unless a message is found to be one of them.
    pub(super) absent: Vec<Handle>,
    /// How many messages the next batch has.
    pub(super) batch: usize,
    /// How many batches of messages were confirmed.
    pub(super) batches: usize,
    pub(super) single: bool,
    pub(super) top: Option<bool>,
    /// How many refusals came in a row.
    pub(super) refusals: usize,
    pub(super) progress: bool,
    pub(super) dead: Option<Error>,
    /// Whether the end of the session is no failure: its work was done.
    pub(super) done: bool,
    /// Whether a batch was discarded whose messages are to be fetched again.
    pub(super) struck: bool,
    /// Whether the server closed the connection after a message, as it always does.
    pub(super) closed_as_usual: bool,
    /// Whether `STAT` was asked for.
    pub(super) stat_asked: bool,
    /// The steps that come before the stage changes.
    pub(super) steps: VecDeque<Do>,
    /// How many messages the open batch asked for.
    pub(super) asked_for: usize,
    /// Whether it asked for headers that are only looked at.
    pub(super) looking: bool,
    /// Whether every message without a unique-id was recognized or stored.
    pub(super) resolved: bool,
    /// Whether every message of the mailbox is stored or known by its unique-id.
    pub(super) settled: bool,
    /// Whether a filter decides about new messages.
    filtered: bool,
    /// Whether the server has answered questions correctly before anything was fetched.
    pub(super) probed: bool,
    /// Whether messages that failed before are being fetched.
    pub(super) suspecting: bool,
    /// The number of messages in the mailbox, and the octets that were received of them.
    pub(super) messages: usize,
    pub(super) octets: u64,
}

/// Why a message of a batch did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server refused it. That says nothing about the other messages.
    Refused,
    /// `TOP` was refused: its whole text has to be fetched.
    TopRefused,
    /// It broke off, and the session can be used.
    Broken,
}

/// How a session has ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) error: Option<Error>,
    /// Whether it ended with `QUIT`.
    pub(super) quit: bool,
    /// Whether something was stored, verified, deleted or ruled out.
    pub(super) progress: bool,
    /// Whether there is something left to fetch in this run.
    pub(super) more: bool,
    /// Whether a batch was discarded whose messages are to be fetched again.
    pub(super) struck: bool,
    /// Whether the connection was lost.
    pub(super) cut: bool,
    pub(super) top: Option<bool>,
    /// Whether the listings were answered.
    pub(super) listed: bool,
    pub(super) done: bool,
}

impl End {
    /// Returns whether the run has not done what it should.
    pub(super) fn is_failure(&self) -> bool {
        self.more || (self.error.is_some() && !self.done)
    }
}

impl Session {
    pub(super) fn new(link: &Link, filtered: bool) -> Self {
        Self {
            stage: Stage::Opened,
            mailbox: Mailbox::default(),
            last_id: None,
            fresh: VecDeque::new(),
            verify: VecDeque::new(),
            suspects: VecDeque::new(),
            in_hand: VecDeque::new(),
            current: None,
            fetched: Vec::new(),
            discard: Vec::new(),
            failed: Vec::new(),
            asked: VecDeque::new(),
            listed: false,
            confirmation: None,
            unlisted: Vec::new(),
            deletable: Vec::new(),
            deletions: Vec::new(),
            quit: None,
            taken: Places::default(),
            headers: None,
            absent: Vec::new(),
            batch: 1,
            batches: 0,
            single: link.single,
            top: link.top,
            refusals: 0,
            progress: false,
            dead: None,
            done: false,
            struck: false,
            closed_as_usual: false,
            stat_asked: false,
            steps: VecDeque::new(),
            asked_for: 0,
            looking: false,
            resolved: true,
            settled: true,
            filtered,
            probed: false,
            suspecting: false,
            messages: 0,
            octets: 0,
        }
    }

    /// Notes that these questions are asked.
    pub(super) fn ask(&mut self, questions: impl IntoIterator<Item = Question>) {
        self.asked.extend(questions);
    }

    /// Ends the session if questions were not answered, because the application dropped a future.
    /// Later replies would be taken for answers to them.
    pub(super) fn end_ask(&mut self) {
        if !self.asked.is_empty() {
            self.asked.clear();
            self.dead.get_or_insert_with(|| Misuse::TicketSpent.into());
        }
    }

    pub(super) fn reply(&mut self, reply: Result<Answer, Error>) {
        let question = self.asked.pop_front();
        if let Err(error) = &reply
            && error.is_fatal()
            && !matches!(question, Some(Question::Confirm { .. }))
        {
            self.die(error);
        }
        match (question, reply) {
            (Some(Question::Stat), Ok(Answer(Reply::Stat(stat)))) => {
                self.mailbox.stat = Some(stat);
            }
            (Some(Question::Sizes), Ok(Answer(Reply::Sizes(sizes)))) => {
                self.mailbox.sizes = Some(sizes);
            }
            (Some(Question::UniqueIds), Ok(Answer(Reply::UniqueIds(ids)))) => {
                self.mailbox.unique_ids = Some(ids);
            }
            (Some(Question::UniqueId(_)), Ok(Answer(Reply::UniqueId(entry)))) => {
                self.last_id = entry.unique_id;
            }
            (Some(Question::Confirm { .. }), result) => {
                if let Err(error) = &result
                    && error.is_fatal()
                {
                    self.dead.get_or_insert_with(|| error.clone());
                }
                self.confirmation = Some(result);
            }
            (Some(Question::Delete(_)), result) => self.deletions.push(result.map(drop)),
            (Some(Question::Quit), Ok(Answer(Reply::Quit(outcome)))) => {
                self.quit = Some(outcome);
            }
            (Some(Question::UniqueIds), Err(error)) => self.unlisted.push((Verb::Uidl, error)),
            (Some(Question::Sizes), Err(error)) => self.unlisted.push((Verb::List, error)),
            _ => {}
        }
    }

    /// Notes that a message was neither stored nor recognized.
    pub(super) fn unresolved(&mut self) {
        (self.resolved, self.settled) = (false, false);
    }

    /// Notes that a message was left out by a rule.
    pub(super) fn left_out(&mut self, item: &Item) {
        self.settled = false;
        // An entry without a unique-id may be that message.
        self.resolved &= item.unique_id.is_some();
    }

    fn die(&mut self, error: &Error) {
        self.dead.get_or_insert_with(|| error.clone());
    }

    /// Begins to receive the next message. Returns whether its octets are needed.
    pub(super) fn begin(&mut self, name: impl FnOnce() -> (u32, FetchName)) -> bool {
        self.drop_current();
        let Some(item) = self.in_hand.pop_front() else {
            return false;
        };
        let looks = self.looking;
        self.refusals = 0;
        if looks || item.task == Task::FetchHeader {
            self.top = Some(true);
        }
        self.current = Some(Current {
            item,
            hasher: Hasher::new(),
            text: BytesMut::new(),
            name: (!looks).then(name),
        });
        true
    }

    /// Returns whether only the header of this message will be looked at.
    pub(super) fn looks(&self, item: &Item) -> bool {
        matches!(item.task, Task::Compare | Task::Preview) && self.top != Some(false)
    }

    /// Forgets a message that was not received to its end.
    fn drop_current(&mut self) {
        if let Some(current) = self.current.take() {
            self.discard.extend(current.name.map(|(_, name)| name));
            self.in_hand.push_front(current.item);
        }
    }

    /// Takes the error instead of a message.
    pub(super) fn refused(&mut self, error: Error, notes: &mut Notes) {
        self.drop_current();
        if error.is_fatal() {
            self.die(&error);
            return;
        }
        let Some(item) = self.in_hand.pop_front() else {
            return;
        };
        if item.task == Task::FetchHeader && self.top != Some(true) {
            // Without `TOP`, it stays where it is.
            self.top = Some(false);
            notes.add(noticed(error), Some(item.number));
            self.left_out(&item);
            return;
        }
        if self.looking {
            if self.top.is_none() {
                self.top = Some(false);
            }
            self.failed.push((item, Failure::TopRefused));
            return;
        }
        self.refusals += 1;
        let number = Some(item.number);
        notes.add(noticed(error), number);
        self.failed.push((item, Failure::Refused));
    }

    pub(super) fn to_store(&self) -> Option<ToStore> {
        let current = self.current.as_ref()?;
        let (_, name) = current.name.as_ref()?;
        let item = &current.item;
        Some(ToStore {
            name: name.clone(),
            number: item.number,
            unique_id: item.unique_id.clone(),
            octets: item.octets,
            header_only: item.task == Task::FetchHeader,
        })
    }

    /// Takes the next octets of a message. Returns what to store of them.
    pub(super) fn chunk(
        &mut self,
        chunk: Result<Option<Bytes>, Error>,
        notes: &mut Notes,
    ) -> Option<Bytes> {
        let current = self.current.as_mut()?;
        match chunk {
            Ok(Some(chunk)) => {
                current.hasher.push(&chunk);
                self.octets += chunk.len() as u64;
                if self.filtered && current.name.is_none() {
                    let room = PREVIEW.saturating_sub(current.text.len());
                    current.text.extend(chunk.iter().take(room));
                }
                Some(if current.name.is_some() {
                    chunk
                } else {
                    Bytes::new()
                })
            }
            Ok(None) => {
                self.complete(false);
                None
            }
            Err(error) => {
                if error.is_fatal() && self.ends_early_again(&error) {
                    self.die(&error);
                    notes.add(
                        Noticed::CutShort,
                        self.current.as_ref().map(|it| it.item.number),
                    );
                    self.complete(true);
                } else if error.is_fatal() {
                    self.drop_current();
                    self.die(&error);
                } else if let Some(Current { item, name, .. }) = self.current.take() {
                    self.discard.extend(name.map(|(_, name)| name));
                    notes.add(Noticed::Failed(error), Some(item.number));
                    self.failed.push((item, Failure::Broken));
                }
                None
            }
        }
    }

    /// Notes that the current message was received to its end.
    fn complete(&mut self, cut: bool) {
        if let Some(current) = self.current.take() {
            self.fetched.push(Fetched {
                item: current.item,
                content: current.hasher.finish(),
                cut,
                text: current.text.freeze(),
                name: current.name,
            });
        }
    }

    /// Returns whether the only message of the batch ended early in an earlier run, too: then it is
    /// better to store what there is of it.
    fn ends_early_again(&self, error: &Error) -> bool {
        let surplus = matches!(error, Error::Protocol(error)
            if matches!(**error, ProtocolError::Surplus { .. }));
        let failed = self.current.as_ref().is_some_and(|current| {
            current.name.is_some() && matches!(current.item.why, Why::Failed(_))
        });
        surplus && failed && self.asked_for == 1
    }

    /// Ends the batch when the application asks for the next step: a message that was not received
    /// to its end counts as not received.
    pub(super) fn end_fetch(&mut self) {
        self.drop_current();
    }

    /// Returns whether the server closed the connection immediately after the only message of the
    /// batch, as some servers always do.
    pub(super) fn closed_after_message(&self) -> bool {
        let closed = |error: &Error| {
            matches!(error, Error::Closed(closed)
                if matches!(**closed, Closed::Idle { .. } | Closed::Unanswered { .. }))
        };
        match &self.confirmation {
            Some(Err(Error::Unconfirmed(why))) => {
                matches!(&**why, Unconfirmed::CutShort(cause) if closed(cause))
            }
            Some(Err(error)) => closed(error),
            _ => false,
        }
    }

    pub(super) fn end(self) -> End {
        let left = !self.fresh.is_empty() || !self.suspects.is_empty() || !self.in_hand.is_empty();
        let listed = self.listed;
        // Messages of a batch that was discarded in this run.
        let is_struck = |item: &Item| item.suspect && !matches!(item.why, Why::Failed(_));
        let waiting = self.suspects.iter().chain(&self.verify).any(is_struck);
        let struck = self.struck || (listed && waiting);
        End {
            quit: self.quit.is_some(),
            progress: self.progress,
            more: struck || (listed && left),
            struck,
            cut: self.dead.as_ref().is_some_and(is_lost),
            top: self.top,
            listed: listed || self.done,
            done: self.done,
            error: self.dead.filter(|_| !self.closed_as_usual),
        }
    }
}

/// Returns the note about a message that was refused.
pub(super) fn noticed(error: Error) -> Noticed {
    match error {
        Error::Refused(refusal) => {
            let reply = ErrReply {
                code: refusal.code.clone(),
                text: refusal.text.clone(),
            };
            Noticed::Refused(refusal.verb, reply)
        }
        error => Noticed::Failed(error),
    }
}
