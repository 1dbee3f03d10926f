//! Logging in: plans, tokens, nonces, failures.

#[path = "../common/mod.rs"]
mod common;

mod failures;
mod nonces;
mod plans;
mod tokens;
