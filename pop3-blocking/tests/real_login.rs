//! Logins at a real Dovecot: every mechanism over every channel, with what is right and with what
//! is wrong. `--nocapture` shows the tables.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod dovecot;
mod login;
mod session;
