//! Tests of the protocol and of this crate's API: one module for each subject.
//!
//! `README.md` says where a new test belongs. Generated tests (properties, simulation, fuzzing) are
//! in the other test binary.

mod behaviour;
mod corpus;
mod endpoint;
mod errors;
mod event_loop;
mod ledger;
mod login;
mod observer;
mod record;
mod sasl;
mod secrets;
mod serialized;
mod server;
mod statistics;
mod threats;
mod tls;
mod tracing;
mod transcripts;
mod twisted;
