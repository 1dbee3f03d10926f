//! Beside Twisted's client: what is the same, what is done better, and its order of logins.

#[path = "../common/mod.rs"]
mod common;

mod better;
mod client;
mod policy;
