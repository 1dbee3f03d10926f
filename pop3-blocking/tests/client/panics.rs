//! Tests of a stream that panics, where the application catches the panic. The number of
//! transferred octets is unknown, and the next operation returns an error. No reply is attributed
//! to another command, and no command is sent twice.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pop3_blocking::proto::Channel;
use pop3_blocking::proto::Instant;
use pop3_blocking::server::{Server, ServerConfig};
use pop3_blocking::{Client, Config, Dele, Error, Stream};

use super::support::{alice, number};

/// A server in memory, on a stream that panics in the call with this number, after the call was
/// made.
struct Panics {
    server: Arc<Mutex<Server>>,
    calls: u32,
    panics_at: u32,
}

impl Panics {
    fn called<T>(&mut self, result: T) -> T {
        self.calls += 1;
        assert!(self.calls != self.panics_at, "the stream panics");
        result
    }
}

impl Read for Panics {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = {
            let mut server = self.server.lock().unwrap();
            let octets = server.transmit().read(buffer)?;
            server.transmitted(octets);
            octets
        };
        self.called(Ok(octets))
    }
}

impl Write for Panics {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.server.lock().unwrap().receive(octets);
        self.called(Ok(octets.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Panics {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        self.called(Ok(()))
    }

    fn read_ready(&mut self, _: &mut [u8]) -> io::Result<Option<usize>> {
        self.called(Ok(None))
    }
}

/// The result of a session in which panics of each operation are caught.
struct Session {
    panicked: bool,
    /// The results of the operations after the panic.
    after: Vec<Result<(), Error>>,
    /// What the server received.
    log: Vec<String>,
}

fn session(panics_at: u32) -> Session {
    let config = ServerConfig::new("alice", "secret")
        .allow_plaintext_login(true)
        .keep_log(true);
    let maildrop = (1..=3).map(|n| (format!("{n}"), vec![b'x'; 100])).collect();
    let server = Arc::new(Mutex::new(Server::new(config, maildrop)));
    let stream = Panics {
        server: Arc::clone(&server),
        calls: 0,
        panics_at,
    };
    let mut outcome = Session {
        panicked: false,
        after: Vec::new(),
        log: Vec::new(),
    };
    let session = pop3_blocking::proto::Connection::new(
        Config::default(),
        Channel::TrustedByCaller,
        Instant::ORIGIN,
    );
    let client = catch_unwind(AssertUnwindSafe(|| pop3_blocking::start(session, stream)));
    let Ok(client) = client else {
        outcome.panicked = true;
        return outcome;
    };
    let mut client = client.unwrap();
    type Operation = fn(&mut Client<Panics>) -> Result<(), Error>;
    let operations: [Operation; 7] = [
        |client| client.login(alice()).map(drop),
        |client| client.stat().map(drop),
        |client| client.retr_to_vec(number(1), 1000).map(drop),
        |client| {
            let mut replies = client.pipeline([1, 2].map(|n| Dele(number(n))));
            replies.try_for_each(|reply| reply.map(drop))
        },
        |client| client.rset().map(drop),
        |client| client.noop().map(drop),
        |client| client.quit().map(drop),
    ];
    for operation in operations {
        match catch_unwind(AssertUnwindSafe(|| operation(&mut client))) {
            Ok(result) if outcome.panicked => outcome.after.push(result),
            Ok(result) => result.unwrap(),
            Err(_) => outcome.panicked = true,
        }
    }
    outcome.log = server.lock().unwrap().log().to_vec();
    outcome
}

#[test]
fn panicking_stream_ends_the_session() {
    let whole = session(0);
    assert!(!whole.panicked);
    let mut panics = 0;
    let mut after = 0;
    for panics_at in 1.. {
        let session = session(panics_at);
        if !session.panicked {
            break;
        }
        panics += 1;
        after += session.after.len();
        let ended = |result: &Result<(), Error>| *result == Err(Error::CallbackPanicked);
        assert!(session.after.iter().all(ended), "{:?}", session.after);
        assert!(whole.log.starts_with(&session.log), "{:?}", session.log);
    }
    assert!(
        panics > 20 && after > 50,
        "{panics} panics, {after} operations"
    );
}
