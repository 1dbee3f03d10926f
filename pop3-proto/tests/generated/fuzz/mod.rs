//! Runs the fuzz targets of `fuzz/` without a fuzzer, on the inputs of earlier findings and on
//! seeds derived from the transcripts.

mod plans;
mod seeds;
mod tls_seeds;

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

use pop3_testkit::fuzz::clients::plan::Plan;
use pop3_testkit::fuzz::{TARGETS, connection, tls};

fn folder(name: &str, target: &str) -> PathBuf {
    let fuzz = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    fuzz.join(name).join(target)
}

/// Runs a target on each input. Returns the names of the inputs that panic or that reach fewer than
/// `depth` steps.
fn run(
    target: &str,
    depth: usize,
    inputs: impl IntoIterator<Item = (String, Vec<u8>)>,
) -> Vec<String> {
    let (_, body) = TARGETS
        .into_iter()
        .find(|(name, _)| *name == target)
        .expect("a target");
    // A replay has time for every partition of the input; a fuzzer chooses one.
    let body = match target {
        "connection" => connection::with_every_partition,
        _ => body,
    };
    let fails = |input: &[u8]| !catch_unwind(|| body(input)).is_ok_and(|reached| reached >= depth);
    let failed = inputs.into_iter().filter(|(_, input)| fails(input));
    failed
        .map(|(name, _)| format!("{target}: {name}"))
        .collect()
}

#[test]
fn every_regression_is_replayed() {
    let mut failed = Vec::new();
    for (target, _) in TARGETS {
        let files = fs::read_dir(folder("regressions", target)).expect("a folder for each target");
        let inputs = files.map(|file| {
            let name = file.expect("a file").file_name();
            let name = name.into_string().expect("a name");
            let input = regression(target, &name);
            (name, input)
        });
        let inputs: Vec<_> = inputs.collect();
        assert!(!inputs.is_empty(), "{target} has none");
        failed.extend(run(target, 0, inputs));
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

fn regression(target: &str, name: &str) -> Vec<u8> {
    fs::read(folder("regressions", target).join(name)).expect("a regression of this name")
}

/// Checks that there are enough seeds and that the targets accept them. Otherwise a fuzzer finds
/// little in the few seconds that it runs in CI.
#[test]
fn every_target_accepts_its_seeds() {
    let mut seeds = seeds::all();
    let mut failed = Vec::new();
    for (target, _) in TARGETS {
        let seeds = seeds.remove(target).unwrap_or_default();
        assert!(seeds.len() >= 20, "{target} has {}", seeds.len());
        failed.extend(run(target, 1, seeds));
    }
    assert!(seeds.is_empty(), "no targets: {:?}", seeds.keys());
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn tls_seeds_complete_the_session() {
    let ends = tls_seeds::all().into_iter().map(|(name, seed)| {
        let honest = name.starts_with("honest");
        (name, honest, tls::end(&seed).is_none())
    });
    let ends: Vec<_> = ends.collect();
    let differ = |(_, honest, complete): &&(String, bool, bool)| *honest && !complete;
    let failed: Vec<_> = ends.iter().filter(differ).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(ends.iter().filter(|(_, honest, _)| *honest).count() >= 16);
}

/// Checks that plans decode to themselves, because a seed would otherwise test something else.
#[test]
fn encoded_plans_are_read_as_written() {
    for (name, plan) in plans::all() {
        assert_eq!(Plan::decode(&plan.encode()), plan, "{name}");
    }
}

/// The errors that regressions end with: the start of each error's `Debug` output.
const ENDS: [(&str, &str, &str); 27] = [
    ("connection", "a-session", "None"),
    ("connection", "quit-and-more", "None"),
    ("connection", "keep-alive", "Some(Timeout("),
    ("connection", "octets-behind-stls", INJECTION),
    ("connection", "many-octets-behind-stls", INJECTION),
    ("connection", "reply-ahead-of-its-command", UNSOLICITED),
    (
        "connection",
        "reply-begun-ahead-of-its-command",
        UNSOLICITED,
    ),
    ("connection", "challenge-over-a-small-limit", "Some(Limit("),
    ("connection", "line-over-a-small-buffer", "Some(Limit("),
    ("connection", "two-limits-in-one-listing", "Some(Limit("),
    ("tls", "implicit-honest", "None"),
    ("tls", "stls-honest", "None"),
    ("tls", "stls-honest-with-a-large-buffer", "None"),
    ("tls", "keys-changed", "None"),
    ("tls", "injected-behind-stls", INJECTION),
    ("tls", "injected-behind-stls-of-an-honest-server", INJECTION),
    ("tls", "injected-later", NOT_TLS),
    ("tls", "pop3-instead-of-tls", NOT_TLS),
    ("tls", "garbage-http", NOT_TLS),
    ("tls", "garbage-zeroes", NOT_TLS),
    ("tls", "a-bit-changed", "Some(Tls("),
    ("tls", "octets-dropped", "Some(Tls("),
    ("tls", "farewell-in-the-handshake", "Some(Tls("),
    ("tls", "write-fails-behind-stls", "Some(Transport("),
    ("tls", "write-fails-in-the-handshake", "Some(Transport("),
    ("tls", "write-fails-behind-the-handshake", "Some(Transport("),
    (
        "tls",
        "capa-refused-in-clear",
        "Some(Security(StlsUnavailable",
    ),
];

const INJECTION: &str = "Some(Security(ResponseInjection";
const NOT_TLS: &str = "Some(Tls(TlsError { kind: NotTls";
const UNSOLICITED: &str = "Some(Protocol(Unsolicited";

/// Checks that each regression still produces the error that its name describes.
#[test]
fn regressions_end_with_the_expected_errors() {
    for (target, name, expected) in ENDS {
        let input = regression(target, name);
        let end = match target {
            "connection" => connection::end(&input),
            _ => tls::end(&input),
        };
        let end = format!("{end:?}");
        assert!(end.starts_with(expected), "{target}: {name}: {end}");
    }
}

/// Writes the seeds for the fuzzer: `cargo test -p pop3-proto --test generated -- --ignored`.
#[test]
#[ignore = "writes to fuzz/corpus"]
fn write_fuzz_seeds() {
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
