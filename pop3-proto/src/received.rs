//! What came of a message, compared with what the server said of its size.

use crate::swallowed::Swallowed;

/// What came of a message or of another streamed reply that was read to its end.
///
/// Sizes that a server states are no measure of a message: servers count before they change line ends,
/// add a last line break or add headers. So a difference never makes a message incomplete, and no
/// difference does not make it complete: [`Confirm`](crate::Confirm) does. But fewer octets than the
/// server states ([`SizeMatch::is_short`]) are a good reason not to delete a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// Octets, with dot-stuffing undone and line ends as sent.
    pub octets: u64,
    /// Compared with the size in the last [`Listing`](crate::listing::Listing) of this session.
    ///
    /// Unknown for all but [`Retr`](crate::Retr), and where `LIST` was not asked before the first
    /// `DELE`, did not list the message in ascending order, or was answered without a size.
    pub listed: SizeMatch,
    /// Compared with the size that the reply to `RETR` begins with: `+OK 120 octets`.
    ///
    /// Unknown for all but [`Retr`](crate::Retr), and where the server says anything else; see
    /// [`BodyHead::octets`](crate::reply::BodyHead::octets).
    pub announced: SizeMatch,
}

/// How many octets came, compared with a size that the server stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeMatch {
    /// As many as stated.
    Equal,
    /// As many as stated, if line ends are counted in another way: every line end as one octet or
    /// every one as two, or without the last line break (which some servers add), or both. The
    /// number is as in [`SizeMatch::Differs`].
    LineEnds(i64),
    /// So many more octets came than stated; a negative number means fewer.
    Differs(i64),
    /// The server stated no size, or none that can be told from other numbers.
    Unknown,
}

impl SizeMatch {
    /// Whether fewer octets came than stated, and line ends do not explain it.
    pub fn is_short(self) -> bool {
        matches!(self, Self::Differs(..0))
    }
}

/// A streamed reply as it is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measure {
    /// The sizes that the server states.
    listed: Option<u64>,
    announced: Option<u64>,
    octets: u64,
    /// CR LF, and LF without a CR before it. Counted only where a size is stated.
    pairs: u64,
    bare: u64,
    last: LastLineEnd,
    /// Whether the reply to another command is in here. Looked for in messages alone.
    swallowed: Option<Swallowed>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum LastLineEnd {
    #[default]
    None,
    Lf,
    CrLf,
}

impl Measure {
    pub(crate) fn new(listed: Option<u64>, announced: Option<u64>) -> Self {
        Self {
            listed,
            announced,
            ..Self::default()
        }
    }

    /// Also looks for a reply that is a part of the message by mistake.
    pub(crate) fn searching(mut self) -> Self {
        self.swallowed = Some(Swallowed::new());
        self
    }

    /// Whether the message contains what looks like a reply, and does not have the size that was listed
    /// for it.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.swallowed.is_some_and(Swallowed::is_found) && self.listed != Some(self.octets)
    }

    /// Counts more octets, which do not begin within a line end.
    pub(crate) fn count(&mut self, chunk: &[u8]) {
        self.octets += chunk.len() as u64;
        if let Some(swallowed) = &mut self.swallowed {
            swallowed.search(chunk);
        }
        if self.listed.or(self.announced).is_some() {
            let (pairs, all) = line_ends(chunk);
            self.pairs += pairs;
            self.bare += all.saturating_sub(pairs);
            self.last = match chunk {
                [.., b'\r', b'\n'] => LastLineEnd::CrLf,
                [.., b'\n'] => LastLineEnd::Lf,
                _ => LastLineEnd::None,
            };
        }
    }

    /// What came, now that all has come.
    pub(crate) fn finish(self) -> Received {
        Received {
            octets: self.octets,
            listed: self.compare(self.listed),
            announced: self.compare(self.announced),
        }
    }

    fn compare(&self, stated: Option<u64>) -> SizeMatch {
        let Some(stated) = stated else {
            return SizeMatch::Unknown;
        };
        if stated == self.octets {
            return SizeMatch::Equal;
        }
        let difference = i128::from(self.octets) - i128::from(stated);
        let difference = match i64::try_from(difference) {
            Ok(difference) => difference,
            Err(_) if difference < 0 => i64::MIN,
            Err(_) => i64::MAX,
        };
        let with_two = self.octets.saturating_add(self.bare);
        let with_one = self.octets.saturating_sub(self.pairs);
        // The size as sent, as if all lines ended in CR LF, as if all ended in LF: each with the last
        // line end and without.
        let (as_sent, two, one) = match self.last {
            LastLineEnd::None => (0, 0, 0),
            LastLineEnd::Lf => (1, 2, 1),
            LastLineEnd::CrLf => (2, 2, 1),
        };
        let counted = [
            self.octets.saturating_sub(as_sent),
            with_two,
            with_two.saturating_sub(two),
            with_one,
            with_one.saturating_sub(one),
        ];
        if counted.contains(&stated) {
            SizeMatch::LineEnds(difference)
        } else {
            SizeMatch::Differs(difference)
        }
    }
}

/// How many CR LF there are, and how many LF with or without a CR.
fn line_ends(chunk: &[u8]) -> (u64, u64) {
    let (mut pairs, mut all) = (0, u64::from(chunk.first() == Some(&b'\n')));
    let shifted = chunk.get(1..).unwrap_or_default();
    // Sums of single octets are what compilers turn into vector instructions: most line ends are pairs,
    // and searching for one after the other takes ten times as long.
    for (octets, next) in chunk.chunks(SUM).zip(shifted.chunks(SUM)) {
        let (mut crlf, mut lf) = (0_u8, 0_u8);
        for (octet, next) in octets.iter().zip(next) {
            let is_lf = *next == b'\n';
            lf += u8::from(is_lf);
            crlf += u8::from(is_lf & (*octet == b'\r'));
        }
        pairs += u64::from(crlf);
        all += u64::from(lf);
    }
    (pairs, all)
}

/// How many octets are summed up in one: a multiple of what a vector holds.
const SUM: usize = 224;

/// The size that a status text states: the number before its one word `octets`.
pub(crate) fn stated_octets(text: &[u8]) -> Option<u64> {
    let words = text
        .split(|octet| matches!(octet, b' ' | b'\t' | b'(' | b')'))
        .filter(|word| !word.is_empty());
    let mut before: Option<&[u8]> = None;
    let mut stated: Option<&[u8]> = None;
    for word in words {
        let bare = word.strip_suffix(b".").or(word.strip_suffix(b","));
        if bare.unwrap_or(word).eq_ignore_ascii_case(b"octets") {
            // Two sizes are none.
            if stated.is_some() {
                return None;
            }
            stated = before;
        }
        before = Some(word);
    }
    match crate::listing::digits(stated?) {
        Some((octets, [])) => octets,
        _ => None,
    }
}
