//! Runs the common client tests with async-std: see `pop3_testkit::parity`.

use super::driven::OnAsyncStd;

pop3_testkit::parity! { OnAsyncStd }

pop3_testkit::every_method! {
    [async] [.await] pop3_async_std::Client, async_std::net::TcpStream, pop3_async_std
}
