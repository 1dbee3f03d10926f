//! How much of a message is read.

use pop3_proto::{Error, MessageNumber};

/// How much of a message is read before it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    Nothing,
    Chunk,
    /// All of it, chunk by chunk.
    All,
    /// All of it, with the reader traits, or into memory.
    Whole,
}

impl Read {
    pub fn decode(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::All,
            1 => Self::Nothing,
            2 => Self::Chunk,
            _ => Self::Whole,
        }
    }

    /// Returns the maximum number of chunks to read.
    pub fn chunks(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Chunk => 1,
            Self::All | Self::Whole => usize::MAX,
        }
    }
}

/// What was read of a message.
#[derive(Debug, Default)]
pub struct Got {
    pub number: Option<MessageNumber>,
    pub octets: Vec<u8>,
    /// How it ended, if it was read to its end.
    pub end: Option<Result<(), Error>>,
}
