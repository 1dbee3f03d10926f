//! The loop between an engine and a transport, a turn at a time. Its failures go into the engine,
//! which tells them to whoever waits.

use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

use super::Transport;
use crate::engine::Engine;
use crate::error::{TlsError, TlsErrorKind, TransportError};
use crate::time::Instant;

/// Turns that a task may take before others get theirs. With 64 KiB to a read, that is some
/// megabytes.
const FAIRNESS: u32 = 64;

/// An engine on a transport. All state is here and none in the futures that wait for it.
#[derive(Debug)]
pub(super) struct Pump<T> {
    pub(super) engine: Engine,
    pub(super) transport: T,
    /// The same moment on the session's clock and on the transport's.
    clocks: (Instant, Instant),
    /// Something was written that was not flushed.
    unflushed: bool,
    listening: Listening,
    /// When the alarm goes off.
    alarm: Option<Instant>,
    /// Turns since the task last waited.
    turns: u32,
    /// TLS has taken its leave.
    parted: bool,
    /// Whether the transport is being called. Still set afterwards if it panicked.
    calling: bool,
}

/// What is heard before an idle connection is used: the server may have parted meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    No,
    /// Nothing was read yet.
    Once,
    /// Nothing was there; perhaps nobody has looked.
    Again,
}

impl<T: Transport> Pump<T> {
    pub(super) fn new(engine: Engine, transport: T) -> Self {
        let clocks = (engine.session().now(), transport.now());
        Self {
            engine,
            transport,
            clocks,
            unflushed: false,
            listening: Listening::No,
            alarm: None,
            turns: 0,
            parted: false,
            calling: false,
        }
    }

    /// Ends the session if the transport panicked when it was called last: how many octets it moved is
    /// not known.
    fn end_if_panicked(&mut self) {
        if self.calling {
            self.engine.session_mut().callback_panicked();
        }
    }

    /// The time on the session's clock, which goes on from where it was.
    fn now(&self) -> Instant {
        let (session, transport) = self.clocks;
        session + self.transport.now().saturating_since(transport)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let (session, transport) = self.clocks;
        let deadline = transport + deadline.saturating_since(session);
        self.transport.poll_timer(cx, deadline)
    }

    /// Begins an operation: what the last one left is given up.
    pub(super) fn begin(&mut self) {
        self.end_if_panicked();
        self.engine.begin();
        self.listen();
    }

    /// If the connection is idle, hears what came before anything is written.
    pub(super) fn listen(&mut self) {
        if self.engine.is_idle() && self.listening == Listening::No {
            self.listening = Listening::Once;
        }
    }

    /// Moves octets until `poll` has what it waits for.
    pub(super) fn poll_for<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Engine) -> Option<R>,
    ) -> Poll<R> {
        self.end_if_panicked();
        loop {
            if let Some(found) = poll(&mut self.engine) {
                self.part(cx);
                return Poll::Ready(found);
            }
            if self.turns >= FAIRNESS {
                self.turns = 0;
                self.transport.yield_now(cx);
                return Poll::Pending;
            }
            self.turns += 1;
            if !self.turn(cx) {
                self.turns = 0;
                return Poll::Pending;
            }
        }
    }

    /// One read and one write; false if there is nothing to do but to wait.
    fn turn(&mut self, cx: &mut Context<'_>) -> bool {
        self.calling = true;
        let go_on = self.move_octets(cx);
        self.calling = false;
        go_on
    }

    fn move_octets(&mut self, cx: &mut Context<'_>) -> bool {
        let listening = core::mem::replace(&mut self.listening, Listening::No);
        let heard = listening != Listening::No && self.read(cx);
        if listening == Listening::Once && !heard {
            self.listening = Listening::Again;
            self.transport.yield_now(cx);
            return false;
        }
        let written = self.write(cx);
        let read = !heard && self.read(cx);
        self.refuse_tls();
        self.keep_time(cx, heard || written || read)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(room) = self.engine.session_mut().recv_buffer() else {
            return false;
        };
        let Poll::Ready(result) = self.transport.poll_read(cx, room) else {
            return false;
        };
        let now = self.now();
        let session = self.engine.session_mut();
        match result {
            Ok(0) => session.handle_eof(now),
            Ok(octets) => session.received(octets, now),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => session.handle_read_error(TransportError::from(&error), now),
        }
        true
    }

    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let session = self.engine.session_mut();
        let result = if session.wants_write() {
            self.unflushed = true;
            match self.transport.poll_write(cx, session.transmit()) {
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
        let session = self.engine.session_mut();
        match result {
            Ok(0) => {}
            Ok(octets) => session.transmitted(octets, now),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                session.handle_write_error(TransportError::from(&error), now);
            }
        }
        true
    }

    /// A session that was not set up for TLS cannot have any.
    fn refuse_tls(&mut self) {
        if self.engine.session().wants_tls() {
            let text =
                "this client was not set up for TLS (feature `rustls`, `Connector::session`)";
            let (error, now) = (TlsError::new(TlsErrorKind::NotConfigured, text), self.now());
            self.engine.session_mut().tls_failed(error, now);
        }
    }

    /// Tells the time if a deadline has passed, or sees to it that one wakes the task; false if the
    /// task has to wait.
    fn keep_time(&mut self, cx: &mut Context<'_>, moved: bool) -> bool {
        let Some(deadline) = self.engine.session().poll_timeout() else {
            return moved || self.engine.fatal().is_some();
        };
        let now = self.now();
        if deadline > now {
            if moved {
                return true;
            }
            // An alarm that goes off too early costs a turn: less than setting it at each read.
            let alarm = self.alarm.filter(|alarm| *alarm <= deadline);
            let alarm = *self.alarm.insert(alarm.unwrap_or(deadline));
            if self.poll_timer(cx, alarm).is_pending() {
                return false;
            }
            self.alarm = None;
        }
        if self.engine.session().connection().is_computing() {
            // Others have the thread before the next slice.
            self.turns = FAIRNESS;
        }
        let now = self.now();
        self.engine.session_mut().handle_timeout(now);
        true
    }

    /// After the end, lets TLS say so too, if that leaves at once. Whether it arrives changes nothing,
    /// and what came of the session does not wait for it.
    pub(super) fn part(&mut self, cx: &mut Context<'_>) {
        if self.engine.fatal().is_some() && !core::mem::replace(&mut self.parted, true) {
            let _ = self.poll_part(cx);
        }
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.engine.session().wants_write() {
            let octets = self.engine.session_mut().transmit();
            match ready!(self.transport.poll_write(cx, octets)) {
                Ok(octets) if octets > 0 => {
                    let now = self.now();
                    self.engine.session_mut().transmitted(octets, now);
                }
                _ => return Poll::Ready(()),
            }
        }
        // The socket is closed when it is dropped, whatever comes of this.
        let _ = ready!(self.transport.poll_flush(cx));
        let _ = ready!(self.transport.poll_shutdown(cx));
        Poll::Ready(())
    }
}
