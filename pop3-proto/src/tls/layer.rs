//! The TLS layer: rustls between the state machine and the socket. It does no I/O: ciphertext is
//! read from and written to buffers here, and is passed to rustls only while the state machine
//! wants plaintext.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use std::io::{ErrorKind, Read as _, Write as _};

use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};

use super::client::{ClientTls, Setup};
use super::describe::describe;
use super::end_point::server_end_point;
use super::options::TlsVersions;
use crate::channel::Channel;
use crate::channel::{Handshake, NoEndPoint, TlsInfo};
use crate::core::Core;
use crate::error::{TlsError, TransportError};
use crate::phase::Phase;
use crate::time::Instant;

/// The size of the ciphertext buffer in octets. A TLS record has up to 16 KiB, so one read may
/// return several records.
const CIPHERTEXT: usize = 64 << 10;

/// How many of the first octets are kept during the handshake, to recognise another service.
const FIRST: usize = 80;

/// The TLS layer of one connection. It exists from the start of the handshake.
pub(crate) struct Layer {
    tls: ClientConnection,
    incoming: Box<[u8]>,
    /// The part of `incoming` that was not passed to rustls yet.
    unseen: core::ops::Range<usize>,
    outgoing: Vec<u8>,
    /// How many octets of `outgoing` were sent.
    sent: usize,
    /// How many octets of the state machine's batch are encrypted in `outgoing`.
    carried: usize,
    /// No more ciphertext will be received: end of stream, or a failure of the transport.
    input_ended: Option<Option<TransportError>>,
    /// A write failed, so no more records can be sent.
    output_failed: bool,
    /// The failure. It is reported to the state machine after its alert has been sent.
    failure: Option<TlsError>,
    closing: bool,
    now: Instant,
    /// How the connection started.
    channel: Channel,
    /// The first octets that the server sent, for the description of an error.
    first: Vec<u8>,
    /// The versions that are offered, if they are known.
    versions: Option<TlsVersions>,
    /// Whether the certificate is not verified.
    unverified: bool,
}

impl Layer {
    /// Starts a handshake on a connection that started as `channel`.
    pub(crate) fn new(setup: &ClientTls, channel: Channel, now: Instant) -> Result<Self, TlsError> {
        let alpn = setup.alpn();
        let Setup {
            config,
            name,
            versions,
            unverified,
        } = setup.setup()?;
        let own = &config.alpn_protocols;
        let alpn = match (alpn, own.is_empty()) {
            (true, true) => vec![b"pop3".to_vec()],
            (true, false) => own.clone(),
            (false, _) => Vec::new(),
        };
        let tls = ClientConnection::new_with_alpn(config, name, alpn)
            .map_err(|error| describe(&error, channel, versions, b""))?;
        let mut layer = Self {
            tls,
            incoming: vec![0; CIPHERTEXT].into(),
            unseen: 0..0,
            outgoing: Vec::new(),
            sent: 0,
            carried: 0,
            input_ended: None,
            output_failed: false,
            failure: None,
            closing: false,
            now,
            channel,
            first: Vec::new(),
            versions,
            unverified,
        };
        layer.collect();
        Ok(layer)
    }

    pub(crate) fn wants_write(&self, core: &Core) -> bool {
        !self.pending().is_empty() || self.accepts_batch(core)
    }

    fn accepts_batch(&self, core: &Core) -> bool {
        !self.output_failed && !self.tls.is_handshaking() && core.wants_write()
    }

    pub(crate) fn transmit(&mut self, core: &mut Core) -> &[u8] {
        if self.pending().is_empty() && self.accepts_batch(core) {
            let batch = core.hand_over();
            // rustls accepts 64 KiB at a time; a longer batch is sent in several pieces.
            self.carried = self.tls.writer().write(batch).unwrap_or(0);
            self.collect();
        }
        self.pending()
    }

    pub(crate) fn transmitted(&mut self, octets: usize, core: &mut Core, now: Instant) {
        self.now = now;
        self.sent = self.outgoing.len().min(self.sent + octets);
        core.note_progress(now);
        if !self.pending().is_empty() {
            return;
        }
        self.outgoing.clear();
        self.sent = 0;
        match core::mem::take(&mut self.carried) {
            0 => {}
            carried => core.transmitted(carried, now),
        }
        if let Some(failure) = self.failure.take() {
            core.tls_failed(failure, now);
        }
    }

    pub(crate) fn wants_read(&self, core: &Core) -> bool {
        self.failure.is_none() && self.input_ended.is_none() && self.wants_plaintext(core)
    }

    pub(crate) fn recv_buffer(&mut self, core: &Core) -> Option<&mut [u8]> {
        if !self.wants_read(core) {
            return None;
        }
        if self.unseen.is_empty() {
            self.unseen = 0..0;
        }
        self.incoming
            .get_mut(self.unseen.end..)
            .filter(|room| !room.is_empty())
    }

    pub(crate) fn received(&mut self, octets: usize, core: &mut Core, now: Instant) {
        self.now = now;
        self.unseen.end = self.incoming.len().min(self.unseen.end + octets);
        core.note_progress(now);
        self.advance(core);
    }

    /// Notes that no more octets can be sent.
    pub(crate) fn write_failed(&mut self) {
        self.output_failed = true;
        self.outgoing.clear();
        self.sent = 0;
        self.carried = 0;
    }

