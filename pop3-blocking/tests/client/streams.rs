//! Streams that are not sockets, and difficult streams.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use pop3_blocking::proto::Instant;
use pop3_blocking::proto::{Channel, Connection};
use pop3_blocking::server::{Maildrop, Server, ServerConfig};
use pop3_blocking::{
    Client, Config, Error, NoTimeout, Stream,
    command::ListOne,
    config::Pipelining,
    error::{Closed, Timeout, TransportErrorKind},
};

use super::support::{alice, message, number};

fn client<S: Stream>(stream: S) -> Result<Client<S>, Error> {
    let mut config = Config::default();
    config.timeouts.send = Duration::from_millis(100);
    config.pipelining = Pipelining::Always;
    let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    pop3_blocking::start(session, stream)
}

fn mail(messages: u32) -> Server {
    let maildrop: Maildrop = (1..=messages)
        .map(|number| (format!("uid-{number}"), message(number)))
        .collect();
    Server::new(ServerConfig::new("alice", "secret"), maildrop)
}

/// A server without a socket: a read returns its replies.
struct InMemory(Server);

impl Read for InMemory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = self.0.transmit().read(buffer)?;
        self.0.transmitted(octets);
        Ok(octets)
    }
}

impl Write for InMemory {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.receive(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a whole session.
fn session<S: Stream>(stream: S) {
    let mut client = client(stream).unwrap();
    client.login(alice()).unwrap();
    assert_eq!(client.list().unwrap().numbers().count(), 20);
    let mut messages = client.retrieve((1..=20).map(number));
    let mut count = 0;
    while let Some(retrieved) = messages.next() {
        count += 1;
        let mut octets = Vec::new();
        retrieved.unwrap().read_to_end(&mut octets).unwrap();
        assert_eq!(octets, message(count));
    }
    assert_eq!(count, 20);
    assert!(client.quit().unwrap().is_committed());
}

#[test]
fn stream_without_timeouts_works() {
    session(NoTimeout(InMemory(mail(20))));
}

#[test]
fn boxed_stream_works() {
    let stream: Box<dyn Stream> = Box::new(NoTimeout(InMemory(mail(20))));
    session(stream);
}

/// A stream that moves only a few octets at a time, and often none.
struct ShortIo {
    inner: InMemory,
    calls: u32,
}

impl ShortIo {
    fn refuse(&mut self) -> io::Result<()> {
        self.calls += 1;
        Err(match self.calls % 7 {
            1 => ErrorKind::WouldBlock.into(),
            3 => ErrorKind::Interrupted.into(),
            5 => ErrorKind::TimedOut.into(),
            _ => return Ok(()),
        })
    }
}

impl Read for ShortIo {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.refuse()?;
        let some = buffer.len().min(self.calls as usize % 5 + 1);
        self.inner.read(&mut buffer[..some])
    }
}

impl Write for ShortIo {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.refuse()?;
        let some = octets.len().min(self.calls as usize % 5 + 1);
        self.inner.write(&octets[..some])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for ShortIo {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn short_and_interrupted_io_works() {
    session(ShortIo {
        inner: InMemory(mail(20)),
        calls: 0,
    });
}

/// Returns these reads in order, then end of file. Writes fail with this error.
struct Failing {
    reads: VecDeque<&'static [u8]>,
    writes: ErrorKind,
    attempts: Arc<Mutex<u32>>,
}

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads.pop_front().unwrap_or_default().read(buffer)
    }
}

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        *self.attempts.lock().unwrap() += 1;
        match self.writes {
            ErrorKind::WriteZero => Ok(0),
            ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(5));
                Err(ErrorKind::WouldBlock.into())
            }
            kind => Err(kind.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Failing {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the error of a login that cannot be written, and how often a write was attempted.
fn login_on_failing(writes: ErrorKind, reads: &[&'static [u8]]) -> (Error, u32) {
    let attempts = Arc::default();
    let mut client = client(Failing {
        reads: reads.iter().copied().collect(),
        writes,
        attempts: Arc::clone(&attempts),
    })
    .unwrap();
    let error = client.login(alice()).unwrap_err();
    let tried = *attempts.lock().unwrap();
    (error, tried)
}

#[test]
fn unsolicited_err_is_reported_after_a_failed_write() {
    let reads: [&[u8]; 2] = [b"+OK ready\r\n", b"-ERR going down\r\n"];
    let (error, tried) = login_on_failing(ErrorKind::BrokenPipe, &reads);
    let Error::Closed(closed) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(&*closed, Closed::UnsolicitedErr(reply) if reply.to_string() == "going down"));
    assert_eq!(tried, 1);
}

#[test]
fn write_failure_is_reported_without_an_err() {
    for writes in [ErrorKind::BrokenPipe, ErrorKind::WriteZero] {
        let (error, tried) = login_on_failing(writes, &[b"+OK ready\r\n"]);
        let Error::Transport(error) = error else {
            panic!("{error:?}");
        };
        assert!(error.writing);
        assert_eq!(
            error.kind == TransportErrorKind::Reset,
            writes == ErrorKind::BrokenPipe
        );
        assert_eq!(tried, 1);
    }
}

#[test]
fn stream_that_accepts_no_octets_fails() {
    let (error, tried) = login_on_failing(ErrorKind::WouldBlock, &[b"+OK ready\r\n"]);
    assert_eq!(error, Error::Timeout(Timeout::Send));
    assert!(tried > 5);
}

/// One direction of a connection with a buffer of 4 KiB, which blocks when it is full or empty.
#[derive(Default)]
struct Pipe {
    state: Mutex<(VecDeque<u8>, bool)>,
    changed: Condvar,
}

const ROOM: usize = 4 << 10;
const PATIENCE: Duration = Duration::from_secs(20);

impl Pipe {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (mut state, late) = self
            .changed
            .wait_timeout_while(self.state.lock().unwrap(), PATIENCE, |(octets, over)| {
                octets.is_empty() && !*over
            })
            .unwrap();
        assert!(!late.timed_out(), "both sides wait for each other");
        let octets = state.0.read(buffer);
        self.changed.notify_all();
        octets
    }

    fn write(&self, octets: &[u8]) -> io::Result<usize> {
        let (mut state, late) = self
            .changed
            .wait_timeout_while(self.state.lock().unwrap(), PATIENCE, |(held, over)| {
                held.len() >= ROOM && !*over
            })
            .unwrap();
        assert!(!late.timed_out(), "both sides wait for each other");
        if state.1 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let some = octets.len().min(ROOM - state.0.len());
        state.0.extend(&octets[..some]);
        self.changed.notify_all();
        Ok(some)
    }

    fn close(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

struct Duplex {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
}

impl Duplex {
    fn pair() -> (Self, Self) {
        let (one, other) = (Arc::<Pipe>::default(), Arc::<Pipe>::default());
        let near = Self {
            incoming: Arc::clone(&one),
            outgoing: Arc::clone(&other),
        };
        let far = Self {
            incoming: other,
            outgoing: one,
        };
        (near, far)
    }
}

impl Drop for Duplex {
    fn drop(&mut self) {
        self.incoming.close();
        self.outgoing.close();
    }
}

impl Read for Duplex {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.incoming.read(buffer)
    }
}

impl Write for Duplex {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.outgoing.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a server on a thread. Like most servers, it answers each command before it reads the next
/// one.
fn serve(mut server: Server, mut stream: impl Read + Write) {
    let mut buffer = [0; 512];
    while !server.is_closed() {
        if server.wants_write() {
            let Ok(octets) = stream.write(server.transmit()) else {
                return;
            };
            server.transmitted(octets);
        } else {
            match stream.read(&mut buffer).unwrap() {
                0 => server.handle_eof(),
                octets => server.receive(&buffer[..octets]),
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn unix_socket_works_as_a_stream() {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let server = thread::spawn(|| serve(mail(20), far));
    session(near);
    server.join().unwrap();
}

#[test]
fn ten_thousand_commands_pass_a_4_kib_pipe() {
    let (near, far) = Duplex::pair();
    let server = thread::spawn(|| serve(mail(100), far));
    let mut client = client(NoTimeout(near)).unwrap();
    client.login(alice()).unwrap();
    let asked = (0..10_000).map(|n| ListOne(number(n % 100 + 1)));
    let mut answered = 0;
    for (n, entry) in client.pipeline(asked).enumerate() {
        assert_eq!(entry.unwrap().number, number(n as u32 % 100 + 1));
        answered += 1;
    }
    assert_eq!(answered, 10_000);
    assert!(client.quit().unwrap().is_committed());
    server.join().unwrap();
}

#[test]
fn thousands_of_tickets_pass_a_4_kib_pipe() {
    let (near, far) = Duplex::pair();
    let server = thread::spawn(|| serve(mail(100), far));
    let mut client = client(NoTimeout(near)).unwrap();
    client.login(alice()).unwrap();
    let tickets: Vec<_> = (1..=2000)
        .map(|n| client.submit(ListOne(number(n % 100 + 1))).unwrap())
        .collect();
    for ticket in tickets {
        client.wait(ticket).unwrap();
    }
    assert!(client.quit().unwrap().is_committed());
    server.join().unwrap();
}
