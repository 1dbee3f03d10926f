//! The steps of a session, in the order that survives a crash after any of them.

use alloc::string::String;
use alloc::vec::Vec;

use super::session::{Failure, Session, Stage};
use super::settle::is_short;
use super::{Do, Keep, Run};
use crate::error::{Error, Unconfirmed};
use crate::reply::Reply;
use crate::sync::ask::{Answer, Ask, Get, Question};
use crate::sync::chain::{Deletable, Durable, Fetched, Kept, Proof};
use crate::sync::change::Change;
use crate::sync::plan::{Fate, Item, RunKey, Task, Why};
use crate::sync::report::Noticed;
use crate::sync::rule::Rule;

/// How many messages a batch has at most, and how many headers. A kill loses one batch of messages,
/// which are fetched again.
const MESSAGES: usize = 50;
const HEADERS: usize = 200;

/// How many octets a batch of several messages has at most, by the sizes in the server's listing.
const OCTETS: u64 = 16 << 20;

/// After how many refusals in a row the run stops asking. Some servers close the connection after
/// about twenty.
const REFUSALS: usize = 10;

impl Run {
    /// Returns the next step. `None` if the session has ended: then drop the client, and ask
    /// [`Run::connect`] for the next one.
    ///
    /// Asking for the next step says that the one before was done, and that everything it stored is
    /// durable.
    pub fn step(&mut self) -> Option<Do> {
        loop {
            let session = self.session.as_mut()?;
            if let Some(step) = session.steps.pop_front() {
                return Some(step);
            }
            session.end_ask();
            match core::mem::replace(&mut session.stage, Stage::Over) {
                Stage::Opened => self.open(),
                Stage::Peeking => self.peeked(),
                Stage::Listing => self.listed(),
                Stage::Counting => self.counted(),
                Stage::Probing => self.probed(),
                Stage::Ready => self.choose(),
                Stage::Fetching => self.received(),
                Stage::Staging(fetched) => self.confirm(fetched),
                Stage::Confirming(durable) => self.answered(durable),
                Stage::Settling(recorded) => {
                    let kept = Kept::by_next_step();
                    let published = recorded.into_iter().map(|it| it.published(&kept));
                    self.settled(published.collect());
                }
                Stage::Announcing(deletable) => self.delete(deletable),
                Stage::Quitting(deletable) => self.quitted(&deletable),
                Stage::Over => {
                    let session = self.session.as_mut()?;
                    if session.steps.is_empty() {
                        return None;
                    }
                }
            }
        }
    }

    fn open(&mut self) {
        let unpublished = self.ledger.unpublished().to_vec();
        let recovered = core::mem::replace(&mut self.recovered, true);
        let peek = self.peek();
        let dry_run = self.rules.dry_run;
        let Some(session) = &mut self.session else {
            return;
        };
        if !recovered && !dry_run {
            session.keep(Keep::Recover(unpublished));
        }
        match peek {
            Some(number) => {
                session.ask_all(alloc::vec![Question::Stat, Question::UniqueId(number)]);
                session.stage = Stage::Peeking;
            }
            None => self.list(),
        }
    }

    /// Asks for the listings.
    pub(super) fn list(&mut self) {
        let questions = alloc::vec![Question::Sizes, Question::UniqueIds];
        let Some(session) = &mut self.session else {
            return;
        };
        session.ask_all(questions);
        session.stage = Stage::Listing;
    }

    /// Chooses what to do next in a session without an open batch.
    fn choose(&mut self) {
        let commit = self.commit_batch() as usize;
        let may_return = self.link.may_return();
        let stopping = self.stopping;
        let Some(session) = &mut self.session else {
            return;
        };
        if session.dead.is_some() {
            return;
        }
        if session.refusals >= REFUSALS {
            session.refusals = 0;
            let left = session.fresh.len() + session.suspects.len();
            session.fresh.clear();
            session.suspects.clear();
            session.unresolved();
            if left > 0 {
                self.notes.add_many(Noticed::TooManyRefusals, None, left);
            }
        }
        let waiting = session.deletable.len();
        if stopping {
            return self.finish_session();
        }
        let worth_it = session.octets >= 10 * session.listing_octets();
        if waiting >= commit && worth_it && may_return && !session.fresh.is_empty() {
            return self.announce();
        }
        if !session.fresh.is_empty() || !session.verify.is_empty() {
            return self.fetch();
        }
        // What is stored is deleted first: a message that failed before may end the session.
        if (waiting == 0 || session.suspecting)
            && let Some(suspect) = session.suspects.pop_front()
        {
            session.suspecting = true;
            if session.looks(&suspect) || self.within_limits(&suspect) {
                if let Some(session) = &mut self.session {
                    session.fetch(alloc::vec![suspect]);
                }
            } else if let Some(session) = &mut self.session {
                session.stage = Stage::Ready;
            }
            return;
        }
        self.finish_session();
    }

