//! Logins: plans, challenges, tokens, nonces, failures and panics.

mod challenges;
mod failures;
mod nonces;
mod panics;
mod plans;
mod tokens;
