//! A POP3 server on the loopback interface, for tests and demos.
//!
//! [`EmbeddedServer`] runs the sans-IO [`Server`] on two sockets on 127.0.0.1: one in cleartext
//! with STLS, and one with implicit TLS. It creates its own certificate authority for them. Nothing
//! has to be installed, and the ports are chosen automatically. Dropping the server closes its
//! sockets and ends its threads.
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
//! connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
//! let mut client = connect_with(&server.implicit_tls(), &connector)?;
//! client.login(Login::password("alice".try_into()?, Secret::new("secret")?))?;
//! client.dele(1.try_into()?)?;
//! assert!(client.quit()?.is_committed());
//! assert!(server.maildrop().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Test your program
//!
//! The server misbehaves when a test asks for it, and says which commands it received.
//! [`pop3_proto::server`] has a table of all faults, and [`On`] an example of each. Faults can be
//! added and removed while sessions are open:
//!
//! ```
//! use pop3_blocking::server::{EmbeddedServer, Maildrop, On, ServerConfig, Verb};
//! # use pop3_blocking::{Connector, Login, connect_with, tls::Roots};
//!
//! let mail = Maildrop::from_iter([("uid-1", "one\r\n"), ("uid-2", "two\r\n")]);
//! let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail)?;
//! let fault = On::command(Verb::Retr).message(2).first(1).refuse("[SYS/TEMP] try again")?;
//! server.add_fault(fault.clone());
//! # let mut connector = Connector::default();
//! # connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
//! # let mut client = connect_with(&server.implicit_tls(), &connector)?;
//! # client.login(Login::new("alice", "secret")?)?;
//!
//! // Your program runs here. This is what it should do:
//! assert!(client.retr_to_vec(2.try_into()?, 1000).is_err());
//! assert_eq!(client.retr_to_vec(2.try_into()?, 1000)?, b"two\r\n");
//!
//! assert_eq!(fault.hits(), 1);
//! assert_eq!(
//!     server.commands(),
//!     ["CAPA", "USER alice", "PASS <redacted>", "CAPA", "RETR 2", "RETR 2"]
//! );
//! server.clear_faults();
//! server.deliver("uid-3", "new mail\r\n"); // visible in the next session
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! This server is not meant for the Internet: it has the limits of [`pop3_proto::server`]. Each
//! session has a thread and works on a copy of the maildrop from the time when the client logged
//! in. Without [`lock_maildrop`](ServerConfig::lock_maildrop), two sessions can both delete a
//! message, and neither gets `[IN-USE]`. If 64 sessions are open, further connections are closed
//! immediately. Without [`idle_limit`](ServerConfig::idle_limit), sessions do not time out;
//! dropping the server ends them. While replies wait to be sent, no commands are read.

mod certificate;
mod session;

use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pop3_proto::Endpoint;
pub use pop3_proto::command::Verb;
pub use pop3_proto::server::{
    End, Fault, FaultError, Maildrop, On, Server, ServerConfig, StoredMessage,
};
use pop3_proto::tls::EndPoint;

use certificate::Identity;
use session::Session;

/// The maximum number of concurrent sessions, over both listeners.
const SESSIONS: usize = 64;

/// The maximum number of lines in the log.
const LOG_LINES: usize = 64 * 1024;

/// The timeout of the connection that wakes a listener's thread when the server stops.
const WAKE: Duration = Duration::from_secs(1);

/// A server on 127.0.0.1 that runs until it is dropped. See the [module](self).
pub struct EmbeddedServer {
    shared: Arc<Shared>,
    plain: Listening,
    implicit_tls: Listening,
    ca_pem: String,
}

