//! The server's side: a POP3 server, or a script that sends arbitrary octets, on top of rustls.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Arc;

use pop3_proto::server::{Maildrop, Server, ServerConfig as Account};
use pop3_proto::tls::EndPoint;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

pub struct Peer {
    /// Answers commands automatically, if there is one.
    pub server: Option<Server>,
    config: Arc<ServerConfig>,
    pub tls: Option<ServerConnection>,
    /// The channel binding of the server's certificate, if it offers one.
    pub end_point: Option<EndPoint>,
    /// What the client sent in cleartext.
    pub received_in_cleartext: Vec<u8>,
    /// What the client sent inside TLS.
    pub received: Vec<u8>,
    /// Whether the client sent close_notify.
    pub close_notify: bool,
    /// The error of TLS, if it failed.
    pub failure: Option<rustls::Error>,
    /// Whether it stops reading. (rustls panics if it must send an alert after its own
    /// close_notify.)
    pub stops_reading: bool,
    /// Octets for the client.
    pub outgoing: Vec<u8>,
}

impl Peer {
    /// Creates a server without TLS. It supports STLS if it offers STLS.
    pub fn plain(server: Option<Server>, config: impl Into<Arc<ServerConfig>>) -> Self {
        let mut peer = Self {
            server,
            config: config.into(),
            tls: None,
            end_point: None,
            received_in_cleartext: Vec::new(),
            received: Vec::new(),
            close_notify: false,
            failure: None,
            stops_reading: false,
            outgoing: Vec::new(),
        };
        peer.answer();
        peer
    }

    /// Creates a server with TLS from the first octet.
    pub fn implicit_tls(server: Option<Server>, config: impl Into<Arc<ServerConfig>>) -> Self {
        let mut peer = Self::plain(None, config);
        peer.start_tls();
        peer.server = server;
        peer.answer();
        peer
    }

    pub fn start_tls(&mut self) {
        self.tls = Some(ServerConnection::new(Arc::clone(&self.config)).unwrap());
    }

    /// Sends arbitrary octets: inside TLS if that is active, else in cleartext.
    pub fn say(&mut self, octets: &[u8]) {
        match &mut self.tls {
            Some(tls) => tls.writer().write_all(octets).unwrap(),
            None => self.outgoing.extend_from_slice(octets),
        }
        self.collect();
    }

    /// Sends octets in cleartext, even if TLS is active.
    pub fn inject(&mut self, octets: &[u8]) {
        self.outgoing.extend_from_slice(octets);
    }

    /// Removes the TLS layer and its pending output.
    pub fn forget_tls(&mut self) {
        self.tls = None;
        self.outgoing.clear();
    }

    pub fn send_close_notify(&mut self) {
        self.tls.as_mut().unwrap().send_close_notify();
        self.collect();
    }

    /// Updates the keys of TLS, if the TLS version allows it.
    pub fn change_keys(&mut self) {
        if let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_handshaking()) {
            let _ = tls.refresh_traffic_keys();
        }
        self.collect();
    }

    /// Takes the octets for the client.
    pub fn take(&mut self) -> Vec<u8> {
        self.answer();
        std::mem::take(&mut self.outgoing)
    }

    pub fn receive(&mut self, octets: &[u8]) {
        let Some(tls) = &mut self.tls else {
            self.received_in_cleartext.extend_from_slice(octets);
            if let Some(server) = &mut self.server {
                server.receive(octets);
            }
            return self.answer();
        };
        let mut ciphertext = octets;
        while !ciphertext.is_empty() && self.failure.is_none() && !self.stops_reading {
            // rustls stops reading after close_notify.
            if !matches!(tls.read_tls(&mut ciphertext), Ok(1..)) {
                self.stops_reading = true;
                break;
            }
            if let Err(error) = tls.process_new_packets() {
                self.failure = Some(error);
            }
            self.close_notify |= take_plaintext(tls, &mut self.received, &mut self.server);
        }
        self.answer();
    }

    /// Returns whether the POP3 session ended properly.
    pub fn is_closed(&self) -> bool {
        self.server.as_ref().is_some_and(Server::is_closed)
    }

    /// Sends the output of the server.
    pub fn answer(&mut self) {
        if let Some(server) = &mut self.server {
            if server.wants_tls() && self.tls.is_none() {
                self.tls = Some(ServerConnection::new(Arc::clone(&self.config)).unwrap());
            }
            if let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_handshaking()) {
                server.tls_established();
                if let Some(end_point) = self.end_point {
                    server.channel_binding_end_point(end_point);
                }
                let label = b"EXPORTER-Channel-Binding";
                let is_bound = tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
                if is_bound
                    && let Ok(exporter) = tls.export_keying_material([0; 32], label, Some(b""))
                {
                    server.channel_binding(exporter);
                }
            }
            // Accept only a limited number of octets at a time, as a socket does.
            if server.wants_write() && self.outgoing.len() < 64 << 10 {
                let octets = match &mut self.tls {
                    None => self.outgoing.write(server.transmit()).unwrap(),
                    Some(tls) if tls.is_handshaking() => 0,
                    // The output is discarded if TLS is closed.
                    Some(tls) => tls.writer().write(server.transmit()).unwrap_or(0),
                };
                server.transmitted(octets);
            }
        }
        self.collect();
    }

    fn collect(&mut self) {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.outgoing).unwrap();
            }
        }
    }
}

/// Takes the decrypted octets. Returns true at close_notify.
fn take_plaintext(
    tls: &mut ServerConnection,
    received: &mut Vec<u8>,
    server: &mut Option<Server>,
) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match tls.reader().read(&mut buffer) {
            Ok(0) => return true,
            Ok(octets) => {
                received.extend_from_slice(&buffer[..octets]);
                if let Some(server) = server {
                    server.receive(&buffer[..octets]);
                }
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return false;
            }
        }
    }
}

/// Returns a server for Alice with two messages, one with many dots.
pub fn mail_in_cleartext() -> Server {
    Server::new(account().stls(true), maildrop())
}

/// Returns such a server for implicit TLS.
pub fn mail_in_tls() -> Server {
    Server::implicit_tls(account(), maildrop())
}

fn account() -> Account {
    Account::new("alice", "secret")
        .greeting("at your service")
        .apop_challenge("<1896.697170952@dbc.mtview.ca.us>")
}

fn maildrop() -> Maildrop {
    let dotted = ".\r\n..\r\n.dot\r\n".repeat(50);
    [("uid-a", dotted), ("uid-b", "hello\r\n".to_owned())]
        .into_iter()
        .collect()
}
