//! What becomes of a batch that was received: it is recognized, or recorded and published.

use alloc::string::String;
use alloc::vec::Vec;

use super::session::Stage;
use super::{Choice, Keep, Preview, Run};
use crate::sync::chain::{Confirmed, Durable, Fetched, Recorded};
use crate::sync::change::Change;
use crate::sync::entry::{Entry, Kept, Presence, size};
use crate::sync::headers::Headers;
use crate::sync::ledger::FetchName;
use crate::sync::plan::{Item, Task, Why};
use crate::sync::report::Noticed;
use crate::sync::rule::Rule;
use crate::sync::table::Handle;

/// How many confirmed messages must be shorter than listed by the same number of octets, so that this
/// counts as the way in which the server counts.
const SURPLUS_MESSAGES: u32 = 3;

/// The largest difference that is learnt.
const MAX_SURPLUS: u32 = 3;

/// What a batch changes.
#[derive(Default)]
struct Settlement {
    lines: String,
    publish: Vec<FetchName>,
    discard: Vec<FetchName>,
}

/// What was found out about a message.
enum Found {
    /// It is the message of this entry.
    Same(Handle),
    /// It was stored as this entry.
    Stored(Handle),
    /// It has to be fetched.
    Wanted,
}

impl Run {
    /// Settles a batch that is confirmed.
    pub(super) fn settle(&mut self, confirmed: Vec<Confirmed>) {
        let mut settlement = self.begin_settlement();
        self.learn_surplus(&confirmed, &mut settlement);
        let mut recorded = Vec::new();
        for message in confirmed {
            match self.find(message.get(), true, &mut settlement) {
                Found::Same(entry) | Found::Stored(entry) => {
                    // A message that failed before is verified by another run before it is deleted.
                    let item = &message.get().item;
                    if !(item.suspect && matches!(item.why, Why::Failed(_))) {
                        recorded.push(message.recorded(entry));
                    }
                }
                Found::Wanted => {}
            }
        }
        if let Some(session) = &mut self.session {
            session.grow();
        }
        self.end_settlement(settlement, recorded);
    }

    /// Settles a batch that cannot be confirmed: it is stored, and cannot be deleted.
    pub(super) fn settle_unconfirmed(&mut self, durable: Vec<Durable>) {
        let mut settlement = self.begin_settlement();
        for message in durable {
            self.find(&message.unconfirmed(), false, &mut settlement);
        }
        if let Some(session) = &mut self.session {
            session.grow();
        }
        self.end_settlement(settlement, Vec::new());
    }

    fn begin_settlement(&mut self) -> Settlement {
        let mut settlement = Settlement::default();
        self.ledger
            .apply(&Change::Run(&self.token), &mut settlement.lines);
        settlement
    }

    fn end_settlement(&mut self, settlement: Settlement, recorded: Vec<Recorded>) {
        let Settlement {
            lines,
            publish,
            discard,
        } = settlement;
        let Some(session) = &mut self.session else {
            return;
        };
        session.discard.extend(discard);
        session.discard_now();
        session.record(lines);
        if !publish.is_empty() {
            session.keep(Keep::Publish(publish));
        }
        session.stage = Stage::Settling(recorded);
    }

    /// Finds out what a message is, and stores it if it is new.
    fn find(&mut self, fetched: &Fetched, confirmed: bool, to: &mut Settlement) -> Found {
        let item = &fetched.item;
        let found = match item.entry {
            _ if item.task == Task::FetchHeader => None,
            Some(entry) => self.same_as_entry(entry, fetched, confirmed, to),
            None if item.by_content => self.same_as_any(fetched, to),
            None => None,
        };
        if let Some(entry) = found {
            self.recognized(entry, fetched, to);
            if confirmed {
                self.completed(entry, fetched, to);
            }
            return Found::Same(entry);
        }
        if fetched.name.is_none() {
            // Only its header was looked at.
            if self.rules.adopt && item.entry.is_none() {
                self.report.known += 1;
                self.take_note(fetched, Kept::Elsewhere, to);
                return Found::Wanted;
            }
            let only_header = item.entry.is_none() && self.is_above_headers(item);
            let task = match self.judge(fetched, confirmed) {
                Choice::Fetch if only_header => Task::FetchHeader,
                Choice::Fetch => Task::Fetch,
                Choice::FetchHeader => Task::FetchHeader,
                Choice::Decline => {
                    self.take_note(fetched, Kept::Declined, to);
                    self.notes.add(Noticed::Declined, Some(item.number));
                    return Found::Wanted;
                }
            };
            if let Some(session) = &mut self.session {
                session.fresh.push_back(Item {
                    task,
                    ..item.clone()
                });
                if item.entry.is_some() {
                    self.progress.of_messages += 1;
                    self.progress.of_octets += item.octets.unwrap_or(0);
                }
            }
            return Found::Wanted;
        }
        Found::Stored(self.store(fetched, confirmed, to))
    }

