//! Octets that wait to be sent to the client, and the places where the server waits or ends.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::fault::End;
use super::stream::{Answer, BLOCK, Body};
use super::view::View;

/// What happens at a position of the octets that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Wait, then continue.
    Wait(Duration),
    /// Send nothing more.
    End(End),
}

/// Octets that wait to be sent to the client.
#[derive(Default)]
pub(super) struct Output {
    block: Vec<u8>,
    sent: usize,
    /// How many octets were sent before the block.
    before: u64,
    /// The rest of the last reply in the block. While there is a rest, the block is full.
    body: Option<Body>,
    /// Positions in the session, in order.
    stops: VecDeque<(u64, Stop)>,
}

impl Output {
    /// Returns the octets to be sent next, up to the next stop.
    pub(super) fn pending(&self) -> &[u8] {
        let pending = self.block.get(self.sent..).unwrap_or_default();
        let stop = self.stops.front().map(|(at, _)| at - self.position());
        let limit = stop.and_then(|octets| usize::try_from(octets).ok());
        limit
            .and_then(|octets| pending.get(..octets))
            .unwrap_or(pending)
    }

    /// Returns how many octets of the session were sent.
    pub(super) fn position(&self) -> u64 {
        self.before + self.sent as u64
    }

    /// Returns whether everything was sent and there is nothing to wait for.
    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.block.len() && self.stops.is_empty()
    }

    /// Returns whether nothing can be added until the block is sent. No command is executed while
    /// the server waits: the client has not received the reply to the command before.
    pub(super) fn is_full(&self) -> bool {
        self.block.len() >= BLOCK || !self.stops.is_empty()
    }

    /// Returns the stop at the current position.
    pub(super) fn stop(&self) -> Option<Stop> {
        let (at, stop) = self.stops.front()?;
        (*at == self.position()).then_some(*stop)
    }

    /// Removes the stop at the current position.
    pub(super) fn pass_stop(&mut self) {
        if self.stop().is_some() {
            self.stops.pop_front();
        }
    }

    /// Adds a stop at the current position.
    pub(super) fn stop_here(&mut self, stop: Stop) {
        self.stops.push_front((self.position(), stop));
    }

    /// Adds a stop this many octets after those that are rendered. Stops must be added in order.
    pub(super) fn stop_after(&mut self, octets: usize, stop: Stop) {
        let rendered = self.before + self.block.len() as u64;
        self.stops.push_back((rendered + octets as u64, stop));
    }

    /// Notes that the first `n` pending octets were sent. There is room only when all were sent: a
    /// block is never moved.
    pub(super) fn sent(&mut self, n: usize) {
        self.sent += n.min(self.pending().len());
        if self.sent == self.block.len() {
            self.before += self.sent as u64;
            self.block.clear();
            self.sent = 0;
        }
    }

    /// Adds a reply. The previous one must have been rendered completely.
    pub(super) fn push(&mut self, answer: Answer) {
        self.block.extend_from_slice(&answer.status);
        self.block.extend_from_slice(b"\r\n");
        self.body = answer.body;
    }

    /// Adds octets as they are. The previous reply must have been rendered completely.
    pub(super) fn push_altered(&mut self, octets: Vec<u8>) {
        self.body = Some(Body::Altered {
            octets: octets.into(),
            written: 0,
        });
    }

    /// Renders the last reply as far as there is room.
    pub(super) fn render(&mut self, view: &View) {
        if let Some(body) = &mut self.body
            && body.render(&mut self.block, view)
        {
            self.body = None;
        }
    }

    /// Drops the octets that were not sent, and the stops.
    pub(super) fn clear(&mut self) {
        *self = Self {
            before: self.position(),
            ..Self::default()
        };
    }
}