    /// Ends the session: deletes what may be deleted, and quits.
    fn finish_session(&mut self) {
        self.mark_absent();
        let settled = self.is_settled();
        let Some(session) = &mut self.session else {
            return;
        };
        if !session.deletable.is_empty() {
            self.announce();
        } else if settled {
            session.ask_all(alloc::vec![Question::Stat]);
            session.stage = Stage::Counting;
        } else {
            session.quit();
        }
    }

    /// Asks for the next batch: new messages first, then known ones.
    fn fetch(&mut self) {
        let mut batch = Vec::new();
        while let Some(item) = self.next_item(&batch) {
            batch.push(item);
        }
        let Some(session) = &mut self.session else {
            return;
        };
        if batch.is_empty() {
            // All that were left exceed a limit.
            session.stage = Stage::Ready;
            return;
        }
        session.fetch(batch);
    }

    /// Returns the next message of a batch, as long as it is fetched in the same way.
    fn next_item(&mut self, batch: &[Item]) -> Option<Item> {
        loop {
            let session = self.session.as_mut()?;
            let next = session.fresh.front().or(session.verify.front())?;
            let looks = session.looks(next);
            let most = match (session.single, looks) {
                (true, _) => 1,
                // Perhaps the server refuses all of them.
                (false, true) if session.top.is_none() => REFUSALS,
                (false, true) => HEADERS,
                (false, false) => session.batch,
            };
            let octets = batch.iter().chain([next]).filter_map(|item| item.octets);
            let octets = octets.fold(0, u64::saturating_add);
            let large = !looks && !batch.is_empty() && octets > OCTETS;
            let same = batch
                .first()
                .is_none_or(|first| session.looks(first) == looks);
            if batch.len() >= most || !same || large {
                return None;
            }
            let item = session
                .fresh
                .pop_front()
                .or_else(|| session.verify.pop_front())?;
            if item.task == Task::FetchHeader && session.top == Some(false) {
                session.left_out(&item);
                self.notes
                    .add(Noticed::Message(Why::TooLarge), Some(item.number));
                continue;
            }
            if looks || self.within_limits(&item) {
                return Some(item);
            }
        }
    }

    /// Deals with the messages that came, when all of a batch were asked for.
    fn received(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        session.end_fetch();
        let failed = core::mem::take(&mut session.failed);
        let fetched = core::mem::take(&mut session.fetched);
        let cut = |it: &Fetched| it.cut;
        if session.dead.is_some() && fetched.len() == 1 && fetched.iter().all(cut) {
            // It is not confirmed, so it is stored as it is, and never deleted.
            session.closed_as_usual = true;
        } else if let Some(error) = session.dead.clone() {
            let missing = core::mem::take(&mut session.in_hand);
            let whole = fetched.into_iter().map(|it| (it.item, it.name));
            let items = whole
                .chain(missing.into_iter().map(|item| (item, None)))
                .collect();
            self.failed(failed);
            return self.strike(items, &error);
        }
        if !session.in_hand.is_empty() {
            // The application left the loop over the messages.
            self.stopping = true;
        }
        self.failed(failed);
        let Some(session) = &mut self.session else {
            return;
        };
        session.discard_now();
        if fetched.is_empty() {
            session.stage = Stage::Ready;
            return;
        }
        let names: Vec<_> = fetched
            .iter()
            .filter_map(|it| it.name.as_ref().map(|(_, name)| name.clone()))
            .collect();
        if !names.is_empty() {
            session.keep(Keep::Stage(names));
        }
        session.stage = Stage::Staging(fetched);
    }

    /// Deals with messages that were refused, or that broke off without an end of the session.
    fn failed(&mut self, failed: Vec<(Item, Failure)>) {
        let mut lines = String::new();
        for (mut item, failure) in failed {
            match failure {
                Failure::TopRefused => {
                    item.task = Task::Fetch;
                    if let Some(session) = &mut self.session {
                        session.fresh.push_back(item);
                    }
                }
                Failure::Refused | Failure::Broken => {
                    self.uncount(&item);
                    self.postpone(&item, true, &mut lines);
                }
            }
        }
        if let Some(session) = &mut self.session {
            session.record(lines);
        }
    }

