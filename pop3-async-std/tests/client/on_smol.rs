//! The client of smol does what all clients do: see `pop3_testkit::parity`.

use super::driven::OnSmol;

pop3_testkit::parity! { OnSmol }

/// `start` takes any stream of futures, smol's too.
mod pop3_async_std_on_smol {
    pub(super) use pop3_async_std::with_smol::{connect, connect_with};
    pub(super) use pop3_async_std::{connect_over, start};
}

pop3_testkit::every_method! {
    [async] [.await] pop3_async_std::with_smol::Client, smol::net::TcpStream,
    self::pop3_async_std_on_smol
}
