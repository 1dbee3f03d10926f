//! What the fuzz targets do, without a fuzzer: each takes any octets, and panics where the library
//! breaks a promise. The targets of `fuzz/` are these functions; `cargo test` replays with them what
//! fuzzers found.

pub mod clients;
pub mod commands;
pub mod connection;
pub mod driver;
pub mod ledger;
pub mod login;
pub mod middle;
pub mod operations;
pub mod replies;
pub mod sasl;
pub mod scram;
pub mod script;
pub mod server;
pub mod setup;
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
pub use tls::tls;
pub use unstuffing::unstuffing;

/// A target: whatever the octets are, it returns how far they led it, by a count of its own (events,
/// results, responses). 0 means that the input was of no use.
pub type Target = fn(&[u8]) -> usize;

/// All of them, by name.
pub const TARGETS: [(&str, Target); 10] = [
    ("async_client", async_client),
    ("blocking_client", blocking_client),
    ("connection", connection),
    ("login", login),
    ("operations", operations),
    ("replies", replies),
    ("sasl", sasl),
    ("server", server),
    ("tls", tls),
    ("unstuffing", unstuffing),
];

/// The password of every login, and the token of every bearer. It begins with no hexadecimal digit:
/// an octet that is shown escaped may end in one.
pub const SECRET: &str = "open-sesame";

/// Whether octets hold a part somewhere.
fn holds(octets: &[u8], part: &[u8]) -> bool {
    // The first octet alone rules out most places, and costs no call of `memcmp`: fuzzers trace those.
    let Some(first) = part.first() else {
        return true;
    };
    let mut begins = octets
        .iter()
        .enumerate()
        .filter(|(_, octet)| *octet == first);
    begins.any(|(at, _)| octets[at..].starts_with(part))
}
