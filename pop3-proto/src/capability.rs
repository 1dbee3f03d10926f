//! What a server says it can do (RFC 2449).

use alloc::vec::Vec;

use bytes::Bytes;

use crate::config::Leniency;
use crate::listing::{lines, trimmed};
use crate::text::ServerText;

/// A `CAPA` reply: typed accessors over the lines as they came.
///
/// Absence proves little: `UIDL` and `TOP` work on servers that do not list them. Capabilities
/// are those of one channel; STLS makes the connection forget them, and servers may list others
/// after a login. A server that refuses `CAPA` then leaves the earlier ones in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    octets: Bytes,
    leniency: Leniency,
}

/// A span of time or forever, which may differ by user (RFC 2449 sections 6.5 and 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expire {
    /// Days that a retrieved message is kept at least; `None` is forever. 0 means that the server
    /// may delete a message once it was retrieved.
    pub days: Option<u32>,
    /// Whether the value differs by user: read it again after the login.
    pub per_user: bool,
}

/// How long to wait between logins (RFC 2449 section 6.5). The library does not wait by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginDelay {
    /// Seconds between logins at least.
    pub seconds: u32,
    /// Whether the value differs by user: read it again after the login.
    pub per_user: bool,
}

impl Capabilities {
    pub(crate) fn new(octets: Bytes, leniency: Leniency) -> Self {
        Self { octets, leniency }
    }

    /// The lines as they came, without line ends. Lines that are empty or nothing but blanks are
    /// left out.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        lines(self.leniency, &self.octets).filter(|line| !line.iter().all(is_blank))
    }

    /// The capabilities in the order in which the server lists them, each with its parameters.
    ///
    /// A capability that stands on several lines comes several times.
    pub fn iter(&self) -> impl Iterator<Item = Capability<'_>> {
        self.lines()
            .filter_map(|line| Capability::read(line, self.leniency))
    }

    /// Whether a capability is listed, in any case (RFC 2449 section 5).
    pub fn has(&self, tag: &str) -> bool {
        self.get(tag).is_some()
    }

    /// The parameters of the first line with this tag; an empty list if it has none, `None` if the
    /// capability is not listed.
    pub fn get(&self, tag: &str) -> Option<Vec<&[u8]>> {
        self.entries(tag).next().map(Iterator::collect)
    }

    /// The lines with this tag, each as its parameters.
    fn entries(&self, tag: &str) -> impl Iterator<Item = impl Iterator<Item = &[u8]>> {
        self.iter()
            .filter(|capability| capability.is(tag))
            .map(|capability| capability.parameters())
    }

    /// `STLS`: TLS can be started on this connection (RFC 2595 section 4).
    pub fn stls(&self) -> bool {
        self.has("STLS")
    }

    /// `PIPELINING`: commands may be sent ahead of replies (RFC 2449 section 6.6).
    pub fn pipelining(&self) -> bool {
        self.has("PIPELINING")
    }

    /// `TOP` (RFC 2449 section 6.1).
    pub fn top(&self) -> bool {
        self.has("TOP")
    }

    /// `UIDL` (RFC 2449 section 6.8).
    pub fn uidl(&self) -> bool {
        self.has("UIDL")
    }

    /// `USER`: `USER` and `PASS` work (RFC 2449 section 6.2). Many servers do not list it.
    pub fn user(&self) -> bool {
        self.has("USER")
    }

    /// `UTF8 USER`: user names and passwords may be UTF-8 (RFC 6856 section 2.2).
    pub fn utf8_user(&self) -> bool {
        self.entries("UTF8")
            .flatten()
            .any(|word| word.eq_ignore_ascii_case(b"USER"))
    }

    /// `RESP-CODES`: status texts may begin with a response code (RFC 2449 section 6.4).
    pub fn response_codes(&self) -> bool {
        self.has("RESP-CODES")
    }

    /// `AUTH-RESP-CODE`: every refusal for wrong credentials carries `[AUTH]` (RFC 3206).
    pub fn auth_response_code(&self) -> bool {
        self.has("AUTH-RESP-CODE")
    }

    /// `SASL`: the mechanisms for `AUTH` (RFC 5034), of all `SASL` lines; `None` if there is none.
    pub fn sasl(&self) -> Option<Vec<&[u8]>> {
        let mut lines = self.entries("SASL").peekable();
        lines.peek()?;
        Some(lines.flatten().collect())
    }

    /// `EXPIRE` (RFC 2449 section 6.7).
    pub fn expire(&self) -> Option<Expire> {
        let mut words = self.entries("EXPIRE").next()?;
        let days = words.next()?;
        let days = if days.eq_ignore_ascii_case(b"NEVER") {
            None
        } else {
            Some(number(days)?)
        };
        Some(Expire {
            days,
            per_user: says_user(words),
        })
    }

    /// `LOGIN-DELAY` (RFC 2449 section 6.5).
    pub fn login_delay(&self) -> Option<LoginDelay> {
        let mut words = self.entries("LOGIN-DELAY").next()?;
        Some(LoginDelay {
            seconds: number(words.next()?)?,
            per_user: says_user(words),
        })
    }

    /// `IMPLEMENTATION`: for logs; nothing may depend on it (RFC 2449 section 6.9).
    pub fn implementation(&self) -> Option<ServerText> {
        self.iter()
            .find(|capability| capability.is("IMPLEMENTATION"))
            .map(|capability| ServerText::copy(trimmed(capability.text())))
    }
}