    /// Counts a try of a message that failed, and leaves it for the next run.
    /// A message that may be the cause is asked for after everything else.
    fn postpone(&mut self, item: &Item, cause: bool, lines: &mut String) {
        self.fates.insert(RunKey::of(item), Fate::Failed);
        if let Some(session) = &mut self.session {
            session.unresolved();
        }
        let Some(id) = &item.unique_id else { return };
        let key = crate::sync::table::Key::Id(id.as_bytes());
        let entry = self.ledger.get(id.as_bytes());
        let tries = entry.map_or(0, |entry| entry.tries);
        let suspect = cause || tries > 0;
        let change = Change::Tried(key, tries.saturating_add(1), self.today, suspect);
        self.ledger.apply(&change, lines);
    }

    /// Discards a batch after the session has ended or its confirmation has failed. That does not
    /// say which message is the cause. So all of them are fetched again, one by one.
    fn strike(
        &mut self,
        items: Vec<(Item, Option<(u32, crate::sync::ledger::FetchName)>)>,
        error: &Error,
    ) {
        let mut lines = String::new();
        let Some(session) = &mut self.session else {
            return;
        };
        let (alone, looking) = (session.asked_for == 1, session.looking);
        session.unresolved();
        let learnt = self.learn_from(error, alone, &mut lines);
        for (item, name) in items {
            if let Some(session) = &mut self.session {
                session.discard.extend(name.map(|(_, name)| name));
            }
            let number = Some(item.number);
            if !looking {
                self.uncount(&item);
            }
            if alone && !learnt {
                self.notes.add(Noticed::Failed(error.clone()), number);
                self.postpone(&item, !is_lost(error), &mut lines);
            } else {
                self.notes.add(Noticed::Struck(error.clone()), number);
                if self.applies(Rule::Alone) {
                    self.fates.insert(RunKey::of(&item), Fate::Struck);
                }
                if let Some(session) = &mut self.session {
                    session.struck = true;
                }
            }
        }
        if let Some(session) = &mut self.session {
            session.discard_now();
            session.record(lines);
        }
    }

    /// Remembers what a failed confirmation says about the server. Returns whether the server may be
    /// the cause instead of the message: the next session finds that out.
    fn learn_from(&mut self, error: &Error, alone: bool, lines: &mut String) -> bool {
        let Error::Unconfirmed(why) = error else {
            return false;
        };
        let wrong = matches!(&**why, Unconfirmed::WrongAnswer { .. });
        if !alone && (wrong || matches!(&**why, Unconfirmed::ReplyInMessage { .. })) {
            let mut server = self.ledger.server();
            server.single = Some(self.today);
            self.link.single = true;
            self.ledger.learn_server(server, lines);
        }
        let probed = self.session.as_ref().is_some_and(|session| session.probed);
        self.link.probes |= wrong && !probed;
        wrong && !probed
    }

    /// Asks the server to confirm what was received.
    fn confirm(&mut self, fetched: Vec<Fetched>) {
        let kept = Kept::by_next_step();
        let durable: Vec<_> = fetched.into_iter().map(|it| it.durable(&kept)).collect();
        let server = self.ledger.server();
        let sizes = server.inconsistent_sizes.is_none();
        if self
            .session
            .as_ref()
            .is_some_and(|session| session.dead.is_some())
        {
            // The message ended early, and not for the first time.
            return self.settle_unconfirmed(durable);
        }
        if server.unconfirmable.is_some() {
            let error = Error::from(Unconfirmed::Unsupported(None));
            for message in &durable {
                let number = Some(message.get().item.number);
                let noticed = Noticed::Unconfirmable(error.clone());
                self.notes.add(noticed, number);
            }
            return self.settle_unconfirmed(durable);
        }
        let Some(session) = &mut self.session else {
            return;
        };
        session.confirmation = None;
        session.ask_all(alloc::vec![Question::Confirm { sizes }]);
        session.stage = Stage::Confirming(durable);
    }

