//! How many octets the reply to a command is likely to have: what the window of replies in flight is
//! filled by.

use super::state::State;
use crate::command_line::{Arguments, CommandLine};
use crate::command_table::Shape;
use crate::verb::Verb;

/// The size of a reply that nothing is known about.
pub(super) const UNKNOWN_REPLY: u64 = 64 << 10;

/// Octets that a message's header and a line of its body are likely to have.
const HEADER: u64 = 16 << 10;
const LINE: u64 = 80;

/// The size of a reply before it comes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReplySize {
    /// Octets that the reply is likely to have.
    pub(super) expected: u64,
    /// The size that `LIST` gave for the message whose text a command asks for.
    pub(super) listed: Option<u64>,
}

impl State {
    /// The size that the reply to a command is likely to have.
    pub(super) fn reply_size(&self, command: &CommandLine) -> ReplySize {
        let listed = self.listed_octets(command);
        ReplySize {
            expected: self.expected_octets(command, listed),
            listed,
        }
    }

    /// The size that `LIST` gave for the message whose text a command asks for.
    pub(super) fn listed_octets(&self, command: &CommandLine) -> Option<u64> {
        let number = command
            .number()
            .filter(|_| command.shape == Shape::Stream)?;
        // In any other order a look-up would walk through the whole listing.
        let sizes = self.listed().sizes.as_ref();
        let sizes = sizes.filter(|sizes| sizes.is_ascending());
        sizes?.get(number)?.octets
    }

    fn expected_octets(&self, command: &CommandLine, listed: Option<u64>) -> u64 {
        match command.verb {
            Verb::Retr | Verb::Top => {}
            Verb::List | Verb::Uidl if command.number().is_none() => {}
            _ => return 0,
        }
        let mean = || {
            let stat = self.server.stat.as_ref()?;
            stat.octets?.checked_div(u64::from(stat.messages))
        };
        let (messages, octets) = self.server.retrieved;
        let so_far = || octets.checked_div(messages);
        let whole = listed
            .or_else(mean)
            .or_else(so_far)
            .unwrap_or(UNKNOWN_REPLY);
        match command.arguments {
            Arguments::Top(_, lines) => whole.min(HEADER + LINE * u64::from(lines)),
            _ => whole,
        }
    }
}
