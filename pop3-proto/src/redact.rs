//! Redaction: removes the credentials that a connection has sent from the server's texts.
//!
//! The connection keeps keyed digests of what it sent, not the secrets themselves. It keeps them as
//! long as it exists, because a server may echo a line at any later time.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base64;
use crate::mac::keyed;
use crate::status;
use crate::text::ServerText;

/// The replacement for a secret.
const MARK: &[u8] = b"<redacted>";

/// A shorter secret is redacted only where it is a whole word.
const SHORT: usize = 6;

/// A secret of only letters is treated as a word up to this length. Generated passwords of only
/// letters have 16 (app passwords) or more.
const LONGEST_WORD: usize = 15;

/// A shorter number is not redacted: every reply contains such numbers.
const SHORTEST_NUMBER: usize = 6;

/// Shorter encodings, and shorter parts of a response, are not searched for.
const SHORTEST_ENCODING: usize = 8;

/// The length of the shortest digest in hexadecimal: MD5.
const DIGEST: usize = 32;

/// The length of the blocks that identify a truncated echo.
const BLOCK: usize = 16;

/// The unreserved characters of RFC 3986 are not percent-encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The digests of the credentials that a connection has sent, which must not get into a log.
#[derive(Default)]
pub(crate) struct Redactor {
    key: Option<Key>,
    /// The groups, in ascending order of the length of their needles.
    groups: Vec<Group>,
    /// Blocks of [`BLOCK`] octets, to recognize truncated echoes.
    blocks: Group,
    /// The user names, which may be shown although they were sent with the credentials.
    names: Vec<Box<str>>,
    /// The length of the shortest needle without a blank, and of the shortest with one.
    shortest: [Option<usize>; 2],
}

/// The key of the digests.
struct Key {
    base: u64,
    mac: Hmac<Sha256>,
}

/// All needles of one length.
#[derive(Default)]
struct Group {
    length: usize,
    /// The set of tags, out of 256, that the needles have.
    tags: [u64; 4],
    needles: Vec<(u64, Form)>,
}

/// Where a needle is redacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Anywhere,
    /// Only where no letter or digit is next to it.
    WholeWord,
    /// Anywhere, with the encoded text around it.
    Encoded,
    /// A command line: everything after its keyword of [`KEYWORD`] octets, as a whole word.
    Argument,
}

/// The length of `PASS` and a blank.
const KEYWORD: usize = 5;

impl Redactor {
    /// Derives the key of the digests from a secret. Without one, the key is a constant.
    pub(crate) fn set_key(&mut self, seed: &[u8; 32]) {
        // With another key, the digests that were noted before could not be found any more.
        if self.key.is_none() {
            self.key = Some(Key::new(seed));
        }
    }

    /// Notes a password or a token that is about to be sent.
    pub(crate) fn note_secret(&mut self, secret: &[u8]) {
        // A server may trim the secret before it echoes it.
        let trimmed = secret.trim_ascii();
        if self.is_name(trimmed) {
            return;
        }
        if let Some(form) = form_of(trimmed) {
            self.add(secret, form);
            if trimmed != secret {
                self.add(trimmed, form);
            }
            let mut percent = Zeroizing::new(String::with_capacity(secret.len() * 3));
            percent.extend(percent_encode(secret, RESERVED));
            if percent.as_bytes() != secret {
                self.add(percent.as_bytes(), form);
            }
            // Ordinary words of a passphrase are not redacted as parts of it.
            let is_piece = |block: &&[u8]| {
                let in_words = |c: &u8| c.is_ascii_alphabetic() || *c == b' ';
                !(block.contains(&b' ') && block.iter().all(in_words))
            };
            secret
                .chunks_exact(BLOCK)
                .filter(is_piece)
                .for_each(|block| self.add_block(block));
        }
        for before in 0..3 {
            self.add_base64(secret, before);
        }
    }

    /// Notes the line in which a password is sent, for passwords that are too short or too ordinary
    /// to be redacted elsewhere. Not for a password that is a word: in `PASS failed`, "failed" is
    /// not a password.
    pub(crate) fn note_pass_line(&mut self, secret: &[u8]) {
        if is_word(secret.trim_ascii()) {
            return;
        }
        for keyword in ["PASS ", "pass ", "Pass "] {
            let mut line = Zeroizing::new(Vec::with_capacity(KEYWORD + secret.len()));
            line.extend_from_slice(keyword.as_bytes());
            line.extend_from_slice(secret);
            self.add(&line, Form::Argument);
        }
    }

