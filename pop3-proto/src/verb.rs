//! The keywords of commands.

/// A command's keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the keywords of RFC 1939, 2449, 2595, 5034 and 6856"
)]
pub enum Verb {
    Capa,
    Stls,
    User,
    Pass,
    Apop,
    Auth,
    /// `AUTH` without a mechanism: [`AuthMechanisms`](crate::command::AuthMechanisms).
    AuthMechanisms,
    Stat,
    List,
    Uidl,
    Retr,
    Top,
    Dele,
    Noop,
    Rset,
    Quit,
    Utf8,
    Lang,
    /// A custom command.
    Raw,
}
