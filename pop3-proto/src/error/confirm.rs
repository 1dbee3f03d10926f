//! Why nothing is confirmed.

use thiserror::Error as ThisError;

use super::Error;
use crate::refusal::Refusal;
use crate::text::ServerText;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// Why what was received is not confirmed; see [`Confirm`](crate::Confirm).
///
/// Delete none of it. The first three reasons say that nothing could be asked: the connection lives on,
/// and what was received is neither confirmed nor in doubt. The others are fatal.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Unconfirmed {
    /// Neither `UIDL` nor `LIST` was answered in this session before the first message and the first
    /// `DELE`, so there is nothing to compare with.
    #[error(
        "cannot confirm what was received: no UIDL or LIST was answered in this session before the first message and the first DELE; ask for one after the login"
    )]
    NoListing,
    /// No message with a value is listed, or all of them are marked as deleted.
    #[error("cannot confirm what was received: no listed message is left to ask about")]
    NothingToAsk,
    /// The server refuses `UIDL n` and `LIST n`, or leaves the numbers out of its answers.
    #[error(
        "cannot confirm what was received: the server supports neither UIDL n nor LIST n{}",
        reason(.0.as_ref())
    )]
    Unsupported(Option<Refusal>),
    /// An answer is not what the server listed, or a question was refused while others like it were
    /// answered. Replies have got out of order. Fatal.
    #[error(
        "the server answered {verb} {number} with \"{got}\", which is not what it listed; {DOUBT}"
    )]
    WrongAnswer {
        /// The command.
        verb: Verb,
        /// The message that was asked about.
        number: MessageNumber,
        /// What the server answered.
        got: ServerText,
    },
    /// A message contains what looks like a reply of the server, and does not have the size that was
    /// listed for it. It may be the reply to another command, taken for a part of the message, while a
    /// sender's forgery took its place. Fatal. Retrieve the other messages without this one.
    #[error(
        "message {number} may contain the reply to another command, and its size is not the one that LIST gave; {DOUBT}, without message {number}"
    )]
    ReplyInMessage {
        /// The message.
        number: MessageNumber,
    },
    /// The connection ended while questions were asked. Fatal.
    #[error("{0}; {DOUBT}")]
    CutShort(Error),
}

/// What a failed confirmation means.
const DOUBT: &str = "nothing received since the last confirmation can be trusted: fetch those messages again in a new session";

impl Unconfirmed {
    /// Whether the connection ends with this. If so, messages that were received since the last
    /// confirmation may be incomplete, or may be parts of other messages.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::WrongAnswer { .. } | Self::ReplyInMessage { .. } | Self::CutShort(_)
        )
    }

    /// The error that ended the connection, if there is one.
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
