//! The checker: what must be true of a history, and what is excused.
//!
//! The excuses, each with its reason:
//!
//! * A message is stored twice if the server gives it a new unique-id while it is not known whether
//!   it was deleted: equal copies must not be taken for one another.
//! * A message with the same header, size and unique-id (or no unique-id that identifies) as one that
//!   is stored counts as that one, if the server supports `TOP`: the client sees no difference. It
//!   need not be stored.
//! * An equal copy that arrives when the first one is gone need not be stored: the content is. The
//!   same is true of copies without unique-ids that are fetched in one run each.
//! * A file with a part of a message may be published if the server has cut that message and
//!   confirmed it, or has cut it in two runs; and the header alone if the rules ask for it.
//! * A message that the server withholds until the end need not be stored, nor deleted.
//! * A message that a server without answers to questions has sent is stored, and never deleted.
//! * Text that is forged may be published if such a server cannot be asked.

use pop3_proto::sync::{Day, Delete};

use super::fault::{Event, Fault};
use super::mail::{FORGED, Message, Population, SAME_HEADER, Text};
use super::scenario::{LARGE, Schedule};
use super::world::World;

impl World {
    /// Returns how many published files have this text.
    fn stored(&self, text: &str) -> usize {
        self.store
            .published
            .iter()
            .filter(|file| file.text == text)
            .count()
    }

    /// Returns how many messages with this text were ever in the maildrop.
    fn ever(&self, text: Text) -> usize {
        self.server.ever.iter().filter(|it| it.text == text).count()
    }

    /// Returns how many messages with this text are not in the maildrop any more, and were not
    /// deleted by another client.
    fn deleted(&self, text: Text) -> usize {
        let is = |it: &&Message| it.text == text;
        let ever = self.ever(text);
        let there = self.server.messages.iter().filter(is).count();
        let taken = |it: &&Message| is(it) && self.server.taken.contains(&it.serial);
        ever - there - self.server.ever.iter().filter(taken).count()
    }

    /// Returns whether a message may count as another one that is stored.
    fn is_excused(&self, text: Text) -> bool {
        // It has the unique-id, or no unique-id, and header and size of another message.
        let event = self.scenario.event;
        let reused = event == Event::ReusesIdAndHeader;
        let renumbered = self.scenario.population == Population::SameHeader
            && matches!(event, Event::OtherDeletes | Event::Renumbers);
        text == SAME_HEADER && (reused || renumbered)
    }

    /// Returns how many files with this text are needed if this many messages with it are gone.
    fn needed(&self, text: Text, gone: usize) -> usize {
        let first = self.scenario.population.texts();
        let together = first.iter().filter(|it| **it == text).count().max(1);
        let one_each = self.scenario.schedule == Schedule::OneEach;
        let together = match one_each && self.scenario.fault.hides_ids() {
            true => 1,
            false => together,
        };
        gone.min(together)
    }

    /// Checks that the server may delete this message, which was just removed.
    pub(super) fn check_deletion(&mut self, message: &Message) {
        let rules = self.scenario.rules(self.runs, None);
        let age = Day::new(self.day).since(message.arrived);
        let allowed = match rules.delete {
            Delete::Never => false,
            Delete::WhenStored => true,
            Delete::AfterDays(days) => age >= days,
        };
        if !allowed {
            self.violate(|| format!("{message:?} is deleted against the rules"));
        }
        self.check_stored(message.text);
    }

    fn check_stored(&mut self, text: Text) {
        let needed = self.needed(text, self.deleted(text));
        if self.stored(text.whole) < needed && !self.is_excused(text) {
            self.violate(|| format!("{text:?} is deleted and not stored"));
        }
    }

    /// Returns whether this message has to be stored in the end.
    fn must_store(&self, message: &Message) -> bool {
        let scenario = &self.scenario;
        let withheld = scenario.lasting && scenario.fault.withholds(message.serial);
        let large = message.text.octets() as u64 > LARGE;
        // Some of these faults make a message larger than it is.
        let large = large || matches!(scenario.fault, Fault::TooLarge(at) if at == message.serial);
        let large = large || matches!(scenario.fault, Fault::Surplus(_) | Fault::OtherSizes);
        let header = scenario.schedule == Schedule::Headers && large;
        !withheld && !header && !self.is_excused(message.text)
    }

    /// Returns whether this message has to be deleted in the end.
    fn must_delete(&self, message: &Message) -> bool {
        let fault = self.scenario.fault;
        let kept =
            fault.spares(message.serial) || (self.scenario.lasting && fault.keeps(message.serial));
        self.scenario.last_delete() != Delete::Never && self.must_store(message) && !kept
    }

    /// Returns whether everything that is to be done is done.
    pub(super) fn is_done(&self) -> bool {
        self.undone().is_none()
    }

    fn undone(&self) -> Option<String> {
        for message in &self.server.messages {
            let text = message.text;
            let is = |it: &&Message| it.text == text && self.must_store(it);
            let there = self.server.messages.iter().filter(is).count();
            if self.must_store(message)
                && self.stored(text.whole) < self.needed(text, there + self.deleted(text))
            {
                return Some(format!("{message:?} is not stored"));
            }
            if self.must_delete(message) {
                return Some(format!("{message:?} is not deleted"));
            }
        }
        None
    }

    /// Checks a history that has come to its end.
    pub(super) fn check(&mut self) {
        let texts: Vec<_> = self.server.ever.iter().map(|it| it.text).collect();
        for text in texts {
            self.check_stored(text);
        }
        if let Some(undone) = self.undone() {
            self.violate(|| format!("in the end, {undone}"));
        }
        let mut junk = None;
        for file in &self.store.published {
            let count = self.stored(&file.text);
            let ever = self
                .server
                .ever
                .iter()
                .filter(|it| it.text.whole == file.text)
                .count();
            if count > ever && !self.may_be_published(&file.text, count) {
                junk = Some(format!("{:?} is published {count} times", file.text));
            }
        }
        if let Some(junk) = junk {
            self.violate(|| junk);
        }
    }

    /// Returns whether a file that is no message may be published.
    fn may_be_published(&self, text: &str, count: usize) -> bool {
        let messages = || self.server.ever.iter();
        let fault = self.scenario.fault;
        let cuts = |it: &&Message| match fault {
            Fault::Cut(_) | Fault::Surplused(_) => true,
            // A short copy never replaces a whole one.
            Fault::CutLater(_) => self.stored(it.text.whole) < self.ever(it.text),
            _ => false,
        };
        let half = messages().filter(|it| it.text.half() == text);
        let cut = count <= half.filter(cuts).count();
        let header = messages().filter(|it| it.text.header() == text).count();
        let headers = matches!(
            self.scenario.schedule,
            Schedule::Headers | Schedule::HeadersThenWhole
        );
        let again = messages()
            .filter(|it| it.text.whole == text || it.text.header() == text)
            .count();
        let renumbered = self.scenario.event == Event::Renumbers
            && self.scenario.rules(1, None).delete != Delete::Never
            && count <= 2 * again;
        let forged = text == FORGED.whole && fault == Fault::Unconfirmable;
        cut || (headers && count <= header) || forged || renumbered
    }
}
