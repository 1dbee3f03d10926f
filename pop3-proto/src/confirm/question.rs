//! One question of a confirmation, and what its answer is worth.

use crate::command_line::{Arguments, CommandLine};
use crate::listing::{ScanEntry, UidEntry, digits, leading_number, size, trimmed};
use crate::refusal::Refusal;
use crate::types::{MessageNumber, UniqueId};
use crate::verb::Verb;

/// What is asked about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    UniqueId,
    Size,
}

/// What the server listed for a message, and has to answer now.
#[derive(Debug)]
enum Value {
    UniqueId(UniqueId),
    Size(u64),
}

/// A question on its way, and its answer.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) command: CommandLine,
    pub(crate) number: MessageNumber,
    value: Value,
}

/// What came for a question.
#[derive(Debug)]
pub(crate) enum Answered {
    /// Number and value, as they were listed.
    Right,
    /// The value without the number: no proof, but what some servers always do.
    Numberless,
    Refused(Refusal),
    Wrong,
}

impl Question {
    /// A question about a unique-id, if the server listed one.
    pub(super) fn unique_id(entry: UidEntry) -> Option<Self> {
        let value = Value::UniqueId(entry.unique_id?);
        Some(Self::new(Verb::Uidl, entry.number, value))
    }

    /// A question about a size, if the server listed one.
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

    /// What the text after `+OK` is worth.
    pub(crate) fn check(&self, text: &[u8]) -> Answered {
        let text = trimmed(text);
        match leading_number(text) {
            Some((number, value)) if number == self.number && self.has(value) => Answered::Right,
            _ if self.is(text) => Answered::Numberless,
            _ => Answered::Wrong,
        }
    }

    /// Whether what follows the number is the value. Text may follow a size (RFC 1939 section 5).
    fn has(&self, value: &[u8]) -> bool {
        match &self.value {
            Value::UniqueId(id) => id.as_bytes() == value,
            Value::Size(octets) => size(value) == Ok(Some(*octets)),
        }
    }

    /// Whether a text is the value and nothing more.
    fn is(&self, text: &[u8]) -> bool {
        match &self.value {
            Value::UniqueId(id) => id.as_bytes() == text,
            Value::Size(octets) => digits(text) == Some((Some(*octets), b"")),
        }
    }
}
