//! Replacements for what is private: user names, secrets and the contents of messages.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base64;
use crate::operation::Private;
use crate::saslprep::saslprep;

/// The user names of a session, and their replacements.
#[derive(Debug)]
pub(crate) struct Names {
    keep: bool,
    known: Vec<(String, String)>,
}

/// A shorter name is not searched for in the texts of the server.
const SHORTEST: usize = 3;

/// A name of fewer digits is not searched for: every reply contains such numbers.
const DIGITS: usize = 6;

/// Names and secrets that are longer keep their length, because it decides how they are sent.
const LONG: usize = 64;

impl Names {
    pub(super) fn new(keep: bool) -> Self {
        Self {
            keep,
            known: Vec::new(),
        }
    }

    /// Returns the replacement of a name.
    pub(crate) fn replacement(&mut self, name: &str) -> String {
        if self.keep || name.is_empty() {
            return name.to_owned();
        }
        if let Some((_, known)) = self.known.iter().find(|(known, _)| known == name) {
            return known.clone();
        }
        // The length decides which commands fit on a line.
        let mut word = b"user".to_vec();
        word.resize(name.len(), b'x');
        if !self.known.is_empty() {
            let number = format!("{}", self.known.len() + 1);
            word.truncate(name.len().saturating_sub(number.len()));
            word.extend_from_slice(number.as_bytes());
        }
        let replacement = match marked(name.as_bytes()) {
            [] => word,
            mark => [b"user", mark].concat(),
        };
        let replacement = String::from_utf8_lossy(&replacement).into_owned();
        self.known.push((name.to_owned(), replacement.clone()));
        replacement
    }

    /// Replaces the names in a line of the server, after its status indicator.
    pub(crate) fn hide(&self, line: &[u8]) -> Vec<u8> {
        let from = match line {
            [b'+' | b'-', ..] => line.iter().position(|octet| *octet == b' '),
            _ => Some(0),
        };
        let (head, text) = line.split_at(from.unwrap_or(line.len()));
        let mut text = text.to_vec();
        for (name, replacement) in &self.known {
            let local = name.split('@').next().unwrap_or_default();
            for name in [name.as_str(), local] {
                let digits = name.bytes().all(|octet| octet.is_ascii_digit());
                if name.len() >= if digits { DIGITS } else { SHORTEST } {
                    text = replaced(&text, name.as_bytes(), replacement.as_bytes());
                }
            }
        }
        [head, &text].concat()
    }
}

/// Replaces whole words.
fn replaced(text: &[u8], word: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let before = out.last().copied();
        let in_word = |octet: u8| octet.is_ascii_alphanumeric() || !octet.is_ascii();
        let found = rest.split_at_checked(word.len()).filter(|(head, tail)| {
            head.eq_ignore_ascii_case(word)
                && !before.is_some_and(in_word)
                && !tail.first().is_some_and(|octet| in_word(*octet))
        });
        match found {
            Some((_, tail)) => {
                out.extend_from_slice(with);
                rest = tail;
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

/// Returns the octets that make a text special: not UTF-8, not ASCII, or prohibited by SASLprep.
fn marked(text: &[u8]) -> &'static [u8] {
    match core::str::from_utf8(text) {
        Err(_) => b"\xe9",
        Ok(text) => match (text.is_ascii(), saslprep(text).is_some()) {
            (true, true) => b"",
            (true, false) => b"\x07",
            (false, true) => "\u{e9}".as_bytes(),
            // Unicode 3.2 did not assign it.
            (false, false) => "\u{1f600}".as_bytes(),
        },
    }
}

/// Returns a text that the connection treats like this one: in the same cases it is ASCII, can be
/// prepared by SASLprep, and fits on a line.
fn like(text: &[u8], ascii: &str) -> Vec<u8> {
    let mut replacement = [ascii.as_bytes(), marked(text)].concat();
    if text.len() > LONG && replacement.len() < text.len() {
        replacement.resize(text.len(), b'x');
    }
    replacement
}

impl Private for Names {
    fn name(&mut self, name: &str) -> String {
        self.replacement(name)
    }

    fn secret(&mut self, secret: &[u8]) -> Vec<u8> {
        like(secret, "secret")
    }

    fn token(&mut self, secret: &[u8]) -> Vec<u8> {
        token(secret)
    }
}

/// Returns the replacement of a token.
pub(crate) fn token(token: &[u8]) -> Vec<u8> {
    // A token that cannot be sent must fail in a replay, too.
    let sendable = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~+/=".contains(octet);
    let replacement = if token.iter().all(sendable) {
        "token-1"
    } else {
        "token 1"
    };
    like(token, replacement)
}

/// Returns octets of the same length and structure as a line of a message: with the same dots, and
/// with the same status indicator if the line looks like a reply.
pub(super) fn filler(line: &[u8]) -> Vec<u8> {
    let kept = [&b"+OK"[..], b"-ERR"].into_iter().find(|indicator| {
        let head = line.get(..indicator.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(indicator))
    });
    let kept = kept.map_or(0, <[u8]>::len);
    let fill = |(at, octet): (usize, &u8)| match octet {
        b'.' | b'\r' => *octet,
        _ if at < kept => *octet,
        _ => b'x',
    };
    line.iter().enumerate().map(fill).collect()
}

/// Returns the nonce in the first message of SCRAM.
pub(super) fn client_nonce(response: &str) -> Option<String> {
    let message = base64::decode(response.as_bytes())?;
    let message = core::str::from_utf8(&message).ok()?;
    let gs2 = ["n,", "y,", "p="]
        .iter()
        .any(|head| message.starts_with(head));
    let (_, nonce) = message.split_once(",r=")?;
    let first = gs2 && message.contains(",n=") && !message.contains(['\0', '\u{1}']);
    first.then(|| nonce.split(',').next().unwrap_or_default().to_owned())
}
