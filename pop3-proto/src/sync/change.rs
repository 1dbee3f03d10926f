//! The lines of a ledger: each is one change of what is known.

use alloc::string::String;
use core::fmt::{self, Display as _};

use super::day::Day;
use super::entry::Entry;
use super::ledger::Settled;
use super::line::{self, DigestField, append};
use super::table::Key;

/// A change of the ledger, which is one line of its text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change<'a> {
    /// The message is stored, or known in another way. `name` is the number in its file's name.
    Stored {
        id: Option<&'a [u8]>,
        entry: &'a Entry,
        name: Option<u32>,
    },
    Absent(Key<'a>, Day),
    Deleting(Key<'a>, Day),
    Committed,
    Verified(Key<'a>),
    Listed(Key<'a>, Option<u32>),
    Renamed(Key<'a>, &'a [u8]),
    Tried(Key<'a>, u8, Day, bool),
    Commits(Key<'a>, u8),
    Forgotten(Key<'a>),
    Server(&'a [u8], u32),
    Run(&'a str),
    Settled(&'a Settled),
}

/// A key in a line.
struct KeyField<'a>(Key<'a>);

impl fmt::Display for KeyField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Key::Id(id) => line::id(id).fmt(f),
            Key::Content(header, whole) => {
                let (header, whole) = (DigestField(Some(header)), DigestField(Some(whole)));
                write!(f, "*{header}{whole}")
            }
        }
    }
}

/// A number, or `-`.
struct SizeField(Option<u32>);

impl fmt::Display for SizeField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(octets) => octets.fmt(f),
            None => f.write_str("-"),
        }
    }
}

impl Change<'_> {
    /// Appends the line of this change.
    pub(super) fn write(&self, text: &mut String) {
        match *self {
            Self::Stored { id, entry, name } => stored(text, id, entry, name),
            Self::Absent(key, day) => append(text, format_args!("A {} {day}", KeyField(key))),
            Self::Deleting(key, day) => append(text, format_args!("D {} {day}", KeyField(key))),
            Self::Committed => append(text, format_args!("Q")),
            Self::Verified(key) => append(text, format_args!("V {}", KeyField(key))),
            Self::Listed(key, size) => {
                append(
                    text,
                    format_args!("L {} {}", KeyField(key), SizeField(size)),
                );
            }
            Self::Renamed(key, id) => {
                append(text, format_args!("M {} {}", KeyField(key), line::id(id)));
            }
            Self::Tried(key, tries, day, suspect) => {
                let suspect = if suspect { " s" } else { "" };
                append(
                    text,
                    format_args!("T {} {tries} {day}{suspect}", KeyField(key)),
                );
            }
            Self::Commits(key, commits) => {
                append(text, format_args!("C {} {commits}", KeyField(key)));
            }
            Self::Forgotten(key) => append(text, format_args!("F {}", KeyField(key))),
            Self::Server(name, value) => {
                append(text, format_args!("N {} {value}", name.escape_ascii()));
            }
            Self::Run(token) => append(text, format_args!("R {token}")),
            Self::Settled(it) => append(
                text,
                format_args!(
                    "B {} {} {} {} {}",
                    line::id(&it.id),
                    it.number,
                    it.messages,
                    it.octets,
                    it.day
                ),
            ),
        }
    }
}

/// Displays by a function.
struct With<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for With<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

fn stored(text: &mut String, id: Option<&[u8]>, entry: &Entry, name: Option<u32>) {
    let letter = entry.kept.letter();
    let key = With(|f: &mut fmt::Formatter<'_>| match id {
        Some(id) => line::id(id).fmt(f),
        None => f.write_str("*"),
    });
    let (day, listed) = (entry.first_seen, SizeField(entry.listed));
    let received = With(|f: &mut fmt::Formatter<'_>| match entry.received {
        Some(octets) if entry.listed == Some(octets) => f.write_str("="),
        octets => SizeField(octets).fmt(f),
    });
    let (header, whole) = (DigestField(entry.header), DigestField(entry.whole));
    let name = With(|f: &mut fmt::Formatter<'_>| match name {
        Some(name) => write!(f, " {name}"),
        None => Ok(()),
    });
    append(
        text,
        format_args!("{letter} {key} {day} {listed} {received} {header} {whole}{name}"),
    );
}
