//! The plan: what to do with each message of a mailbox, and why.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::day::Day;
use super::entry::{Entry, Kept, Presence, size};
use super::ids::Ids;
use super::ledger::Ledger;
use super::mailbox::{Listed, Mailbox};
use super::places::Places;
use super::rules::{Delete, Rules};
use super::table::Handle;
use crate::types::{MessageNumber, UniqueId};

/// What is done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// It is fetched and stored.
    Fetch,
    /// Only its header is fetched and stored.
    FetchHeader,
    /// Its header is compared with the ledger. It is fetched if it is another message.
    Compare,
    /// Its header is passed to the filter ([`Run::set_filter`](super::Run::set_filter)), which
    /// decides whether it is fetched.
    Preview,
    /// It is recorded as known, and not fetched.
    Adopt,
    /// Nothing.
    Leave,
}

/// Why it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Why {
    /// The message is new.
    New,
    /// Its unique-id is missing in the reply to `UIDL`, or the server does not support `UIDL`.
    NoId,
    /// Another message has the same unique-id.
    SharedId,
    /// All unique-ids are the numbers of the messages: they do not identify anything.
    IdsAreNumbers,
    /// Its unique-id is new, but it may be a message that is not listed under its former one: the
    /// server may have renumbered the mailbox.
    Renumbered,
    /// The unique-id was absent, or the message was deleted. It may be another message now.
    CameBack,
    /// The message is still listed after this many deletions that the server committed. It may be
    /// another message.
    StillThere(u8),
    /// The unique-id is known, but with another size: it was reused for another message.
    OtherSize,
    /// The message was stored with fewer octets than listed. Another fetch may get all of it.
    Short,
    /// It is stored and to be deleted, but it was never confirmed.
    Unconfirmed,
    /// It could not be fetched before.
    Failed(u8),
    /// It is known and is to be deleted. First its header is compared.
    Delete,
    /// Only the header was wanted so far.
    HeaderOnly,
    /// It could not be fetched in several runs. It is tried again later.
    Quarantined(u8),
    /// It is larger than the rules allow.
    TooLarge,
    /// The limit of the run is reached.
    OverLimit,
    /// `LIST` names it, but `UIDL` does not.
    NotInUidl,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::New => "new",
            Self::NoId => "it has no unique-id",
            Self::SharedId => "another message has the same unique-id",
            Self::IdsAreNumbers => "the unique-ids are the message numbers",
            Self::Renumbered => "it may be a known message with a new unique-id",
            Self::CameBack => "its unique-id was gone",
            Self::StillThere(commits) => {
                return write!(f, "still listed after {commits} committed deletions");
            }
            Self::OtherSize => "the size for its unique-id has changed",
            Self::Unconfirmed => "it was never confirmed",
            Self::Short => "fewer octets were received than listed",
            Self::Failed(tries) => return write!(f, "failed in {tries} runs before"),
            Self::Delete => "to be deleted",
            Self::HeaderOnly => "only the header is stored",
            Self::Quarantined(tries) => {
                return write!(f, "failed in {tries} runs, tried again later");
            }
            Self::TooLarge => "too large",
            Self::OverLimit => "over the limit of this run",
            Self::NotInUidl => "listed by LIST but not by UIDL",
        };
        f.write_str(text)
    }
}

/// What is done with one message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// The number of the message.
    pub number: MessageNumber,
    /// The size in the server's listing, in octets.
    pub octets: Option<u64>,
    /// Its unique-id. `None` also if the unique-id identifies nothing.
    pub unique_id: Option<UniqueId>,
    /// What is done.
    pub task: Task,
    /// Why.
    pub why: Why,
    /// The entry that it may be.
    pub(super) entry: Option<Handle>,
    /// Whether it is the same as any entry that is not listed is to be found out by its content.
    pub(super) by_content: bool,
    /// It failed before, so it is asked for last, and alone.
    pub(super) suspect: bool,
}

/// What to do with each message of a mailbox, and why. Its `Display` is a table.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    items: Vec<Item>,
    /// The number of messages that are stored and stay on the server.
    known: usize,
    /// The entries that are listed by their own unique-ids.
    pub(super) listed: Places,
    /// The entries that are not listed any more.
    pub(super) absent: Vec<Handle>,
    /// The entries that were gone for long.
    pub(super) forgotten: Vec<Handle>,
    /// Whether messages are left out because of what earlier sessions of the run did.
    pub(super) incomplete: bool,
}