    /// Returns whether only the header of a new message is stored, because of its size.
    fn is_above_headers(&self, item: &Item) -> bool {
        let limit = self.rules.headers_above;
        limit.is_some_and(|limit| item.octets.is_some_and(|octets| octets > limit))
    }

    /// Asks the filter about a new message. Without a confirmation, its header proves nothing.
    fn judge(&mut self, fetched: &Fetched, confirmed: bool) -> Choice {
        let item = &fetched.item;
        match &mut self.filter {
            Some(filter) if confirmed && item.entry.is_none() => (filter.0)(&Preview {
                number: item.number,
                unique_id: item.unique_id.clone(),
                octets: item.octets,
                header: fetched.text.clone(),
            }),
            _ => Choice::Fetch,
        }
    }

    /// Records a message that is not fetched.
    fn take_note(&mut self, fetched: &Fetched, kept: Kept, to: &mut Settlement) {
        let (item, content) = (&fetched.item, &fetched.content);
        let mut entry = Entry::new(kept, self.today).with_content(content, item.octets);
        entry.received = None;
        let id = item.unique_id.as_ref().map(|id| id.as_bytes());
        let change = Change::Stored {
            id,
            entry: &entry,
            name: None,
        };
        let handle = self.ledger.store(&change, &mut to.lines);
        if let Some(session) = &mut self.session {
            session.taken.insert(handle);
        }
    }

    /// Returns the entry if the message is still the one that it describes.
    fn same_as_entry(
        &mut self,
        handle: Handle,
        fetched: &Fetched,
        confirmed: bool,
        to: &mut Settlement,
    ) -> Option<Handle> {
        let entry = self.ledger.table().get(handle)?;
        let (item, content) = (&fetched.item, &fetched.content);
        let same_header = entry.header == Some(content.header);
        if fetched.name.is_none() {
            let listed = size(item.octets);
            let same_size = listed.is_none() || entry.listed.is_none() || listed == entry.listed;
            return (same_header && same_size).then_some(handle);
        }
        let short = is_short(fetched);
        if entry.kept == Kept::Header {
            // Even if the header is all there is, it counts as whole only now.
            if entry.header.is_some() && !same_header {
                self.notes.add(Noticed::Reused, Some(item.number));
            }
            return None;
        }
        if entry.whole == Some(content.whole) {
            let again = match entry.kept {
                Kept::Short => short,
                Kept::Cut => fetched.cut,
                Kept::Unconfirmed => !confirmed,
                _ => false,
            };
            if again {
                self.tried(handle, &entry, to);
            }
            return Some(handle);
        }
        let better = entry
            .received
            .is_none_or(|octets| u64::from(octets) < content.octets);
        if same_header && short && !better && self.applies(Rule::Longer) {
            // A short copy never replaces a whole one, nor a longer one.
            self.tried(handle, &entry, to);
            return Some(handle);
        }
        if entry.header.is_some() && !same_header {
            self.notes.add(Noticed::Reused, Some(item.number));
        }
        None
    }

    fn tried(&mut self, handle: Handle, entry: &Entry, to: &mut Settlement) {
        let tries = entry.tries.saturating_add(1);
        self.ledger
            .set_tries(handle, tries, self.today, &mut to.lines);
    }

