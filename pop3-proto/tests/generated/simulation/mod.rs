//! Simulates whole sessions of the client with the crate's own server, over a link and a clock that
//! exist in memory only. One seed is one session: it determines every request and its time, the
//! partition of the octets, delays, faults, and how the server misbehaves. An oracle that knows the
//! maildrop checks what was reported to the application.
//!
//! ```sh
//! POP3_SIM_SEED=42 cargo test -p pop3-proto --test generated simulation  # one seed again
//! POP3_SIM_SESSIONS=1000000 cargo test --release -p pop3-proto --test generated simulation
//! POP3_SIM_SEED=5000 POP3_SIM_SESSIONS=100 cargo test ...              # from one seed on
//! ```
//!
//! In some sessions the application drives an `Engine`, as clients do (`caller`): calls, batches,
//! tickets, pipelines and retrievals, each abandoned at any point. Every command that an iterator
//! yields must be sent and get one result, or a fatal error is reported.
//!
//! A failure prints its seed and a transcript. `-- --nocapture` prints the number of sessions per
//! second.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod align;
mod app;
mod ask;
mod caller;
mod deviation;
mod environment;
mod explore;
mod forge;
mod frames;
mod limits;
mod line;
mod link;
mod logins;
mod machine;
mod mail;
mod minimum;
mod model;
mod operation;
mod oracle;
mod peer;
mod plan;
mod random;
mod reply_check;
mod table;
mod tally;
mod transcript;
mod violation;

use environment::play;
use explore::explore;
use plan::Scope;
use transcript::Transcript;

/// A debug build plays some 500 per second on an idle processor.
const SESSIONS: u64 = 500;

/// Handshakes are slow: some 150 per second.
const TLS_SESSIONS: u64 = 250;

/// These have many requests: some 100 per second.
const HELPER_SESSIONS: u64 = 200;

const CONFORMING: Scope = Scope {
    tls: false,
    deviations: false,
    faults: false,
    violations: false,
    helpers: false,
};

/// The application uses a client's operations, and abandons them at any point.
const HELPERS: Scope = Scope {
    helpers: true,
    ..CONFORMING
};

/// All kinds of faults together.
const ALL: Scope = Scope {
    tls: false,
    deviations: true,
    faults: true,
    violations: true,
    helpers: false,
};

macro_rules! explorations {
    ($($name:ident: $sessions:expr, $scope:expr;)*) => {$(
        #[test]
        fn $name() {
            explore(stringify!($name), $sessions, $scope);
        }
    )*};
}

explorations! {
    conforming_server_over_slow_link_loses_nothing: SESSIONS, CONFORMING;
    deviations_of_real_servers_lose_nothing: SESSIONS, Scope { deviations: true, ..CONFORMING };
    link_faults_anywhere_are_reported_correctly: SESSIONS, Scope { faults: true, ..CONFORMING };
    protocol_violations_are_not_accepted: SESSIONS, Scope { violations: true, ..CONFORMING };
    helper_commands_get_one_result_each: HELPER_SESSIONS, HELPERS;
    helper_commands_get_one_result_despite_link_faults:
        HELPER_SESSIONS, Scope { faults: true, ..HELPERS };
    helper_commands_get_one_result_despite_violations:
        HELPER_SESSIONS, Scope { violations: true, ..HELPERS };
    helper_commands_get_one_result_over_tls:
        HELPER_SESSIONS, Scope { tls: true, faults: true, ..HELPERS };
    combined_faults_are_reported_correctly: SESSIONS, ALL;
    conforming_server_over_tls_loses_nothing: TLS_SESSIONS, Scope { tls: true, ..CONFORMING };
    link_faults_over_tls_are_reported_correctly: TLS_SESSIONS, Scope { tls: true, faults: true, ..CONFORMING };
    protocol_violations_over_tls_are_not_accepted:
        TLS_SESSIONS, Scope { tls: true, violations: true, ..CONFORMING };
    combined_faults_over_tls_are_reported_correctly: TLS_SESSIONS, Scope { tls: true, ..ALL };
}

#[test]
fn sessions_are_reproducible_from_the_seed() {
    for tls in [false, true] {
        for seed in 0..30 {
            let lines = || {
                let transcript = Transcript::kept();
                play(seed, Scope { tls, ..ALL }, &transcript);
                transcript.lines()
            };
            assert_eq!(lines(), lines(), "seed {seed}, TLS: {tls}");
        }
    }
}