/// What a run remembers of a message beyond one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was in a batch that failed: it is fetched alone.
    Struck,
    /// It failed in this run, and is not tried again in it.
    Failed,
}

/// How a run recognizes a message in its next session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RunKey {
    Id(UniqueId),
    /// The number may change, so this is a guess. It only decides the order of the fetches.
    Place(MessageNumber, Option<u64>),
}

impl RunKey {
    pub(super) fn of(item: &Item) -> Self {
        match &item.unique_id {
            Some(id) => Self::Id(id.detach()),
            None => Self::Place(item.number, item.octets),
        }
    }

    fn listed(message: &Listed) -> Self {
        match &message.id {
            Some(id) => Self::Id(id.clone()),
            None => Self::Place(message.number, message.octets),
        }
    }
}

/// After how many runs a message that cannot be fetched is quarantined.
const QUARANTINE: u8 = 3;

/// How long entries of messages that are gone are kept, in days.
const RETENTION: u16 = 30;

/// In how many runs a message that was stored short is fetched again.
const SHORT_TRIES: u8 = 3;

/// The circumstances of a plan.
pub(super) struct Context<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) rules: &'a Rules,
    pub(super) today: Day,
    pub(super) fates: &'a BTreeMap<RunKey, Fate>,
    /// The entries whose deletion was requested in this run.
    pub(super) requested: &'a Places,
    /// Whether a filter decides about new messages.
    pub(super) filtered: bool,
    /// What earlier sessions of the run have fetched.
    pub(super) fetched: (u32, u64),
}

impl Plan {
    /// Makes the plan for a mailbox: a pure function of its arguments.
    pub fn new(mailbox: &Mailbox, ledger: &Ledger, rules: &Rules, today: Day) -> Self {
        let (fates, requested) = (&BTreeMap::new(), &Places::default());
        Self::within(
            mailbox,
            &Context {
                ledger,
                rules,
                today,
                fates,
                requested,
                filtered: false,
                fetched: (0, 0),
            },
        )
    }

    /// Makes the plan for a mailbox in a run that may have had sessions before.
    pub(super) fn within(mailbox: &Mailbox, context: &Context<'_>) -> Self {
        let ids = Ids::examine(mailbox, context.ledger.table());
        let mut plan = Self::default();
        let mut found = ids.found.iter().copied();
        mailbox.for_each(|message| {
            let entry = message.id.as_ref().and_then(|_| found.next().flatten());
            plan.message(message, entry, &ids, context);
        });
        if ids.usable {
            plan.renumbered(&ids);
        }
        if mailbox.is_complete() {
            plan.gone(context);
        }
        plan.limited(context);
        plan
    }

    /// Returns what is done with each message, in the order in which it is done. Messages that are
    /// known and left alone are not included.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Returns the number of messages that are known and left alone.
    pub fn known(&self) -> usize {
        self.known
    }

    pub(super) fn take_items(&mut self) -> Vec<Item> {
        core::mem::take(&mut self.items)
    }

    /// Decides about a message. `found` is the entry with its unique-id.
    fn message(
        &mut self,
        mut message: Listed,
        found: Option<Handle>,
        ids: &Ids,
        context: &Context<'_>,
    ) {
        let table = context.ledger.table();
        let mut without = Why::NoId;
        if !ids.usable && message.id.is_some() {
            (message.id, without) = (None, Why::IdsAreNumbers);
        } else if message
            .id
            .as_ref()
            .is_some_and(|id| ids.shared.contains(id))
        {
            (message.id, without) = (None, Why::SharedId);
        } else if !message.in_uidl && ids.all_in_uidl {
            return self.add(message, Task::Leave, Why::NotInUidl, None, context);
        }
        if message.id.is_none() {
            // If no entry has its size, it is new, and its header need not be looked at first.
            let size = size(message.octets);
            let may_be_known = ids.sizeless || size.is_none_or(|size| ids.sizes.contains(&size));
            let task = if may_be_known || context.rules.adopt {
                Task::Compare
            } else {
                Task::Fetch
            };
            return self.add(message, task, without, None, context);
        }
        let Some((handle, entry)) = found.and_then(|at| Some((at, table.get(at)?))) else {
            return self.add(message, Task::Fetch, Why::New, None, context);
        };
        self.listed.insert(handle);
        if context.requested.contains(handle) {
            // Otherwise a run would not end if the server deletes nothing.
            self.incomplete = true;
            return;
        }
        if entry.kept == Kept::Nothing {
            let due = context.today.since(entry.tried) >= backoff(entry.tries);
            let (task, why) = if due || context.today < entry.tried {
                (Task::Fetch, Why::Failed(entry.tries))
            } else {
                (Task::Leave, Why::Quarantined(entry.tries))
            };
            return self.add(message, task, why, None, context);
        }
        match known(&entry, &message, context) {
            None => self.known += 1,
            Some((task, why)) => self.add(message, task, why, Some(handle), context),
        }
    }

