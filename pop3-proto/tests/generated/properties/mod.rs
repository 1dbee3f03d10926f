//! What holds for any server, any caller and any timing, checked on conversations that are made up.
//!
//! A [`case::Case`] says how both sides are set up, what is asked for, and what the server answers.
//! A [`client::Client`] acts it out against a [`peer::Peer`], which is the embedded server with a
//! liar in front of it. When a property fails, proptest makes the case smaller, and what is printed
//! is the conversation in the words of the transcripts: `>`, `C:`, `S:`, `=`.
//!
//! | property | where |
//! |---|---|
//! | how octets are cut changes nothing | `partitions` |
//! | when which method is called changes nothing | `interleavings` |
//! | each request has one end, in order | `answers`: I11 |
//! | memory is bounded for any input | `memory`: I5 |
//! | nothing secret before TLS | `in_clear`: I2 |
//! | one command is one line, and only those that were asked for leave | `lines`: I1, I8 |
//! | STLS is a clean cut | `upgrade`: I3, I4 |
//! | a multi-line reply is whole or an error | `terminators`, `listings`: I6 |
//! | dot-stuffing is that of RFC 1939 to the letter | `literal` |
//! | what came of QUIT is told as it is | `quit` |
//! | nothing is sent after the end | `ends`: I7 |
//! | nothing secret is printed | `printed`: I9 |
//! | a login is good only if the mechanism says so | `proofs`: I10 |
//! | extreme numbers, times and settings | `extremes`, `extreme_sessions`: I12 |
//! | every command of a pipeline or a retrieval is sent once and gets one result | `helpers` |
//! | the queue and the phases are those of a small model | `against_model` |
//!
//! I12, that nothing panics or overflows, is part of each of them. `PROPTEST_CASES=2560` runs ten
//! times as many cases as without it. A failure prints the seed of its cases and how to run them again:
//! with the same `PROPTEST_RNG_SEED` the same cases are made up. Nothing is kept between runs: what was
//! found is a test of its own.
#![allow(clippy::indexing_slicing, reason = "in a test, a panic is the report")]

mod against_model;
mod answers;
mod case;
mod client;
mod ends;
mod extreme_sessions;
mod extremes;
mod helpers;
mod in_clear;
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

/// What a property says about one case.
type Verdict = Result<(), TestCaseError>;

/// Checks a property for so many cases, or as many times more as `PROPTEST_CASES` is more than 256.
fn check<S: Strategy>(cases: u32, strategy: S, property: impl Fn(S::Value) -> Verdict) {
    let default = Config {
        failure_persistence: None,
        ..Config::default()
    };
    // A seed that proptest draws by itself is never told.
    let seed = match default.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(()),
    };
    let thread = std::thread::current();
    let again = format!(
        "again: PROPTEST_RNG_SEED={seed} PROPTEST_CASES={} cargo test -p pop3-proto --test generated {}",
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