    /// Notes the base64 of a secret in both alphabets, with this many octets before it.
    fn add_base64(&mut self, secret: &[u8], before: usize) {
        let mut octets = Zeroizing::new(Vec::with_capacity(before + secret.len()));
        octets.resize(before, 0);
        octets.extend_from_slice(secret);
        let encoded = base64::encode(&octets);
        // Only the characters that do not depend on the octets around the secret.
        let own = (before * 8).div_ceil(6)..octets.len() * 8 / 6;
        let Some(own) = encoded.get(own) else {
            return;
        };
        self.add_encoded(own.as_bytes());
    }

    /// Notes a text in base64, and the same in the alphabet for URLs.
    fn add_encoded(&mut self, encoded: &[u8]) {
        if encoded.len() < SHORTEST_ENCODING {
            return;
        }
        self.add(encoded, Form::Encoded);
        if encoded.iter().any(|c| matches!(c, b'+' | b'/')) {
            let mut url = Zeroizing::new(encoded.to_owned());
            for octet in url.iter_mut() {
                match octet {
                    b'+' => *octet = b'-',
                    b'/' => *octet = b'_',
                    _ => {}
                }
            }
            self.add(&url, Form::Encoded);
        }
    }

    /// Notes a digest in lower-case hexadecimal.
    pub(crate) fn note_digest(&mut self, digest: &[u8]) {
        self.add(digest, Form::Anywhere);
        let upper = Zeroizing::new(digest.to_ascii_uppercase());
        self.add(&upper, Form::Anywhere);
        for before in 0..3 {
            self.add_base64(digest, before);
        }
    }

    /// Notes a response of an authentication exchange, and the line in which it is sent.
    pub(crate) fn note_response(&mut self, response: &[u8], line: &[u8]) {
        self.add_encoded(line);
        line.chunks_exact(BLOCK)
            .for_each(|block| self.add_block(block));
        if self.is_name(response) {
            return;
        }
        let between = |c: &u8| matches!(c, 0 | 1 | b' ' | b',');
        if response.iter().any(between) {
            if response.len() >= SHORTEST_ENCODING {
                self.add(response, Form::Anywhere);
            }
            response
                .split(between)
                .for_each(|part| self.note_part(part));
        } else {
            self.note_secret(response);
        }
    }

    /// Notes a part of a response, such as a digest, a proof or a token.
    fn note_part(&mut self, part: &[u8]) {
        let hex = |c: &u8| c.is_ascii_digit() || matches!(c, b'a'..=b'f');
        match part {
            // Parts of XOAUTH2 and OAUTHBEARER messages (RFC 7628 section 3.1) that are not secret.
            [b'u', b's', b'e', b'r', b'=', ..]
            | [b'h', b'o', b's', b't', b'=', ..]
            | [b'p', b'o', b'r', b't', b'=', ..] => {}
            [b'a', b'u', b't', b'h', b'=', value @ ..] => self.note_part(value),
            // An attribute of SCRAM (RFC 5802 section 5.1).
            [name, b'=', value @ ..] if name.is_ascii_alphabetic() => self.note_part(value),
            _ if part.len() < SHORTEST_ENCODING || self.is_name(part) => {}
            _ if part.len() >= DIGEST && part.iter().all(hex) => self.note_digest(part),
            _ => {
                if form_of(part).is_some() {
                    self.add(part, Form::WholeWord);
                }
                part.chunks_exact(BLOCK)
                    .for_each(|block| self.add_block(block));
            }
        }
    }

    /// Notes a user name. It may be shown, and so may its part before an `@`.
    pub(crate) fn allow(&mut self, name: &str) {
        let local = name.split('@').next().unwrap_or_default();
        for name in [name, local] {
            if !name.is_empty() && !self.is_name(name.as_bytes()) {
                self.names.push(name.into());
            }
        }
    }

    fn is_name(&self, text: &[u8]) -> bool {
        let mut names = self.names.iter();
        names.any(|name| name.as_bytes().eq_ignore_ascii_case(text))
    }

    fn add(&mut self, needle: &[u8], form: Form) {
        let length = needle.len();
        if length == 0 {
            return;
        }
        self.note_length(needle);
        let key = self.key.get_or_insert_with(|| Key::new(&UNSEEDED));
        let found = self
            .groups
            .binary_search_by_key(&length, |group| group.length);
        let at = found.unwrap_or_else(|at| {
            self.groups.insert(at, Group::of(length));
            at
        });
        if let Some(group) = self.groups.get_mut(at) {
            group.add(key, key.hash(needle), form);
        }
    }

    fn note_length(&mut self, needle: &[u8]) {
        let spaced = usize::from(needle.iter().any(is_blank));
        if let Some(shortest) = self.shortest.get_mut(spaced) {
            let length = needle.len();
            *shortest = Some(shortest.map_or(length, |known| known.min(length)));
        }
    }

