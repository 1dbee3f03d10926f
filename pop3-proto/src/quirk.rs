//! The deviations from the RFCs that a connection tolerates and reports.
//!
//! They are reported so that an application can log them, and so that tests can check that nothing
//! else is tolerated.

use core::fmt;

/// A deviation from the RFCs that was tolerated. Under
/// [`Leniency::Strict`](crate::config::Leniency::Strict), none is tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Quirk {
    /// A blank line came before a status line and was skipped.
    BlankLine,
    /// A status line, or the first line of a multi-line reply, ends in LF instead of CR LF. It is
    /// reported once for each channel. For a multi-line reply, it is reported at the end of the
    /// reply.
    BareLineFeed,
    /// A `STAT` or `LIST` reply contains no size, or one that is not a number.
    MissingSize,
    /// `LIST n` or `UIDL n` was answered without the number.
    MissingNumber,
    /// A `UIDL` reply has an entry without a unique-id.
    MissingUniqueId,
    /// A unique-id is not 1 to 70 octets of printable ASCII.
    OddUniqueId,
    /// The server sent text in a challenge that must be empty: after the first `+`, or as a prompt
    /// that is not base64.
    ChallengeText,
    /// The user name or the password was sent as UTF-8, though the server does not advertise `UTF8
    /// USER` (RFC 6856 section 2.2). In this case, the client deviates from the RFC, not the
    /// server.
    NonAsciiLogin,
    /// Every line of a listing begins with `+OK`.
    StatusInListing,
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BlankLine => "a blank line before a reply",
            Self::BareLineFeed => "lines that end in a bare LF",
            Self::MissingSize => "a size that is missing or not a number",
            Self::MissingNumber => "a reply about one message without its number",
            Self::MissingUniqueId => "an entry without a unique-id",
            Self::OddUniqueId => "a unique-id that RFC 1939 does not allow",
            Self::ChallengeText => "text in a challenge that must be empty",
            Self::NonAsciiLogin => "a user name or password beyond ASCII without UTF8 USER",
            Self::StatusInListing => "+OK before each line of a listing",
        })
    }
}