impl EmbeddedServer {
    /// Starts a server for the account of `config` with these messages, on two free ports. STLS is
    /// offered on the cleartext port unless [`ServerConfig::without`] removes it, and each session
    /// has its own challenges. The SASL mechanisms are those of [`ServerConfig::sasl`].
    ///
    /// # Errors
    ///
    /// Errors of the operating system about sockets and threads, and errors in creating the
    /// certificates.
    pub fn start(config: ServerConfig, maildrop: Maildrop) -> io::Result<Self> {
        let Identity {
            ca_pem,
            end_point,
            tls,
        } = Identity::new()?;
        let shared = Arc::new(Shared {
            settings: Mutex::new(Settings {
                config: running(config),
                revision: 0,
            }),
            tls: Arc::new(tls),
            end_point,
            maildrop: Mutex::new(maildrop),
            log: Mutex::default(),
            sessions: Mutex::default(),
            stopping: Condvar::new(),
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

    /// Returns the endpoint of the cleartext port, which offers STLS: `pop3://localhost:PORT`.
    #[must_use]
    pub fn plain(&self) -> Endpoint {
        Endpoint::plain("localhost", Some(self.plain.address.port()))
    }

    /// Returns the endpoint of the port with implicit TLS: `pop3s://localhost:PORT`.
    #[must_use]
    pub fn implicit_tls(&self) -> Endpoint {
        Endpoint::implicit_tls("localhost", Some(self.implicit_tls.address.port()))
    }

    /// Returns the certificate of the certificate authority that a client has to trust, as PEM. The
    /// authority was created only for this server. The server's own certificate is for `localhost`,
    /// 127.0.0.1 and ::1.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Returns a copy of the current messages. Messages that a `QUIT` deletes are removed before
    /// the reply to it is sent.
    #[must_use]
    pub fn maildrop(&self) -> Maildrop {
        lock(&self.shared.maildrop).clone()
    }

    /// Adds a message at the end. Sessions whose clients have not logged in yet see it.
    pub fn deliver(&self, unique_id: impl Into<Vec<u8>>, octets: impl Into<Vec<u8>>) {
        let message = StoredMessage::new(unique_id.into(), octets.into());
        lock(&self.shared.maildrop).push_message(message);
    }

    /// Replaces the messages, for example by the same ones with other unique-ids or in another
    /// order. Sessions whose clients have not logged in yet see them.
    pub fn set_maildrop(&self, maildrop: Maildrop) {
        *lock(&self.shared.maildrop) = maildrop;
    }

    /// Replaces the settings. They apply to the sessions that begin from now on, and their faults
    /// also to the sessions that are open. Sessions are counted from 1 again.
    pub fn set_config(&self, config: ServerConfig) {
        self.shared.change(|old| *old = running(config));
    }

    /// Adds a fault, in addition to those of the settings. It also applies to open sessions, from
    /// the next command on.
    pub fn add_fault(&self, fault: Fault) {
        self.shared
            .change(|config| *config = config.clone().fault(fault));
    }

    /// Removes all faults, including those of the settings.
    pub fn clear_faults(&self) {
        self.shared
            .change(|config| *config = config.clone().without_faults());
    }

    /// Returns the command lines that clients sent, in the order in which they were answered.
    /// Passwords and digests are redacted. A line is here before its reply is sent. At most 65,536
    /// lines are kept, and none if [`ServerConfig::keep_log`] is set to false.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.log().into_iter().map(|entry| entry.command).collect()
    }

    /// Returns the command lines of [`commands`](Self::commands) with their replies and sessions.
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry> {
        lock(&self.shared.log).clone()
    }

    /// Removes all lines from the log.
    pub fn clear_log(&self) {
        lock(&self.shared.log).clear();
    }
}

/// A command that the server has answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LogEntry {
    /// The number of the session; the first one is 1.
    pub session: usize,
    /// The command line without its line end. Passwords and digests are redacted.
    pub command: String,
    /// The status line of the reply; empty if there was none.
    pub reply: String,
}

impl Drop for EmbeddedServer {
    /// Closes all sessions and both listeners, and waits until their threads have ended.
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

/// The state that all threads share.
struct Shared {
    settings: Mutex<Settings>,
    tls: Arc<rustls::ServerConfig>,
    /// The channel binding to the server's certificate.
    end_point: Option<EndPoint>,
    maildrop: Mutex<Maildrop>,
    log: Mutex<Vec<LogEntry>>,
    sessions: Mutex<Sessions>,
    stopping: Condvar,
}

/// The settings of the next session. The faults are those of all sessions.
struct Settings {
    config: ServerConfig,
    /// Counts changes, so that sessions notice them.
    revision: u64,
}

/// Returns the settings that every session has.
fn running(config: ServerConfig) -> ServerConfig {
    let keeps_log = config.keeps_log().unwrap_or(true);
    config.stls(true).keep_log(keeps_log)
}

/// The open sessions, each with a clone of its socket, which is used to close the session.
#[derive(Default)]
struct Sessions {
    sockets: HashMap<u64, TcpStream>,
    admitted: u64,
    stopped: bool,
}

impl Shared {
    /// Registers a session, unless there are too many or the server is stopping.
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
            // An error means that the connection was closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.stopping.notify_all();
    }

    /// Sleeps, but not after the server has been stopped.
    fn sleep(&self, time: Duration) {
        let sessions = lock(&self.sessions);
        let running = |sessions: &mut Sessions| !sessions.stopped;
        let _ = self.stopping.wait_timeout_while(sessions, time, running);
    }

    /// Adds lines to the log, as long as there is room.
    fn record(&self, entries: impl Iterator<Item = LogEntry>) {
        let mut log = lock(&self.log);
        let room = LOG_LINES.saturating_sub(log.len());
        log.extend(entries.take(room));
    }

    fn change(&self, change: impl FnOnce(&mut ServerConfig)) {
        let mut settings = lock(&self.settings);
        change(&mut settings.config);
        settings.revision += 1;
    }
}

/// The registration of a session. It is a guard, so that the session is removed even if its thread
/// panics.
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

    /// Waits until the thread and its sessions have ended, after the server was stopped.
    fn join(&mut self) {
        // The thread is blocked in `accept`, so connect to the listener to wake it. If the
        // connection is refused, the thread has already ended.
        let woken = match TcpStream::connect_timeout(&self.address, WAKE) {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::ConnectionRefused,
        };
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            // The panic of a thread has already been reported by that thread.
            let _ = thread.join();
        }
    }
}

/// Accepts clients until the server is stopped, then waits for the sessions to end.
fn accept(listener: &TcpListener, shared: &Shared, implicit_tls: bool) {
    thread::scope(|scope| {
        loop {
            let accepted = listener.accept();
            if lock(&shared.sessions).stopped {
                return;
            }
            let Ok((socket, _)) = accepted else {
                // Probably too many open files: try again later.
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
            // If no thread can be started, the closure is dropped, and with it the socket.
            let _ = thread::Builder::new()
                .name("pop3-session".to_owned())
                .spawn_scoped(scope, session);
        }
    });
}

/// Locks a mutex, even if it is poisoned: a panic of one session cannot leave partial changes.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
