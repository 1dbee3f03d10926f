//! The blocking client does what all clients do: see `parity/mod.rs`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "parity/mod.rs"]
mod parity;

#[path = "parity/blocking.rs"]
mod blocking;
mod dovecot;
mod session;
#[path = "parity/sessions.rs"]
mod sessions;

use blocking::Blocking;

#[test]
fn every_transcript_goes_as_written_over_a_socket() {
    parity::corpus::every_conversation::<Blocking>();
}

parity::idle::every_idle_session! { Blocking }

parity::helpers::every_helper! { Blocking }

parity::panics::every_panic! { Blocking }

parity::forged::every_forged_message! { Blocking }

parity::real_time::every_story_in_real_time! { Blocking }

parity::confirmed::every_confirmation! { Blocking }

#[test]
fn the_clients_have_the_same_methods() {
    parity::names::no_method_was_forgotten();
}

#[test]
fn the_adapters_reexport_the_same_names() {
    parity::names::the_adapters_reexport_the_same_names();
}

sessions::every_session! { Blocking }

parity::names::every_method! {
    [] [] Blocking, std::net::TcpStream, pop3_blocking
}
