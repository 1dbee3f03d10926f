//! What the protocol demands and what this crate promises: one module for each subject.
//!
//! `README.md` says where a new test goes. What is generated (properties, simulation, fuzz) is in the
//! other test binary.

mod behaviour;
mod corpus;
mod endpoint;
mod event_loop;
mod login;
mod sasl;
mod secrets;
mod server;
mod threats;
mod tls;
mod transcripts;
mod twisted;
