//! The commands of a run, each of which can be one of several kinds.

use crate::command::{Command, IntoStreamed, Sealed, Streamed, Submission, Whole};
use crate::command_line::{Arguments, CommandLine};
use crate::confirm::Confirm;
use crate::reply::{BodyHead, Reply};
use crate::types::MessageNumber;
use crate::verb::Verb;

/// A command of a [`Run`](super::Run) whose reply is returned as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask(pub(super) Question);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Stat,
    /// The sizes; lines that make no sense are left out.
    Sizes,
    /// The unique-ids; lines that make no sense are left out.
    UniqueIds,
    UniqueId(MessageNumber),
    Confirm {
        sizes: bool,
    },
    Delete(MessageNumber),
    Quit,
}

/// The reply to an [`Ask`]. Pass it to [`Run::reply`](super::Run::reply).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(pub(super) Reply);

impl Answer {
    /// Creates an answer, for a model of a server in a test.
    #[cfg(feature = "internals")]
    pub fn new(reply: Reply) -> Self {
        Self(reply)
    }
}

#[cfg(feature = "internals")]
impl Ask {
    /// Returns whether this confirmation asks about sizes, too.
    pub fn confirms_sizes(&self) -> bool {
        self.0 == Question::Confirm { sizes: true }
    }

    /// Returns the verb and the message number of this command; no verb for a confirmation.
    pub fn parts(&self) -> (Option<Verb>, Option<MessageNumber>) {
        match self.0 {
            Question::Stat => (Some(Verb::Stat), None),
            Question::Sizes => (Some(Verb::List), None),
            Question::UniqueIds => (Some(Verb::Uidl), None),
            Question::UniqueId(number) => (Some(Verb::Uidl), Some(number)),
            Question::Confirm { .. } => (None, None),
            Question::Delete(number) => (Some(Verb::Dele), Some(number)),
            Question::Quit => (Some(Verb::Quit), None),
        }
    }
}

impl Sealed for Ask {
    type Output = Answer;

    fn request(self) -> Submission {
        let line = |verb, arguments| CommandLine::new(verb, arguments);
        let command = match self.0 {
            Question::Confirm { sizes: true } => return Confirm::new().request(),
            Question::Confirm { sizes: false } => {
                return Confirm::new().without_sizes().request();
            }
            Question::Stat => line(Verb::Stat, Arguments::None),
            Question::Sizes => line(Verb::List, Arguments::None).salvaged(),
            Question::UniqueIds => line(Verb::Uidl, Arguments::None).salvaged(),
            Question::UniqueId(number) => line(Verb::Uidl, Arguments::Number(number)),
            Question::Delete(number) => line(Verb::Dele, Arguments::Number(number)),
            Question::Quit => line(Verb::Quit, Arguments::None),
        };
        Submission(command.into())
    }

    fn read(reply: Reply) -> Option<Answer> {
        Some(Answer(reply))
    }
}

impl Command for Ask {
    type Reply = Answer;
}

impl Whole for Ask {}

/// A command of a [`Run`](super::Run) that fetches a message or its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Get {
    pub(super) number: MessageNumber,
    pub(super) header_only: bool,
}

impl Get {
    /// Returns the number of the message.
    pub fn number(&self) -> MessageNumber {
        self.number
    }

    /// Returns whether only the header is requested, by `TOP n 0`.
    pub fn is_header_only(&self) -> bool {
        self.header_only
    }
}

impl Sealed for Get {
    type Output = BodyHead;

    fn request(self) -> Submission {
        let command = if self.header_only {
            CommandLine::new(Verb::Top, Arguments::Top(self.number, 0))
        } else {
            CommandLine::new(Verb::Retr, Arguments::Number(self.number))
        };
        Submission(command.into())
    }

    fn read(reply: Reply) -> Option<BodyHead> {
        match reply {
            Reply::BodyHead(head) => Some(head),
            _ => None,
        }
    }
}

impl Command for Get {
    type Reply = BodyHead;
}

impl Streamed for Get {}

const _: () = {
    const fn assert_streamed<C: IntoStreamed>() {}
    assert_streamed::<Get>();
};
