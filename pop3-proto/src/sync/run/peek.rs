//! The short way for a mailbox in which nothing has changed: `STAT` and the last unique-id instead of
//! the whole listing. That is a hint and not a proof, so there is a whole listing at least once a day.

use alloc::string::String;

use super::Run;
use crate::sync::ledger::Settled;
use crate::sync::rules::Delete;
use crate::types::MessageNumber;

/// How many messages a mailbox has at least, for the short way to save anything.
const WORTH_IT: usize = 100;

impl Run {
    /// Returns the message to ask about if a whole listing may not be needed.
    pub(super) fn peek(&self) -> Option<MessageNumber> {
        let settled = self.ledger.settled()?;
        let same_day = settled.day == self.today;
        let first = self.link.sessions == 1;
        let wants_nothing = self.rules.delete == Delete::Never && !self.rules.dry_run;
        // What was left out because of other rules was not settled.
        (same_day && first && wants_nothing).then(|| MessageNumber::new(settled.number))?
    }

    /// Decides whether the mailbox is as it was when nothing was left to do.
    pub(super) fn peeked(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        if session.dead.is_some() {
            return;
        }
        let (stat, id) = (session.mailbox.stat.take(), session.last_id.take());
        let same = self.ledger.settled().is_some_and(|settled| {
            let same_id = id.is_some_and(|id| id.as_bytes() == settled.id);
            let same_stat = stat.is_some_and(|stat| {
                u64::from(stat.messages) == settled.messages && stat.octets == Some(settled.octets)
            });
            same_id && same_stat
        });
        if !same {
            return self.list();
        }
        if let Some(stat) = stat {
            self.report.known = stat.messages as usize;
        }
        session.quit();
    }

    /// Returns whether nothing is left to do in a mailbox that is so large that it is worth to
    /// recognize it.
    pub(super) fn is_settled(&self) -> bool {
        let Some(session) = &self.session else {
            return false;
        };
        let nothing_left = session.fresh.is_empty()
            && session.verify.is_empty()
            && session.suspects.is_empty()
            && session.deletable.is_empty();
        let by_size = self.rules.headers_above.is_some();
        let mailbox = &session.mailbox;
        let large = mailbox.len() >= WORTH_IT && mailbox.unique_ids.is_some();
        nothing_left && session.settled && large && !by_size && !self.stopping
    }

    /// Records how the mailbox is, in which nothing is left to do.
    pub(super) fn counted(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        if session.dead.is_some() {
            session.done = true;
            return;
        }
        let mailbox = &session.mailbox;
        let stat = mailbox.stat.and_then(|stat| {
            let last = MessageNumber::new(stat.messages)?;
            let entry = mailbox.unique_ids.as_ref()?.get(last)?;
            Some(Settled {
                messages: stat.messages.into(),
                octets: stat.octets?,
                number: last.get(),
                id: entry.unique_id?.as_bytes().to_vec(),
                day: self.today,
            })
        });
        let mut lines = String::new();
        if let Some(settled) = stat {
            self.ledger.set_settled(&settled, &mut lines);
        }
        session.record(lines);
        session.quit();
    }
}
