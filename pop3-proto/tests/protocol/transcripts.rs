//! Every conversation of `transcripts/`, however its octets are cut.

use pop3_proto::config::Leniency;
use pop3_testkit::play::{Feeding, LineEnds, octets_of_server, play};
use pop3_testkit::transcript::{Transcript, only};
use pop3_testkit::transcripts::transcripts;

/// Acts all of them out under each leniency; all failures are told together.
fn for_each(act: impl Fn(&Transcript, Leniency) -> Result<(), String> + Sync) {
    let transcripts = transcripts();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = transcripts.len().div_ceil(workers);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let shares = transcripts.chunks(share);
        let act = &act;
        let workers: Vec<_> = shares
            .map(|share| scope.spawn(move || failures_of(share, act)))
            .collect();
        let told = workers.into_iter().map(|it| it.join().expect("no panic"));
        told.flatten().collect()
    });
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

fn failures_of(
    transcripts: &[(String, Transcript)],
    act: &impl Fn(&Transcript, Leniency) -> Result<(), String>,
) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, transcript) in transcripts {
        for (leniency, other) in [(Leniency::Lenient, "strict"), (Leniency::Strict, "default")] {
            if only(transcript, other) {
                continue;
            }
            if let Err(what) = act(transcript, leniency) {
                failures.push(format!("{name} under {leniency:?}, {what}"));
            }
        }
    }
    failures
}

#[test]
fn every_conversation_goes_as_written() {
    for_each(|transcript, leniency| {
        play(transcript, leniency, LineEnds::AsWritten, Feeding::Whole)
    });
}

#[test]
fn every_conversation_goes_as_written_octet_by_octet() {
    for_each(|transcript, leniency| {
        if only(transcript, "whole") {
            return Ok(());
        }
        play(transcript, leniency, LineEnds::AsWritten, Feeding::Octets)
    });
}

#[test]
fn every_conversation_goes_as_written_wherever_it_is_cut() {
    for_each(|transcript, leniency| {
        if only(transcript, "whole") {
            return Ok(());
        }
        (1..octets_of_server(transcript)).try_for_each(|cut| {
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
fn every_conversation_goes_as_written_with_a_server_that_ends_lines_with_lf_alone() {
    for_each(|transcript, leniency| {
        if only(transcript, "crlf") || leniency == Leniency::Strict {
            return Ok(());
        }
        play(transcript, leniency, LineEnds::BareLf, Feeding::Whole)?;
        if only(transcript, "whole") {
            return Ok(());
        }
        play(transcript, leniency, LineEnds::BareLf, Feeding::Octets)
    });
}
