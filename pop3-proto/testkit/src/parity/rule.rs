//! Which conversations a client cannot act out, and why: each rule looks at the transcript alone.

/// Why a conversation is not played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// `! wait`: time passes, in seconds and minutes.
    Waits,
    /// `> abandon`: it is given up between two octets, when no future or guard could be dropped.
    Abandons,
    /// `! reset` and `! write fails`: the standard library cannot make a socket do so.
    BreaksTheSocket,
    /// Something is asked for while something else is under way, after octets have moved.
    AsksMeanwhile,
    /// A streamed command is submitted together with others and may share their batch: the application
    /// of these tests has no operation for it.
    StreamsAmongOthers,
    /// It ends while an operation waits.
    EndsUnderWay,
    /// A client without randomness: all adapters bring some.
    WithoutRandomness,
}

/// The rules, with how many conversations each keeps away (a transcript for both leniencies is two
/// of them). There may be fewer, not more.
pub(super) const SKIPPED: [(Rule, usize); 7] = [
    (Rule::Waits, 38),
    (Rule::Abandons, 10),
    (Rule::BreaksTheSocket, 10),
    (Rule::AsksMeanwhile, 0),
    (Rule::StreamsAmongOthers, 4),
    (Rule::EndsUnderWay, 0),
    (Rule::WithoutRandomness, 2),
];
