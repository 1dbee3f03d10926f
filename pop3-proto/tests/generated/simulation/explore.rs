//! Plays many sessions, or one again.
#![allow(
    clippy::disallowed_methods,
    reason = "the environment selects the seeds; the rate is printed, never checked"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::environment::play;
use super::minimum::minimum;
use super::plan::Scope;
use super::tally::Tally;
use super::transcript::Transcript;

/// Reads a number from the environment.
fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number")),
    )
}

/// Plays this many sessions, unless the environment selects others: see the documentation of
/// `mod.rs`. If it does not, the sessions must reach the minimum tally.
pub(crate) fn explore(test: &str, sessions: u64, scope: Scope) {
    let seed = number("POP3_SIM_SEED");
    let wanted = number("POP3_SIM_SESSIONS");
    let sessions = match (seed, wanted) {
        (Some(_), None) => 1,
        (_, wanted) => wanted.unwrap_or(sessions),
    };
    let start = std::time::Instant::now();
    let mut tally = Tally::default();
    for seed in (seed.unwrap_or(0)..).take(sessions as usize) {
        match catch_unwind(|| play(seed, scope, &Transcript::default())) {
            Ok(session) => tally += session,
            Err(panic) => {
                // Plays the session again with a transcript.
                let transcript = Transcript::kept();
                let _ = catch_unwind(AssertUnwindSafe(|| play(seed, scope, &transcript)));
                println!("{}", transcript.shown());
                println!(
                    "\nseed {seed}. To see it again: \
                     POP3_SIM_SEED={seed} cargo test -p pop3-proto --test generated {test}"
                );
                resume_unwind(panic);
            }
        }
    }
    let rate = sessions as f64 / start.elapsed().as_secs_f64();
    println!("{test}: {sessions} sessions, {rate:.0} a second; {tally:?}");
    if seed.is_none() && wanted.is_none() {
        let minimum = minimum(scope);
        assert!(
            tally.reaches(&minimum),
            "{tally:?} is less than {minimum:?}"
        );
    }
}
