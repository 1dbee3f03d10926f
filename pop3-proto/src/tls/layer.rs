//! rustls between the state machine and the socket. It does no I/O: ciphertext goes in and comes out
//! of buffers here, and reaches rustls only while the state machine wants plaintext.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use std::io::{ErrorKind, Read as _, Write as _};

use rustls::{AlertDescription, ClientConnection, ProtocolVersion};

use super::ClientTls;
use super::pinned::is_of_an_authority;
use crate::channel::TlsInfo;
use crate::core::Core;
use crate::error::{TlsError, TlsErrorKind, TransportError};
use crate::phase::Phase;
use crate::time::Instant;

/// Room for ciphertext, in octets: a few records of 16 KiB a read.
const CIPHERTEXT: usize = 64 << 10;

/// TLS of one connection, from the first ciphertext on.
pub(crate) struct Layer {
    tls: ClientConnection,
    incoming: Box<[u8]>,
    /// The part of `incoming` that rustls has not seen.
    unseen: core::ops::Range<usize>,
    outgoing: Vec<u8>,
    /// How much of `outgoing` has left.
    left: usize,
    /// How many octets of the state machine's batch `outgoing` contains.
    carried: usize,
    /// No ciphertext comes any more: end of file, or a failure of the transport.
    input_over: Option<Option<TransportError>>,
    /// A write failed, so that no record can leave any more.
    output_over: bool,
    /// Reported to the state machine when the alert about it was sent.
    failure: Option<TlsError>,
    closing: bool,
    now: Instant,
}

impl Layer {
    /// Begins a handshake.
    pub(crate) fn new(setup: &ClientTls, now: Instant) -> Result<Self, TlsError> {
        let own = &setup.config.alpn_protocols;
        let alpn = match (setup.alpn, own.is_empty()) {
            (true, true) => vec![b"pop3".to_vec()],
            (true, false) => own.clone(),
            (false, _) => Vec::new(),
        };
        let tls = ClientConnection::new_with_alpn(setup.config.clone(), setup.name.clone(), alpn)
            .map_err(|error| describe(&error))?;
        let mut layer = Self {
            tls,
            incoming: vec![0; CIPHERTEXT].into(),
            unseen: 0..0,
            outgoing: Vec::new(),
            left: 0,
            carried: 0,
            input_over: None,
            output_over: false,
            failure: None,
            closing: false,
            now,
        };
        layer.collect();
        Ok(layer)
    }

    pub(crate) fn wants_write(&self, core: &Core) -> bool {
        !self.pending().is_empty() || self.takes_flight(core)
    }

    fn takes_flight(&self, core: &Core) -> bool {
        !self.output_over && !self.tls.is_handshaking() && core.wants_write()
    }

    pub(crate) fn transmit(&mut self, core: &mut Core) -> &[u8] {
        if self.pending().is_empty() && self.takes_flight(core) {
            let flight = core.hand_over();
            // rustls takes 64 KiB at a time; a longer flight leaves in several pieces.
            self.carried = self.tls.writer().write(flight).unwrap_or(0);
            self.collect();
        }
        self.pending()
    }

    pub(crate) fn transmitted(&mut self, octets: usize, core: &mut Core, now: Instant) {
        self.now = now;
        self.left = self.outgoing.len().min(self.left + octets);
        core.note_progress(now);
        if !self.pending().is_empty() {
            return;
        }
        self.outgoing.clear();
        self.left = 0;
        match core::mem::take(&mut self.carried) {
            0 => {}
            carried => core.transmitted(carried, now),
        }
        if let Some(failure) = self.failure.take() {
            core.tls_failed(failure, now);
        }
    }

