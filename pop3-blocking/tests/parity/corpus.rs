//! All transcripts of the core, played by a real client over real sockets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pop3_proto::Leniency;

use super::application::play;
use super::client::Client;
use super::rule::{Rule, SKIPPED};
use super::script::Script;
use pop3_testkit::transcript::{Transcript, only};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pop3-proto/tests/transcripts")
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// All conversations under the leniencies that they are for, with their names.
fn conversations() -> Vec<(String, Leniency, Transcript)> {
    let include = |name: &str| read(&folder().join("include").join(name));
    let files = std::fs::read_dir(folder()).expect("the folder");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "pop3"));
    paths.sort();
    assert!(paths.len() > 300, "the transcripts are there");
    let mut conversations = Vec::new();
    for path in paths {
        let text = read(&path).expect("a text");
        let transcript = Transcript::parse(&text, &include);
        let transcript = transcript.unwrap_or_else(|what| panic!("{}: {what}", path.display()));
        let name = path.file_stem().expect("a name").to_string_lossy();
        for (leniency, other) in [(Leniency::Default, "strict"), (Leniency::Strict, "default")] {
            if !only(&transcript, other) {
                conversations.push((name.to_string(), leniency, transcript.clone()));
            }
        }
    }
    conversations
}

/// Plays every conversation that a client can act out; all failures are told together.
pub(crate) fn every_conversation<C: Client>() {
    let mut skipped = BTreeMap::<Rule, usize>::new();
    let mut scripts = Vec::new();
    for (name, leniency, transcript) in conversations() {
        match Script::of(&transcript, leniency) {
            Ok(script) => scripts.push((name, leniency, script)),
            Err(rule) => *skipped.entry(rule).or_default() += 1,
        }
    }
    println!("{} are played; skipped: {skipped:?}", scripts.len());

    let share = scripts.len().div_ceil(4);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = scripts
            .chunks(share)
            .map(|share| scope.spawn(move || failures_of::<C>(share)))
            .collect();
        let told = workers.into_iter().map(|it| it.join().expect("no panic"));
        told.flatten().collect()
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
