//! The link: octets in transit, which are partitioned, delayed, and sometimes lost for good.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use pop3_proto::Instant;

use super::random::spread;

/// How a link behaves.
#[derive(Clone, Debug)]
pub(crate) struct LinkConfig {
    /// The maximum number of octets in one piece.
    pub(crate) piece: usize,
    /// Of 256 pieces, how many have the maximum length.
    pub(crate) bursts: u8,
    /// The maximum latency of a piece.
    pub(crate) latency: Duration,
    /// The capacity in octets.
    pub(crate) room: usize,
}

/// A fault of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server's side closes after this many octets to the client, even if more are pending.
    Ends(usize),
    /// The link is reset after this many octets to the client.
    Resets(usize),
    /// After this many octets, no more octets reach the client.
    StopsResponding(usize),
    /// After this many octets, the client's writes fail. Octets from the server still arrive.
    WritesFail(usize),
    /// After this many octets, the link accepts none from the client any more.
    AcceptsNone(usize),
    /// The link still accepts the client's octets, but they do not arrive after this many.
    Loses(usize),
}

impl Fault {
    /// Returns a random fault, sometimes at the very start, mostly after the login.
    pub(crate) fn random(rng: &mut Rng, tls: bool) -> Self {
        // In a handshake the client sends some 400 octets, and the server twice as many.
        let handshake = if tls && rng.u8(..4) != 0 { 400 } else { 0 };
        let octets = if rng.u8(..4) == 0 {
            spread(rng, 14)
        } else {
            rng.usize(..5000)
        };
        Self::of(rng, octets + 2 * handshake, octets / 16 + handshake)
    }

    /// Returns a fault that occurs within a few octets after QUIT.
    pub(crate) fn at_quit(rng: &mut Rng) -> Self {
        let octets = spread(rng, 6);
        Self::of(rng, octets, octets / 4)
    }

    fn of(rng: &mut Rng, to_client: usize, to_server: usize) -> Self {
        match rng.u8(..9) {
            0..=2 => Self::Ends(to_client),
            3 => Self::Resets(to_client),
            4 => Self::StopsResponding(to_client),
            5 | 6 => Self::WritesFail(to_server),
            7 => Self::AcceptsNone(to_server),
            _ => Self::Loses(to_server),
        }
    }

    /// Returns the same fault after this many more octets.
    pub(crate) fn after(self, more: usize) -> Self {
        match self {
            Self::Ends(octets) => Self::Ends(more + octets),
            Self::Resets(octets) => Self::Resets(more + octets),
            Self::StopsResponding(octets) => Self::StopsResponding(more + octets),
            Self::WritesFail(octets) => Self::WritesFail(more + octets),
            Self::AcceptsNone(octets) => Self::AcceptsNone(more + octets),
            Self::Loses(octets) => Self::Loses(more + octets),
        }
    }

    /// Returns how many octets may still reach the client, if that is limited.
    pub(crate) fn readable(self) -> Option<usize> {
        match self {
            Self::Ends(octets) | Self::Resets(octets) | Self::StopsResponding(octets) => {
                Some(octets)
            }
            _ => None,
        }
    }

    /// Returns how many octets the client may still write, if that is limited.
    pub(crate) fn writable(self) -> Option<usize> {
        match self {
            Self::WritesFail(octets) | Self::AcceptsNone(octets) => Some(octets),
            _ => None,
        }
    }
}

impl LinkConfig {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        let piece = match rng.u8(..8) {
            0 => 1,
            1 | 2 => rng.usize(2..40),
            3 | 4 => rng.usize(40..1500),
            _ => 64 << 10,
        };
        // Limit such sessions: one octet at a time takes as long as twenty other sessions.
        let bursts = if rng.u8(..16) == 0 { 0 } else { 100 };
        let latency = match rng.u8(..3) {
            0 => Duration::ZERO,
            1 => Duration::from_millis(rng.u64(1..50)),
            _ => Duration::from_millis(rng.u64(50..3000)),
        };
        let room = if rng.u8(..4) == 0 {
            rng.usize(10..300)
        } else {
            64 << 10
        };
        Self {
            piece,
            bursts,
            latency,
            room,
        }
    }
}

/// One direction of the link.
pub(crate) struct Pipe {
    link_config: LinkConfig,
    pieces: VecDeque<(Instant, Vec<u8>)>,
    /// The number of octets in `pieces`.
    held: usize,
    /// The total numbers of octets that were accepted and that were delivered.
    pub(crate) taken: usize,
    pub(crate) delivered: usize,
}

impl Pipe {
    pub(crate) fn new(link_config: LinkConfig) -> Self {
        Self {
            link_config,
            pieces: VecDeque::new(),
            held: 0,
            taken: 0,
            delivered: 0,
        }
    }

    /// Returns how many octets it accepts now.
    pub(crate) fn room(&self) -> usize {
        self.link_config.room.saturating_sub(self.held)
    }

    /// Returns how many of these octets move together: at least one, if there is one.
    pub(crate) fn piece(&self, octets: usize, rng: &mut Rng) -> usize {
        if octets == 0 || rng.u8(..) < self.link_config.bursts {
            return octets;
        }
        let most = octets.min(self.link_config.piece);
        if rng.bool() {
            most
        } else {
            rng.usize(1..=most)
        }
    }

    /// Accepts octets, which arrive in order.
    pub(crate) fn take(&mut self, octets: Vec<u8>, now: Instant, rng: &mut Rng) {
        let latency = self.link_config.latency.mul_f64(rng.f64());
        let last = self.pieces.back().map_or(now, |(due, _)| *due);
        self.taken += octets.len();
        self.held += octets.len();
        self.pieces.push_back((last.max(now + latency), octets));
    }

    /// Returns the octets that have arrived, as far as they were sent together.
    pub(crate) fn arrived(&self, now: Instant) -> &[u8] {
        match self.pieces.front() {
            Some((due, octets)) if *due <= now => octets,
            _ => &[],
        }
    }

    /// Removes the first of the octets that have arrived.
    pub(crate) fn deliver(&mut self, octets: usize) -> Vec<u8> {
        let Some((_, piece)) = self.pieces.front_mut() else {
            return Vec::new();
        };
        let rest = piece.split_off(octets);
        let piece = std::mem::replace(piece, rest);
        if self.pieces.front().is_some_and(|(_, rest)| rest.is_empty()) {
            self.pieces.pop_front();
        }
        self.held -= piece.len();
        self.delivered += piece.len();
        piece
    }

    /// Returns when the next octet arrives.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.pieces.front().map(|(due, _)| *due)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}
