//! The capabilities that a server advertises (RFC 2449).

use alloc::vec::Vec;

use bytes::Bytes;

use crate::config::Leniency;
use crate::listing::{lines, trimmed};
use crate::text::ServerText;

/// A `CAPA` reply, with methods that parse its lines.
///
/// A missing capability proves little: some servers support `UIDL` and `TOP` without advertising
/// them. The capabilities belong to one channel. They are discarded by STLS, and a server may
/// advertise different ones after a login. If a server refuses `CAPA` after the login, the earlier
/// capabilities are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    octets: Bytes,
    leniency: Leniency,
}

/// How long the server keeps messages (RFC 2449 section 6.7). The value may differ by user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expire {
    /// The minimum number of days for which a retrieved message is kept; `None` means forever. With
    /// 0, the server may delete a message as soon as it was retrieved.
    pub days: Option<u32>,
    /// Whether the value differs by user. If so, read it again after the login.
    pub per_user: bool,
}

/// How long a client must wait between two logins (RFC 2449 section 6.5). The library does not wait
/// by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginDelay {
    /// The minimum time between two logins, in seconds.
    pub seconds: u32,
    /// Whether the value differs by user. If so, read it again after the login.
    pub per_user: bool,
}

impl Capabilities {
    pub(crate) fn new(octets: Bytes, leniency: Leniency) -> Self {
        Self { octets, leniency }
    }

    /// Returns the lines as they were received, without line ends. Empty and blank lines are left
    /// out.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        lines(self.leniency, &self.octets).filter(|line| !line.iter().all(is_blank))
    }

    /// Returns the capabilities in the server's order, each with its parameters.
    ///
    /// A capability that is on several lines is returned several times.
    pub fn iter(&self) -> impl Iterator<Item = Capability<'_>> {
        self.lines()
            .filter_map(|line| Capability::read(line, self.leniency))
    }

    /// Returns whether a capability is advertised. The comparison ignores case (RFC 2449 section
    /// 5).
    pub fn has(&self, tag: &str) -> bool {
        self.get(tag).is_some()
    }

    /// Returns the parameters of the first line with this tag. The list is empty if the line has no
    /// parameters. `None` if the capability is not advertised.
    pub fn get(&self, tag: &str) -> Option<Vec<&[u8]>> {
        self.entries(tag).next().map(Iterator::collect)
    }

    /// Returns the parameters of each line with this tag.
    fn entries(&self, tag: &str) -> impl Iterator<Item = impl Iterator<Item = &[u8]>> {
        self.iter()
            .filter(|capability| capability.is(tag))
            .map(|capability| capability.parameters())
    }

    /// Returns whether `STLS` is advertised: TLS can be started on this connection (RFC 2595
    /// section 4).
    pub fn stls(&self) -> bool {
        self.has("STLS")
    }

    /// Returns whether `PIPELINING` is advertised: commands may be sent before earlier ones are
    /// answered (RFC 2449 section 6.6).
    pub fn pipelining(&self) -> bool {
        self.has("PIPELINING")
    }

    /// Returns whether `TOP` is advertised (RFC 2449 section 6.1).
    pub fn top(&self) -> bool {
        self.has("TOP")
    }

    /// Returns whether `UIDL` is advertised (RFC 2449 section 6.8).
    pub fn uidl(&self) -> bool {
        self.has("UIDL")
    }

    /// Returns whether `USER` is advertised: the commands `USER` and `PASS` are supported (RFC 2449
    /// section 6.2). Many servers support them without advertising it.
    pub fn user(&self) -> bool {
        self.has("USER")
    }

    /// Returns whether `UTF8` is advertised: the command [`Utf8`](crate::command::Utf8) is supported
    /// (RFC 6856 section 2).
    pub fn utf8(&self) -> bool {
        self.has("UTF8")
    }

    /// Returns whether `LANG` is advertised: the commands [`Lang`](crate::command::Lang) and
    /// [`SetLang`](crate::command::SetLang) are supported (RFC 6856 section 3).
    pub fn lang(&self) -> bool {
        self.has("LANG")
    }

    /// Returns whether `UTF8 USER` is advertised: user names and passwords may be UTF-8 (RFC 6856
    /// section 2.2).
    pub fn utf8_user(&self) -> bool {
        self.entries("UTF8")
            .flatten()
            .any(|word| word.eq_ignore_ascii_case(b"USER"))
    }

    /// Returns whether `RESP-CODES` is advertised: status texts may begin with a response code (RFC
    /// 2449 section 6.4).
    pub fn response_codes(&self) -> bool {
        self.has("RESP-CODES")
    }

    /// Returns whether `AUTH-RESP-CODE` is advertised: every refusal because of wrong credentials
    /// has the code `[AUTH]` (RFC 3206).
    pub fn auth_response_code(&self) -> bool {
        self.has("AUTH-RESP-CODE")
    }

    /// Returns the mechanisms of all `SASL` lines, for `AUTH` (RFC 5034). `None` if there is no
    /// such line.
    pub fn sasl(&self) -> Option<Vec<&[u8]>> {
        let mut lines = self.entries("SASL").peekable();
        lines.peek()?;
        Some(lines.flatten().collect())
    }

    /// Returns the value of `EXPIRE` (RFC 2449 section 6.7).
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

    /// Returns the value of `LOGIN-DELAY` (RFC 2449 section 6.5).
    pub fn login_delay(&self) -> Option<LoginDelay> {
        let mut words = self.entries("LOGIN-DELAY").next()?;
        Some(LoginDelay {
            seconds: number(words.next()?)?,
            per_user: says_user(words),
        })
    }

    /// Returns the text of `IMPLEMENTATION`. Use it only for logs; no behaviour may depend on it
    /// (RFC 2449 section 6.9).
    pub fn implementation(&self) -> Option<ServerText> {
        self.iter()
            .find(|capability| capability.is("IMPLEMENTATION"))
            .map(|capability| ServerText::copy(trimmed(capability.text())))
    }
}

/// One line of a `CAPA` reply (RFC 2449 section 5): a tag and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability<'a> {
    tag: &'a [u8],
    text: &'a [u8],
    /// Whether `=` separates words: some servers write `SASL=PLAIN`, as in IMAP.
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

    /// Returns the tag as the server writes it, such as `SASL`. Case is not significant.
    pub fn tag(&self) -> &'a [u8] {
        self.tag
    }

    /// Returns whether it has this tag. The comparison ignores case.
    pub fn is(&self, tag: &str) -> bool {
        self.tag.eq_ignore_ascii_case(tag.as_bytes())
    }

    /// Returns the parameters, without the blanks between them.
    pub fn parameters(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let equals_separates = self.equals_separates;
        self.text
            .split(move |octet| separates(*octet, equals_separates))
            .filter(|word| !word.is_empty())
    }

    /// Returns everything after the tag as the server writes it, without surrounding blanks. Use it
    /// for `IMPLEMENTATION`, whose parameter is text.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }
}

/// The only tag after which some servers write `=`.
const SASL: &str = "SASL";

fn is_blank(octet: &u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

fn separates(octet: u8, equals_separates: bool) -> bool {
    is_blank(&octet) || (equals_separates && octet == b'=')
}

/// Removes blanks from both ends. A bare CR is data, here as everywhere.
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