    fn add(
        &mut self,
        message: Listed,
        task: Task,
        why: Why,
        entry: Option<Handle>,
        context: &Context<'_>,
    ) {
        let fate = if context.fates.is_empty() {
            None
        } else {
            context.fates.get(&RunKey::listed(&message)).copied()
        };
        if fate == Some(Fate::Failed) {
            self.incomplete = true;
            return;
        }
        // The tries of a short message do not mean that asking for it fails.
        let known = entry.and_then(|handle| context.ledger.table().get(handle));
        let tried = known.is_some_and(|it| it.tries > 0 && it.kept != Kept::Short);
        let failed = matches!(why, Why::Failed(_))
            && entry_of(&message, context).is_some_and(|entry| entry.suspect);
        let cut = known.is_some_and(|it| it.kept == Kept::Cut);
        let by_content = message.id.is_none() && matches!(task, Task::Compare | Task::Fetch);
        self.items.push(Item {
            number: message.number,
            octets: message.octets,
            unique_id: message.id,
            task,
            why,
            entry,
            by_content,
            suspect: fate == Some(Fate::Struck) || failed || tried || cut,
        });
    }

    /// Looks for new messages among those that are missing. If no unique-id is known although
    /// messages should be, their headers are compared. If one that is missing has the same size, the
    /// whole texts are.
    fn renumbered(&mut self, ids: &Ids) {
        let all_new = ids.known == 0 && ids.any_stored;
        for item in self.items.iter_mut().filter(|item| item.why == Why::New) {
            let missing = size(item.octets).is_some_and(|size| ids.missing.contains(&size));
            item.by_content = all_new || missing;
            if all_new {
                (item.task, item.why) = (Task::Compare, Why::Renumbered);
            }
        }
    }

    /// Finds the entries that are not listed any more.
    fn gone(&mut self, context: &Context<'_>) {
        for (handle, entry) in context.ledger.table().iter() {
            if self.listed.contains(handle) {
                continue;
            }
            match entry.gone_since() {
                None if context.ledger.table().id(handle).is_some() => self.absent.push(handle),
                Some(since) if context.today.since(since) > RETENTION => {
                    self.forgotten.push(handle);
                }
                _ => {}
            }
        }
    }

    /// Applies the limits of the rules, and puts the items in order.
    fn limited(&mut self, context: &Context<'_>) {
        let rules = context.rules;
        self.items.sort_by(|a, b| {
            let by_number = match rules.order {
                super::Order::OldestFirst => a.number.cmp(&b.number),
                super::Order::NewestFirst => b.number.cmp(&a.number),
            };
            // What is stored already does not use up the limits of new mail.
            let known = |item: &Item| matches!(item.why, Why::Failed(_) | Why::Short);
            let order = |item: &Item| (item.suspect, known(item));
            order(a).cmp(&order(b)).then(by_number)
        });
        let (mut messages, mut octets) = context.fetched;
        for item in &mut self.items {
            if !matches!(item.task, Task::Fetch | Task::Compare) || item.why == Why::Delete {
                continue;
            }
            let size = item.octets.unwrap_or(0);
            let above = |limit: Option<u64>| limit.is_some_and(|limit| size > limit);
            let new = item.entry.is_none() && (!item.by_content || item.why == Why::New);
            if rules.adopt && new && item.unique_id.is_some() {
                item.task = Task::Adopt;
                continue;
            }
            if above(rules.max_size) {
                (item.task, item.why) = (Task::Leave, Why::TooLarge);
                continue;
            }
            if above(rules.headers_above) && new {
                item.task = Task::FetchHeader;
            }
            if context.filtered && item.task == Task::Fetch && item.entry.is_none() {
                item.task = Task::Preview;
            }
            if matches!(item.task, Task::Compare | Task::Preview) {
                // Whether it has to be fetched is not known yet.
                continue;
            }
            messages = messages.saturating_add(1);
            octets = octets.saturating_add(size);
            let first = messages == 1;
            if rules.max_messages.is_some_and(|limit| messages > limit)
                || rules
                    .max_octets
                    .is_some_and(|limit| octets > limit && !first)
            {
                (item.task, item.why) = (Task::Leave, Why::OverLimit);
            }
        }
    }
}

