//! Transcripts of sessions.

pub use self::deviation::{Deviation, Difference};
pub use self::recorder::Recorder;
pub use self::replay::{Feeding, LineEnds, Replay, Replayed, replay};
pub use self::settings::{configure, describe};
pub use self::step::{Action, Step};
pub use self::transcript::{Include, Line, Only, ParseError, Setting, Transcript};
pub use crate::operation::{ConfirmOperation, LoginOperation, Operation, Problem};

#[cfg(feature = "internals")]
mod conversation;
mod deviation;
mod driver;
mod player;
mod recorder;
mod render;
mod replay;
mod scram;
mod settings;
mod step;
mod surplus;
mod transcript;
mod write;
mod writer;

/// The driver of the tests of this workspace, and the words of the language.
#[cfg(feature = "internals")]
pub(crate) mod internals {
    pub use super::conversation::assert_over;
    pub use super::driver::{Driver, Outcome, join};
    pub use super::surplus::is_late_surplus;

    /// Writes events and errors in the language of transcripts.
    pub mod render {
        pub use super::super::render::{capabilities, error, event, plan, result_of, state};
    }
}
