//! Logging in: plans, tokens, nonces, failures.

#[path = "../common/mod.rs"]
mod common;

mod challenges;
mod failures;
mod nonces;
mod panics;
mod plans;
mod tokens;
