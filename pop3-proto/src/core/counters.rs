//! What is counted for [`Statistics`]. These counters are always on: each is changed once per call
//! of a socket method, per chunk, or per message.

use crate::channel::{Handshake, TlsInfo};
use crate::observe::Statistics;
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct Counters {
    /// The sums. Those that other parts count are zero here.
    pub(super) sum: Statistics,
    /// Whether octets were sent since the last octets were received.
    pub(super) expects_answer: bool,
    /// When the TLS handshake began.
    handshake: Instant,
}

impl Counters {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            sum: Statistics::default(),
            expects_answer: false,
            handshake: now,
        }
    }

    /// Counts octets from the server, and a round trip if they are the first after a batch.
    #[inline]
    pub(super) fn received(&mut self, octets: usize) {
        self.sum.received = self.sum.received.saturating_add(octets as u64);
        self.sum.round_trips += u64::from(core::mem::take(&mut self.expects_answer));
    }

    pub(super) fn handshake_begins(&mut self, now: Instant) {
        self.handshake = now;
    }

    pub(super) fn handshake_ends(&mut self, info: &TlsInfo, now: Instant) {
        self.sum.tls_handshake = Some(now.duration_since(self.handshake));
        self.sum.tls_resumed = info.handshake == Some(Handshake::Resumed);
    }
}
