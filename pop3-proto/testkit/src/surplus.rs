//! Ignores the only difference that the partition of octets may cause. All tests that compare two
//! runs use this. `record/surplus.rs` in `pop3-proto` describes the difference.

pub use pop3_proto::internals::is_late_surplus;
use pop3_proto::{Error, error::ProtocolError, reply::ServerText};

/// Removes the quoted octets from an error, because their number depends on the partition.
pub fn without_quote(error: &mut Error) {
    if let Error::Protocol(why) = error
        && let ProtocolError::Surplus { got, .. } = &mut **why
    {
        *got = ServerText::default();
    }
}
