//! A connection with TLS under it.

use alloc::boxed::Box;
use core::ops::Range;

use crate::command::Command;
use crate::config::{Channel, Config};
use crate::connection::{Connection, Event};
use crate::error::{Error, LimitError, TlsError, TransportError};
use crate::secret::Secret;
use crate::ticket::{RequestId, Ticket};
use crate::time::Instant;
use crate::tls::{ClientTls, Layer, TlsInfo};

/// A [`Connection`] and the TLS under it, with the same methods: the one engine that clients drive.
///
/// With the feature `rustls` and a [`ClientTls`], it does the handshakes of implicit TLS and of
/// STLS by itself; the octets on its socket side are ciphertext then, and no adapter ever takes a
/// stream apart. Without, it hands everything on, and [`Session::wants_tls`] asks the caller's own
/// TLS for a handshake, as [`Connection::wants_tls`] does.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    setup: Option<ClientTls>,
    layer: Option<Layer>,
    /// The last time that was told: a handshake can begin where no time is.
    now: Instant,
}

impl Session {
    /// A session without TLS of its own.
    pub fn new(config: Config, channel: Channel, now: Instant) -> Self {
        Self {
            connection: Connection::new(config, channel, now),
            setup: None,
            layer: None,
            now,
        }
    }

    /// A session that does TLS by itself: at once on [`Channel::ImplicitTls`], after STLS on
    /// [`Channel::Plain`].
    #[cfg(feature = "rustls")]
    pub fn with_tls(config: Config, channel: Channel, tls: ClientTls, now: Instant) -> Self {
        let mut session = Self::new(config, channel, now);
        session.setup = Some(tls);
        session.advance();
        session
    }

    /// The state machine, for its getters.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The last time that this session was told.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// As [`Connection::seed`].
    pub fn seed(&mut self, random: [u8; 32]) {
        self.connection.seed(random);
    }

    /// As [`Connection::submit`].
    ///
    /// # Errors
    ///
    /// As [`Connection::submit`].
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        let ticket = self.connection.submit(command);
        self.advance();
        ticket
    }

    /// As [`Connection::poll_event`].
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.connection.poll_event();
        self.advance();
        event
    }

    /// As [`Connection::abandon`].
    pub fn abandon(&mut self, requests: Range<RequestId>) {
        self.connection.abandon(requests);
        self.advance();
    }

    /// As [`Connection::provide_token`].
    ///
    /// # Errors
    ///
    /// As [`Connection::provide_token`].
    pub fn provide_token(
        &mut self,
        id: RequestId,
        token: Result<Secret, Box<str>>,
    ) -> Result<(), Error> {
        let provided = self.connection.provide_token(id, token);
        self.advance();
        provided
    }

    /// As [`Connection::exceeded`].
    pub fn exceeded(&mut self, limit: LimitError) {
        self.connection.exceeded(limit);
        self.advance();
    }

    /// As [`Connection::callback_panicked`].
    pub fn callback_panicked(&mut self) {
        self.connection.callback_panicked();
        self.advance();
    }

    /// Begins a handshake if it is time for one, and goes on with TLS.
    fn advance(&mut self) {
        if let (None, Some(setup), true) = (&self.layer, &self.setup, self.connection.wants_tls()) {
            match Layer::new(setup, self.now) {
                Ok(layer) => self.layer = Some(layer),
                Err(error) => self.connection.tls_failed(error, self.now),
            }
        }
        if let Some(layer) = &mut self.layer {
            layer.advance(&mut self.connection);
        }
    }

    /// As [`advance`](Session::advance), when the time is known.
    fn advance_at(&mut self, now: Instant) {
        self.now = now;
        self.advance();
    }
}

/// The socket side, in ciphertext once TLS has begun. See [`Connection`]'s methods of the same names.
impl Session {
    /// As [`Connection::wants_write`]. TLS alerts and close_notify are wanted out even after the
    /// end.
    pub fn wants_write(&self) -> bool {
        match &self.layer {
            Some(layer) => layer.wants_write(&self.connection),
            None => self.connection.wants_write(),
        }
    }

