//! The part of a session that faults and time limits need: waits, ends, and changed replies.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::Server;
use super::alter;
use super::fault::{End, Fault};
use super::output::Stop;
use super::respond::Reply;
use super::stream::Answer;

/// Faults, waits and idle clients.
impl Server {
    /// Returns how long the caller must wait before it sends more, because of a fault; `None` if it
    /// need not wait. Call [`waited`](Self::waited) after that time. The server has no clock.
    ///
    /// [`Duration::MAX`] means that the server sends nothing more ([`End::Stall`]): wait until the
    /// client closes the connection, and call [`handle_eof`](Self::handle_eof).
    #[must_use]
    pub fn wants_wait(&self) -> Option<Duration> {
        match self.output.stop()? {
            Stop::Wait(time) => Some(time),
            Stop::End(_) => Some(Duration::MAX),
        }
    }

    /// Reports that the caller has waited as long as [`wants_wait`](Self::wants_wait) said. It does
    /// nothing if that is [`Duration::MAX`].
    pub fn waited(&mut self) {
        if let Some(Stop::Wait(_)) = self.output.stop() {
            self.output.pass_stop();
            self.settle();
            self.advance();
        }
    }

    /// Receives octets, and returns everything that the server sends then. It skips waits, and does
    /// not do a TLS handshake. It is for tests that need neither time nor sockets.
    pub fn exchange(&mut self, octets: &[u8]) -> Vec<u8> {
        self.receive(octets);
        let mut sent = Vec::new();
        loop {
            let pending = self.transmit();
            if pending.is_empty() {
                match self.wants_wait() {
                    Some(time) if time < Duration::MAX => self.waited(),
                    _ => return sent,
                }
            } else {
                sent.extend_from_slice(pending);
                let count = pending.len();
                self.transmitted(count);
            }
        }
    }

    /// Returns how long the caller may wait for octets from the client; `None` if there is no limit.
    /// Call [`handle_idle`](Self::handle_idle) after that time. The limit is that of
    /// [`ServerConfig::idle_limit`](super::ServerConfig::idle_limit), and applies while the server has nothing to send.
    #[must_use]
    pub fn idle_limit(&self) -> Option<Duration> {
        let is_idle = self.dialogue.takes_commands() && self.output.is_empty();
        let limit = self.dialogue.config().deviations.idle_limit;
        limit.filter(|_| is_idle)
    }

    /// Reports that the client has sent nothing for the time of [`idle_limit`](Self::idle_limit).
    /// The session ends, and no message is removed (RFC 1939 section 3). It does nothing if there is
    /// no limit.
    pub fn handle_idle(&mut self) {
        if self.idle_limit().is_some() {
            self.dialogue.end();
            self.input.clear();
            if let Some(text) = &self.dialogue.config().deviations.idle_reply {
                self.output.push(Answer::line(format!("-ERR {text}")));
            }
        }
    }

    /// Adds a fault. It applies to the commands that are answered from now on.
    pub fn add_fault(&mut self, fault: Fault) {
        self.dialogue.faults_mut().push(fault);
    }

    /// Replaces all faults.
    pub fn set_faults(&mut self, faults: impl IntoIterator<Item = Fault>) {
        *self.dialogue.faults_mut() = faults.into_iter().collect();
    }

    /// Returns the next position with a fault that is due.
    pub(super) fn next_octet(&self) -> Option<u64> {
        let session = self.dialogue.session();
        let faults = self.dialogue.config().deviations.faults.iter();
        let due = faults.filter(|fault| fault.is_due());
        due.filter_map(|fault| fault.octet(session))
            .filter(|at| *at >= self.octets_visited)
            .min()
    }

    /// Visits the faults at the current octet, and ends the session if one asks for it.
    pub(super) fn settle(&mut self) {
        let position = self.output.position();
        if self.next_octet() == Some(position) {
            self.octets_visited = position + 1;
            let effects = self.dialogue.visit_octet(position);
            if let Some(end) = effects.end {
                self.output.clear();
                self.output.stop_here(Stop::End(end));
            }
            for time in effects.delays() {
                self.output.stop_here(Stop::Wait(time));
            }
        }
        match self.output.stop() {
            Some(Stop::End(End::Stall)) => self.dialogue.end(),
            Some(Stop::End(end)) => {
                self.output.clear();
                self.dialogue.end();
                self.reset = end == End::Reset;
            }
            Some(Stop::Wait(_)) | None => {}
        }
    }

    /// Adds a reply to the octets to be sent.
    pub(super) fn push(&mut self, reply: Reply) {
        let Reply {
            answer,
            alterations,
        } = reply;
        if alterations.is_empty() {
            self.output.push(answer);
            return;
        }
        let view = self.dialogue.view();
        if alter::push_altered(&mut self.output, answer, &alterations, view).is_some() {
            self.dialogue.end();
        }
    }
}
