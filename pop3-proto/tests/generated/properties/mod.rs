//! Properties that are true for any server, any caller and any timing, checked on generated
//! conversations.
//!
//! A [`case::Case`] defines the settings of both sides, the client's operations and the server's
//! answers. A [`client::Client`] runs it against a [`peer::Peer`], which is the embedded server
//! with a proxy in front of it that changes its answers. When a property fails, proptest shrinks
//! the case and prints the conversation in the format of transcripts: `>`, `C:`, `S:`, `=`.
//!
//! | property | where |
//! |---|---|
//! | the partition of the octets changes nothing | `partitions` |
//! | the order of method calls changes nothing | `interleavings` |
//! | each request ends once, in order | `answers`: I11 |
//! | memory is bounded for any input | `memory`: I5 |
//! | no credential is sent before TLS | `cleartext`: I2 |
//! | one command is one line, and only requested commands are sent | `lines`: I1, I8 |
//! | STLS discards all cleartext state | `upgrade`: I3, I4 |
//! | a multi-line reply is complete or an error | `terminators`, `listings`: I6 |
//! | dot-stuffing follows RFC 1939 literally | `literal` |
//! | the outcome of QUIT is reported correctly | `quit` |
//! | nothing is sent after a fatal error | `fatal`: I7 |
//! | no secret is printed | `printed`: I9 |
//! | a login succeeds only if the mechanism completed | `proofs`: I10 |
//! | extreme numbers, times and settings | `extremes`, `extreme_sessions`: I12 |
//! | every command of a pipeline or a retrieval is sent once and gets one result | `helpers` |
//! | the queue and the phases match a small model | `against_model` |
//!
//! I12, the absence of panics and overflows, is part of every property. `PROPTEST_CASES=2560` runs
//! ten times the default number of cases. A failure prints the seed of its cases and the command
//! that repeats them: the same `PROPTEST_RNG_SEED` generates the same cases. Nothing is stored
//! between runs, so write a separate test for each finding.
#![allow(clippy::indexing_slicing, reason = "in a test, a panic is the report")]

mod against_model;
mod answers;
mod case;
mod cleartext;
mod client;
mod extreme_sessions;
mod extremes;
mod fatal;
mod helpers;
mod interleavings;
mod lines;
mod listings;
mod literal;
mod memory;
mod model;
mod partitions;
mod peer;
mod printed;
mod proofs;
mod quit;
mod strategies;
mod terminators;
mod upgrade;

use std::hash::{BuildHasher as _, RandomState};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// The result of a property for one case.
type Verdict = Result<(), TestCaseError>;

/// Checks a property for this many cases, multiplied by how much `PROPTEST_CASES` exceeds 256.
fn check<S: Strategy>(cases: u32, strategy: S, property: impl Fn(S::Value) -> Verdict) {
    let default = Config {
        failure_persistence: None,
        ..Config::default()
    };
    // Proptest does not report a seed that it chose itself.
    let seed = match default.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(()),
    };
    let thread = std::thread::current();
    let again = format!(
        "repeat with: PROPTEST_RNG_SEED={seed} PROPTEST_CASES={} cargo test -p pop3-proto --test generated {}",
        default.cases,
        thread
            .name()
            .filter(|name| *name != "main")
            .unwrap_or_default(),
    );
    let cases = u64::from(cases) * u64::from(default.cases) / 256;
    let mut runner = TestRunner::new(Config {
        cases: cases.try_into().unwrap_or(u32::MAX).max(1),
        rng_seed: RngSeed::Fixed(seed),
        ..default
    });
    match runner.run(&strategy, property) {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => {
            panic!("{why}\n\nsmallest case:\n{case:?}\n\n{again}")
        }
        Err(TestError::Abort(why)) => panic!("{why}\n\n{again}"),
    }
}
