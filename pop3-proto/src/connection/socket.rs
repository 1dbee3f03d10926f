//! The methods of a connection for the socket, for the clock, and for TLS by the caller.

use super::Connection;
use crate::channel::TlsInfo;
use crate::error::{TlsError, TransportError};
use crate::time::Instant;
use crate::tls::Layer;

/// The socket side. Its octets are ciphertext once the connection has begun a TLS handshake itself.
impl Connection {
    /// Returns whether there are octets to send. After the connection has ended, these are TLS
    /// alerts and close_notify.
    pub fn wants_write(&self) -> bool {
        match &self.layer {
            Some(layer) => layer.wants_write(&self.core),
            None => self.core.wants_write(),
        }
    }

    /// Returns the octets to send: a batch of whole commands, or TLS records. It returns the same
    /// octets until they are [`transmitted`](Connection::transmitted), or until a request among
    /// them is abandoned.
    pub fn transmit(&mut self) -> &[u8] {
        match &mut self.layer {
            Some(layer) => layer.transmit(&mut self.core),
            None => self.core.transmit(),
        }
    }

    /// Reports that this many of the octets were sent.
    pub fn transmitted(&mut self, octets: usize, now: Instant) {
        self.wire_sent = self.wire_sent.saturating_add(octets as u64);
        match &mut self.layer {
            Some(layer) => layer.transmitted(octets, &mut self.core, now),
            None => self.core.transmitted(octets, now),
        }
        self.advance_at(now);
    }

    /// Returns whether the connection can accept octets from the server. It cannot while an event
    /// is pending, during a TLS handshake by the caller, and after it has ended.
    pub fn wants_read(&self) -> bool {
        match &self.layer {
            Some(layer) => layer.wants_read(&self.core),
            None => self.core.wants_read(),
        }
    }

    /// Returns the buffer for octets from the server. It is `Some`, and never empty, exactly while
    /// [`wants_read`](Connection::wants_read) returns true. Do not read into an empty slice
    /// instead: the result would look like the end of the stream.
    pub fn recv_buffer(&mut self) -> Option<&mut [u8]> {
        match &mut self.layer {
            Some(layer) => layer.recv_buffer(&self.core),
            None => self.core.recv_buffer(),
        }
    }

    /// Reports that this many octets were put into the [`recv_buffer`](Connection::recv_buffer).
    pub fn received(&mut self, octets: usize, now: Instant) {
        self.wire_received = self.wire_received.saturating_add(octets as u64);
        match &mut self.layer {
            Some(layer) => layer.received(octets, &mut self.core, now),
            None => self.core.received(octets, now),
        }
        self.advance_at(now);
    }

    /// Reports the end of the stream: the server will send no more octets.
    pub fn handle_eof(&mut self, now: Instant) {
        match &mut self.layer {
            Some(layer) => layer.end_input(None, &mut self.core, now),
            None => self.core.handle_eof(now),
        }
        self.advance_at(now);
    }

    /// Reports that reading failed: no more octets can be received.
    pub fn handle_read_error(&mut self, cause: TransportError, now: Instant) {
        // A TLS failure whose alert cannot be sent is still the cause to report.
        match (self.take_failure(), &mut self.layer) {
            (Some(failure), _) => self.core.tls_failed(failure, now),
            (None, Some(layer)) => layer.end_input(Some(cause), &mut self.core, now),
            (None, None) => self.core.handle_read_error(cause, now),
        }
        self.advance_at(now);
    }

    /// Reports that writing failed: nothing more is sent. Continue to read until the end of the
    /// stream, because the server may have sent an unsolicited `-ERR` that says why.
    /// [`TransportError::writing`] is set.
    pub fn handle_write_error(&mut self, cause: TransportError, now: Instant) {
        if let Some(layer) = &mut self.layer {
            layer.write_failed();
        }
        match self.take_failure() {
            Some(failure) => self.core.tls_failed(failure, now),
            None => self.core.handle_write_error(cause, now),
        }
        self.advance_at(now);
    }

    /// Takes the TLS failure that would be reported after its alert is sent, so that it can be
    /// reported now.
    fn take_failure(&mut self) -> Option<TlsError> {
        self.layer.as_deref_mut().and_then(Layer::take_failure)
    }
}

/// The clock side.
impl Connection {
    /// Returns the time at which [`handle_timeout`](Connection::handle_timeout) must be called at
    /// the latest. `None` if the connection is not waiting for the server, or while it waits for a
    /// token (see [`provide_token`](Connection::provide_token)).
    ///
    /// The time may be in the past: then call `handle_timeout` immediately. This happens after
    /// events were polled, because the deadline starts again. It also happens during the key
    /// derivation of SCRAM. The derivation takes a long time. Each call does a few milliseconds of
    /// it (in optimised code), so that the caller can do other work in between.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.core.poll_timeout()
    }

    /// Passes the time to the connection, which handles deadlines and continues a computation. Does
    /// nothing if nothing is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let is_due = |deadline| deadline <= now;
        let is_late = self.layer.is_some() && self.core.poll_timeout().is_some_and(is_due);
        let failure = if is_late { self.take_failure() } else { None };
        match failure {
            Some(failure) => self.core.tls_failed(failure, now),
            None => self.core.handle_timeout(now),
        }
        self.advance_at(now);
    }
}

/// TLS by the caller, for a connection without its own TLS layer.
impl Connection {
    /// Returns whether the caller must do a TLS handshake on the socket now: at the start of an
    /// implicit TLS connection, and after the `+OK` to STLS. Nothing is read or written until
    /// [`tls_established`](Connection::tls_established) is called. Always false if the connection
    /// does TLS itself.
    pub fn wants_tls(&self) -> bool {
        self.setup.is_none() && self.core.wants_tls()
    }

    /// Reports that the TLS handshake succeeded. Everything that the server announced in cleartext
    /// is discarded (RFC 2595 section 4). It does nothing unless
    /// [`wants_tls`](Connection::wants_tls) returns true.
    pub fn tls_established(&mut self, info: TlsInfo, now: Instant) {
        if self.wants_tls() {
            self.core.tls_established(info, now);
            self.advance_at(now);
        }
    }

    /// Reports that the caller's TLS failed, during the handshake or later. This ends the
    /// connection. Does nothing if the connection does TLS itself.
    pub fn tls_failed(&mut self, cause: TlsError, now: Instant) {
        if self.setup.is_none() {
            self.core.tls_failed(cause, now);
            self.advance_at(now);
        }
    }
}
