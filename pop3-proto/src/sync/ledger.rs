//! The ledger: what this client knows of one maildrop, as lines that are only ever appended.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::change::Change;
use super::day::Day;
use super::digest::Digest;
use super::entry::{Entry, Kept, Presence};
use super::table::{Handle, Key, Table};

/// What this client knows of one maildrop: which messages are stored, and what became of them.
///
/// It is kept as lines of text that are only appended, each with a checksum. A [`Run`](super::Run)
/// says which lines to append and when ([`Keep::Record`](super::Keep::Record)). Keep one ledger for
/// each account, whatever its port, encryption or proxy: then nothing is fetched again when these
/// change.
///
/// # Form
///
/// The first line is [`Ledger::HEADER`]. Each other line has fields separated by one space, the last
/// of which is a checksum (CRC-32 of the octets before the space that precedes it, in six digits of
/// 6 bits). A *key* is a unique-id (percent-encoded), or `*` and two digests for a message without
/// one. Days are counted from 1970-01-01, sizes in octets; `-` means unknown.
///
/// | line | meaning |
/// |---|---|
/// | `S` id day listed received header whole \[name\] | the message is stored, as file `name` of the last `R` line; `received` is `=` if it equals `listed`; id is `*` if it has none |
/// | `U` … | the same, not confirmed |
/// | `P` … | the same, with fewer octets than listed |
/// | `E` … | the same, but the server ended it early |
/// | `H` … | the same, only the header |
/// | `K` … | known, and not stored by this ledger |
/// | `X` … | declined by the filter |
/// | `A` key day | not listed since this day |
/// | `D` key day | its deletion is about to be requested |
/// | `Q` | the server has committed the deletions requested since the last `R` or `Q` line |
/// | `V` key | it is listed again, and it is the same message |
/// | `L` key listed | `LIST` states another size for it now |
/// | `M` key id | it has another unique-id now |
/// | `T` key tries day \[`s`\] | the number of runs in which it could not be fetched; `s` if the message may be the cause |
/// | `C` key commits | the number of deletions that were committed |
/// | `F` key | it is forgotten |
/// | `B` id number messages octets day | nothing was left to do in a mailbox with so many messages and octets, the last of which has this number |
/// | `N` name value | what was learnt about the server |
/// | `R` token | the file names of the `S` lines that follow begin with this token; files of earlier ones are published |
///
/// Lines of an unknown kind are skipped. A last line without a line end is what a crash left of it.
/// After a damaged line, which may have been an `R` line, lines with a `name` are skipped until the
/// next `R` line: otherwise a message would count as stored although its file is not found.
#[derive(Clone, Default)]
pub struct Ledger {
    table: Table,
    server: ServerNotes,
    /// The token of the last `R` line, and the names of files after it. No token if that line may
    /// be damaged.
    token: Option<String>,
    /// The token in the names of the files that may not be published.
    unpublished_token: String,
    unpublished: Vec<FetchName>,
    /// The entries of these files, and the numbers in their names.
    unpublished_entries: Vec<(Handle, u32)>,
    /// The deletions since the last `R` or `Q` line.
    deleting: Vec<Handle>,
    /// How the mailbox was when nothing was left to do.
    settled: Option<Settled>,
    /// The number of lines that were read or written.
    lines: usize,
}

/// How a mailbox was when nothing was left to do. If it still is like this, the whole listing need
/// not be requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) messages: u64,
    pub(super) octets: u64,
    /// The last message, and its unique-id.
    pub(super) number: u32,
    pub(super) id: Vec<u8>,
    pub(super) day: Day,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

/// The name of a fetch, which the file of the message has until it is published: ASCII letters,
/// digits and `-`. No two fetches of a ledger have the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchName(String);

