//! Rules of a run that a test can leave out, to show that each is needed.

/// A rule of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "internals"),
    allow(dead_code, unreachable_pub, reason = "nothing is left out")
)]
pub enum Rule {
    /// Content matches only entries that no other message of the mailbox is.
    Untaken,
    /// A short copy of a message never replaces one that is as long or longer.
    Longer,
    /// The messages of a batch that has failed are fetched one by one.
    Alone,
    /// A deletion is requested once in a run.
    Once,
}
