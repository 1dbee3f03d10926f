//! The server side through the public API: octets in, octets out.

mod commands;
mod limits;
mod login;
mod mail;

use pop3_proto::server::{Maildrop, Server, ServerConfig};
use pop3_testkit::wire;

const LOGIN: &[u8] = b"USER alice\r\nPASS secret\r\n";

fn config() -> ServerConfig {
    ServerConfig::new("alice", "secret").greeting("ready")
}

/// Two messages, one of them with lines that start with dots.
fn two_messages() -> Maildrop {
    [
        ("uid-a", "Subject: a\r\n\r\n.one\r\n..\r\ntwo\r\n"),
        ("uid-b", "Subject: b\r\n\r\nbody\r\n"),
    ]
    .into_iter()
    .collect()
}

fn send(server: &mut Server) -> Vec<u8> {
    wire::say(server, usize::MAX)
}

/// Returns the server's replies to these octets, after the greeting.
fn answers(server: &mut Server, octets: &[u8]) -> String {
    send(server);
    server.receive(octets);
    String::from_utf8_lossy(&send(server)).into_owned()
}

/// Returns the replies of a session that is logged in.
fn answers_after_login(maildrop: Maildrop, octets: &str) -> String {
    let mut server = Server::new(config(), maildrop);
    answers(&mut server, LOGIN);
    answers(&mut server, octets.as_bytes())
}