    /// Returns the entry of a message that is listed under no unique-id, if there is one with the
    /// same content.
    fn same_as_any(&mut self, fetched: &Fetched, to: &mut Settlement) -> Option<Handle> {
        let (item, content) = (&fetched.item, &fetched.content);
        let untaken = self.applies(Rule::Untaken);
        // Its text is not wanted, so it cannot be compared.
        let only_header = self.is_above_headers(item);
        let table = self.ledger.table();
        let session = self.session.as_mut()?;
        let taken = |handle| untaken && session.taken.contains(handle);
        let headers = session
            .headers
            .get_or_insert_with(|| Headers::new(table, |handle, _| !taken(handle)));
        let listed = size(item.octets);
        let whole = fetched.name.is_some();
        let same = |handle: &&Handle| {
            let Some(entry) = table.get(**handle) else {
                return false;
            };
            let same = if whole {
                entry.whole == Some(content.whole)
            } else {
                // A message that should be gone is rather a new one with the same header.
                item.task == Task::Compare
                    && (entry.presence == Presence::Listed || only_header)
                    && (listed.is_none() || entry.listed.is_none() || listed == entry.listed)
            };
            same && !taken(**handle)
        };
        let alike = headers.get(content.header);
        if !whole && !only_header && headers.is_ambiguous(content.header) {
            // Several messages have this header, so it does not say which one this is.
            return None;
        }
        let handle = *alike.iter().find(same)?;
        session.taken.insert(handle);
        if untaken {
            headers.remove(content.header, handle);
        }
        if let Some(id) = &item.unique_id {
            self.ledger.rename(handle, id.as_bytes(), &mut to.lines);
        }
        Some(handle)
    }

    /// Records that a message was recognized.
    fn recognized(&mut self, handle: Handle, fetched: &Fetched, to: &mut Settlement) {
        self.ledger.set_present(handle, &mut to.lines);
        if fetched.item.octets.is_some() {
            self.ledger
                .set_listed(handle, size(fetched.item.octets), &mut to.lines);
        }
        to.discard
            .extend(fetched.name.as_ref().map(|(_, name)| name.clone()));
        if self.counted.insert(handle) {
            self.report.known += 1;
        }
        if fetched.item.entry.is_none() {
            self.progress.messages += 1;
        }
    }

    /// Records that a message is whole that seemed to be short, or was not confirmed before.
    fn completed(&mut self, handle: Handle, fetched: &Fetched, to: &mut Settlement) {
        let Some(entry) = self.ledger.table().get(handle) else {
            return;
        };
        let open = matches!(entry.kept, Kept::Short | Kept::Unconfirmed);
        let whole = fetched.name.is_some() && !fetched.cut && !is_short(fetched);
        let same = entry.whole == Some(fetched.content.whole);
        if let Some(id) = fetched
            .item
            .unique_id
            .as_ref()
            .filter(|_| open && whole && same)
        {
            let entry = &Entry {
                kept: Kept::Whole,
                ..entry
            };
            let change = Change::Stored {
                id: Some(id.as_bytes()),
                entry,
                name: None,
            };
            self.ledger.apply(&change, &mut to.lines);
        }
    }

