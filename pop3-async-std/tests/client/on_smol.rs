//! Runs the common client tests with smol: see `pop3_testkit::parity`.

use super::driven::OnSmol;

pop3_testkit::parity! { OnSmol }

/// `start` accepts any stream with the traits of `futures`, including those of smol.
mod pop3_async_std_on_smol {
    pub(super) use pop3_async_std::with_smol::{connect, connect_with};
    pub(super) use pop3_async_std::{connect_over, start};
}

pop3_testkit::every_method! {
    [async] [.await] pop3_async_std::with_smol::Client, smol::net::TcpStream,
    self::pop3_async_std_on_smol
}