    /// As [`Connection::transmit`].
    pub fn transmit(&mut self) -> &[u8] {
        match &mut self.layer {
            Some(layer) => layer.transmit(&mut self.connection),
            None => self.connection.transmit(),
        }
    }

    /// As [`Connection::transmitted`].
    pub fn transmitted(&mut self, octets: usize, now: Instant) {
        match &mut self.layer {
            Some(layer) => layer.transmitted(octets, &mut self.connection, now),
            None => self.connection.transmitted(octets, now),
        }
        self.advance_at(now);
    }

    /// As [`Connection::wants_read`].
    pub fn wants_read(&self) -> bool {
        match &self.layer {
            Some(layer) => layer.wants_read(&self.connection),
            None => self.connection.wants_read(),
        }
    }

    /// As [`Connection::recv_buffer`].
    pub fn recv_buffer(&mut self) -> Option<&mut [u8]> {
        match &mut self.layer {
            Some(layer) => layer.recv_buffer(&self.connection),
            None => self.connection.recv_buffer(),
        }
    }

    /// As [`Connection::received`].
    pub fn received(&mut self, octets: usize, now: Instant) {
        match &mut self.layer {
            Some(layer) => layer.received(octets, &mut self.connection, now),
            None => self.connection.received(octets, now),
        }
        self.advance_at(now);
    }

    /// As [`Connection::handle_eof`].
    pub fn handle_eof(&mut self, now: Instant) {
        match &mut self.layer {
            Some(layer) => layer.end_input(None, &mut self.connection, now),
            None => self.connection.handle_eof(now),
        }
        self.advance_at(now);
    }

    /// As [`Connection::handle_read_error`].
    pub fn handle_read_error(&mut self, cause: TransportError, now: Instant) {
        // An alert that cannot be sent is no reason to hide the failure that it reports.
        match (
            self.layer.as_mut().and_then(Layer::take_failure),
            &mut self.layer,
        ) {
            (Some(failure), _) => self.connection.tls_failed(failure, now),
            (None, Some(layer)) => layer.end_input(Some(cause), &mut self.connection, now),
            (None, None) => self.connection.handle_read_error(cause, now),
        }
        self.advance_at(now);
    }

    /// As [`Connection::handle_write_error`].
    pub fn handle_write_error(&mut self, cause: TransportError, now: Instant) {
        if let Some(layer) = &mut self.layer {
            layer.write_failed();
        }
        match self.layer.as_mut().and_then(Layer::take_failure) {
            Some(failure) => self.connection.tls_failed(failure, now),
            None => self.connection.handle_write_error(cause, now),
        }
        self.advance_at(now);
    }

    /// As [`Connection::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        let deadline = self.connection.poll_timeout();
        let layer = self
            .layer
            .as_mut()
            .filter(|_| deadline.is_some_and(|deadline| deadline <= now));
        match layer.and_then(Layer::take_failure) {
            Some(failure) => self.connection.tls_failed(failure, now),
            None => self.connection.handle_timeout(now),
        }
        self.advance_at(now);
    }

    /// As [`Connection::wants_tls`]: only if this session has no TLS of its own.
    pub fn wants_tls(&self) -> bool {
        self.setup.is_none() && self.connection.wants_tls()
    }
}

/// A caller's own TLS, and the clock side.
impl Session {
    /// As [`Connection::tls_established`], for a caller's own TLS.
    pub fn tls_established(&mut self, info: TlsInfo, now: Instant) {
        self.connection.tls_established(info, now);
    }

    /// As [`Connection::tls_failed`], for a caller's own TLS.
    pub fn tls_failed(&mut self, cause: TlsError, now: Instant) {
        self.connection.tls_failed(cause, now);
    }

    /// As [`Connection::poll_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.connection.poll_timeout()
    }
}
