use core::fmt;

/// An oddity of a server that was borne, by name. None is borne under
/// [`Leniency::Strict`](crate::config::Leniency::Strict).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quirk {
    /// A blank line came before a status line and was skipped.
    BlankLine,
    /// A status line, or the first line of a multi-line reply, ends in LF instead of CR LF. Reported once
    /// for each channel, for a multi-line reply at its end.
    BareLineFeed,
    /// A `STAT` or `LIST` reply holds no size, or something that is none.
    MissingSize,
    /// `LIST n` or `UIDL n` was answered without the number.
    MissingNumber,
    /// A `UIDL` reply has an entry without a unique-id.
    MissingUniqueId,
    /// A unique-id is not 1 to 70 octets of printable ASCII.
    OddUniqueId,
    /// The server wrote something where a challenge says nothing: behind the first `+`, or a
    /// prompt that is not base64.
    ChallengeText,
    /// User name or password left as UTF-8, though the server does not list `UTF8 USER` (RFC 6856
    /// section 2.2): this one is ours.
    NonAsciiLogin,
    /// Each line of a listing begins with `+OK`, and none does without.
    StatusInListing,
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BlankLine => "a blank line before a reply",
            Self::BareLineFeed => "lines that end in LF alone",
            Self::MissingSize => "a size that is missing or no number",
            Self::MissingNumber => "a reply about one message without its number",
            Self::MissingUniqueId => "an entry without a unique-id",
            Self::OddUniqueId => "a unique-id outside RFC 1939",
            Self::ChallengeText => "text where a challenge says nothing",
            Self::NonAsciiLogin => "a login beyond ASCII without UTF8 USER",
            Self::StatusInListing => "+OK before each line of a listing",
        })
    }
}