    fn add_block(&mut self, block: &[u8]) {
        let key = self.key.get_or_insert_with(|| Key::new(&UNSEEDED));
        self.blocks.length = BLOCK;
        self.blocks.add(key, key.hash(block), Form::Encoded);
        self.note_length(block);
    }

    /// Returns the line without the secrets in it, or `None` if there are none. The status
    /// indicator is not changed.
    pub(crate) fn line(&self, line: &[u8]) -> Option<Bytes> {
        if !self.may_show(line) {
            return None;
        }
        let status = status::indicator(line).map_or(0, |(_, length)| length + 1);
        self.replace(line, status)
    }

    /// Returns the text without the secrets in it.
    pub(crate) fn text(&self, text: ServerText) -> ServerText {
        self.replaced(text.as_bytes()).map_or(text, ServerText::new)
    }

    /// Returns the octets without the secrets in them.
    pub(crate) fn octets(&self, octets: &[u8]) -> Vec<u8> {
        let replaced = self.replaced(octets);
        replaced.map_or_else(|| octets.to_vec(), Vec::from)
    }

    /// Returns the octets with each octet of a secret replaced, so that the length is the same.
    #[cfg(feature = "record")]
    pub(crate) fn masked(&self, octets: &[u8]) -> Vec<u8> {
        let mut masked = octets.to_vec();
        for range in self.find(octets) {
            if !self.is_in_a_name(octets, &range) {
                masked.get_mut(range).unwrap_or_default().fill(b'*');
            }
        }
        masked
    }

    fn replaced(&self, octets: &[u8]) -> Option<Bytes> {
        self.may_show(octets)
            .then(|| self.replace(octets, 0))
            .flatten()
    }

    /// Returns whether a text is long enough for any needle. Most lines need only this check.
    fn may_show(&self, text: &[u8]) -> bool {
        let [word, spaced] = self.shortest;
        if spaced.is_some_and(|shortest| text.len() >= shortest) {
            return true;
        }
        let Some(shortest) = word.filter(|shortest| text.len() >= *shortest) else {
            return false;
        };
        let mut run = 0;
        text.iter().any(|octet| {
            run = if is_blank(octet) { 0 } else { run + 1 };
            run >= shortest
        })
    }

    fn replace(&self, text: &[u8], from: usize) -> Option<Bytes> {
        let mut found = self.find(text);
        found.retain(|range| range.end > from && !self.is_in_a_name(text, range));
        if found.is_empty() {
            return None;
        }
        found.sort_unstable_by_key(|range| range.start);
        let mut clean = Vec::with_capacity(text.len() + MARK.len());
        let mut done = 0;
        let mut open = None;
        for range in found {
            let start = range.start.max(from);
            // Adjacent ranges are replaced together.
            if open.is_none_or(|end| start > end) {
                clean.extend_from_slice(text.get(done..start).unwrap_or_default());
                clean.extend_from_slice(MARK);
            }
            done = done.max(range.end);
            open = Some(done);
        }
        clean.extend_from_slice(text.get(done..).unwrap_or_default());
        Some(clean.into())
    }

