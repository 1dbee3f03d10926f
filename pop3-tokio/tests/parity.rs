//! Tokio's client does what all clients do: see `pop3-blocking/tests/parity/mod.rs`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../pop3-blocking/tests/parity/mod.rs"]
mod parity;

#[path = "../../pop3-blocking/tests/dovecot/mod.rs"]
mod dovecot;
mod runtimes;
#[path = "../../pop3-blocking/tests/session/mod.rs"]
mod session;
#[path = "../../pop3-blocking/tests/parity/sessions.rs"]
mod sessions;
#[path = "../../pop3-blocking/tests/parity/waiting.rs"]
mod waiting;

use runtimes::OnTokio;

#[test]
fn every_transcript_goes_as_written_over_a_socket() {
    parity::corpus::every_conversation::<OnTokio>();
}

parity::idle::every_idle_session! { OnTokio }

parity::helpers::every_helper! { OnTokio }

parity::panics::every_panic! { OnTokio }

parity::forged::every_forged_message! { OnTokio }

parity::real_time::every_story_in_real_time! { OnTokio }

parity::confirmed::every_confirmation! { OnTokio }

sessions::every_session! { OnTokio }

parity::names::every_method! {
    [async] [.await] pop3_tokio::Client, tokio::net::TcpStream, pop3_tokio
}
