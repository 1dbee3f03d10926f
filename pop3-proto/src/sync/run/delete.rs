//! The end of a session that deletes: what is recorded before the deletions are requested, and after
//! the reply to `QUIT`.

use alloc::string::String;
use alloc::vec::Vec;

use super::Run;
use super::session::{Stage, noticed};
use crate::reply::QuitOutcome;
use crate::sync::ask::Question;
use crate::sync::chain::Deletable;
use crate::sync::change::Change;
use crate::sync::report::Noticed;
use crate::sync::rule::Rule;

impl Run {
    /// Records that deletions are about to be requested: some servers commit them even if the
    /// connection drops.
    pub(super) fn announce(&mut self) {
        let mut lines = String::new();
        let Some(session) = &mut self.session else {
            return;
        };
        let deletable = core::mem::take(&mut session.deletable);
        for message in &deletable {
            if self.left_out != Some(Rule::Once) {
                self.requested.insert(message.entry());
            }
            self.ledger
                .set_deleting(message.entry(), self.today, &mut lines);
        }
        session.record(lines);
        session.stage = Stage::Announcing(deletable);
    }

    pub(super) fn delete(&mut self, deletable: Vec<Deletable>) {
        let Some(session) = &mut self.session else {
            return;
        };
        let deletions = deletable.iter().map(|it| Question::Delete(it.number()));
        session.ask_all(deletions.chain([Question::Quit]).collect());
        session.stage = Stage::Quitting(deletable);
    }

    /// Records the outcome of `QUIT`.
    pub(super) fn quitted(&mut self, deletable: &[Deletable]) {
        let Some(session) = &mut self.session else {
            return;
        };
        let deletions = core::mem::take(&mut session.deletions);
        let outcome = session.quit.clone();
        if deletable.is_empty() {
            session.dead = None;
            return;
        }
        let mut lines = String::new();
        let mut accepted = 0;
        let answered = deletions.len();
        for (message, result) in deletable.iter().zip(deletions) {
            match result {
                Ok(()) => accepted += 1,
                Err(error) if error.is_fatal() => {}
                Err(error) => {
                    self.notes.add(noticed(error), Some(message.number()));
                    self.ledger.set_present(message.entry(), &mut lines);
                }
            }
        }
        match outcome {
            Some(QuitOutcome::Committed(_)) => {
                self.ledger.apply(&Change::Committed, &mut lines);
                self.report.deleted += accepted;
                session.done = true;
                session.progress = true;
            }
            outcome => {
                let reply = match outcome {
                    Some(QuitOutcome::Refused(reply)) => Some(reply),
                    _ => None,
                };
                let unknown = accepted + (deletable.len() - answered);
                self.notes
                    .add_many(Noticed::DeletionUnknown(reply), None, unknown);
            }
        }
        session.record(lines);
    }
}