    /// Returns the ranges of a text that contain secrets.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let Some(key) = &self.key else {
            return found;
        };
        for group in &self.groups {
            group.find(key, text, |range, form| match form {
                Form::WholeWord | Form::Argument if !is_whole(text, &range) => {}
                Form::Argument => found.push(range.start + KEYWORD..range.end),
                Form::Encoded => found.push(widen(text, range)),
                Form::Anywhere | Form::WholeWord => found.push(range),
            });
        }
        let whole = found.len();
        self.blocks.find(key, text, |range, _| {
            let within =
                |known: &Range<usize>| known.start <= range.start && range.end <= known.end;
            if !found.iter().take(whole).any(within) {
                found.push(widen(text, range));
            }
        });
        found
    }

    /// Returns whether a range is a part of a user name in the text.
    fn is_in_a_name(&self, text: &[u8], range: &Range<usize>) -> bool {
        self.names.iter().any(|name| {
            let name = name.as_bytes();
            let first = range.end.saturating_sub(name.len());
            (first..=range.start).any(|start| {
                text.get(start..start + name.len())
                    .is_some_and(|it| it.eq_ignore_ascii_case(name))
            })
        })
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

/// The seed of the key for a connection that was not seeded. It protects nothing: see
/// `Connection::seed`.
const UNSEEDED: [u8; 32] = *b"pop3-proto redaction, not seeded";

impl Key {
    fn new(seed: &[u8; 32]) -> Self {
        let derived = keyed::<Sha256>(seed)
            .chain_update(b"redaction")
            .finalize()
            .into_bytes();
        let base = derived
            .iter()
            .take(8)
            .fold(0, |base: u64, octet| base << 8 | u64::from(*octet));
        Self {
            // It must not be even, so that no power of it is zero.
            base: base | 1,
            mac: keyed(&derived),
        }
    }

    /// Returns a polynomial hash, which can be computed as a rolling hash.
    fn hash(&self, octets: &[u8]) -> u64 {
        octets
            .iter()
            .fold(0, |hash, octet| self.shift(hash, *octet))
    }

    fn shift(&self, hash: u64, octet: u8) -> u64 {
        hash.wrapping_mul(self.base)
            .wrapping_add(u64::from(octet) + 1)
    }

    /// Returns the digest of a hash, which is what is kept: a short secret could be computed from
    /// the hash itself.
    fn digest(&self, hash: u64, length: usize) -> u64 {
        let mac = self.mac.clone().chain_update(hash.to_be_bytes());
        let mac = mac.chain_update(length.to_be_bytes()).finalize();
        let octets = mac.into_bytes();
        octets
            .iter()
            .take(8)
            .fold(0, |digest, octet| digest << 8 | u64::from(*octet))
    }
}

impl Group {
    fn of(length: usize) -> Self {
        Self {
            length,
            ..Self::default()
        }
    }

    fn add(&mut self, key: &Key, hash: u64, form: Form) {
        let needle = (key.digest(hash, self.length), form);
        if let Err(at) = self.needles.binary_search(&needle) {
            self.needles.insert(at, needle);
            let (word, bit) = tag(hash);
            if let Some(word) = self.tags.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// Reports where a text contains a needle of this group.
    fn find(&self, key: &Key, text: &[u8], mut report: impl FnMut(Range<usize>, Form)) {
        let Some((first, rest)) = text.split_at_checked(self.length) else {
            return;
        };
        if self.needles.is_empty() {
            return;
        }
        let leaving = (0..self.length).fold(1, |power: u64, _| power.wrapping_mul(key.base));
        let mut look = |start: usize, hash: u64| {
            let (word, bit) = tag(hash);
            if self.tags.get(word).is_none_or(|tags| tags & bit == 0) {
                return;
            }
            let digest = key.digest(hash, self.length);
            let known = self.needles.iter().filter(|(needle, _)| *needle == digest);
            known.for_each(|(_, form)| report(start..start + self.length, *form));
        };
        let mut hash = key.hash(first);
        look(0, hash);
        for (start, (old, new)) in text.iter().zip(rest).enumerate() {
            let old = (u64::from(*old) + 1).wrapping_mul(leaving);
            hash = key.shift(hash, *new).wrapping_sub(old);
            look(start + 1, hash);
        }
    }
}

/// Returns eight bits of a hash, as a position in a set. So few bits reveal little about a secret,
/// and avoid the computation of most digests.
fn tag(hash: u64) -> (usize, u64) {
    let tag = hash >> 56;
    ((tag >> 6) as usize, 1 << (tag & 63))
}

/// Returns where a secret is redacted; `None` if it cannot be distinguished from ordinary text.
fn form_of(secret: &[u8]) -> Option<Form> {
    let digits = secret.iter().filter(|c| c.is_ascii_digit()).count();
    let all_digits = digits == secret.len();
    let tiny = secret.len() < 4 && (digits == 0 || all_digits);
    if tiny || is_word(secret) || all_digits && digits < SHORTEST_NUMBER {
        return None;
    }
    Some(if secret.len() < SHORT || all_digits {
        Form::WholeWord
    } else {
        Form::Anywhere
    })
}

/// Returns whether it could be a word: letters, all in lower case, all in upper case, or with a
/// capital first letter.
fn is_word(secret: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(secret) else {
        return false;
    };
    let mut letters = text.chars();
    let small = |text: &str| !text.chars().any(char::is_uppercase);
    let large = |text: &str| !text.chars().any(char::is_lowercase);
    text.chars().all(char::is_alphabetic)
        && text.chars().count() <= LONGEST_WORD
        && (letters.next().is_none() || small(letters.as_str()) || large(text))
}

fn is_blank(octet: &u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Returns whether no letter or digit is next to a range.
fn is_whole(text: &[u8], range: &Range<usize>) -> bool {
    let in_word = |octet: &u8| octet.is_ascii_alphanumeric() || !octet.is_ascii();
    let before = text.get(..range.start).and_then(<[u8]>::last);
    let after = text.get(range.end);
    !before.is_some_and(in_word) && !after.is_some_and(in_word)
}

/// Extends a range to the encoded text around it.
fn widen(text: &[u8], range: Range<usize>) -> Range<usize> {
    let encoded = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_');
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let before = before.iter().rev().take_while(|c| encoded(c)).count();
    let end = |c: &&u8| encoded(c) || matches!(c, b'=' | b'.' | b'~');
    let after = after.iter().take_while(end).count();
    range.start - before..range.end + after
}
