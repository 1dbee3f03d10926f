//! Every conversation of `transcripts/`, however its octets are cut.

mod common;

use std::path::{Path, PathBuf};

use common::{Feeding, LineEnds, Transcript, octets_of_server, only, play};
use pop3_proto::Leniency;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// All transcripts with their names.
fn transcripts() -> Vec<(String, Transcript)> {
    let include = |name: &str| {
        let path = folder().join("include").join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let mut transcripts: Vec<_> = std::fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pop3")
        })
        .map(|path| {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).expect("a text");
            let transcript = Transcript::parse(&text, &include)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, transcript)
        })
        .collect();
    transcripts.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(transcripts.len() > 100, "the transcripts are there");
    transcripts
}

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
        for (leniency, other) in [(Leniency::Default, "strict"), (Leniency::Strict, "default")] {
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