    /// Records a message as stored, and publishes its file.
    fn store(&mut self, fetched: &Fetched, confirmed: bool, to: &mut Settlement) -> Handle {
        let (item, content) = (&fetched.item, &fetched.content);
        let id = item.unique_id.as_ref().map(|id| id.as_bytes());
        let old = id.and_then(|id| self.ledger.get(id));
        // A message that could not be fetched before was first seen then.
        let first_seen = old
            .filter(|old| {
                matches!(
                    old.kept,
                    Kept::Nothing | Kept::Header | Kept::Short | Kept::Cut
                )
            })
            .filter(|old| old.header.is_none_or(|header| header == content.header))
            .map_or(self.today, |old| old.first_seen);
        let kept = match item.task {
            Task::FetchHeader => Kept::Header,
            _ if fetched.cut => Kept::Cut,
            _ if is_short(fetched) => Kept::Short,
            _ if confirmed => Kept::Whole,
            _ => Kept::Unconfirmed,
        };
        let mut entry = Entry::new(kept, first_seen).with_content(content, item.octets);
        if kept == Kept::Header {
            (entry.received, entry.whole) = (None, Some(content.whole));
        }
        if kept == Kept::Short {
            let surplus = entry.surplus();
            if self.context().accepts_size(&entry) {
                entry.kept = if confirmed {
                    Kept::Whole
                } else {
                    Kept::Unconfirmed
                };
            } else if surplus > 0 {
                self.notes.add(Noticed::Short, Some(item.number));
            }
        }
        let name = fetched.name.as_ref();
        let change = Change::Stored {
            id,
            entry: &entry,
            name: name.map(|(number, _)| *number),
        };
        let handle = self.ledger.store(&change, &mut to.lines);
        to.publish.extend(name.map(|(_, name)| name.clone()));
        if let Some(session) = &mut self.session {
            session.taken.insert(handle);
        }
        self.counted.insert(handle);
        self.report.fetched += 1;
        self.report.octets += content.octets;
        self.progress.messages += 1;
        handle
    }

    /// Learns in the server's listing a constant number of octets too many.
    fn learn_surplus(&mut self, confirmed: &[Confirmed], to: &mut Settlement) {
        for message in confirmed {
            let fetched = message.get();
            let whole = fetched.name.is_some() && fetched.item.task == Task::Fetch;
            let (Some(listed), true) = (fetched.item.octets, whole) else {
                continue;
            };
            let surplus = listed.saturating_sub(fetched.content.octets);
            let surplus = u32::try_from(surplus).unwrap_or(u32::MAX);
            self.link.surplus = match self.link.surplus {
                Some((_, 0)) if (1..=MAX_SURPLUS).contains(&surplus) => Some((surplus, 1)),
                Some((before, count)) if before == surplus => Some((before, count + 1)),
                _ => None,
            };
        }
        let mut server = self.ledger.server();
        if self.link.surplus.is_none() && server.surplus != 0 {
            // Some message contradicts it.
            server.surplus = 0;
            self.ledger.learn_server(server, &mut to.lines);
        }
        if let Some((surplus @ 1.., SURPLUS_MESSAGES..)) = self.link.surplus
            && server.surplus != surplus
        {
            server.surplus = surplus;
            self.ledger.learn_server(server, &mut to.lines);
            self.notes.add_many(Noticed::Surplus(surplus), None, 0);
        }
    }

    /// Counts a message that is about to be fetched. Returns false if it exceeds a limit of the
    /// rules: then it is left for the next run.
    pub(super) fn within_limits(&mut self, item: &Item) -> bool {
        let size = item.octets.unwrap_or(0);
        let messages = self.link.fetched_messages.saturating_add(1);
        let octets = self.link.fetched_octets.saturating_add(size);
        let over = self
            .rules
            .max_messages
            .is_some_and(|limit| messages > limit)
            || self
                .rules
                .max_octets
                .is_some_and(|limit| octets > limit && messages > 1);
        if over {
            self.notes
                .add(Noticed::Message(Why::OverLimit), Some(item.number));
            if let Some(session) = &mut self.session {
                session.left_out(item);
            }
            return false;
        }
        (self.link.fetched_messages, self.link.fetched_octets) = (messages, octets);
        true
    }

    /// Takes back the count of a message that was not received. Otherwise it would use up the limit
    /// of each run, and no other message would ever be fetched.
    pub(super) fn uncount(&mut self, item: &Item) {
        let size = item.octets.unwrap_or(0);
        self.link.fetched_messages = self.link.fetched_messages.saturating_sub(1);
        self.link.fetched_octets = self.link.fetched_octets.saturating_sub(size);
    }
}

/// Returns whether a message has fewer octets than listed, even if each bare LF is listed as two.
pub(super) fn is_short(fetched: &Fetched) -> bool {
    let content = &fetched.content;
    fetched
        .item
        .octets
        .is_some_and(|listed| content.octets + content.bare < listed)
}
