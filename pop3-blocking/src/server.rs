//! A POP3 server on the loopback interface, for tests and demos.
//!
//! [`EmbeddedServer`] puts the sans-IO [`Server`] behind two sockets on 127.0.0.1, one in clear
//! with STLS and one with implicit TLS, and makes a certificate authority of its own for them.
//! Nothing is installed and no port has to be chosen: all is gone when it is dropped.
//!
//! ```
//! use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
//! use pop3_blocking::{Connector, Login, QuitOutcome, Secret, connect_with, tls::Roots};
//!
//! let mut maildrop = Maildrop::new();
//! maildrop.push("uid-1", "Subject: hello\r\n\r\nworld\r\n");
//! let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), maildrop)?;
//!
//! let mut connector = Connector::default();
//! connector.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
//! let mut client = connect_with(&server.implicit_tls(), &connector)?;
//! client.login(Login::password("alice".try_into()?, Secret::new("secret")?))?;
//! client.dele(1.try_into()?)?;
//! assert!(client.quit()?.is_committed());
//! assert!(server.maildrop().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! This is no server for the Internet: what [`pop3_proto::server`] lacks is lacking here. Each
//! session has a thread and works on the maildrop as it was when the client connected; there is no
//! lock, so two sessions can both delete a message and neither sees `[IN-USE]`. Beyond 64 sessions
//! at a time, clients are hung up on. No time-out ends a session, only the drop of the server does.
//! While answers wait to be sent, no commands are read.

mod certificate;
mod session;

use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pop3_proto::Endpoint;
pub use pop3_proto::server::{Maildrop, Server, ServerConfig, StoredMessage};

use certificate::Identity;
use session::Session;

/// Sessions at a time, over both listeners.
const SESSIONS: usize = 64;

/// How long the listener's thread is given to hear that it should end.
const WAKE: Duration = Duration::from_secs(1);

/// A server on 127.0.0.1 that lives until it is dropped. See the [module](self).
pub struct EmbeddedServer {
    shared: Arc<Shared>,
    plain: Listening,
    implicit_tls: Listening,
    ca_pem: String,
}

impl EmbeddedServer {
    /// Starts a server for the account of `config` with these messages, on two free ports. STLS is
    /// offered on the one in clear, whatever `config` says, and each session has challenges of its
    /// own; the mechanisms of [`ServerConfig::sasl`] are `config`'s to name.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says about sockets and threads, or the cryptography about the
    /// certificates.
    pub fn start(config: ServerConfig, maildrop: Maildrop) -> io::Result<Self> {
        let Identity { ca_pem, tls } = Identity::new()?;
        let shared = Arc::new(Shared {
            config: config.stls(true),
            tls: Arc::new(tls),
            maildrop: Mutex::new(maildrop),
            sessions: Mutex::default(),
        });
        let mut plain = Listening::start(Arc::clone(&shared), false)?;
        match Listening::start(Arc::clone(&shared), true) {
            Ok(implicit_tls) => Ok(Self {
                shared,
                plain,
                implicit_tls,
                ca_pem,
            }),
            Err(error) => {
                shared.stop();
                plain.join();
                Err(error)
            }
        }
    }

    /// Where it starts in clear and offers STLS: `pop3://localhost:PORT`.
    #[must_use]
    pub fn plain(&self) -> Endpoint {
        Endpoint::plain("localhost", Some(self.plain.address.port()))
    }

    /// Where it speaks TLS from the start: `pop3s://localhost:PORT`.
    #[must_use]
    pub fn implicit_tls(&self) -> Endpoint {
        Endpoint::implicit_tls("localhost", Some(self.implicit_tls.address.port()))
    }

    /// The certificate of the authority to trust, as PEM. It was made for this server alone, whose
    /// own certificate is for `localhost`, 127.0.0.1 and ::1.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The messages at this moment. What a `QUIT` deletes is gone before its answer leaves.
    #[must_use]
    pub fn maildrop(&self) -> Maildrop {
        lock(&self.shared.maildrop).clone()
    }
}

impl Drop for EmbeddedServer {
    /// Breaks off all sessions, closes the listeners, and waits until their threads have ended.
    fn drop(&mut self) {
        self.shared.stop();
        self.plain.join();
        self.implicit_tls.join();
    }
}

impl fmt::Debug for EmbeddedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedServer")
            .field("plain", &self.plain.address)
            .field("implicit_tls", &self.implicit_tls.address)
            .field("maildrop", &self.maildrop())
            .finish_non_exhaustive()
    }
}

/// What all threads know.
struct Shared {
    config: ServerConfig,
    tls: Arc<rustls::ServerConfig>,
    maildrop: Mutex<Maildrop>,
    sessions: Mutex<Sessions>,
}

/// The sessions under way, each with a handle on its socket, to break it off.
#[derive(Default)]
struct Sessions {
    sockets: HashMap<u64, TcpStream>,
    admitted: u64,
    stopped: bool,
}

impl Shared {
    /// Lets a session in, if there are not too many and there may be any.
    fn admit(&self, socket: &TcpStream) -> Option<Admission<'_>> {
        let mut sessions = lock(&self.sessions);
        if sessions.stopped || sessions.sockets.len() >= SESSIONS {
            return None;
        }
        let handle = socket.try_clone().ok()?;
        sessions.admitted += 1;
        let id = sessions.admitted;
        sessions.sockets.insert(id, handle);
        Some(Admission { shared: self, id })
    }

    fn stop(&self) {
        let mut sessions = lock(&self.sessions);
        sessions.stopped = true;
        for socket in sessions.sockets.values() {
            // An error means that the connection is over already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Deletes from the maildrop what a session's `QUIT` deleted.
    fn expunge(&self, server: &Server) {
        let mut maildrop = lock(&self.maildrop);
        for unique_id in server.expunged() {
            maildrop.remove(unique_id);
        }
    }
}

/// A place among the sessions; given back when dropped, however the session's thread ends.
struct Admission<'s> {
    shared: &'s Shared,
    id: u64,
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        lock(&self.shared.sessions).sockets.remove(&self.id);
    }
}

/// A listener and the thread that accepts on it.
struct Listening {
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    fn start(shared: Arc<Shared>, implicit_tls: bool) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let thread = thread::Builder::new()
            .name("pop3-listener".to_owned())
            .spawn(move || accept(&listener, &shared, implicit_tls))?;
        Ok(Self {
            address,
            thread: Some(thread),
        })
    }

    /// Waits until the thread and its sessions have ended, when all was told to stop.
    fn join(&mut self) {
        // The thread waits for a client, so here is one. Refused, it has ended by itself.
        let woken = match TcpStream::connect_timeout(&self.address, WAKE) {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::ConnectionRefused,
        };
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            // A panic was reported by its own thread.
            let _ = thread.join();
        }
    }
}

/// Accepts clients until all is told to stop, then waits for the sessions to end.
fn accept(listener: &TcpListener, shared: &Shared, implicit_tls: bool) {
    thread::scope(|scope| {
        loop {
            let accepted = listener.accept();
            if lock(&shared.sessions).stopped {
                return;
            }
            let Ok((socket, _)) = accepted else {
                // Too many open files, most likely: that passes.
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let Some(admission) = shared.admit(&socket) else {
                continue;
            };
            let session = move || {
                Session::new(shared, socket, implicit_tls).run();
                drop(admission);
            };
            // Without a thread the client is hung up on: the closure drops the socket.
            let _ = thread::Builder::new()
                .name("pop3-session".to_owned())
                .spawn_scoped(scope, session);
        }
    });
}

/// A panic in one session leaves nothing half done behind a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
