//! A server that follows a script on one socket connection, in a thread.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pop3_blocking::{
    Client, Connector, Endpoint, Login, Secret,
    config::{CapaPolicy, Pipelining, StlsPolicy},
    connect_with,
};

/// A server that follows a script with the first client that connects.
pub struct Scripted {
    port: u16,
    thread: JoinHandle<String>,
}

impl Scripted {
    pub fn start(script: impl FnOnce(&mut Wire) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            // Set a timeout, so that a script that fails does not hang.
            socket
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let mut wire = Wire {
                socket,
                received: Vec::new(),
            };
            script(&mut wire);
            String::from_utf8(wire.received).unwrap()
        });
        Self { port, thread }
    }

    /// Starts the script after a greeting and a login.
    pub fn logged_in(script: impl FnOnce(&mut Wire) + Send + 'static) -> Self {
        Self::start(|wire| {
            wire.accept_login();
            script(wire);
        })
    }

    pub fn plain(&self) -> Endpoint {
        Endpoint::plain("127.0.0.1", Some(self.port))
    }

    pub fn implicit_tls(&self) -> Endpoint {
        Endpoint::implicit_tls("127.0.0.1", Some(self.port))
    }

    /// Connects to it.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// Connects and logs in, without CAPA.
    pub fn client(&self) -> Client<TcpStream> {
        self.client_with(&cleartext())
    }

    pub fn client_with(&self, connector: &Connector) -> Client<TcpStream> {
        let mut client = connect_with(&self.plain(), connector).unwrap();
        client.login(alice()).unwrap();
        client
    }

    /// Waits for the script, and returns the octets that the server has read since the login, or
    /// all of them if there was no login. Panics if the script has panicked.
    pub fn received(self) -> String {
        self.thread.join().expect("the script was followed")
    }
}

/// The server's end of a connection.
pub struct Wire {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Wire {
    pub fn send(&mut self, text: &str) {
        self.send_octets(text.as_bytes());
    }

    pub fn send_octets(&mut self, octets: &[u8]) {
        self.socket.write_all(octets).unwrap();
    }

    /// Writes octets if the client is still connected.
    pub fn try_send(&mut self, octets: &[u8]) {
        let _ = self.socket.write_all(octets);
    }

    /// Reads exactly this text.
    pub fn expect_octets(&mut self, text: &str) {
        let mut octets = vec![0; text.len()];
        self.socket.read_exact(&mut octets).unwrap();
        assert_eq!(String::from_utf8_lossy(&octets), text);
        self.received.extend_from_slice(&octets);
    }

    /// Reads this line, and answers it.
    pub fn answer(&mut self, line: &str, text: &str) {
        self.expect_octets(&format!("{line}\r\n"));
        self.send(text);
    }

    /// Sends the greeting, accepts the login of Alice, and clears the octets that were read.
    pub fn accept_login(&mut self) {
        self.send("+OK ready\r\n");
        self.answer("USER alice", "+OK\r\n");
        self.answer("PASS secret", "+OK\r\n");
        self.received.clear();
    }

    /// Shuts down its side of the connection.
    pub fn hang_up(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Reads until the client closes.
    pub fn read_to_end(&mut self) {
        // A client that closes with unread octets resets the connection.
        let _ = self.socket.read_to_end(&mut self.received);
    }

    /// Reads until the client closes, and discards the octets, which are not text.
    pub fn drain(&mut self) {
        let _ = std::io::copy(&mut self.socket, &mut std::io::sink());
    }
}

/// Returns settings without TLS and without CAPA, and with pipelining from the start, so that
/// scripts are short.
pub fn cleartext() -> Connector {
    let mut connector = Connector::default();
    connector.config.stls = StlsPolicy::Off;
    connector.config.allow_insecure_login = true;
    connector.config.capa = CapaPolicy::Never;
    connector.config.pipelining = Pipelining::Always;
    connector
}

pub fn alice() -> Login {
    Login::password("alice".try_into().unwrap(), Secret::new("secret").unwrap())
}
