//! The messages of a scenario.

use pop3_proto::sync::Day;

/// A message in the model of a maildrop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// Which message it is: no two messages of a history have the same.
    pub(super) serial: usize,
    /// Its unique-id, if the server has proper ones.
    pub(super) id: u32,
    pub(super) arrived: Day,
    pub(super) text: Text,
}

/// A text, cheap to clone. It is a leaked string, because there are only a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text {
    pub(super) whole: &'static str,
}

/// The length of each header, with the empty line.
const HEADER: usize = "To: a\r\n\r\n".len();

impl Text {
    const fn new(whole: &'static str) -> Self {
        Self { whole }
    }

    pub(super) fn octets(self) -> usize {
        self.whole.len()
    }

    pub(super) fn header(self) -> &'static str {
        &self.whole[..HEADER]
    }

    /// A first part that contains the header and some of the body.
    pub(super) fn half(self) -> &'static str {
        &self.whole[..HEADER + (self.whole.len() - HEADER) / 2]
    }
}

/// Distinct texts of the same size.
pub(super) const EQUAL: [Text; 6] = [
    Text::new("To: a\r\n\r\nalpha 1\r\n"),
    Text::new("To: b\r\n\r\nbravo 2\r\n"),
    Text::new("To: c\r\n\r\ncrazy 3\r\n"),
    Text::new("To: d\r\n\r\ndelta 4\r\n"),
    Text::new("To: e\r\n\r\nextra 5\r\n"),
    Text::new("To: f\r\n\r\nforty 6\r\n"),
];

/// Distinct texts of distinct sizes. The second is the largest.
pub(super) const SIZES: [Text; 3] = [
    Text::new("To: s\r\n\r\nsmall\r\n"),
    Text::new("To: l\r\n\r\nlarge, that is, larger than all the others\r\n"),
    Text::new("To: m\r\n\r\nmedium size\r\n"),
];

/// A text with the header and the size of the first of [`EQUAL`].
pub(super) const SAME_HEADER: Text = Text::new("To: a\r\n\r\nagain 9\r\n");

/// What a sender forges: a message of the same size as those of [`EQUAL`].
pub(super) const FORGED: Text = Text::new("To: z\r\n\r\nzebra 0\r\n");

/// The messages of a maildrop at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Population {
    /// This many distinct messages of equal size.
    Distinct(usize),
    /// This many equal copies.
    Copies(usize),
    /// Three messages of different sizes.
    Sizes,
    /// Two messages with the same header and size, and different bodies.
    SameHeader,
}

impl Population {
    pub(super) fn texts(self) -> Vec<Text> {
        match self {
            Self::Distinct(count) => EQUAL.into_iter().take(count).collect(),
            Self::Copies(count) => vec![EQUAL[0]; count],
            Self::Sizes => SIZES.to_vec(),
            Self::SameHeader => vec![EQUAL[0], SAME_HEADER],
        }
    }

    pub(super) fn len(self) -> usize {
        match self {
            Self::Distinct(count) | Self::Copies(count) => count,
            Self::Sizes => 3,
            Self::SameHeader => 2,
        }
    }
}