    fn answered(&mut self, durable: Vec<Durable>) {
        let Some(session) = &mut self.session else {
            return;
        };
        match session.confirmation.take() {
            Some(Ok(Answer(Reply::Confirmed(confirmed)))) => {
                let proof = Proof::from(&confirmed);
                let confirmed = durable.into_iter().map(|it| it.confirmed(&proof)).collect();
                self.settle(confirmed);
            }
            Some(Err(error)) if !error.is_fatal() => {
                // The server answers no questions at all: see `Confirm`.
                for message in &durable {
                    let number = Some(message.get().item.number);
                    self.notes
                        .add(Noticed::Unconfirmable(error.clone()), number);
                }
                self.settle_unconfirmed(durable);
            }
            result => {
                let error = match &result {
                    Some(Err(error)) => Some(error.clone()),
                    _ => session.dead.clone(),
                };
                session.confirmation = result;
                let alone = session.asked_for == 1;
                let fits = |it: &Durable| {
                    let fetched = it.get();
                    fetched.name.is_some() && fetched.item.octets.is_some() && !is_short(fetched)
                };
                if alone && session.closed_after_message() && durable.iter().all(fits) {
                    for message in &durable {
                        let number = Some(message.get().item.number);
                        self.notes.add(Noticed::ClosedAfter, number);
                    }
                    session.closed_as_usual = true;
                    let mut server = self.ledger.server();
                    server.single = Some(self.today);
                    self.link.single = true;
                    let mut lines = String::new();
                    self.ledger.learn_server(server, &mut lines);
                    session.record(lines);
                    return self.settle_unconfirmed(durable);
                }
                let error = error.unwrap_or_else(|| crate::misuse::Misuse::TicketSpent.into());
                let items = durable.into_iter().map(|it| {
                    let it = it.unconfirmed();
                    (it.item, it.name)
                });
                if session.dead.is_none() {
                    session.dead = Some(error.clone());
                }
                self.strike(items.collect(), &error);
            }
        }
    }

    /// Goes on after a batch was recorded and published.
    fn settled(&mut self, deletable: Vec<Deletable>) {
        let due = deletable.into_iter().filter(|it| {
            let entry = self.ledger.table().get(it.entry());
            entry.is_some_and(|entry| self.context().may_delete(&entry))
                && !self.requested.contains(it.entry())
        });
        let due: Vec<_> = due.collect();
        let Some(session) = &mut self.session else {
            return;
        };
        session.deletable.extend(due);
        session.progress = true;
        if session.dead.is_none() {
            session.stage = Stage::Ready;
        }
    }
}

/// Returns whether the connection was lost. That may have any cause.
pub(super) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Closed(_) | Error::Timeout(_) | Error::Transport(_) | Error::Tls(_) => true,
        Error::Unconfirmed(why) => why.cause().is_some_and(is_lost),
        _ => false,
    }
}

impl Session {
    pub(super) fn keep(&mut self, keep: Keep) {
        self.steps.push_back(Do::Keep(keep));
    }

    /// Appends lines to the ledger, if there are any.
    pub(super) fn record(&mut self, lines: String) {
        if !lines.is_empty() {
            self.keep(Keep::Record(lines));
        }
    }

    /// Removes the staged files that are not needed, if there are any.
    pub(super) fn discard_now(&mut self) {
        let names = core::mem::take(&mut self.discard);
        if !names.is_empty() {
            self.keep(Keep::Discard(names));
        }
    }

    /// Returns about how many octets a login and the listings take.
    fn listing_octets(&self) -> u64 {
        (64 << 10) + 64 * self.messages as u64
    }

    pub(super) fn ask_all(&mut self, questions: Vec<Question>) {
        self.ask(questions.iter().copied());
        self.steps
            .push_back(Do::Ask(questions.into_iter().map(Ask).collect()));
    }

    pub(super) fn quit(&mut self) {
        self.done = true;
        self.ask_all(alloc::vec![Question::Quit]);
        self.stage = Stage::Quitting(Vec::new());
    }

    /// Asks for the messages of a batch.
    fn fetch(&mut self, batch: Vec<Item>) {
        // All of a batch are fetched in the same way.
        self.looking = batch.first().is_some_and(|item| self.looks(item));
        let gets = batch.iter().map(|item| Get {
            number: item.number,
            header_only: item.task == Task::FetchHeader || self.looking,
        });
        self.steps.push_back(Do::Fetch(gets.collect()));
        self.asked_for = batch.len();
        self.in_hand = batch.into();
        self.stage = Stage::Fetching;
    }

    /// Makes the next batch larger: one message, one again, then twice as many each time. So a run
    /// that is killed early has stored something.
    pub(super) fn grow(&mut self) {
        self.batch = match self.batches {
            0 => 1,
            _ => (2 * self.batch).min(MESSAGES),
        };
        self.batches += 1;
    }
}
