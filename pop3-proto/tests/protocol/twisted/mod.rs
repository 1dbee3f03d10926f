//! Comparison with Twisted's client: same behaviour, improvements, and its login policy.

mod client;
mod improvements;
mod policy;
