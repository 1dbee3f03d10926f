//! Plays a transcript, as users do, and checks the connection at its end.

use pop3_proto::Phase;
use pop3_proto::config::Leniency;
pub use pop3_proto::record::{Feeding, LineEnds};
use pop3_proto::record::{Replay, Transcript};

use crate::observed::Records;

use pop3_proto::internals::assert_over;

/// Plays a transcript. An error contains the line at which the client deviated from it.
pub fn play(
    transcript: &Transcript,
    leniency: Leniency,
    line_ends: LineEnds,
    feeding: Feeding,
) -> Result<(), String> {
    play_observed(transcript, leniency, line_ends, feeding, None).map(drop)
}

/// The octets of a transcript that was played.
#[derive(Debug, Default)]
pub struct Octets {
    pub sent: Vec<u8>,
    pub received: Vec<u8>,
}

/// Plays a transcript with an observer.
pub fn play_observed(
    transcript: &Transcript,
    leniency: Leniency,
    line_ends: LineEnds,
    feeding: Feeding,
    records: Option<&Records>,
) -> Result<Octets, String> {
    let replay = Replay::new().under(leniency).fed(feeding);
    let replay = replay.with_line_ends(line_ends);
    let replayed = replay.run_with(transcript, |connection| {
        if let Some(records) = records {
            connection.set_observer(Box::new(records.clone()));
        }
    });
    let mut replayed = replayed.map_err(|deviation| format!("{feeding:?}: {deviation}"))?;
    if replayed.connection.phase() == Phase::Closed {
        assert_over(&mut replayed.connection);
    }
    Ok(Octets {
        sent: replayed.sent,
        received: replayed.received,
    })
}
