//! The loop between the engine and a transport. Failures of the transport are passed to the engine,
//! which reports them to the operation that waits for a reply.

use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

use super::Transport;
use crate::engine::Engine;
use crate::error::TransportError;
use crate::time::Instant;

/// How many steps a task may take before it yields to other tasks. At 64 KiB per read, this is a
/// few megabytes.
const FAIRNESS: u32 = 64;

/// An engine with its transport. All state is here, so the futures that wait for it have none.
#[derive(Debug)]
pub(super) struct Driver<T> {
    pub(super) engine: Engine,
    pub(super) transport: T,
    /// The same moment on the connection's clock and on the transport's clock.
    clocks: (Instant, Instant),
    /// Whether there are written octets that were not flushed.
    unflushed: bool,
    probe: Probe,
    /// When the timer fires.
    alarm: Option<Instant>,
    /// Steps since the task last waited.
    steps: u32,
    /// Whether the transport was shut down, or the shutdown was started.
    is_shut_down: bool,
    /// Whether the transport is being called. If it panicked, this is still set afterwards.
    calling: bool,
}

/// Whether to read before an idle connection is used. The server may have closed it, and an
/// unsolicited `-ERR` that it sent before closing must not be mistaken for the reply to the next
/// command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    No,
    /// The first read is due.
    First,
    /// The first read returned nothing. Read once more, because the runtime may not have polled the
    /// socket yet.
    Second,
}

impl<T: Transport> Driver<T> {
    /// Creates a driver for a connection. The connection's clock continues from its last time.
    pub(super) fn new(engine: Engine, transport: T) -> Self {
        let clocks = (engine.connection().now(), transport.now());
        Self {
            engine,
            transport,
            clocks,
            unflushed: false,
            probe: Probe::No,
            alarm: None,
            steps: 0,
            is_shut_down: false,
            calling: false,
        }
    }

    /// Ends the connection if the transport panicked in its last call, because the number of octets
    /// that it moved is unknown.
    fn end_if_panicked(&mut self) {
        if self.calling {
            self.engine.connection_mut().callback_panicked();
        }
    }

    /// Returns the time on the connection's clock.
    pub(super) fn now(&self) -> Instant {
        let (own, transport) = self.clocks;
        own + self.transport.now().duration_since(transport)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let (own, transport) = self.clocks;
        let deadline = transport + deadline.duration_since(own);
        self.transport.poll_timer(cx, deadline)
    }

    /// Begins an operation, and abandons the unfinished requests of the previous one.
    pub(super) fn begin(&mut self) {
        self.end_if_panicked();
        self.engine.begin();
        self.probe();
    }

    /// Requests a read before the next write, if the connection is idle.
    pub(super) fn probe(&mut self) {
        if self.engine.is_idle() && self.probe == Probe::No {
            self.probe = Probe::First;
        }
    }

    /// Reads and writes until `poll` is ready.
    pub(super) fn poll_for<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Engine) -> Poll<R>,
    ) -> Poll<R> {
        self.end_if_panicked();
        loop {
            if let Poll::Ready(found) = poll(&mut self.engine) {
                self.shutdown(cx);
                return Poll::Ready(found);
            }
            if self.steps >= FAIRNESS {
                self.steps = 0;
                self.transport.yield_now(cx);
                return Poll::Pending;
            }
            self.steps += 1;
            if !self.step(cx) {
                self.steps = 0;
                return Poll::Pending;
            }
        }
    }

    /// Does one read and one write. Returns false if the task has to wait.
    fn step(&mut self, cx: &mut Context<'_>) -> bool {
        self.calling = true;
        let go_on = self.move_octets(cx);
        self.calling = false;
        go_on
    }

    fn move_octets(&mut self, cx: &mut Context<'_>) -> bool {
        let probe = core::mem::replace(&mut self.probe, Probe::No);
        let probed = probe != Probe::No && self.read(cx);
        if probe == Probe::First && !probed {
            self.probe = Probe::Second;
            self.transport.yield_now(cx);
            return false;
        }
        let written = self.write(cx);
        let read = !probed && self.read(cx);
        if self.engine.lacks_tls() {
            let now = self.now();
            self.engine.refuse_tls(now);
        }
        self.keep_time(cx, probed || written || read)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(room) = self.engine.connection_mut().recv_buffer() else {
            return false;
        };
        let Poll::Ready(result) = self.transport.poll_read(cx, room) else {
            return false;
        };
        let now = self.now();
        let connection = self.engine.connection_mut();
        match result {
            Ok(0) => connection.handle_eof(now),
            Ok(octets) => connection.received(octets, now),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => connection.handle_read_error(TransportError::from(&error), now),
        }
        true
    }

    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let connection = self.engine.connection_mut();
        let result = if connection.wants_write() {
            self.unflushed = true;
            match self.transport.poll_write(cx, connection.transmit()) {
                Poll::Ready(Ok(0)) => Err(io::Error::from(ErrorKind::WriteZero)),
                Poll::Ready(result) => result,
                Poll::Pending => return false,
            }
        } else if self.unflushed {
            match self.transport.poll_flush(cx) {
                Poll::Ready(result) => {
                    self.unflushed = false;
                    result.map(|()| 0)
                }
                Poll::Pending => return false,
            }
        } else {
            return false;
        };
        let now = self.now();
        let connection = self.engine.connection_mut();
        match result {
            Ok(0) => {}
            Ok(octets) => connection.transmitted(octets, now),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                connection.handle_write_error(TransportError::from(&error), now);
            }
        }
        true
    }

    /// Handles a deadline that has passed, or sets the timer that wakes the task. Returns false if
    /// the task has to wait.
    fn keep_time(&mut self, cx: &mut Context<'_>, moved: bool) -> bool {
        let Some(deadline) = self.engine.connection().poll_timeout() else {
            return moved || self.engine.fatal().is_some();
        };
        let now = self.now();
        if deadline > now {
            if moved {
                return true;
            }
            // Setting the timer at each read would cost more than the extra step of a timer that
            // fires too early.
            let alarm = self.alarm.filter(|alarm| *alarm <= deadline);
            let alarm = *self.alarm.insert(alarm.unwrap_or(deadline));
            if self.poll_timer(cx, alarm).is_pending() {
                return false;
            }
            self.alarm = None;
        }
        if self.engine.connection().is_computing() {
            // Let other tasks run before the next slice of the computation.
            self.steps = FAIRNESS;
        }
        let now = self.now();
        self.engine.connection_mut().handle_timeout(now);
        true
    }

    /// Sends close_notify or an alert once the connection has ended, and shuts down the transport,
    /// as far as that is possible without waiting. Failures do not change the result of the
    /// session.
    pub(super) fn shutdown(&mut self, cx: &mut Context<'_>) {
        if self.engine.fatal().is_some() && !core::mem::replace(&mut self.is_shut_down, true) {
            let _ = self.poll_shutdown(cx);
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.engine.connection().wants_write() {
            let octets = self.engine.connection_mut().transmit();
            match ready!(self.transport.poll_write(cx, octets)) {
                Ok(octets) if octets > 0 => {
                    let now = self.now();
                    self.engine.connection_mut().transmitted(octets, now);
                }
                _ => return Poll::Ready(()),
            }
        }
        // Errors do not matter: the socket is closed when it is dropped.
        let _ = ready!(self.transport.poll_flush(cx));
        let _ = ready!(self.transport.poll_shutdown(cx));
        Poll::Ready(())
    }
}
