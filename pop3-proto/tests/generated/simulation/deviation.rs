//! What real servers do differently and clients tolerate. No deviation may lose a reply.

use fastrand::Rng;
use pop3_proto::config::Leniency;

use super::line::{GREETING, is_long, is_plain, split_reply, verb};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// `+ok` and `-err`.
    LowerCase,
    /// LF instead of CRLF, everywhere.
    BareLineFeeds,
    /// Blank lines before replies.
    BlankLines,
    /// `+OK` and nothing else, wherever that is enough.
    NoText,
    /// A status line of more than 512 octets.
    LongText,
    /// The size in the reply to RETR is wrong.
    WrongOctets,
    /// Blanks around values, and words after sizes.
    UnusualSpacing,
    /// The last message is listed first.
    Descending,
    /// LIST and STAT without sizes.
    MissingSizes,
    /// `LIST n` and `UIDL n` answered without the number.
    MissingNumbers,
    /// UIDL without unique-ids.
    MissingUniqueIds,
    /// `+OK` before each line of a listing.
    StatusInListing,
    /// A word where a challenge should be empty.
    ChallengeText,
}

use Deviation::*;

impl Deviation {
    /// In the order in which they are applied: the first ones expect `+OK` and CRLF.
    pub(crate) const ALL: [Self; 13] = [
        NoText,
        LongText,
        WrongOctets,
        UnusualSpacing,
        Descending,
        MissingSizes,
        MissingNumbers,
        MissingUniqueIds,
        StatusInListing,
        ChallengeText,
        LowerCase,
        BlankLines,
        BareLineFeeds,
    ];

    /// Returns whether it is tolerated under every leniency.
    fn is_always_tolerated(self) -> bool {
        matches!(
            self,
            NoText | LongText | WrongOctets | UnusualSpacing | Descending | LowerCase
        )
    }

    /// Returns one or two tolerated deviations.
    pub(crate) fn some(rng: &mut Rng, leniency: Leniency) -> Vec<Self> {
        let tolerated =
            |deviation: &Self| leniency != Leniency::Strict || deviation.is_always_tolerated();
        let tolerated: Vec<_> = Self::ALL.into_iter().filter(tolerated).collect();
        (0..rng.usize(1..3))
            .map(|_| tolerated[rng.usize(..tolerated.len())])
            .collect()
    }

    /// Returns the reply as a server with this deviation sends it.
    fn apply(self, line: &[u8], reply: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
        let (status, rest) = split_reply(&reply);
        let ok = status.starts_with(b"+OK");
        let challenge = status.starts_with(b"+ ");
        let listing = matches!(verb(line), b"LIST" | b"UIDL") && ok;
        let long = is_long(line);
        let with_status = |status: &[u8]| [status, b"\r\n", rest].concat();
        let valued = verb(line) == b"STAT" || (listing && !long) || line == GREETING;
        match self {
            LowerCase if !challenge => {
                let mut reply = reply;
                reply[..4].make_ascii_lowercase();
                reply
            }
            BareLineFeeds if long => with_line_feeds(&stuffed_after_lf(&reply)),
            BareLineFeeds => with_line_feeds(&reply),
            // A line that answers AUTH has its own rules.
            BlankLines if line == GREETING || is_plain(line) => {
                let blank = b"\r\n".repeat(rng.usize(..4));
                [&blank, reply.as_slice()].concat()
            }
            NoText if ok && !valued => with_status(b"+OK"),
            LongText if ok && (long || !listing) => {
                with_status(&[status, b" ", &b"blah ".repeat(120)].concat())
            }
            WrongOctets if ok && verb(line) == b"RETR" => with_status(b"+OK 7 octets"),
            UnusualSpacing if listing && long => {
                each_line(rest, status, |n, value| [n, b"   ", value, b" "].concat())
            }
            Descending if listing && long => {
                let body = &rest[..rest.len() - 3];
                let mut lines: Vec<_> = body.split_inclusive(|octet| *octet == b'\n').collect();
                lines.reverse();
                [status, b"\r\n", &lines.concat(), b".\r\n"].concat()
            }
            MissingSizes if ok && verb(line) == b"STAT" => {
                let messages = status.split(|octet| *octet == b' ').nth(1);
                with_status(&[b"+OK ", messages.unwrap()].concat())
            }
            MissingSizes if listing && long && verb(line) == b"LIST" => {
                each_line(rest, status, |n, _| n.to_vec())
            }
            MissingNumbers if listing && !long => {
                match status.split(|octet| *octet == b' ').nth(2).unwrap() {
                    // No message has this number, so the client takes the line for a malformed one.
                    b"0" => reply,
                    value => with_status(&[b"+OK ", value].concat()),
                }
            }
            MissingUniqueIds if listing && long && verb(line) == b"UIDL" => {
                each_line(rest, status, |n, _| n.to_vec())
            }
            StatusInListing if listing && long => {
                each_line(rest, status, |n, value| [b"+OK ", n, b" ", value].concat())
            }
            // Other mechanisms parse their challenges.
            ChallengeText if matches!(line, b"AUTH PLAIN" | b"AUTH LOGIN") && challenge => {
                b"+ go ahead\r\n".to_vec()
            }
            _ => reply,
        }
    }
}

fn each_line(body: &[u8], status: &[u8], write: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut reply = [status, b"\r\n"].concat();
    for line in body[..body.len() - 3].split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap();
        let space = line.iter().position(|octet| *octet == b' ');
        let (number, value) = line.split_at(space.unwrap_or(line.len()));
        reply.extend(write(number, value.trim_ascii()));
        reply.extend_from_slice(b"\r\n");
    }
    reply.extend_from_slice(b".\r\n");
    reply
}

/// Returns the reply with dots stuffed after a bare LF as well, because there a bare LF ends a
/// line.
fn stuffed_after_lf(reply: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(reply.len());
    for line in reply.split_inclusive(|octet| *octet == b'\n') {
        let after_lf = stuffed.ends_with(b"\n") && !stuffed.ends_with(b"\r\n");
        if after_lf && line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed
}

/// Replaces each CRLF by LF.
pub(crate) fn with_line_feeds(octets: &[u8]) -> Vec<u8> {
    let mut with = Vec::with_capacity(octets.len());
    for (at, octet) in octets.iter().enumerate() {
        if *octet != b'\r' || octets.get(at + 1) != Some(&b'\n') {
            with.push(*octet);
        }
    }
    with
}

/// Returns the reply as a server with all these deviations sends it.
pub(crate) fn apply(
    deviations: &[Deviation],
    line: &[u8],
    reply: Vec<u8>,
    rng: &mut Rng,
) -> Vec<u8> {
    // Line ends come last, because the other deviations expect CRLF.
    Deviation::ALL
        .into_iter()
        .filter(|deviation| deviations.contains(deviation))
        .fold(reply, |reply, deviation| deviation.apply(line, reply, rng))
}
