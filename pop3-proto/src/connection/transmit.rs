//! The send buffer: one flight of whole commands, wiped when it has left.

use alloc::vec::Vec;

use zeroize::Zeroize as _;

use crate::command::Wire;

/// Octets of command lines that wait to leave.
#[derive(Default)]
pub(super) struct Transmit {
    flight: Vec<u8>,
    left: usize,
    sensitive: bool,
    /// All up to here is in somebody else's hands.
    handed_over: u64,
    /// Octets ever queued and ever sent.
    queued_total: u64,
    sent_total: u64,
}

impl core::fmt::Debug for Transmit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Transmit({} octets)", self.pending().len())
    }
}

impl Transmit {
    pub(super) fn pending(&self) -> &[u8] {
        self.flight.get(self.left..).unwrap_or_default()
    }

    /// Whether commands can still join the flight: none of it has left yet.
    pub(super) fn is_boarding(&self) -> bool {
        self.left == 0 && (self.flight.is_empty() || self.handed_over < self.queued_total)
    }

    /// Appends a command line; gives the position of its end in all that is ever sent.
    pub(super) fn push(&mut self, wire: &Wire, challenge: &[u8]) -> u64 {
        if wire.verb.row().sensitive {
            self.sensitive = true;
        }
        // A secret is alone in its flight, so growing never leaves a copy of one behind.
        self.flight.reserve(wire.octets().max(FLIGHT));
        let before = self.flight.len();
        wire.encode(challenge, &mut self.flight);
        debug_assert_eq!(self.flight.len() - before, wire.octets());
        self.queued_total += (self.flight.len() - before) as u64;
        self.queued_total
    }

    /// Removes a command that ends at this position and has not begun to leave.
    pub(super) fn remove(&mut self, position: u64, octets: usize) {
        let behind = self.queued_total.saturating_sub(position) as usize;
        let end = self.flight.len().saturating_sub(behind);
        let begin = end.saturating_sub(octets);
        self.queued_total -= (end - begin) as u64;
        // A secret is alone in its flight, and has to be wiped.
        if octets == self.pending().len() {
            self.clear();
        } else {
            self.flight.drain(begin..end);
        }
    }

    /// Counts octets that have left; gives how many of them there were.
    pub(super) fn advance(&mut self, octets: usize) -> usize {
        let octets = octets.min(self.pending().len());
        self.left += octets;
        self.sent_total += octets as u64;
        if self.pending().is_empty() {
            self.clear();
        }
        octets
    }

    /// Gives the flight away for good: it will leave, though it is not sent yet.
    #[cfg(feature = "rustls")]
    pub(super) fn hand_over(&mut self) -> &[u8] {
        self.handed_over = self.queued_total;
        self.pending()
    }

    /// Whether a command that ends at this position can still be removed.
    pub(super) fn is_at_hand(&self, position: u64, octets: usize) -> bool {
        self.sent_total.max(self.handed_over) <= position.saturating_sub(octets as u64)
    }

    /// Whether all octets up to this position have left.
    pub(super) fn has_sent(&self, position: u64) -> bool {
        self.sent_total >= position
    }

    /// Whether any octet of a command that ends at this position has left.
    pub(super) fn has_begun(&self, position: u64, octets: usize) -> bool {
        self.sent_total > position.saturating_sub(octets as u64)
    }

    /// Whether any octet behind this position has left.
    pub(super) fn has_passed(&self, position: u64) -> bool {
        self.sent_total > position
    }

    /// Where the last command ends, in all that is ever sent.
    pub(super) fn queued(&self) -> u64 {
        self.queued_total
    }

    /// Forgets what has not left.
    pub(super) fn clear(&mut self) {
        if self.sensitive {
            self.flight.zeroize();
        }
        self.flight.clear();
        self.left = 0;
        self.sensitive = false;
    }
}

impl Drop for Transmit {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Room for a flight, in octets: see the window in `queue`.
const FLIGHT: usize = 4096;
