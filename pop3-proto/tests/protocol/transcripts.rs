//! Plays all transcripts of `transcripts/`, with the input split at different places.

use pop3_proto::config::Leniency;
use pop3_proto::record::{Only, Transcript};
use pop3_testkit::play::{Feeding, LineEnds, play};
use pop3_testkit::transcripts::transcripts;

/// Plays all transcripts under each leniency and reports all failures together.
fn for_each(play_one: impl Fn(&Transcript, Leniency) -> Result<(), String> + Sync) {
    let transcripts = transcripts();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = transcripts.len().div_ceil(workers);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let shares = transcripts.chunks(share);
        let play_one = &play_one;
        let workers: Vec<_> = shares
            .map(|share| scope.spawn(move || failures_of(share, play_one)))
            .collect();
        let results = workers.into_iter().map(|it| it.join().expect("no panic"));
        results.flatten().collect()
    });
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

fn failures_of(
    transcripts: &[(String, Transcript)],
    play_one: &impl Fn(&Transcript, Leniency) -> Result<(), String>,
) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, transcript) in transcripts {
        for leniency in [Leniency::Lenient, Leniency::Strict] {
            if !transcript.permits(leniency) {
                continue;
            }
            if let Err(what) = play_one(transcript, leniency) {
                failures.push(format!("{name} under {leniency:?}, {what}"));
            }
        }
    }
    failures
}

#[test]
fn all_transcripts_pass() {
    for_each(|transcript, leniency| {
        play(transcript, leniency, LineEnds::AsWritten, Feeding::Whole)
    });
}

#[test]
fn all_transcripts_pass_octet_by_octet() {
    for_each(|transcript, leniency| {
        if transcript.is_only(Only::Whole) {
            return Ok(());
        }
        play(transcript, leniency, LineEnds::AsWritten, Feeding::Octets)
    });
}

#[test]
fn all_transcripts_pass_with_any_split() {
    for_each(|transcript, leniency| {
        if transcript.is_only(Only::Whole) {
            return Ok(());
        }
        (1..transcript.server_octets()).try_for_each(|cut| {
            play(
                transcript,
                leniency,
                LineEnds::AsWritten,
                Feeding::CutAt(cut),
            )
        })
    });
}

#[test]
fn all_transcripts_pass_with_bare_lf() {
    for_each(|transcript, leniency| {
        if transcript.is_only(Only::CrLf) || leniency == Leniency::Strict {
            return Ok(());
        }
        play(transcript, leniency, LineEnds::BareLf, Feeding::Whole)?;
        if transcript.is_only(Only::Whole) {
            return Ok(());
        }
        play(transcript, leniency, LineEnds::BareLf, Feeding::Octets)
    });
}
