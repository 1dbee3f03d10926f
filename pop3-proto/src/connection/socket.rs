//! The socket side and the clock side of a connection, and the TLS of a caller.

use super::Connection;
use crate::channel::TlsInfo;
use crate::error::{TlsError, TransportError};
use crate::time::Instant;
use crate::tls::Layer;

/// The socket side. Its octets are ciphertext once the connection has begun TLS by itself.
impl Connection {
    /// Returns whether there are octets to send. After the end these are TLS alerts and close_notify.
    pub fn wants_write(&self) -> bool {
        match &self.layer {
            Some(layer) => layer.wants_write(&self.core),
            None => self.core.wants_write(),
        }
    }

    /// Returns the octets to send: a batch of whole commands, or TLS records. The same until they are
    /// [`transmitted`](Connection::transmitted), or a request among them is abandoned.
    pub fn transmit(&mut self) -> &[u8] {
        match &mut self.layer {
            Some(layer) => layer.transmit(&mut self.core),
            None => self.core.transmit(),
        }
    }

    /// Reports that so many of the octets were sent.
    pub fn transmitted(&mut self, octets: usize, now: Instant) {
        match &mut self.layer {
            Some(layer) => layer.transmitted(octets, &mut self.core, now),
            None => self.core.transmitted(octets, now),
        }
        self.advance_at(now);
    }

    /// Returns whether octets from the server can be taken: not while an event waits, nor during a TLS
    /// handshake of the caller, nor after the end.
    pub fn wants_read(&self) -> bool {
        match &self.layer {
            Some(layer) => layer.wants_read(&self.core),
            None => self.core.wants_read(),
        }
    }

    /// Returns where to put octets from the server: `Some`, and never empty, exactly while
    /// [`wants_read`](Connection::wants_read). Do not read into an empty slice instead: that looks like
    /// an end of file.
    pub fn recv_buffer(&mut self) -> Option<&mut [u8]> {
        match &mut self.layer {
            Some(layer) => layer.recv_buffer(&self.core),
            None => self.core.recv_buffer(),
        }
    }

    /// Reports that so many octets were put into the [`recv_buffer`](Connection::recv_buffer).
    pub fn received(&mut self, octets: usize, now: Instant) {
        match &mut self.layer {
            Some(layer) => layer.received(octets, &mut self.core, now),
            None => self.core.received(octets, now),
        }
        self.advance_at(now);
    }

    /// Reports an end of file: the server will send no more octets.
    pub fn handle_eof(&mut self, now: Instant) {
        match &mut self.layer {
            Some(layer) => layer.end_input(None, &mut self.core, now),
            None => self.core.handle_eof(now),
        }
        self.advance_at(now);
    }

    /// Reports that reading failed: no more octets will be received.
    pub fn handle_read_error(&mut self, cause: TransportError, now: Instant) {
        // A TLS failure whose alert cannot be sent is still the cause to report.
        match (self.take_failure(), &mut self.layer) {
            (Some(failure), _) => self.core.tls_failed(failure, now),
            (None, Some(layer)) => layer.end_input(Some(cause), &mut self.core, now),
            (None, None) => self.core.handle_read_error(cause, now),
        }
        self.advance_at(now);
    }

    /// Reports that writing failed: nothing more is sent. Go on reading to the end of file, because the
    /// server may have sent an unsolicited `-ERR` that says why. [`TransportError::writing`] is set.
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

    /// Takes the TLS failure that waits until its alert is sent, to report it now.
    fn take_failure(&mut self) -> Option<TlsError> {
        self.layer.as_deref_mut().and_then(Layer::take_failure)
    }
}

/// The clock side.
impl Connection {
    /// Returns when to call [`handle_timeout`](Connection::handle_timeout) at the latest. `None` when
    /// nothing is awaited, and while a token is (see [`provide_token`](Connection::provide_token)).
    ///
    /// The time may be in the past: then call it immediately. This happens after events were taken,
    /// when the deadline starts anew. It is also how the long computation of SCRAM is done, in slices
    /// of some milliseconds (where the code is optimised) between which other work can be done.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.core.poll_timeout()
    }

    /// Reports the time, and continues a computation. Does nothing when nothing is due.
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

/// TLS by the caller: for a connection without TLS of its own.
impl Connection {
    /// Returns whether the socket has to be handed to a TLS handshake now: at the start of an implicit TLS
    /// connection, and after the `+OK` to STLS. Nothing is read or written until
    /// [`tls_established`](Connection::tls_established). Never if the connection does TLS itself.
    pub fn wants_tls(&self) -> bool {
        self.setup.is_none() && self.core.wants_tls()
    }

    /// Reports that the TLS handshake succeeded. What the server announced in cleartext is forgotten
    /// (RFC 2595 section 4). Does nothing unless the connection [wants](Connection::wants_tls) a handshake.
    pub fn tls_established(&mut self, info: TlsInfo, now: Instant) {
        if self.wants_tls() {
            self.core.tls_established(info, now);
            self.advance_at(now);
        }
    }

    /// Reports that the caller's TLS failed, during the handshake or later. This ends the connection. Does
    /// nothing if the connection does TLS itself.
    pub fn tls_failed(&mut self, cause: TlsError, now: Instant) {
        if self.setup.is_none() {
            self.core.tls_failed(cause, now);
            self.advance_at(now);
        }
    }
}
