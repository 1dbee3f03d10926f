//! A conforming server, and a man in the middle who reads everything and can send any octets.

use pop3_proto::server::{Maildrop, Server, ServerConfig};

use super::{SECRET, contains};
use crate::wire;

/// Everything that the server supports.
const MECHANISMS: [&str; 10] = [
    "SCRAM-SHA-512",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1",
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "OAUTHBEARER",
    "XOAUTH2",
    "EXTERNAL",
];

pub struct Attacker {
    server: Server,
    /// What the server has sent.
    said: Vec<u8>,
    /// How many of these octets were forwarded or dropped.
    passed: usize,
}

impl Attacker {
    pub fn new(tls: bool) -> Self {
        let config = account().stls(true);
        let mut server = if tls {
            Server::implicit_tls(config, Maildrop::new())
        } else {
            Server::new(config, Maildrop::new())
        };
        if tls {
            server.channel_binding([7; 32]);
        }
        let (said, passed) = (Vec::new(), 0);
        let mut attacker = Self {
            server,
            said,
            passed,
        };
        attacker.receive(b"");
        attacker
    }

    /// Receives octets from the client.
    pub fn receive(&mut self, octets: &[u8]) {
        self.server.receive(octets);
        self.said.extend(wire::say(&mut self.server, usize::MAX));
    }

    /// Returns the server's next line.
    pub fn line(&mut self) -> Vec<u8> {
        let rest = &self.said[self.passed..];
        let line = rest.split_inclusive(|&octet| octet == b'\n').next();
        let line = line.unwrap_or_default().to_vec();
        self.passed += line.len();
        line
    }

    /// Returns everything that the server has sent and that was not forwarded.
    pub fn rest(&mut self) -> Vec<u8> {
        let rest = self.said[self.passed..].to_vec();
        self.passed = self.said.len();
        rest
    }

    /// Completes the TLS handshake.
    pub fn tls(&mut self) {
        self.server.tls_established();
        self.server.channel_binding([7; 32]);
    }

    /// Returns whether the server has logged the client in.
    pub fn has_logged_in(&self) -> bool {
        contains(&self.said, b"+OK 0 messages")
    }

    /// Returns whether the server has sent its SCRAM signature, which it sends only to a client
    /// that knows the password: `v=` in base64.
    pub fn has_proved(&self) -> bool {
        contains(&self.said, b"\n+ dj0") || contains(&self.said, b"\n+ dj1")
    }
}

/// Returns the account of all logins.
pub fn account() -> ServerConfig {
    ServerConfig::new("alice", SECRET)
        .sasl(MECHANISMS.into_iter().chain(["ANONYMOUS"]))
        .scram("salt", 2)
        .external("alice")
        .apop_challenge("<1@h>")
}
