//! Runs all transcripts of `pop3-proto` with a real client over real sockets.

use std::collections::BTreeMap;

use pop3_proto::config::Leniency;

use crate::transcripts::transcripts;
use pop3_proto::record::Transcript;

use super::application::play;
use super::client::Client;
use super::rule::{Rule, SKIPPED};
use super::script::Script;

/// Returns the name, the leniency and the transcript of each conversation.
fn conversations() -> Vec<(String, Leniency, Transcript)> {
    let mut conversations = Vec::new();
    for (name, transcript) in transcripts() {
        for leniency in [Leniency::Lenient, Leniency::Strict] {
            if transcript.permits(leniency) {
                conversations.push((name.clone(), leniency, transcript.clone()));
            }
        }
    }
    assert!(conversations.len() > 600, "transcripts are missing");
    conversations
}

/// Runs every conversation that a client can reproduce. All failures are reported together.
pub fn transcripts_behave_the_same_over_sockets<C: Client>() {
    let mut skipped = BTreeMap::<Rule, usize>::new();
    let mut scripts = Vec::new();
    for (name, leniency, transcript) in conversations() {
        match Script::of(&transcript, leniency) {
            Ok(script) => scripts.push((name, leniency, script)),
            Err(rule) => *skipped.entry(rule).or_default() += 1,
        }
    }
    println!("{} transcripts run; skipped: {skipped:?}", scripts.len());

    let share = scripts.len().div_ceil(4);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = scripts
            .chunks(share)
            .map(|share| scope.spawn(move || failures_of::<C>(share)))
            .collect();
        let reported = workers.into_iter().map(|it| it.join().expect("no panic"));
        reported.flatten().collect()
    });
    assert!(
        failures.is_empty(),
        "{} of {} failed:\n{}",
        failures.len(),
        scripts.len(),
        failures.join("\n\n")
    );
    for (rule, count) in skipped {
        let known = SKIPPED.iter().find(|(it, _)| *it == rule);
        let allowed = known.map_or(0, |(_, allowed)| *allowed);
        assert!(count <= allowed, "{rule:?} skips {count}, not {allowed}");
    }
}

fn failures_of<C: Client>(scripts: &[(String, Leniency, Script)]) -> Vec<String> {
    let failure = |(name, leniency, script): &(String, Leniency, Script)| {
        let what = play::<C>(script, *leniency).err()?;
        Some(format!("{name} under {leniency:?}: {what}"))
    };
    scripts.iter().filter_map(failure).collect()
}
