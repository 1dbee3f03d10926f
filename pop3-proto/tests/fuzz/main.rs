//! What the fuzz targets of `fuzz/` are about, without a fuzzer: each is run with the inputs that once
//! found something, and with seeds made of the transcripts.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../fuzz/src/lib.rs"]
mod pop3_fuzz;
mod seeds;

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

use pop3_fuzz::TARGETS;

fn folder(name: &str, target: &str) -> PathBuf {
    let fuzz = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    fuzz.join(name).join(target)
}

/// Runs a target with inputs; all failures are told together.
fn run(target: &str, inputs: impl IntoIterator<Item = (String, Vec<u8>)>) -> usize {
    let (_, body) = TARGETS
        .into_iter()
        .find(|(name, _)| *name == target)
        .expect("a target");
    let (mut failed, mut ran) = (Vec::new(), 0);
    for (name, input) in inputs {
        ran += 1;
        if catch_unwind(|| body(&input)).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{target} fails with {failed:#?}");
    ran
}

#[test]
fn every_regression_is_replayed() {
    for (target, _) in TARGETS {
        let files = fs::read_dir(folder("regressions", target)).expect("a folder for each target");
        let inputs = files.map(|file| {
            let path = file.expect("a file").path();
            (
                path.display().to_string(),
                fs::read(&path).expect("its octets"),
            )
        });
        assert!(run(target, inputs) > 0, "{target} has none");
    }
}

#[test]
fn every_transcript_is_a_seed() {
    for (target, seeds) in seeds::all() {
        run(target, seeds);
    }
}

/// Writes the seeds for the fuzzer: `cargo test -p pop3-proto --test fuzz -- --ignored`.
#[test]
#[ignore = "writes to fuzz/corpus"]
fn write_the_seeds() {
    for (target, _) in TARGETS {
        fs::create_dir_all(folder("corpus", target)).expect("the folder");
    }
    for (target, seeds) in seeds::all() {
        let folder = folder("corpus", target);
        for (name, seed) in seeds {
            fs::write(folder.join(name), seed).expect("a file");
        }
    }
}
