//! The loop between the engine and a transport. Failures of the transport are passed to the engine,
//! which reports them to the operation that waits for a reply.

use core::task::Poll;
use core::time::Duration;
use std::io::{self, ErrorKind};

use super::Transport;
use crate::engine::Engine;
use crate::error::TransportError;
use crate::time::Instant;

/// The shortest timeout that is set on a transport. Shorter ones would cause too many steps.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// For a wait of at least this length, the cost of an additional step does not matter.
const LONG_WAIT: Duration = Duration::from_secs(10);

/// An engine with its transport.
#[derive(Debug)]
pub(super) struct Driver<T> {
    pub(super) engine: Engine,
    pub(super) transport: T,
    /// The same moment on the connection's clock and on the transport's clock.
    clocks: (Instant, Instant),
    /// The timeout that is set on the transport.
    wait: Option<Duration>,
    /// Whether the transport is being called. If it panicked, this is still set afterwards.
    calling: bool,
}

impl<T: Transport> Driver<T> {
    /// Creates a driver for a connection. The connection's clock continues from its last time.
    pub(super) fn new(engine: Engine, transport: T) -> Self {
        let clocks = (engine.connection().now(), transport.now());
        Self {
            engine,
            transport,
            clocks,
            wait: None,
            calling: false,
        }
    }

    /// Runs a function that calls the transport. If the transport panicked before, ends the
    /// connection instead, because the number of octets that it moved is unknown.
    fn guarded(&mut self, act: impl FnOnce(&mut Self)) {
        if self.calling {
            self.engine.connection_mut().callback_panicked();
            return;
        }
        self.calling = true;
        act(self);
        self.calling = false;
    }

    /// Returns the time on the connection's clock.
    pub(super) fn now(&self) -> Instant {
        let (own, transport) = self.clocks;
        own + self.transport.now().duration_since(transport)
    }

    /// Begins an operation, and abandons the unfinished requests of the previous one.
    pub(super) fn begin(&mut self) {
        self.engine.begin();
        self.probe();
    }

    /// Requests a read before the next write, if the connection is idle.
    pub(super) fn probe(&mut self) {
        if self.engine.is_idle() || self.calling {
            self.guarded(Self::read_ready);
        }
    }

    /// Reads and writes until `poll` is ready.
    pub(super) fn wait_for<R>(&mut self, mut poll: impl FnMut(&mut Engine) -> Poll<R>) -> R {
        loop {
            if let Poll::Ready(found) = poll(&mut self.engine) {
                self.shutdown();
                return found;
            }
            self.step();
        }
    }

    /// Does one read or one write.
    fn step(&mut self) {
        self.guarded(Self::move_octets);
    }

    fn move_octets(&mut self) {
        let connection = self.engine.connection_mut();
        if connection.wants_write() {
            if self.set_deadline() {
                self.write();
            }
        } else if connection.wants_read() {
            if self.set_deadline() {
                self.read();
            }
        } else if self.engine.lacks_tls() {
            let now = self.now();
            self.engine.refuse_tls(now);
        } else {
            // There is nothing to read or write: only a deadline or a computation is due.
            let now = self.now();
            self.engine.connection_mut().handle_timeout(now);
        }
    }

    fn write(&mut self) {
        let octets = self.engine.connection_mut().transmit();
        let result = match self.transport.write(octets) {
            Ok(0) => Err(io::Error::from(ErrorKind::WriteZero)),
            result => result,
        };
        let now = self.now();
        let connection = self.engine.connection_mut();
        match result {
            Ok(octets) => connection.transmitted(octets, now),
            Err(error) if is_timeout_or_interrupt(&error) => connection.handle_timeout(now),
            Err(error) => connection.handle_write_error(TransportError::from(&error), now),
        }
    }

    fn read(&mut self) {
        let Some(room) = self.engine.connection_mut().recv_buffer() else {
            return;
        };
        let result = self.transport.read(room);
        self.handle_read(result);
    }

    fn read_ready(&mut self) {
        let Some(room) = self.engine.connection_mut().recv_buffer() else {
            return;
        };
        if let Some(result) = self.transport.read_ready(room).transpose() {
            self.handle_read(result);
        }
    }

    fn handle_read(&mut self, result: io::Result<usize>) {
        let now = self.now();
        let connection = self.engine.connection_mut();
        match result {
            Ok(0) => connection.handle_eof(now),
            Ok(octets) => connection.received(octets, now),
            Err(error) if is_timeout_or_interrupt(&error) => connection.handle_timeout(now),
            Err(error) => connection.handle_read_error(TransportError::from(&error), now),
        }
    }

    /// Sets the transport's timeout to the next deadline. Returns false if the deadline has passed.
    fn set_deadline(&mut self) -> bool {
        let deadline = self.engine.connection().poll_timeout();
        let wait = match deadline.map(|deadline| (deadline, self.now())) {
            None => None,
            Some((deadline, now)) if deadline <= now => {
                self.engine.connection_mut().handle_timeout(now);
                return false;
            }
            Some((deadline, now)) => Some(deadline.duration_since(now).max(SHORTEST_WAIT)),
        };
        // A wait that ends early costs one step. That is cheaper than a system call before each
        // read.
        let near_enough = match (self.wait, wait) {
            (Some(set), Some(wait)) => set <= wait && set >= LONG_WAIT.min(wait / 2),
            (set, wait) => set == wait,
        };
        if !near_enough {
            let wait = wait.map(|wait| (wait - wait / 8).max(SHORTEST_WAIT));
            if let Err(error) = self.transport.set_timeout(wait) {
                let now = self.now();
                self.engine
                    .connection_mut()
                    .handle_read_error(TransportError::from(&error), now);
                return false;
            }
            self.wait = wait;
        }
        true
    }

    /// Sends close_notify or an alert once the connection has ended. The result of the session does
    /// not depend on whether it arrives.
    fn shutdown(&mut self) {
        if self.engine.fatal().is_some() {
            self.guarded(Self::write_rest);
        }
    }

    fn write_rest(&mut self) {
        while self.engine.connection().wants_write() {
            let octets = self.engine.connection_mut().transmit();
            match self.transport.write(octets) {
                Ok(octets) if octets > 0 => {
                    let now = self.now();
                    self.engine.connection_mut().transmitted(octets, now);
                }
                _ => return,
            }
        }
    }
}

/// Returns whether the call only timed out or was interrupted, which is not a failure of the
/// transport.
fn is_timeout_or_interrupt(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
