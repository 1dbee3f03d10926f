//! Runs the common client tests with Tokio's client: see `pop3_testkit::parity`.

use super::driven::OnTokio;

pop3_testkit::parity! { OnTokio }

pop3_testkit::every_method! {
    [async] [.await] pop3_tokio::Client, tokio::net::TcpStream, pop3_tokio
}
