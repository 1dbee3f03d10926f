//! Servers of one connection that follow a script, and clients for them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_blocking::{
    CapaPolicy, Client, Connector, Endpoint, Login, MessageNumber, Pipelining, Roots, Secret,
    StlsPolicy, connect_with,
};

/// A server that does what a script says with the first client who comes.
pub(crate) struct Scripted {
    port: u16,
    thread: JoinHandle<String>,
}

impl Scripted {
    pub(crate) fn start(script: impl FnOnce(&mut Wire) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            // A script that goes wrong ends instead of hanging.
            socket
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let mut wire = Wire {
                socket,
                heard: Vec::new(),
            };
            script(&mut wire);
            String::from_utf8(wire.heard).unwrap()
        });
        Self { port, thread }
    }

    /// The same behind a greeting and a login.
    pub(crate) fn logged_in(script: impl FnOnce(&mut Wire) + Send + 'static) -> Self {
        Self::start(|wire| {
            wire.say("+OK ready\r\n");
            wire.hear("USER alice\r\n");
            wire.say("+OK\r\n");
            wire.hear("PASS secret\r\n");
            wire.say("+OK\r\n");
            wire.heard.clear();
            script(wire);
        })
    }

    pub(crate) fn plain(&self) -> Endpoint {
        Endpoint::plain("127.0.0.1", Some(self.port))
    }

    pub(crate) fn implicit_tls(&self) -> Endpoint {
        Endpoint::implicit_tls("127.0.0.1", Some(self.port))
    }

    /// A client that is logged in, without CAPA.
    pub(crate) fn client(&self) -> Client<TcpStream> {
        self.client_with(&in_clear())
    }

    pub(crate) fn client_with(&self, connector: &Connector) -> Client<TcpStream> {
        let mut client = connect_with(&self.plain(), connector).unwrap();
        client.login(alice()).unwrap();
        client
    }

    /// What it heard; after a login, what came behind that. Fails if its script did.
    pub(crate) fn heard(self) -> String {
        self.thread.join().expect("the script was followed")
    }
}

/// The server's end of a connection.
pub(crate) struct Wire {
    socket: TcpStream,
    heard: Vec<u8>,
}

impl Wire {
    pub(crate) fn say(&mut self, text: &str) {
        self.say_octets(text.as_bytes());
    }

    pub(crate) fn say_octets(&mut self, octets: &[u8]) {
        self.socket.write_all(octets).unwrap();
    }

    /// Says it if the client is still there.
    pub(crate) fn try_say(&mut self, octets: &[u8]) {
        let _ = self.socket.write_all(octets);
    }

    /// Waits until the client has said just this.
    pub(crate) fn hear(&mut self, text: &str) {
        let mut octets = vec![0; text.len()];
        self.socket.read_exact(&mut octets).unwrap();
        assert_eq!(String::from_utf8_lossy(&octets), text);
        self.heard.extend_from_slice(&octets);
    }

    /// Hears all until the client closes.
    pub(crate) fn hear_out(&mut self) {
        // A client that closes with octets unread resets the connection.
        let _ = self.socket.read_to_end(&mut self.heard);
    }
}

impl Wire {
    /// Hears all until the client closes, and keeps none of it: it is no text.
    pub(crate) fn hear_quietly(&mut self) {
        let _ = std::io::copy(&mut self.socket, &mut std::io::sink());
    }
}

/// No TLS, no CAPA, and pipelining at once: scripts stay short.
pub(crate) fn in_clear() -> Connector {
    let mut connector = Connector::default();
    connector.config.stls = StlsPolicy::Off;
    connector.config.allow_insecure_login = true;
    connector.config.capa = CapaPolicy::Never;
    connector.config.pipelining = Pipelining::Always;
    connector
}

pub(crate) fn alice() -> Login {
    Login::password("alice".try_into().unwrap(), Secret::new("secret").unwrap())
}

pub(crate) fn number(number: u32) -> MessageNumber {
    number.try_into().unwrap()
}

/// The message with this number in [`embedded`].
pub(crate) fn message(number: u32) -> Vec<u8> {
    format!("Subject: message {number}\r\n\r\n.dot\r\n..\r\nbody {number}\r\n").into_bytes()
}

/// A real server for Alice with so many messages.
pub(crate) fn embedded(messages: u32) -> EmbeddedServer {
    let maildrop: Maildrop = (1..=messages)
        .map(|number| (format!("uid-{number}"), message(number)))
        .collect();
    EmbeddedServer::start(ServerConfig::new("alice", "secret"), maildrop).unwrap()
}

/// Trusts this server.
pub(crate) fn trusting(server: &EmbeddedServer) -> Connector {
    let mut connector = Connector::default();
    connector.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
    connector
}

/// A client of it that is logged in, by implicit TLS.
pub(crate) fn client_of(server: &EmbeddedServer) -> Client<TcpStream> {
    let mut client = connect_with(&server.implicit_tls(), &trusting(server)).unwrap();
    client.login(alice()).unwrap();
    client
}
