//! The loop between an engine and a stream. Its failures go into the engine, which tells them to
//! whoever waits.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant as Clock};

use pop3_proto::{Engine, Instant, TlsError, TlsErrorKind, TransportError};

use crate::stream::Stream;

/// The shortest wait that is asked of a socket: zero would mean for ever.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// A wait after which one turn more or less does not matter.
const LONG_WAIT: Duration = Duration::from_secs(10);

/// An engine on a stream.
#[derive(Debug)]
pub(crate) struct Pump<S> {
    pub(crate) engine: Engine,
    pub(crate) stream: S,
    origin: Clock,
    /// What the stream's time-out is set to.
    wait: Option<Duration>,
    /// Whether the stream is being called. Still set afterwards if it panicked.
    calling: bool,
}

impl<S: Stream> Pump<S> {
    pub(crate) fn new(engine: Engine, stream: S) -> Self {
        // The session's clock goes on from where it is.
        let elapsed = engine.session().now().elapsed();
        let origin = Clock::now().checked_sub(elapsed).unwrap_or_else(Clock::now);
        Self {
            engine,
            stream,
            origin,
            wait: None,
            calling: false,
        }
    }

    /// Does what calls the stream, unless that panicked before: how many octets it moved is not known
    /// then, and the session ends.
    fn guarded(&mut self, act: impl FnOnce(&mut Self)) {
        if self.calling {
            self.engine.session_mut().callback_panicked();
            return;
        }
        self.calling = true;
        act(self);
        self.calling = false;
    }

    fn now(&self) -> Instant {
        Instant::since_origin(self.origin.elapsed())
    }

    /// Moves octets until `poll` has what it waits for.
    pub(crate) fn wait_for<T>(&mut self, mut poll: impl FnMut(&mut Engine) -> Option<T>) -> T {
        loop {
            if let Some(found) = poll(&mut self.engine) {
                self.say_goodbye();
                return found;
            }
            self.turn();
        }
    }

    /// One read or one write.
    fn turn(&mut self) {
        self.guarded(Self::move_octets);
    }

    fn move_octets(&mut self) {
        let session = self.engine.session_mut();
        if session.wants_write() {
            if self.arm() {
                self.write();
            }
        } else if session.wants_read() {
            if self.arm() {
                self.read();
            }
        } else if session.wants_tls() {
            let text =
                "this client was not set up for TLS (feature `rustls`, `Connector::session`)";
            let now = self.now();
            self.engine
                .session_mut()
                .tls_failed(TlsError::new(TlsErrorKind::NotConfigured, text), now);
        } else {
            // Nothing to do but to wait for a deadline.
            let now = self.now();
            self.engine.session_mut().handle_timeout(now);
        }
    }

    fn write(&mut self) {
        let session = self.engine.session_mut();
        let result = self.stream.write(session.transmit());
        let now = self.now();
        let session = self.engine.session_mut();
        match result {
            Ok(0) => {
                let error = io::Error::from(ErrorKind::WriteZero);
                session.handle_write_error(TransportError::from(&error), now);
            }
            Ok(octets) => session.transmitted(octets, now),
            Err(error) if is_no_failure(&error) => session.handle_timeout(now),
            Err(error) => session.handle_write_error(TransportError::from(&error), now),
        }
    }

    fn read(&mut self) {
        let Some(room) = self.engine.session_mut().recv_buffer() else {
            return;
        };
        let result = self.stream.read(room);
        self.have_read(result);
    }

    fn have_read(&mut self, result: io::Result<usize>) {
        let now = self.now();
        let session = self.engine.session_mut();
        match result {
            Ok(0) => session.handle_eof(now),
            Ok(octets) => session.received(octets, now),
            Err(error) if is_no_failure(&error) => session.handle_timeout(now),
            Err(error) => session.handle_read_error(TransportError::from(&error), now),
        }
    }

    /// Sets the stream's time-out to the next deadline; false if that has passed.
    fn arm(&mut self) -> bool {
        let deadline = self.engine.session().poll_timeout();
        let wait = match deadline.map(|deadline| (deadline, self.now())) {
            None => None,
            Some((deadline, now)) if deadline <= now => {
                self.engine.session_mut().handle_timeout(now);
                return false;
            }
            Some((deadline, now)) => Some(deadline.saturating_since(now).max(SHORTEST_WAIT)),
        };
        // A wait that ends early costs a turn: not worth a system call before each read.
        let near_enough = match (self.wait, wait) {
            (Some(set), Some(wait)) => set <= wait && set >= LONG_WAIT.min(wait / 2),
            (set, wait) => set == wait,
        };
        if !near_enough {
            let wait = wait.map(|wait| (wait - wait / 8).max(SHORTEST_WAIT));
            if let Err(error) = self.stream.set_timeout(wait) {
                let now = self.now();
                self.engine
                    .session_mut()
                    .handle_read_error(TransportError::from(&error), now);
                return false;
            }
            self.wait = wait;
        }
        true
    }

    /// Before an idle connection is used: hears what the server said meanwhile.
    pub(crate) fn listen(&mut self) {
        if self.engine.is_idle() || self.calling {
            self.guarded(Self::read_ready);
        }
    }

    fn read_ready(&mut self) {
        let Some(room) = self.engine.session_mut().recv_buffer() else {
            return;
        };
        match self.stream.read_ready(room) {
            Ok(None) => {}
            Ok(Some(octets)) => self.have_read(Ok(octets)),
            Err(error) => self.have_read(Err(error)),
        }
    }

    /// After the end, lets TLS say so too. Whether that arrives changes nothing.
    pub(crate) fn say_goodbye(&mut self) {
        if self.engine.fatal().is_some() {
            self.guarded(Self::write_farewell);
        }
    }

    fn write_farewell(&mut self) {
        while self.engine.session().wants_write() {
            let result = self.stream.write(self.engine.session_mut().transmit());
            match result {
                Ok(octets) if octets > 0 => {
                    let now = self.now();
                    self.engine.session_mut().transmitted(octets, now);
                }
                _ => return,
            }
        }
    }
}

/// A stream that could not do it in time, or was interrupted, has not failed.
fn is_no_failure(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