impl FetchName {
    pub(super) fn new(token: &str, number: u32) -> Self {
        Self(alloc::format!("{token}-{number}"))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FetchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was learnt about the server, and is remembered for a while: servers are updated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ServerNotes {
    /// Since this day, messages are fetched and confirmed one by one.
    pub(super) single: Option<Day>,
    /// Since this day, the replies to `LIST n` are known to differ from `LIST`.
    pub(super) inconsistent_sizes: Option<Day>,
    /// Since this day, the replies to all questions are known to differ from the listings.
    pub(super) unconfirmable: Option<Day>,
    /// Each message has this many octets fewer than `LIST` says.
    pub(super) surplus: u32,
    /// How many deletions wait until they are committed by `QUIT`; 0 for the default.
    pub(super) batch: u32,
}

/// For how many days something about a server is remembered.
const REMEMBERED: u16 = 30;

impl ServerNotes {
    fn fields(self) -> [(&'static str, u32); 5] {
        let day = |day: Option<Day>| day.map_or(0, |day| day.get().into());
        [
            ("single", day(self.single)),
            ("inconsistent-sizes", day(self.inconsistent_sizes)),
            ("unconfirmable", day(self.unconfirmable)),
            ("surplus", self.surplus),
            ("batch", self.batch),
        ]
    }

    fn learn(&mut self, name: &[u8], value: u32) {
        let day = u16::try_from(value).ok().filter(|day| *day != 0);
        let day = day.map(Day::new);
        match name {
            b"single" => self.single = day,
            b"inconsistent-sizes" => self.inconsistent_sizes = day,
            b"unconfirmable" => self.unconfirmable = day,
            b"surplus" => self.surplus = value,
            b"batch" => self.batch = value,
            _ => {}
        }
    }

    /// Forgets what was learnt long ago.
    fn expire(&mut self, today: Day) {
        let Self {
            single,
            inconsistent_sizes,
            unconfirmable,
            ..
        } = self;
        for day in [single, inconsistent_sizes, unconfirmable] {
            *day = day.filter(|day| today.since(*day) <= REMEMBERED);
        }
    }
}

/// A [`Key`] that borrows nothing.
enum OwnKey {
    Id(Vec<u8>),
    Content(Digest, Digest),
}

impl OwnKey {
    fn get(&self) -> Key<'_> {
        match self {
            Self::Id(id) => Key::Id(id),
            Self::Content(header, whole) => Key::Content(*header, *whole),
        }
    }
}

impl Ledger {
    /// The first line of a ledger, with its line end. It states the version of the form.
    pub const HEADER: &str = "pop3-ledger 1\n";

    /// Creates an empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of messages that it has entries for.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what is known of the message with this unique-id.
    pub fn get(&self, unique_id: &[u8]) -> Option<Entry> {
        self.table.get(self.table.find_id(unique_id)?)
    }

    /// Returns all entries, with the unique-ids of those that have one.
    pub fn entries(&self) -> impl Iterator<Item = (Option<&[u8]>, Entry)> {
        self.table
            .iter()
            .map(|(handle, entry)| (self.table.id(handle), entry))
    }

    /// Returns the names of the files that may not be published yet: those of the last batch.
    /// Publish those that are still staged, and remove all other staged files.
    /// [`Keep::Recover`](super::Keep::Recover) asks for the same.
    pub fn unpublished(&self) -> &[FetchName] {
        &self.unpublished
    }

    /// Returns whether its text has more than twice as many lines as needed. Then replace the file
    /// by [`Ledger::to_lines`].
    pub fn wants_compaction(&self) -> bool {
        self.lines > 64 + 2 * self.len()
    }

    /// Returns the whole ledger as text, with [`Ledger::HEADER`] and as few lines as possible.
    ///
    /// The names of [`Ledger::unpublished`] stay in it.
    pub fn to_lines(&self) -> String {
        let mut text = String::from(Self::HEADER);
        for (name, value) in self.server.fields() {
            if value != 0 {
                Change::Server(name.as_bytes(), value).write(&mut text);
            }
        }
        let unpublished = |handle: Handle| self.unpublished_entries.iter().any(|it| it.0 == handle);
        for (handle, _) in self.table.iter() {
            if !unpublished(handle) {
                self.write_entry(handle, None, &mut text);
            }
        }
        if !self.unpublished_entries.is_empty() {
            Change::Run(&self.unpublished_token).write(&mut text);
            for (handle, name) in &self.unpublished_entries {
                self.write_entry(*handle, Some(*name), &mut text);
            }
        }
        text
    }

    /// Appends the lines of one entry.
    fn write_entry(&self, handle: Handle, name: Option<u32>, text: &mut String) {
        let (Some(entry), Some(key)) = (self.table.get(handle), self.key(handle)) else {
            return;
        };
        let id = self.table.id(handle);
        Change::Stored {
            id,
            entry: &entry,
            name,
        }
        .write(text);
        match entry.presence {
            Presence::Listed => {}
            Presence::Absent(day) => Change::Absent(key, day).write(text),
            Presence::Deleting(day) => Change::Deleting(key, day).write(text),
        }
        if entry.tries > 0 {
            Change::Tried(key, entry.tries, entry.tried, entry.suspect).write(text);
        }
        if entry.commits > 0 {
            Change::Commits(key, entry.commits).write(text);
        }
    }

    /// Adds what another ledger knows, for a mailbox that is the same under another name, such as
    /// another host name. Each message counts as known only after its header was found to be the
    /// same. Returns the lines to append.
    pub fn import_elsewhere(&mut self, other: &Self, today: Day) -> String {
        let mut lines = String::new();
        for (handle, entry) in other.table.iter() {
            let id = other.table.id(handle);
            if entry.header.is_none() || id.is_some_and(|id| self.table.find_id(id).is_some()) {
                continue;
            }
            self.apply(
                &Change::Stored {
                    id,
                    entry: &entry,
                    name: None,
                },
                &mut lines,
            );
            if let Some(key) = other.key(handle) {
                self.apply(&Change::Absent(key, today), &mut lines);
            }
        }
        lines
    }

    /// Adds messages that were stored by a program that recorded only their unique-ids. They are
    /// not fetched, and never deleted. Returns the lines to append.
    pub fn import_known<'a>(
        &mut self,
        unique_ids: impl IntoIterator<Item = &'a [u8]>,
        today: Day,
    ) -> String {
        let mut lines = String::new();
        for id in unique_ids {
            if self.table.find_id(id).is_none() {
                let entry = Entry::new(Kept::Elsewhere, today);
                self.apply(
                    &Change::Stored {
                        id: Some(id),
                        entry: &entry,
                        name: None,
                    },
                    &mut lines,
                );
            }
        }
        lines
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    pub(super) fn settled(&self) -> Option<&Settled> {
        self.settled.as_ref()
    }

    /// Forgets what was learnt about the server long ago.
    pub(super) fn expire(&mut self, today: Day) {
        self.server.expire(today);
    }

    pub(super) fn server(&self) -> ServerNotes {
        self.server
    }

    /// Makes a change and appends its line.
    pub(super) fn apply(&mut self, change: &Change<'_>, lines: &mut String) {
        change.write(lines);
        self.learn(change);
    }

    /// Records a message, and returns its entry.
    pub(super) fn store(&mut self, change: &Change<'_>, lines: &mut String) -> Handle {
        let next = Handle(u32::try_from(self.table.end()).unwrap_or(u32::MAX));
        self.apply(change, lines);
        match *change {
            Change::Stored { id: Some(id), .. } => self.table.find_id(id).unwrap_or(next),
            _ => next,
        }
    }

    /// Returns the key of an entry, independent of this ledger, so that the ledger can be changed.
    fn own_key(&self, handle: Handle) -> Option<OwnKey> {
        Some(match self.key(handle)? {
            Key::Id(id) => OwnKey::Id(id.to_vec()),
            Key::Content(header, whole) => OwnKey::Content(header, whole),
        })
    }

    /// Records that an entry is not listed any more.
    pub(super) fn set_absent(&mut self, handle: Handle, today: Day, lines: &mut String) {
        if let Some(key) = self.own_key(handle) {
            self.apply(&Change::Absent(key.get(), today), lines);
        }
    }

    /// Records that the deletion of an entry is about to be requested.
    pub(super) fn set_deleting(&mut self, handle: Handle, today: Day, lines: &mut String) {
        if let Some(key) = self.own_key(handle) {
            self.apply(&Change::Deleting(key.get(), today), lines);
        }
    }

    /// Records that an entry is listed, if that is news.
    pub(super) fn set_present(&mut self, handle: Handle, lines: &mut String) {
        let gone = self.table.get(handle).and_then(|entry| entry.gone_since());
        if let (Some(_), Some(key)) = (gone, self.own_key(handle)) {
            self.apply(&Change::Verified(key.get()), lines);
        }
    }

    /// Records the size in the server's listing for an entry, if that is news.
    pub(super) fn set_listed(&mut self, handle: Handle, size: Option<u32>, lines: &mut String) {
        let news = self
            .table
            .get(handle)
            .is_some_and(|entry| entry.listed != size);
        if let Some(key) = self.own_key(handle).filter(|_| news) {
            self.apply(&Change::Listed(key.get(), size), lines);
        }
    }

    /// Records the number of runs in which the message of an entry could not be fetched whole.
    pub(super) fn set_tries(&mut self, handle: Handle, tries: u8, today: Day, lines: &mut String) {
        if let Some(key) = self.own_key(handle) {
            self.apply(&Change::Tried(key.get(), tries, today, false), lines);
        }
    }

    /// Records that an entry is forgotten.
    pub(super) fn forget(&mut self, handle: Handle, lines: &mut String) {
        if let Some(key) = self.own_key(handle) {
            self.apply(&Change::Forgotten(key.get()), lines);
        }
    }

    /// Records the new unique-id of an entry.
    pub(super) fn rename(&mut self, handle: Handle, id: &[u8], lines: &mut String) {
        if let Some(key) = self.own_key(handle) {
            self.apply(&Change::Renamed(key.get(), id), lines);
        }
    }

    /// Remembers what was learnt about the server.
    pub(super) fn learn_server(&mut self, server: ServerNotes, lines: &mut String) {
        let old = self.server.fields();
        for ((name, value), (_, before)) in server.fields().into_iter().zip(old) {
            if value != before {
                self.apply(&Change::Server(name.as_bytes(), value), lines);
            }
        }
    }

    /// Returns the key of an entry in the text.
    pub(super) fn key(&self, handle: Handle) -> Option<Key<'_>> {
        match self.table.id(handle) {
            Some(id) => Some(Key::Id(id)),
            None => {
                let entry = self.table.get(handle)?;
                Some(Key::Content(entry.header?, entry.whole?))
            }
        }
    }

    /// Makes the change that a line describes.
    pub(super) fn learn(&mut self, change: &Change<'_>) {
        self.lines += 1;
        let gone: fn(Presence) -> bool = |presence| presence != Presence::Listed;
        let listed: fn(Presence) -> bool = |presence| presence == Presence::Listed;
        let any: fn(Presence) -> bool = |_| true;
        match *change {
            Change::Stored { id, entry, name } => self.stored(id, entry, name),
            Change::Absent(key, day) => {
                self.change(key, listed, |it| it.presence = Presence::Absent(day));
            }
            Change::Deleting(key, day) => {
                let presence = Presence::Deleting(day);
                let handle = self.change(key, listed, |it| it.presence = presence);
                self.deleting.extend(handle);
            }
            Change::Committed => {
                for handle in core::mem::take(&mut self.deleting) {
                    if let Some(mut entry) = self.table.get(handle)
                        && matches!(entry.presence, Presence::Deleting(_))
                    {
                        entry.commits = entry.commits.saturating_add(1);
                        self.table.set(handle, &entry);
                    }
                }
            }
            Change::Verified(key) => {
                self.change(key, gone, |it| it.presence = Presence::Listed);
            }
            Change::Listed(key, size) => {
                self.change(key, any, |it| it.listed = size);
            }
            Change::Renamed(key, id) => {
                // A listed message keeps its unique-id, and nothing may have the new one.
                if let Some(handle) = self.table.find(key, gone).or(self.table.find(key, any))
                    && self.table.find_id(id).is_none()
                {
                    self.table.rename(handle, id);
                    self.set_presence(handle, Presence::Listed);
                }
            }
            Change::Tried(key, tries, day, suspect) => self.tried(key, tries, day, suspect),
            Change::Commits(key, commits) => {
                self.change(key, any, |it| it.commits = commits);
            }
            Change::Forgotten(key) => {
                if let Some(handle) = self.table.find(key, gone) {
                    self.table.forget(handle);
                }
            }
            Change::Server(name, value) => self.server.learn(name, value),
            Change::Settled(settled) => self.settled = Some(settled.clone()),
            Change::Run(token) => {
                self.token = Some(token.to_owned());
                token.clone_into(&mut self.unpublished_token);
                self.unpublished.clear();
                self.unpublished_entries.clear();
                self.deleting.clear();
            }
        }
    }

    /// Records how the mailbox is when nothing is left to do.
    pub(super) fn set_settled(&mut self, settled: &Settled, lines: &mut String) {
        if self.settled.as_ref() != Some(settled) {
            self.apply(&Change::Settled(settled), lines);
        }
    }

    /// Notes that a line could not be read.
    pub(super) fn lose_token(&mut self) {
        self.token = None;
    }

    fn stored(&mut self, id: Option<&[u8]>, entry: &Entry, name: Option<u32>) {
        let named = match (name, &self.token) {
            (Some(name), Some(token)) => Some((name, FetchName::new(token, name))),
            (Some(_), None) => return,
            (None, _) => None,
        };
        // What the line does not say begins anew.
        let new = Entry::new(entry.kept, entry.first_seen);
        let entry = &Entry {
            presence: new.presence,
            tries: new.tries,
            tried: new.tried,
            suspect: new.suspect,
            commits: new.commits,
            ..*entry
        };
        let handle = match id.and_then(|id| self.table.find_id(id)) {
            Some(handle) => {
                self.table.set(handle, entry);
                handle
            }
            None => self.table.insert(id, entry),
        };
        if let Some((number, name)) = named {
            self.unpublished.push(name);
            self.unpublished_entries.push((handle, number));
        }
    }

    fn tried(&mut self, key: Key<'_>, tries: u8, day: Day, suspect: bool) {
        let set = |entry: &mut Entry| {
            (entry.tries, entry.tried, entry.suspect) = (tries, day, suspect);
        };
        if self.change(key, |_| true, set).is_none()
            && let Key::Id(id) = key
        {
            let mut entry = Entry::new(Kept::Nothing, day);
            set(&mut entry);
            self.table.insert(Some(id), &entry);
        }
    }

    fn set_presence(&mut self, handle: Handle, presence: Presence) {
        if let Some(mut entry) = self.table.get(handle) {
            entry.presence = presence;
            self.table.set(handle, &entry);
        }
    }

    /// Changes the entry with this key. If equal copies have it, prefers one that `wanted` accepts.
    fn change(
        &mut self,
        key: Key<'_>,
        wanted: fn(Presence) -> bool,
        how: impl FnOnce(&mut Entry),
    ) -> Option<Handle> {
        let handle = self
            .table
            .find(key, wanted)
            .or(self.table.find(key, |_| true))?;
        let mut entry = self.table.get(handle)?;
        how(&mut entry);
        self.table.set(handle, &entry);
        Some(handle)
    }

    pub(super) fn reserve(&mut self, entries: usize) {
        self.table.reserve(entries);
    }
}
