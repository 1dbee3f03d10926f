//! After the listings: the plan, and what the ledger learns from it.

use alloc::string::String;

use super::Run;
use super::session::Stage;
use crate::listing::{Entries, ListingEntry};
use crate::sync::ask::Question;
use crate::sync::change::Change;
use crate::sync::entry::{Entry, Kept, Presence, size};
use crate::sync::mailbox::Mailbox;
use crate::sync::plan::{Plan, Task, Why};
use crate::sync::report::Noticed;
use crate::sync::table::Handle;
use crate::verb::Verb;

impl Run {
    /// Makes the plan when the listings were answered.
    pub(super) fn listed(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        if session.dead.is_some() {
            return;
        }
        let both = session.mailbox.sizes.is_some() && session.mailbox.unique_ids.is_some();
        if !both && !core::mem::replace(&mut session.stat_asked, true) {
            // Some servers refuse to list an empty mailbox.
            session.ask_all(alloc::vec![Question::Stat]);
            session.stage = Stage::Listing;
            return;
        }
        session.listed = true;
        if !session.mailbox.is_known() {
            // Neither STAT nor LIST nor UIDL was answered.
            let refused = session.unlisted.pop().map(|(_, error)| error);
            session.quit();
            session.done = false;
            self.report.error = refused;
            self.report.failed = true;
            return;
        }
        if !session.mailbox.is_empty() {
            for (verb, error) in core::mem::take(&mut session.unlisted) {
                self.notes.add_many(Noticed::Unlisted(verb, error), None, 0);
            }
        }
        let mailbox = core::mem::take(&mut session.mailbox);
        if let Some(sizes) = &mailbox.sizes {
            self.malformed(Verb::List, sizes);
        }
        if let Some(ids) = &mailbox.unique_ids {
            self.malformed(Verb::Uidl, ids);
        }
        session_with(self, mailbox);
        if self.link.probes {
            return self.probe();
        }
        self.make_plan();
    }

    /// Makes the plan of the session.
    pub(super) fn make_plan(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        let mailbox = core::mem::take(&mut session.mailbox);
        let plan = Plan::within(&mailbox, &self.context());
        session_with(self, mailbox);
        self.adopt_plan(plan);
    }

    /// Notes that lines of a listing were skipped.
    fn malformed<E: ListingEntry>(&mut self, verb: Verb, listing: &Entries<E>) {
        if let Some(line) = listing.malformed_line() {
            let lines = listing.malformed_lines();
            let noticed = Noticed::MalformedLines(verb, line.clone());
            self.notes.add_many(noticed, None, lines);
        }
    }

    fn adopt_plan(&mut self, mut plan: Plan) {
        if self.rules.dry_run {
            self.report.known = plan.known();
            self.report.plan = Some(plan);
            if let Some(session) = &mut self.session {
                session.quit();
            }
            return;
        }
        let mut lines = String::new();
        let mut absent = core::mem::take(&mut plan.absent);
        if !plan.items().iter().any(|item| item.by_content) {
            for handle in core::mem::take(&mut absent) {
                self.gone(handle, &mut lines);
            }
        }
        for handle in core::mem::take(&mut plan.forgotten) {
            self.ledger.forget(handle, &mut lines);
        }
        if !core::mem::replace(&mut self.planned, true) {
            self.report.known += plan.known();
        }
        let items = plan.take_items();
        let today = self.today;
        let Some(session) = &mut self.session else {
            return;
        };
        session.taken = core::mem::take(&mut plan.listed);
        // Some of them may be listed by another unique-id, or by none.
        session.absent = absent;
        if plan.incomplete {
            session.unresolved();
        }
        for item in items {
            match (item.task, item.why) {
                (Task::Leave, why) => {
                    self.notes.add(Noticed::Message(why), Some(item.number));
                    session.left_out(&item);
                    continue;
                }
                (Task::Adopt, _) => {
                    let mut entry = Entry::new(Kept::Elsewhere, today);
                    entry.listed = size(item.octets);
                    let id = item.unique_id.as_ref().map(|id| id.as_bytes());
                    let change = Change::Stored {
                        id,
                        entry: &entry,
                        name: None,
                    };
                    self.ledger.apply(&change, &mut lines);
                    self.report.known += 1;
                    continue;
                }
                (_, Why::NoId | Why::SharedId | Why::IdsAreNumbers | Why::StillThere(_)) => {
                    self.notes
                        .add(Noticed::Message(item.why), Some(item.number));
                }
                _ => {}
            }
            session.settled &= item.unique_id.is_some();
            let known = item.entry.is_some() && item.task == Task::Compare;
            if !known {
                self.progress.of_messages += 1;
                self.progress.of_octets += item.octets.unwrap_or(0);
            }
            let queue = if item.suspect {
                &mut session.suspects
            } else if known {
                &mut session.verify
            } else {
                &mut session.fresh
            };
            queue.push_back(item);
        }
        session.record(lines);
        session.stage = Stage::Ready;
    }

    /// Records that an entry is not listed any more. A message that was never stored is lost.
    fn gone(&mut self, handle: Handle, lines: &mut String) {
        let entry = self.ledger.table().get(handle);
        if entry.is_some_and(|entry| entry.kept == Kept::Nothing) {
            self.notes.add(Noticed::Gone, None);
        }
        self.ledger.set_absent(handle, self.today, lines);
    }

    /// Records which messages are not listed any more, as far as that depends on the content of
    /// others, if each of these was recognized or stored.
    pub(super) fn mark_absent(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        let nothing_left =
            session.fresh.is_empty() && session.verify.is_empty() && session.suspects.is_empty();
        if !session.resolved || !nothing_left || !session.mailbox.is_known() {
            return;
        }
        let table = self.ledger.table();
        let absent = table.iter().filter(|(handle, entry)| {
            table.id(*handle).is_none()
                && entry.presence == Presence::Listed
                && !session.taken.contains(*handle)
        });
        let mut absent: alloc::vec::Vec<_> = absent.map(|(handle, _)| handle).collect();
        let with_id = core::mem::take(&mut session.absent);
        absent.extend(with_id.iter().filter(|at| !session.taken.contains(**at)));
        let mut lines = String::new();
        for handle in absent {
            self.gone(handle, &mut lines);
        }
        if let Some(session) = &mut self.session {
            session.record(lines);
        }
    }
}

/// Keeps what the session has listed.
fn session_with(run: &mut Run, mailbox: Mailbox) {
    if let Some(session) = &mut run.session {
        session.messages = mailbox.len();
        session.mailbox = mailbox;
    }
}