/// Returns the entry with the unique-id of a message.
fn entry_of(message: &Listed, context: &Context<'_>) -> Option<Entry> {
    context.ledger.get(message.id.as_ref()?.as_bytes())
}

/// What is to be done with a message whose unique-id is known; `None` for nothing.
fn known(entry: &Entry, message: &Listed, context: &Context<'_>) -> Option<(Task, Why)> {
    let fetches_whole = |octets: u64| {
        context
            .rules
            .headers_above
            .is_none_or(|limit| octets <= limit)
    };
    match entry.presence {
        Presence::Deleting(_) if entry.commits > 0 => {
            return Some((Task::Compare, Why::StillThere(entry.commits)));
        }
        Presence::Absent(_) | Presence::Deleting(_) => {
            return Some((Task::Compare, Why::CameBack));
        }
        Presence::Listed => {}
    }
    let listed = size(message.octets);
    if listed.is_some() && entry.listed.is_some() && listed != entry.listed {
        return Some((Task::Fetch, Why::OtherSize));
    }
    match entry.kept {
        Kept::Header if !context.filtered && message.octets.is_some_and(fetches_whole) => {
            Some((Task::Fetch, Why::HeaderOnly))
        }
        Kept::Short
            if !context.accepts_size(entry)
                && entry.tries < SHORT_TRIES
                && context.today > entry.tried =>
        {
            Some((Task::Fetch, Why::Short))
        }
        // The server may answer questions this time.
        Kept::Unconfirmed
            if context.deletes_eventually()
                && context.ledger.server().single.is_some()
                && entry.tries < SHORT_TRIES
                && context.today > entry.tried =>
        {
            Some((Task::Fetch, Why::Unconfirmed))
        }
        Kept::Cut if entry.tries < SHORT_TRIES && context.today > entry.tried => {
            Some((Task::Fetch, Why::Short))
        }
        _ if context.may_delete(entry) => Some((Task::Compare, Why::Delete)),
        _ => None,
    }
}

impl Context<'_> {
    /// Returns whether the rules delete a message that is stored like this, once it is verified.
    pub(super) fn may_delete(&self, entry: &Entry) -> bool {
        let safe =
            entry.kept == Kept::Whole || (entry.kept == Kept::Short && self.accepts_size(entry));
        let due = match self.rules.delete {
            Delete::Never => false,
            Delete::WhenStored => true,
            Delete::AfterDays(days) => self.today.since(entry.first_seen) >= days,
        };
        safe && due
    }

    /// Returns whether the rules delete messages.
    fn deletes_eventually(&self) -> bool {
        self.rules.delete != Delete::Never
    }

    /// Returns whether a message may have fewer octets than `LIST` states.
    pub(super) fn accepts_size(&self, entry: &Entry) -> bool {
        let surplus = entry.surplus();
        self.rules.sizes_are_advice || (surplus > 0 && surplus == self.ledger.server().surplus)
    }
}

/// Returns how many days pass between two tries. The first tries are in consecutive runs.
fn backoff(tries: u8) -> u16 {
    match tries.checked_sub(QUARANTINE) {
        None => 0,
        Some(more) => 1 << more.min(5),
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>8} {:>12}  {:<12} why", "number", "octets", "task")?;
        for item in &self.items {
            let task = match item.task {
                Task::Fetch => "fetch",
                Task::FetchHeader => "fetch header",
                Task::Compare if item.why == Why::Delete => "delete",
                Task::Compare => "compare",
                Task::Preview => "preview",
                Task::Adopt => "adopt",
                Task::Leave => "leave",
            };
            match item.octets {
                Some(octets) => write!(f, "{:>8} {octets:>12}", item.number)?,
                None => write!(f, "{:>8} {:>12}", item.number, "-")?,
            }
            writeln!(f, "  {task:<12} {}", item.why)?;
        }
        write!(f, "{} known messages are left alone", self.known)
    }
}
