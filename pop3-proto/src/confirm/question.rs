//! A question of a confirmation, and how its answer is checked.

use crate::command_line::{Arguments, CommandLine};
use crate::listing::{ScanEntry, UidEntry, digits, leading_number, size, trimmed};
use crate::refusal::Refusal;
use crate::types::{MessageNumber, UniqueId};
use crate::verb::Verb;

/// What the question asks about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    UniqueId,
    Size,
}

/// The value that the server listed for a message, and must answer now.
#[derive(Debug)]
enum Value {
    UniqueId(UniqueId),
    Size(u64),
}

/// A question that is sent, and the answer that is expected.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) command: CommandLine,
    pub(crate) number: MessageNumber,
    value: Value,
}

/// The answer to a question.
#[derive(Debug)]
pub(crate) enum Answered {
    /// The number and the value are as listed.
    Right,
    /// The value without the number. This proves nothing, but some servers always answer so.
    Numberless,
    Refused(Refusal),
    Wrong,
}

impl Question {
    /// Creates a question about a unique-id, if the server listed one.
    pub(super) fn unique_id(entry: UidEntry) -> Option<Self> {
        let value = Value::UniqueId(entry.unique_id?);
        Some(Self::new(Verb::Uidl, entry.number, value))
    }

    /// Creates a question about a size, if the server listed one.
    pub(super) fn size(entry: ScanEntry) -> Option<Self> {
        let value = Value::Size(entry.octets?);
        Some(Self::new(Verb::List, entry.number, value))
    }

    fn new(verb: Verb, number: MessageNumber, value: Value) -> Self {
        let command = CommandLine::new(verb, Arguments::Number(number));
        Self {
            command,
            number,
            value,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.value {
            Value::UniqueId(_) => Kind::UniqueId,
            Value::Size(_) => Kind::Size,
        }
    }

    /// Checks the text after `+OK`.
    pub(crate) fn check(&self, text: &[u8]) -> Answered {
        let text = trimmed(text);
        match leading_number(text) {
            Some((number, value)) if number == self.number && self.has(value) => Answered::Right,
            _ if self.is(text) => Answered::Numberless,
            _ => Answered::Wrong,
        }
    }

    /// Returns whether the text after the number is the value. Other text may follow a size (RFC
    /// 1939 section 5).
    fn has(&self, value: &[u8]) -> bool {
        match &self.value {
            Value::UniqueId(id) => id.as_bytes() == value,
            Value::Size(octets) => size(value) == Ok(Some(*octets)),
        }
    }

    /// Returns whether a text is exactly the value.
    fn is(&self, text: &[u8]) -> bool {
        match &self.value {
            Value::UniqueId(id) => id.as_bytes() == text,
            Value::Size(octets) => digits(text) == Some((Some(*octets), b"")),
        }
    }
}
