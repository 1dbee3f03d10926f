//! Shared by the tests: the embedded server, and clients of it.

use std::net::TcpStream;

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_blocking::{Client, Connector, MessageNumber, connect_with, tls::Roots};

pub(crate) use pop3_testkit::peer::scripted::{Scripted, alice, cleartext};

pub(crate) fn number(number: u32) -> MessageNumber {
    number.try_into().unwrap()
}

/// Returns the message with this number in [`embedded`].
pub(crate) fn message(number: u32) -> Vec<u8> {
    format!("Subject: message {number}\r\n\r\n.dot\r\n..\r\nbody {number}\r\n").into_bytes()
}

/// Starts an embedded server for Alice with this many messages.
pub(crate) fn embedded(messages: u32) -> EmbeddedServer {
    let maildrop: Maildrop = (1..=messages)
        .map(|number| (format!("uid-{number}"), message(number)))
        .collect();
    EmbeddedServer::start(ServerConfig::new("alice", "secret"), maildrop).unwrap()
}

/// Returns a connector that trusts this server.
pub(crate) fn trusting(server: &EmbeddedServer) -> Connector {
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
    connector
}

/// Returns a client that is logged in by implicit TLS.
pub(crate) fn client_of(server: &EmbeddedServer) -> Client<TcpStream> {
    let mut client = connect_with(&server.implicit_tls(), &trusting(server)).unwrap();
    client.login(alice()).unwrap();
    client
}
