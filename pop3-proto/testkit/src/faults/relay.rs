//! A proxy between a client and its server that fails at a place that a test chooses.
//!
//! A place is a position in the stream. A fault therefore happens at the same point of the session
//! each time, regardless of how TCP splits the octets into packets.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

/// The timeout for an event that must happen.
const LIMIT: Duration = Duration::from_secs(30);

/// Where a fault happens.
#[derive(Clone, Debug)]
pub enum Place {
    /// After this many octets from the server.
    Octet(usize),
    /// When the server sends this text for the nth time (the first is 1), after this many octets of
    /// it.
    Said(&'static str, usize, usize),
    /// When the client sends this text for the first time, after this many octets of it.
    Asked(&'static str, usize),
}

/// What the client receives when a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The end of the stream.
    Close,
    /// A connection reset.
    Reset,
    /// Nothing more, but the connection stays open.
    Stall,
    /// These octets, and then the octets from the server.
    Insert(&'static [u8]),
}

/// Runs when a fault happens, before the client can detect it.
type Act = Box<dyn FnOnce() + Send>;

struct Fault {
    place: Place,
    act: Act,
    then: Then,
    /// How many octets were searched for the text, and how many times it was found.
    searched: usize,
    found: usize,
}

/// A proxy on 127.0.0.1 that serves one connection at a time. Drop the client before the proxy.
pub struct Relay {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    inner: Mutex<Inner>,
    ended: Condvar,
}

#[derive(Default)]
struct Inner {
    fault: Option<Fault>,
    stopped: bool,
    /// Whether there is a connection.
    busy: bool,
    /// Whether the connection has failed, so that no octets are forwarded.
    broken: bool,
    /// The octets that passed on the latest connection, and those that the client sent after the
    /// failure.
    said: Vec<u8>,
    asked: Vec<u8>,
}

impl Relay {
    /// Starts a proxy to the port that `target` returns when a client connects.
    pub fn start(target: impl Fn() -> u16 + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
        let address = listener.local_addr().expect("own address");
        let state = Arc::new(State::default());
        let relayed = Arc::clone(&state);
        let thread = thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                if relayed.lock().stopped {
                    return;
                }
                // If the server is down, the client's connection is closed.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target())) {
                    relayed.relay(client, server);
                }
            }
        });
        Self {
            address,
            state,
            thread: Some(thread),
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Makes the next connection that reaches this place fail.
    pub fn fail(&self, place: Place, then: Then) {
        self.act(place, then, || {});
    }

    /// Like [`fail`](Self::fail), and runs `act` before the client can detect the fault.
    pub fn act(&self, place: Place, then: Then, act: impl FnOnce() + Send + 'static) {
        let act = Box::new(act);
        self.state.lock().fault = Some(Fault {
            place,
            act,
            then,
            searched: 0,
            found: 0,
        });
    }

    /// Returns whether the fault has happened, and removes it otherwise.
    pub fn has_failed(&self) -> bool {
        self.state.lock().fault.take().is_none()
    }

    /// Returns whether the fault has happened. Does not remove it.
    pub fn is_failing(&self) -> bool {
        self.state.lock().fault.is_none()
    }

    /// Returns the octets of the server that have passed on the latest connection.
    pub fn said(&self) -> Vec<u8> {
        self.state.lock().said.clone()
    }

    /// Returns all that the client sent on its connection, which it has closed.
    pub fn asked(&self) -> Vec<u8> {
        let inner = self.state.lock();
        let waited = self
            .state
            .ended
            .wait_timeout_while(inner, LIMIT, |inner| inner.busy);
        let (inner, waited) = waited.expect("no panic while it was held");
        assert!(!waited.timed_out(), "the connection does not end");
        inner.asked.clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.state.lock().stopped = true;
        // The thread waits for a client, so connect one to stop it.
        let _ = TcpStream::connect(self.address);
        // Wait for the thread, because a server that it owns must be dropped before the test ends.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The direction of octets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic while it was held")
    }

    /// Relays a connection until both sides have closed.
    fn relay(&self, client: TcpStream, server: TcpStream) {
        {
            let mut inner = self.lock();
            (inner.busy, inner.broken) = (true, false);
            (inner.said, inner.asked) = (Vec::new(), Vec::new());
            if let Some(fault) = &mut inner.fault {
                (fault.searched, fault.found) = (0, 0);
            }
        }
        for socket in [&client, &server] {
            socket.set_nodelay(true).expect("a socket");
        }
        thread::scope(|scope| {
            scope.spawn(|| self.forward(Way::Up, &client, &server));
            self.forward(Way::Down, &client, &server);
        });
        drop((client, server));
        self.lock().busy = false;
        self.ended.notify_all();
    }

    /// Moves octets in one direction until the stream ends.
    fn forward(&self, way: Way, client: &TcpStream, server: &TcpStream) {
        let (mut from, mut to) = match way {
            Way::Up => (client, server),
            Way::Down => (server, client),
        };
        let mut buffer = [0; 16 << 10];
        while let Ok(octets @ 1..) = from.read(&mut buffer) {
            let (admitted, fault) = self.lock().admit(way, &buffer[..octets]);
            let (octets, rest) = buffer[..octets].split_at(admitted);
            if let Some(Fault {
                then: Then::Insert(inserted),
                ..
            }) = fault
            {
                // Use a single write, so that it is one packet.
                let _ = to.write_all(&[octets, inserted, rest].concat());
                continue;
            }
            // Ignore the error: if the receiver has disconnected, still read the rest from the
            // sender.
            let _ = to.write_all(octets);
            if let Some(fault) = fault {
                (fault.act)();
                apply_fault(fault.then, client);
                // The server sees that the client disconnected.
                let _ = server.shutdown(Shutdown::Both);
            }
        }
        if !self.lock().broken {
            let _ = to.shutdown(Shutdown::Write);
        }
    }
}

