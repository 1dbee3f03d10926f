//! Code that the tests of this workspace share.
//!
//! | module | purpose |
//! |---|---|
//! | [`transcripts`] | finds and reads the files of `pop3-proto/tests/transcripts` |
//! | [`conversation`] | drives a [`Connection`](pop3_proto::Connection) step by step |
//! | [`play`] | runs a transcript with [`pop3_proto::record`] |
//! | [`tls`] | provides a session over TLS, a TLS server, and a link between them |
//! | [`observed`] | keeps what an observer saw, and compares it with the octets |
//! | [`spans`] | keeps the spans and events of the crate `tracing` |
//! | [`needles`] | searches a log for every form of a secret |
//! | [`fuzz`] | contains the code of the fuzz targets |
//! | [`wire`] | moves octets between a connection and a test, as a socket does |
//! | [`bodies`] | joins the chunks of bodies |
//! | [`naive`] | parses multi-line replies in the simplest way, without the library |
//! | [`surplus`] | recognizes the one difference that the partition of the octets may cause |
//!
//! With the feature `clients`:
//!
//! | module | purpose |
//! |---|---|
//! | `parity` | contains the tests that every client must pass |
//! | `faults` | contains tests of clients with servers that are killed and connections that break |
//! | `dovecot` | starts a real Dovecot |
//! | `session` | connects to that Dovecot |
//! | `peer` | provides servers that each serve one client and follow a script |
//! | `program` | runs the examples that fetch mail |
//! | `synchronisation` | provides a store in memory, and a server that does not stuff dots |
#![allow(
    missing_docs,
    missing_debug_implementations,
    async_fn_in_trait,
    clippy::missing_errors_doc,
    reason = "not published: each module has documentation, and names are descriptive"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]
#![cfg_attr(
    feature = "clients",
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "tests of clients have sockets and a clock"
    )
)]

pub mod bodies;
pub mod conversation;
pub mod fuzz;
pub mod naive;
pub mod needles;
pub mod observed;
pub mod play;
pub mod spans;
pub mod surplus;
pub mod tls;
pub mod transcripts;
pub mod wire;

#[cfg(all(unix, feature = "clients"))]
pub mod dovecot;
#[cfg(all(target_os = "linux", feature = "clients"))]
pub mod faults;
#[cfg(all(unix, feature = "clients"))]
pub mod parity;
#[cfg(feature = "clients")]
pub mod peer;
#[cfg(all(unix, feature = "clients"))]
pub mod program;
#[cfg(all(unix, feature = "clients"))]
pub mod session;
#[cfg(feature = "clients")]
pub mod synchronisation;
