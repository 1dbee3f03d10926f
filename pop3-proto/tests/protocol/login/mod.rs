//! Logging in: plans, tokens, nonces, failures.

mod challenges;
mod failures;
mod nonces;
mod panics;
mod plans;
mod tokens;
