//! Estimates how many octets the reply to a command will have. The window uses this to limit the
//! replies in flight.

use super::state::State;
use crate::command_line::{Arguments, CommandLine};
use crate::command_table::Shape;
use crate::verb::Verb;

/// The estimate if nothing is known about the reply.
pub(super) const UNKNOWN_REPLY: u64 = 64 << 10;

/// The estimate for a message's header, and for a line of its body.
const HEADER: u64 = 16 << 10;
const LINE: u64 = 80;

/// The size of a reply before it is received.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReplySize {
    /// The estimated size in octets.
    pub(super) expected: u64,
    /// The size in `LIST` of the message whose text a command requests.
    pub(super) listed: Option<u64>,
}

impl State {
    /// Returns the estimated size of the reply to a command.
    pub(super) fn reply_size(&self, command: &CommandLine) -> ReplySize {
        let listed = self.listed_octets(command);
        ReplySize {
            expected: self.expected_octets(command, listed),
            listed,
        }
    }

    /// Returns the size in `LIST` of the message whose text a command requests.
    pub(super) fn listed_octets(&self, command: &CommandLine) -> Option<u64> {
        let number = command
            .number()
            .filter(|_| command.shape == Shape::Stream)?;
        // In an unsorted listing, a lookup would take linear time.
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