/// Applies a fault to the client's connection.
fn apply_fault(then: Then, client: &TcpStream) {
    match then {
        Then::Close => drop(client.shutdown(Shutdown::Write)),
        Then::Reset => {
            // The system sends the reset when the socket is closed, which is when no thread reads
            // from it any more.
            let linger = SockRef::from(client).set_linger(Some(Duration::ZERO));
            linger.expect("SO_LINGER");
            let _ = client.shutdown(Shutdown::Read);
        }
        // The client detects these by its timeouts.
        Then::Stall | Then::Insert(_) => {}
    }
}

impl Inner {
    /// Returns how many of these new octets may pass, and the fault that happens after them.
    fn admit(&mut self, way: Way, octets: &[u8]) -> (usize, Option<Fault>) {
        let passed = match way {
            Way::Up => &mut self.asked,
            Way::Down => &mut self.said,
        };
        if self.broken {
            if way == Way::Up {
                passed.extend_from_slice(octets);
            }
            return (0, None);
        }
        let before = passed.len();
        passed.extend_from_slice(octets);
        let place = self.fault.as_mut().and_then(|fault| fault.at(way, passed));
        // The place may be at the end of what was received so far, with nothing after it.
        let Some(at) = place.filter(|at| *at <= passed.len()) else {
            return (octets.len(), None);
        };
        let fault = self.fault.take();
        let insert = matches!(
            &fault,
            Some(Fault {
                then: Then::Insert(_),
                ..
            })
        );
        self.broken = !insert;
        let admitted = at.saturating_sub(before);
        if way == Way::Down {
            passed.truncate(before + admitted);
        }
        (admitted, fault)
    }
}

impl Fault {
    /// Returns the position of the fault in this direction, if it is known yet.
    fn at(&mut self, way: Way, passed: &[u8]) -> Option<usize> {
        let (text, nth, more) = match (&self.place, way) {
            (Place::Octet(at), Way::Down) => return Some(*at),
            (Place::Said(text, nth, more), Way::Down) => (*text, *nth, *more),
            (Place::Asked(text, more), Way::Up) => (*text, 1, *more),
            _ => return None,
        };
        while self.found < nth {
            let mut windows = passed.get(self.searched..)?.windows(text.len());
            match windows.position(|part| part == text.as_bytes()) {
                Some(at) => {
                    self.found += 1;
                    self.searched += at + 1;
                }
                None => {
                    self.searched = self
                        .searched
                        .max((passed.len() + 1).saturating_sub(text.len()));
                    return None;
                }
            }
        }
        Some(self.searched - 1 + more)
    }
}