/// One line of a `CAPA` reply (RFC 2449 section 5): a tag, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability<'a> {
    tag: &'a [u8],
    text: &'a [u8],
    /// Some servers write `SASL=PLAIN`, as IMAP would.
    equals_separates: bool,
}

impl<'a> Capability<'a> {
    fn read(line: &'a [u8], leniency: Leniency) -> Option<Self> {
        let line = without_blanks(line);
        let equals_separates = leniency == Leniency::Lenient
            && line
                .split_at_checked(SASL.len())
                .is_some_and(|(tag, rest)| {
                    tag.eq_ignore_ascii_case(SASL.as_bytes())
                        && matches!(rest, [] | [b' ' | b'\t' | b'=', ..])
                });
        let end = line
            .iter()
            .position(|octet| separates(*octet, equals_separates));
        let (tag, text) = line.split_at_checked(end.unwrap_or(line.len()))?;
        (!tag.is_empty()).then_some(Self {
            tag,
            text: without_blanks(text),
            equals_separates,
        })
    }

    /// The tag as the server writes it, such as `SASL`. Tags are the same in any case.
    pub fn tag(&self) -> &'a [u8] {
        self.tag
    }

    /// Returns whether it has this tag, in any case.
    pub fn is(&self, tag: &str) -> bool {
        self.tag.eq_ignore_ascii_case(tag.as_bytes())
    }

    /// The parameters, without the blanks between them.
    pub fn parameters(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let equals_separates = self.equals_separates;
        self.text
            .split(move |octet| separates(*octet, equals_separates))
            .filter(|word| !word.is_empty())
    }

    /// All that follows the tag as the server writes it, without blanks around it: for
    /// `IMPLEMENTATION`, whose parameter is text.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }
}

/// The one tag that is written with `=` in places.
const SASL: &str = "SASL";

fn is_blank(octet: &u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

fn separates(octet: u8, equals_separates: bool) -> bool {
    is_blank(&octet) || (equals_separates && octet == b'=')
}

/// Without blanks at both ends. A bare CR is data, here as everywhere.
fn without_blanks(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = octets {
        octets = rest;
    }
    octets
}

fn number(word: &[u8]) -> Option<u32> {
    core::str::from_utf8(word).ok()?.parse().ok()
}

fn says_user<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> bool {
    words.any(|word| word.eq_ignore_ascii_case(b"USER"))
}
