//! Beside Twisted's client: what is the same, what is done better, and its order of logins.

mod better;
mod client;
mod policy;
