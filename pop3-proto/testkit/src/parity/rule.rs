//! The reasons why a client cannot reproduce a conversation. Each rule depends only on the
//! transcript.

/// Why a conversation is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// `! wait`: seconds or minutes pass.
    Waits,
    /// `> abandon`: a request is abandoned between two octets, where the test cannot drop a future
    /// or a guard.
    Abandons,
    /// `! reset` and `! write fails`: the standard library cannot cause these failures of a socket.
    BreaksTheSocket,
    /// A request is submitted while another one is in progress, after octets have moved.
    AsksMeanwhile,
    /// A streamed command is submitted together with others and may share their batch. The test
    /// application has no operation for that.
    StreamsAmongOthers,
    /// The transcript ends while an operation waits.
    EndsUnderWay,
    /// The application acts on the connection itself, which a client does not offer: it ends it
    /// because of a limit or a panic, or asks as a synchronisation does.
    ActsOnTheConnection,
    /// A client without random octets. It cannot be tested, because all adapters seed the
    /// connection.
    WithoutRandomness,
}

/// The rules, with the maximum number of conversations that each may skip. A transcript for both
/// leniencies counts twice.
pub(super) const SKIPPED: [(Rule, usize); 8] = [
    (Rule::Waits, 38),
    (Rule::Abandons, 10),
    (Rule::BreaksTheSocket, 10),
    (Rule::AsksMeanwhile, 0),
    (Rule::StreamsAmongOthers, 4),
    (Rule::EndsUnderWay, 0),
    (Rule::ActsOnTheConnection, 10),
    (Rule::WithoutRandomness, 2),
];