    pub(crate) fn wants_read(&self, core: &Core) -> bool {
        self.failure.is_none() && self.input_over.is_none() && self.wants_plaintext(core)
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

    /// No octet can leave any more.
    pub(crate) fn write_failed(&mut self) {
        self.output_over = true;
        self.outgoing.clear();
        self.left = 0;
        self.carried = 0;
    }

    /// End of file, or a failure in reading. What came before is read first.
    pub(crate) fn end_input(
        &mut self,
        cause: Option<TransportError>,
        core: &mut Core,
        now: Instant,
    ) {
        self.now = now;
        self.input_over.get_or_insert(cause);
        self.advance(core);
    }

    /// Does what can be done: ciphertext in, plaintext to the state machine, alerts and close_notify
    /// out.
    pub(crate) fn advance(&mut self, core: &mut Core) {
        while self.failure.is_none() && self.wants_plaintext(core) {
            if self.hand_over_plaintext(core) {
                continue;
            }
            if self.unseen.is_empty() {
                match self.input_over.clone() {
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

    /// Passes on what is decrypted. Returns false if there is nothing.
    fn hand_over_plaintext(&mut self, core: &mut Core) -> bool {
        let Some(room) = core.recv_buffer() else {
            return false;
        };
        match self.tls.reader().read(room) {
            Ok(0) => core.handle_eof(self.now),
            Ok(octets) => core.received(octets, self.now),
            // No close_notify: the state machine knows whether a reply was cut short.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => core.handle_eof(self.now),
            Err(_) => return false,
        }
        true
    }

    fn decrypt(&mut self, core: &mut Core) {
        let mut ciphertext = self.incoming.get(self.unseen.clone()).unwrap_or_default();
        let before = ciphertext.len();
        let read = self.tls.read_tls(&mut ciphertext);
        self.unseen.start += before - ciphertext.len();
        let result = match read {
            // Records are taken while there is room for their plaintext, and there is: it was all
            // handed over. No progress is an end of file that came before.
            Ok(0) | Err(_) => Err(describe(&rustls::Error::General(
                "the TLS layer is stuck".to_string(),
            ))),
            Ok(_) => self
                .tls
                .process_new_packets()
                .map(drop)
                .map_err(|error| describe(&error)),
        };
        self.collect();
        match result {
            Err(error) => {
                if self.carried > 0 {
                    // An alert could leave only behind the flight, and that must not leave any more.
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
            // The flight in there must not leave any more, and no record can follow a missing one.
            self.write_failed();
        } else {
            self.tls.send_close_notify();
            self.collect();
        }
    }

    /// Gives up waiting for an alert to leave.
    pub(crate) fn take_failure(&mut self) -> Option<TlsError> {
        self.failure.take()
    }

    fn pending(&self) -> &[u8] {
        self.outgoing.get(self.left..).unwrap_or_default()
    }

    fn collect(&mut self) {
        // Writing to a Vec cannot fail.
        while self.tls.wants_write() && self.tls.write_tls(&mut self.outgoing).is_ok() {}
        if self.output_over {
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
            exporter,
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

/// Sorts a failure by what can be done about it.
fn describe(error: &rustls::Error) -> TlsError {
    use rustls::{CertificateError, Error};
    let (kind, advice) = match error {
        error if is_of_an_authority(error) => {
            return TlsError::new(
                TlsErrorKind::Certificate,
                "invalid peer certificate: the server presents the certificate of an authority \
                 (CA:TRUE) as its own; only a configured root may be used like that: trust this very \
                 certificate, or give the server one that is not an authority's",
            );
        }
        // rustls shows the Rust values of these.
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            let text = format!(
                "invalid peer certificate: {}",
                in_words(&other.0.to_string())
            );
            return TlsError::new(TlsErrorKind::Certificate, text);
        }
        Error::InvalidCertificate(_) | Error::NoCertificatesPresented => {
            (TlsErrorKind::Certificate, "")
        }
        Error::NoApplicationProtocol
        | Error::AlertReceived(AlertDescription::NoApplicationProtocol) => (
            TlsErrorKind::NoApplicationProtocol,
            "; the server does not know the protocol `pop3`: `without_alpn` of `Connector` or `ClientTls` does not offer it",
        ),
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. } => (
            TlsErrorKind::NotTls,
            "; the server does not speak TLS on this port (try pop3://, which uses STLS), or the records were changed on the way",
        ),
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure,
        ) => (
            TlsErrorKind::Incompatible,
            "; rustls does TLS 1.2 with ECDHE and AEAD, and TLS 1.3: for less, drive `Connection::wants_tls` with another TLS stack",
        ),
        _ => (TlsErrorKind::Other, ""),
    };
    TlsError::new(kind, format!("{error}{advice}"))
}

/// The name of an error in words: `UnsupportedCertVersion` is `unsupported cert version`.
fn in_words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    for letter in name.chars() {
        if letter.is_ascii_uppercase()
            && words.ends_with(|before: char| before.is_ascii_lowercase())
        {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
