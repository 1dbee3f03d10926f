//! The clients of async-std and of smol do what all clients do: see
//! `pop3-blocking/tests/parity/mod.rs`.
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

mod on_async_std {
    use super::parity;
    use super::runtimes::OnAsyncStd;

    #[test]
    fn every_transcript_goes_as_written_over_a_socket() {
        parity::corpus::every_conversation::<OnAsyncStd>();
    }

    parity::idle::every_idle_session! { OnAsyncStd }

    parity::helpers::every_helper! { OnAsyncStd }

    parity::panics::every_panic! { OnAsyncStd }

    parity::forged::every_forged_message! { OnAsyncStd }

    parity::real_time::every_story_in_real_time! { OnAsyncStd }

    parity::confirmed::every_confirmation! { OnAsyncStd }

    super::sessions::every_session! { OnAsyncStd }

    parity::names::every_method! {
        [async] [.await] pop3_async_std::Client, async_std::net::TcpStream, pop3_async_std
    }
}

mod on_smol {
    use super::parity;
    use super::runtimes::OnSmol;

    #[test]
    fn every_transcript_goes_as_written_over_a_socket() {
        parity::corpus::every_conversation::<OnSmol>();
    }

    parity::idle::every_idle_session! { OnSmol }

    parity::helpers::every_helper! { OnSmol }

    parity::panics::every_panic! { OnSmol }

    parity::forged::every_forged_message! { OnSmol }

    parity::real_time::every_story_in_real_time! { OnSmol }

    parity::confirmed::every_confirmation! { OnSmol }

    super::sessions::every_session! { OnSmol }

    /// `start` takes any stream of futures, smol's too.
    mod pop3_async_std_on_smol {
        pub(super) use pop3_async_std::with_smol::{connect, connect_with};
        pub(super) use pop3_async_std::{connect_over, start};
    }

    parity::names::every_method! {
        [async] [.await] pop3_async_std::with_smol::Client, smol::net::TcpStream,
        self::pop3_async_std_on_smol
    }
}
