//! Errors of a confirmation.

use thiserror::Error as ThisError;

use super::Error;
use crate::refusal::Refusal;
use crate::text::ServerText;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// Why a confirmation failed; see [`Confirm`](crate::Confirm).
///
/// Do not delete the unconfirmed messages on the server.
///
/// [`NoListing`](Self::NoListing), [`NothingToAsk`](Self::NothingToAsk) and
/// [`Unsupported`](Self::Unsupported) mean that no question could be asked. The connection can
/// still be used, and nothing indicates that the messages are wrong. The other variants are fatal.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Unconfirmed {
    /// Neither `UIDL` nor `LIST` was answered in this session before the first message and the
    /// first `DELE`, so there is nothing to compare with.
    #[error(
        "cannot confirm what was received: there is no listing to compare with: send UIDL or LIST after the login, before the first message and the first DELE"
    )]
    NoListing,
    /// No listed message has a size or a unique-id, or all that have one are marked as deleted.
    #[error(
        "cannot confirm what was received: every listed message is marked as deleted, or has neither a size nor a unique-id"
    )]
    NothingToAsk,
    /// The server refuses `UIDL n` and `LIST n`, or omits the numbers from its answers.
    #[error(
        "cannot confirm what was received: the server supports neither UIDL n nor LIST n{}",
        reason(.0.as_ref())
    )]
    Unsupported(Option<Refusal>),
    /// An answer differs from the listing, or a question was refused while others like it were
    /// answered. Commands and replies are desynchronized. Fatal.
    #[error(
        "the server answered {verb} {number} with \"{got}\", which differs from its listing; {DOUBT}"
    )]
    WrongAnswer {
        /// The command.
        verb: Verb,
        /// The message that the question was about.
        number: MessageNumber,
        /// What the server answered.
        got: ServerText,
    },
    /// A message contains a line that looks like a server reply, and its size differs from the
    /// listed one. The line may be the reply to another command that was read as part of the
    /// message. Text that a sender forged in another message may then have been read as that reply.
    /// Fatal. Retrieve the other messages without this one.
    #[error(
        "message {number} may contain the reply to another command, and its size differs from the listed one; {DOUBT}, without message {number}"
    )]
    ReplyInMessage {
        /// The message.
        number: MessageNumber,
    },
    /// The connection ended before all questions were answered. Fatal.
    #[error("{0}; {DOUBT}")]
    CutShort(Error),
}

/// What to do after a failed confirmation.
const DOUBT: &str = "nothing received since the last confirmation can be trusted: fetch those messages again in a new session";

impl Unconfirmed {
    /// Returns whether this error ends the connection. If so, messages that were received since the
    /// last confirmation may be incomplete, or may be parts of other messages.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::WrongAnswer { .. } | Self::ReplyInMessage { .. } | Self::CutShort(_)
        )
    }

    /// Returns the error that ended the connection, if there is one.
    pub fn cause(&self) -> Option<&Error> {
        match self {
            Self::CutShort(cause) => Some(cause),
            _ => None,
        }
    }
}

fn reason(refusal: Option<&Refusal>) -> alloc::string::String {
    refusal.map_or_else(Default::default, |refusal| alloc::format!(" ({refusal})"))
}
