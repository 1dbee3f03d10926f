//! The languages of the server's texts (RFC 6856 section 3).

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::config::Leniency;
use crate::listing::{lines, trimmed};
use crate::text::ServerText;

/// A language of the server's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Language {
    /// The language tag as the server writes it, such as `de` or `pt-BR` (RFC 5646). Case is not
    /// significant.
    pub tag: Box<str>,
    /// The text after the tag, usually in that language: the name of the language in a list, a
    /// message in the reply to a selection. It may be empty.
    pub text: ServerText,
}

impl Language {
    /// Parses `tag text`. `None` if the line does not begin with a language tag.
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        let line = trimmed(line);
        let end = line.iter().position(|octet| matches!(octet, b' ' | b'\t'));
        let (tag, text) = line.split_at_checked(end.unwrap_or(line.len()))?;
        let tag = core::str::from_utf8(tag).ok().filter(|tag| is_tag(tag))?;
        Some(Self {
            tag: tag.to_owned().into_boxed_str(),
            text: ServerText::copy(trimmed(text)),
        })
    }
}

/// The languages that a server supports: the reply to [`Lang`](crate::command::Lang).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Languages(Vec<Language>);

impl Languages {
    /// Parses the lines of a reply. Returns the first line that is malformed, if there is one.
    pub(crate) fn read(octets: &[u8], leniency: Leniency) -> Result<Self, Bytes> {
        lines(leniency, octets)
            .filter(|line| leniency == Leniency::Strict || !trimmed(line).is_empty())
            .map(|line| Language::read(line).ok_or_else(|| Bytes::copy_from_slice(line)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns the languages in the server's order.
    pub fn iter(&self) -> core::slice::Iter<'_, Language> {
        self.0.iter()
    }

    /// Returns the number of languages.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the server listed no language.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a language with this tag is listed. The comparison ignores case.
    pub fn has(&self, tag: &str) -> bool {
        self.iter()
            .any(|language| language.tag.eq_ignore_ascii_case(tag))
    }
}

impl<'a> IntoIterator for &'a Languages {
    type Item = &'a Language;
    type IntoIter = core::slice::Iter<'a, Language>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Returns whether a text has the form of a language tag: subtags of 1 to 8 letters or digits,
/// separated by `-`, the first of them without digits (RFC 4647 section 2.1).
pub(crate) fn is_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let is_short = |subtag: &str| (1..=8).contains(&subtag.len());
    let first = subtags.next().is_some_and(|subtag| {
        is_short(subtag) && subtag.bytes().all(|octet| octet.is_ascii_alphabetic())
    });
    first
        && subtags.all(|subtag| {
            is_short(subtag) && subtag.bytes().all(|octet| octet.is_ascii_alphanumeric())
        })
}
