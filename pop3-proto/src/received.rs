//! The size of a message that was received, compared with the sizes that the server stated.

use crate::swallowed::Swallowed;

/// The size of a message, or of another streamed reply, that was read to its end.
///
/// The sizes that a server states are not exact: servers count before they change line ends, add a
/// last line break or add headers. A message may therefore be complete although the sizes differ,
/// and incomplete although they are equal. Only [`Confirm`](crate::Confirm) can find out. But if
/// there are fewer octets than the server states ([`SizeMatch::is_short`]), it is better not to
/// delete the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct Received {
    /// The number of octets, without dot-stuffing and with line ends as sent.
    pub octets: u64,
    /// The comparison with the size in the last [`Listing`](crate::listing::Listing) of this
    /// session.
    ///
    /// It is [`SizeMatch::Unknown`] for every command except [`Retr`](crate::Retr), and if `LIST`
    /// was not sent before the first `DELE`. It is also unknown if the reply to `LIST` is not in
    /// ascending order, or has no size for this message.
    pub listed: SizeMatch,
    /// The comparison with the size in the reply to `RETR`: `+OK 120 octets`.
    ///
    /// It is [`SizeMatch::Unknown`] for every command except [`Retr`](crate::Retr), and if the
    /// reply has another form; see [`BodyHead::octets`](crate::reply::BodyHead::octets).
    pub announced: SizeMatch,
}

/// The number of octets that were received, compared with a size that the server stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum SizeMatch {
    /// The numbers are equal.
    Equal,
    /// The numbers differ only because the server counts line ends in another way. It may count
    /// each as one octet or as two, and may leave out a last line break that it added itself.
    /// The value is the difference, as in [`SizeMatch::Differs`].
    LineEnds(i64),
    /// This many more octets were received than stated; a negative number means fewer.
    Differs(i64),
    /// The server stated no size, or the size cannot be distinguished from other numbers in the
    /// reply.
    Unknown,
}

impl SizeMatch {
    /// Returns whether fewer octets were received than stated, and the difference is not explained
    /// by line ends.
    pub fn is_short(self) -> bool {
        matches!(self, Self::Differs(..0))
    }
}

/// Counts the octets and the line ends of a streamed reply.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measure {
    /// The sizes that the server stated.
    listed: Option<u64>,
    announced: Option<u64>,
    octets: u64,
    /// How many CR LF there are, and how many LF without a CR. Counted only if a size was stated.
    pairs: u64,
    bare: u64,
    last: LastLineEnd,
    /// The search for a reply to another command inside the message. Only messages are searched.
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

    /// Enables the search for a reply that became a part of the message by mistake.
    pub(crate) fn searching(mut self) -> Self {
        self.swallowed = Some(Swallowed::new());
        self
    }

    /// Returns whether the message contains what looks like a reply, and does not have the size
    /// that was listed for it.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.swallowed.is_some_and(Swallowed::is_found) && self.listed != Some(self.octets)
    }

    /// Counts more octets. They must not begin in the middle of a line end.
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

    /// Returns the result after the last octets.
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
        // How much the last line end adds to the size: as sent, if all line ends are CR LF, and if
        // all are LF. The candidates are these three sizes, each with the last line end and without
        // it.
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

/// Returns how many CR LF there are, and how many LF with or without a CR.
fn line_ends(chunk: &[u8]) -> (u64, u64) {
    let (mut pairs, mut all) = (0, u64::from(chunk.first() == Some(&b'\n')));
    let shifted = chunk.get(1..).unwrap_or_default();
    // Compilers turn sums of single octets into vector instructions. Most line ends are pairs, and
    // searching for them one by one takes ten times as long.
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

/// How many octets are summed up in one octet: a multiple of the length of a vector, below 256.
const SUM: usize = 224;

/// Returns the size that a status text states: the number before the word `octets`.
pub(crate) fn stated_octets(text: &[u8]) -> Option<u64> {
    let words = text
        .split(|octet| matches!(octet, b' ' | b'\t' | b'(' | b')'))
        .filter(|word| !word.is_empty());
    let mut before: Option<&[u8]> = None;
    let mut stated: Option<&[u8]> = None;
    for word in words {
        let bare = word.strip_suffix(b".").or(word.strip_suffix(b","));
        if bare.unwrap_or(word).eq_ignore_ascii_case(b"octets") {
            // With two sizes, the right one is not known.
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
