//! The fuzz targets as functions. Each accepts any octets, and panics if the library violates an
//! invariant. The binaries in `fuzz/` call these functions, and `cargo test` replays the findings
//! of fuzzers with them.

pub mod attacker;
pub mod clients;
pub mod commands;
pub mod connection;
pub mod driver;
pub mod ledger;
pub mod login;
pub mod operations;
pub mod replies;
pub mod sasl;
pub mod scram;
pub mod script;
pub mod server;
pub mod setup;
pub mod sync_ledger;
pub mod text;
pub mod tls;
pub mod unstuffing;

pub use clients::{async_client, blocking_client};
pub use connection::connection;
pub use login::login;
pub use operations::operations;
pub use replies::replies;
pub use sasl::sasl;
pub use script::HIGH;
pub use server::server;
pub use sync_ledger::sync_ledger;
pub use tls::tls;
pub use unstuffing::unstuffing;

/// A target. It returns the number of events, results or responses, depending on the target. 0
/// means that the input had no effect.
pub type Target = fn(&[u8]) -> usize;

/// All targets, by name.
pub const TARGETS: [(&str, Target); 11] = [
    ("async_client", async_client),
    ("blocking_client", blocking_client),
    ("connection", connection),
    ("login", login),
    ("operations", operations),
    ("replies", replies),
    ("sasl", sasl),
    ("server", server),
    ("sync_ledger", sync_ledger),
    ("tls", tls),
    ("unstuffing", unstuffing),
];

/// The password of every login, and every bearer token. It does not begin with a hexadecimal digit,
/// because such a digit could be read as part of an escaped octet before it.
pub const SECRET: &str = "open-sesame";

/// Returns whether `octets` contain `part`.
fn contains(octets: &[u8], part: &[u8]) -> bool {
    // Compare the first octet separately, to avoid most calls of `memcmp`, which fuzzers trace.
    let Some(first) = part.first() else {
        return true;
    };
    let mut begins = octets
        .iter()
        .enumerate()
        .filter(|(_, octet)| *octet == first);
    begins.any(|(at, _)| octets[at..].starts_with(part))
}