    /// Handles the end of the stream, or a failed read. Octets that were received before are still
    /// read.
    pub(crate) fn end_input(
        &mut self,
        cause: Option<TransportError>,
        core: &mut Core,
        now: Instant,
    ) {
        self.now = now;
        self.input_ended.get_or_insert(cause);
        self.advance(core);
    }

    /// Decrypts what was received, passes plaintext to the state machine, and queues alerts and
    /// close_notify.
    pub(crate) fn advance(&mut self, core: &mut Core) {
        while self.failure.is_none() && self.wants_plaintext(core) {
            if self.hand_over_plaintext(core) {
                continue;
            }
            if self.unseen.is_empty() {
                match self.input_ended.clone() {
                    None => {}
                    Some(None) => core.handle_eof(self.now),
                    Some(Some(cause)) => core.handle_read_error(cause, self.now),
                }
                break;
            }
            self.decrypt(core);
        }
        self.close(core);
    }

    fn wants_plaintext(&self, core: &Core) -> bool {
        core.wants_tls() || core.wants_read()
    }

    /// Passes decrypted octets to the state machine. Returns false if there are none.
    fn hand_over_plaintext(&mut self, core: &mut Core) -> bool {
        let Some(room) = core.recv_buffer() else {
            return false;
        };
        match self.tls.reader().read(room) {
            Ok(0) => core.handle_eof(self.now),
            Ok(octets) => core.received(octets, self.now),
            // The stream ended without close_notify. The state machine detects a truncated reply.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => core.handle_eof(self.now),
            Err(_) => return false,
        }
        true
    }

    fn decrypt(&mut self, core: &mut Core) {
        let mut ciphertext = self.incoming.get(self.unseen.clone()).unwrap_or_default();
        let before = ciphertext.len();
        if self.tls.is_handshaking() {
            let missing = FIRST.saturating_sub(self.first.len()).min(before);
            self.first
                .extend_from_slice(ciphertext.get(..missing).unwrap_or_default());
        } else if !self.first.is_empty() {
            self.first = Vec::new();
        }
        let read = self.tls.read_tls(&mut ciphertext);
        self.unseen.start += before - ciphertext.len();
        let result = match read {
            // rustls has room for records, because all of their plaintext was passed on. If it
            // accepts nothing, its input has already ended.
            Ok(0) | Err(_) => Err(describe(
                &rustls::Error::General("the TLS layer makes no progress".to_string()),
                self.channel,
                self.versions,
                &self.first,
            )),
            Ok(_) => self
                .tls
                .process_new_packets()
                .map(drop)
                .map_err(|error| describe(&error, self.channel, self.versions, &self.first)),
        };
        self.collect();
        match result {
            Err(error) => {
                if self.carried > 0 {
                    // The alert would follow the batch in `outgoing`, which must not be sent any
                    // more. So send neither.
                    self.write_failed();
                }
                if self.pending().is_empty() {
                    core.tls_failed(error, self.now);
                } else {
                    self.failure = Some(error);
                }
            }
            Ok(()) if core.wants_tls() && !self.tls.is_handshaking() => {
                core.tls_established(self.info(), self.now);
            }
            Ok(()) => {}
        }
    }

    /// Sends close_notify once the connection is closed.
    fn close(&mut self, core: &Core) {
        if core.phase() != Phase::Closed || self.closing {
            return;
        }
        self.closing = true;
        if self.carried > 0 {
            // The batch in `outgoing` must not be sent any more. Send nothing after it either,
            // because TLS records are numbered.
            self.write_failed();
        } else {
            self.tls.send_close_notify();
            self.collect();
        }
    }

    /// Takes the failure without waiting until the alert is sent.
    pub(crate) fn take_failure(&mut self) -> Option<TlsError> {
        self.failure.take()
    }

    fn pending(&self) -> &[u8] {
        self.outgoing.get(self.sent..).unwrap_or_default()
    }

    fn collect(&mut self) {
        // Writing to a Vec cannot fail.
        while self.tls.wants_write() && self.tls.write_tls(&mut self.outgoing).is_ok() {}
        if self.output_failed {
            self.outgoing.clear();
        }
    }

    fn info(&self) -> TlsInfo {
        let version = self.tls.protocol_version();
        let exporter = (version == Some(ProtocolVersion::TLSv1_3))
            .then(|| {
                self.tls
                    .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            })
            .and_then(Result::ok);
        TlsInfo {
            protocol: version.map(|version| format!("{version:?}")),
            cipher_suite: self
                .tls
                .negotiated_cipher_suite()
                .map(|suite| format!("{:?}", suite.suite())),
            alpn: self.tls.alpn_protocol() == Some(b"pop3"),
            handshake: self.tls.handshake_kind().map(|kind| match kind {
                HandshakeKind::Full => Handshake::Full,
                HandshakeKind::FullWithHelloRetryRequest => Handshake::FullWithRetry,
                HandshakeKind::Resumed => Handshake::Resumed,
            }),
            unverified: self.unverified,
            exporter,
            // A resumed session has the certificate of the full handshake.
            end_point: match self.tls.peer_certificates() {
                Some([own, ..]) => server_end_point(own),
                Some([]) | None => Err(NoEndPoint::NoCertificate),
            },
        }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("handshaking", &self.tls.is_handshaking())
            .field("unseen", &self.unseen.len())
            .field("pending", &self.pending().len())
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
