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
/// after a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    octets: Bytes,
    leniency: Leniency,
    epoch: Epoch,
}

/// When a server told what it can do: it may say otherwise in TLS, and otherwise again to who is
/// logged in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Epoch {
    /// Before TLS and before the login: anybody on the way may have changed it.
    #[default]
    Clear,
    /// In TLS, before the login.
    Tls,
    /// After the login.
    LoggedIn,
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
        Self {
            octets,
            leniency,
            epoch: Epoch::default(),
        }
    }

    /// Dates it.
    pub(crate) fn at(self, epoch: Epoch) -> Self {
        Self { epoch, ..self }
    }

    /// When the server told this. A server that refuses `CAPA` later leaves the earlier one standing.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The lines as they came, without line ends and blank ones.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        lines(self.leniency, &self.octets).filter(|line| !line.is_empty())
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
        // Some servers write `SASL=PLAIN`, as IMAP would.
        let equals = tag.eq_ignore_ascii_case("SASL") && self.leniency == Leniency::Default;
        self.lines().filter_map(move |line| {
            let separator = move |c: &u8| matches!(c, b' ' | b'\t') || (equals && *c == b'=');
            let mut words = line.split(separator).filter(|word| !word.is_empty());
            words
                .next()?
                .eq_ignore_ascii_case(tag.as_bytes())
                .then_some(words)
        })
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
        let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
        self.lines().find_map(|line| {
            let line = line.get(line.iter().position(|octet| !blank(octet))?..)?;
            let tag = line.iter().position(blank).unwrap_or(line.len());
            let (tag, text) = line.split_at_checked(tag)?;
            let listed = tag.eq_ignore_ascii_case(b"IMPLEMENTATION");
            listed.then(|| ServerText::excerpt(trimmed(text)))
        })
    }
}

fn number(word: &[u8]) -> Option<u32> {
    core::str::from_utf8(word).ok()?.parse().ok()
}

fn says_user<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> bool {
    words.any(|word| word.eq_ignore_ascii_case(b"USER"))
}
