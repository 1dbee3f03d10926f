//! The server's side: the crate's own server on top of TLS. A stage between its replies and the
//! link may change, delay, double or drop replies.
//!
//! This is not the peer of `pop3_testkit::tls`: each reply has its own time here, and the oracle
//! needs to know which octets on the link carry which octets of a reply.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::ops::Range;

use fastrand::Rng;
use pop3_proto::server::{Maildrop, Server};
use pop3_proto::{Channel, Instant};
use pop3_testkit::tls::fixed;
use pop3_testkit::wire;
use rustls::ServerConnection;

use super::deviation::{Deviation, apply};
use super::line::GREETING;
use super::plan::Plan;
use super::transcript::{Transcript, octets};
use super::violation::{Act, Violation, When};

/// A command line that the server received, and its answer. The first entry is the greeting.
pub(crate) struct Received {
    pub(crate) line: Vec<u8>,
    /// The reply of a conforming server, with deviations.
    pub(crate) reply: Vec<u8>,
    /// The position of the conforming reply among everything that was sent, if it was sent.
    pub(crate) said: Option<Place>,
}

/// A part of what was sent. Epoch 0 is before STLS, epoch 1 is inside TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) epoch: usize,
    pub(crate) octets: Range<usize>,
}

pub(crate) struct Peer {
    server: Server,
    tls: Option<ServerConnection>,
    deviations: Vec<Deviation>,
    violations: Vec<(When, Violation)>,
    conforming: bool,
    rng: Rng,
    transcript: Transcript,
    line: Vec<u8>,
    pub(crate) received: Vec<Received>,
    /// All that the client wrote outside TLS.
    pub(crate) received_in_cleartext: Vec<u8>,
    /// The numbers of replies that violations changed, and that deviations changed.
    pub(crate) violations_applied: usize,
    pub(crate) deviations_applied: usize,
    /// How many octets had been sent when QUIT was received.
    pub(crate) left_at_quit: Option<usize>,
    /// All plaintext that was sent, by epoch.
    pub(crate) said: Vec<Vec<u8>>,
    acts: VecDeque<(Act, usize)>,
    /// Replies that wait for the next one to be sent first.
    swapped: Vec<(Act, usize)>,
    ready: Instant,
    /// Octets for the link.
    pub(crate) outgoing: Vec<u8>,
    /// How many octets were ever added to `outgoing`.
    sent: usize,
    /// Positions on the link, each with an epoch and the number of octets of its plaintext that
    /// precede the position.
    milestones: Vec<(usize, usize, usize)>,
    /// Whether the server's direction of the link closes after all pending octets have been sent.
    pub(crate) hung_up: bool,
}

impl Peer {
    pub(crate) fn new(plan: &Plan, rng: Rng, transcript: Transcript) -> Self {
        let mail = plan
            .mail
            .iter()
            .map(|message| (message.unique_id.clone(), message.octets.clone()));
        let (account, mail) = (plan.account.clone(), Maildrop::from_iter(mail));
        let implicit = plan.channel == Channel::ImplicitTls;
        let mut peer = Self {
            server: if implicit {
                Server::implicit_tls(account, mail)
            } else {
                Server::new(account, mail)
            },
            tls: implicit.then(fixed::accept),
            deviations: plan.deviations.clone(),
            violations: plan.violations.clone(),
            conforming: plan.violations.is_empty(),
            rng,
            transcript,
            line: Vec::new(),
            received: Vec::new(),
            received_in_cleartext: Vec::new(),
            violations_applied: 0,
            deviations_applied: 0,
            left_at_quit: None,
            said: vec![Vec::new()],
            acts: VecDeque::new(),
            swapped: Vec::new(),
            ready: Instant::ORIGIN,
            outgoing: Vec::new(),
            sent: 0,
            milestones: Vec::new(),
            hung_up: false,
        };
        peer.answer(GREETING.to_vec());
        peer.advance(Instant::ORIGIN);
        peer
    }

    /// Receives octets from the client.
    pub(crate) fn receive(&mut self, octets: &[u8], now: Instant) {
        let Some(tls) = &mut self.tls else {
            self.received_in_cleartext.extend_from_slice(octets);
            self.receive_plaintext(octets, now);
            return self.advance(now);
        };
        let mut ciphertext = octets;
        let mut plaintext = Vec::new();
        while !ciphertext.is_empty() {
            let read = tls.read_tls(&mut ciphertext);
            if read.is_err() || tls.process_new_packets().is_err() {
                self.transcript.add(now, || "server: TLS failed".to_owned());
                return self.client_disconnected(now);
            }
            match tls.reader().read_to_end(&mut plaintext) {
                Ok(_) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        self.receive_plaintext(&plaintext, now);
        self.advance(now);
    }

    fn receive_plaintext(&mut self, octets: &[u8], now: Instant) {
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.transcript
                    .add(now, || format!("C: {}", line.escape_ascii()));
                self.answer(line);
            } else {
                self.answer_early();
            }
        }
    }

    /// Answers an incomplete command, if that is the violation.
    fn answer_early(&mut self) {
        let now = When::Reply(self.received.len());
        if let Some((_, Violation::Early(early))) =
            self.violations.iter().find(|(when, _)| *when == now)
        {
            self.acts.push_back((Act::Say(early.to_vec(), false), 0));
            self.violations.retain(|(when, _)| *when != now);
            self.violations_applied += 1;
        }
    }

    /// Takes the violation that is due at this reply.
    fn violation(&mut self, line: &[u8], reply: &[u8]) -> Option<Violation> {
        let (index, rng) = (self.received.len(), &self.rng);
        let due = |(when, violation): &(When, Violation)| {
            violation.is_due(*when, index, line, reply, rng)
        };
        let due = self.violations.iter().position(due)?;
        Some(self.violations.remove(due).1)
    }

    /// Lets the server answer a line, and applies deviations and violations to the answer.
    fn answer(&mut self, line: Vec<u8>) {
        if !self.received.is_empty() {
            self.server.receive(&line);
        }
        let reply = wire::say(&mut self.server, usize::MAX);
        if reply.is_empty() {
            return;
        }
        let line = line.strip_suffix(b"\r\n").unwrap_or(&line).to_vec();
        let plain = reply.clone();
        let reply = apply(&self.deviations, &line, reply, &mut self.rng);
        self.deviations_applied += usize::from(reply != plain);
        if line == b"QUIT" {
            self.left_at_quit.get_or_insert(self.sent);
        }
        let conforming = vec![Act::Say(reply.clone(), true)];
        let violation = self.violation(&line, &reply);
        let acts = match &violation {
            Some(violation) => violation.distort(&line, reply.clone(), &mut self.rng),
            None => conforming.clone(),
        };
        self.violations_applied += usize::from(acts != conforming);
        let index = self.received.len();
        self.received.push(Received {
            line,
            reply,
            said: None,
        });
        let acts = acts.into_iter().map(|act| (act, index));
        if violation == Some(Violation::Swapped) {
            self.swapped.extend(acts);
        } else {
            self.acts.extend(acts);
            self.violations_applied += self.swapped.len();
            self.acts.extend(self.swapped.drain(..));
        }
        if self.server.wants_tls() {
            self.acts.push_back((Act::StartTls, index));
        }
        if self.server.is_closed() && self.rng.u8(..4) != 0 {
            let close_notify = self.rng.bool();
            self.acts.push_back((Act::HangUp { close_notify }, index));
        }
    }

    /// Performs the actions that are due.
    pub(crate) fn advance(&mut self, now: Instant) {
        loop {
            if let Some(tls) = &self.tls
                && !tls.is_handshaking()
            {
                self.server.tls_established();
            }
            self.collect();
            let handshaking = self.tls.as_ref().is_some_and(|tls| tls.is_handshaking());
            if self.hung_up || handshaking || now < self.ready {
                return;
            }
            let Some((act, index)) = self.acts.pop_front() else {
                return;
            };
            self.act(act, index, now);
        }
    }

    fn act(&mut self, act: Act, index: usize, now: Instant) {
        match act {
            Act::Wait(time) => self.ready = now + time,
            Act::Say(said, conforming) => {
                let note = if conforming { "S" } else { "S, violating" };
                self.transcript
                    .add(now, || format!("{note}: {}", octets(&said)));
                let epoch = self.said.len() - 1;
                let start = self.said[epoch].len();
                self.say(&said);
                if conforming {
                    let octets = start..self.said[epoch].len();
                    self.received[index].said = Some(Place { epoch, octets });
                }
            }
            Act::Inject(injected) => {
                self.transcript
                    .add(now, || format!("injected: {}", octets(&injected)));
                if self.tls.is_none() {
                    return self.say(&injected);
                }
                self.outgoing.extend_from_slice(&injected);
                self.sent += injected.len();
            }
            Act::StartTls => {
                self.tls = Some(fixed::accept());
                self.said.push(Vec::new());
            }
            Act::HangUp { close_notify } => {
                self.transcript.add(now, || {
                    format!("server hangs up, close_notify: {close_notify}")
                });
                if let (Some(tls), true) = (&mut self.tls, close_notify) {
                    tls.send_close_notify();
                }
                self.collect();
                self.hung_up = true;
            }
        }
    }

    fn say(&mut self, octets: &[u8]) {
        let epoch = self.said.len() - 1;
        for piece in octets.chunks(4096) {
            self.said[epoch].extend_from_slice(piece);
            match &mut self.tls {
                None => {
                    self.outgoing.extend_from_slice(piece);
                    self.sent += piece.len();
                }
                Some(tls) => {
                    tls.writer().write_all(piece).unwrap();
                    self.collect();
                    let said = self.said[epoch].len();
                    self.milestones.push((self.sent, epoch, said));
                }
            }
        }
    }

    fn collect(&mut self) {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                self.sent += tls.write_tls(&mut self.outgoing).unwrap();
            }
        }
    }

    /// Returns the time of the next delayed action.
    pub(crate) fn next_act(&self, now: Instant) -> Option<Instant> {
        (!self.hung_up && !self.acts.is_empty() && now < self.ready).then_some(self.ready)
    }

    /// Handles the disconnection of the client.
    pub(crate) fn client_disconnected(&mut self, now: Instant) {
        self.transcript
            .add(now, || "server: the client disconnected".to_owned());
        self.server.handle_eof();
        self.acts.clear();
        self.hung_up = true;
    }

    /// Returns how many octets of each epoch reached the client, given how many octets of the link
    /// did.
    pub(crate) fn reached(&self, delivered: usize) -> Vec<usize> {
        let cleartext = self.said.len() > 1 || self.tls.is_none();
        let mut reached = vec![0; self.said.len()];
        if cleartext {
            reached[0] = delivered.min(self.said[0].len());
        }
        for (link, epoch, said) in &self.milestones {
            if *link <= delivered {
                reached[*epoch] = *said;
            }
        }
        reached
    }

    /// Returns whether no violation was planned.
    pub(crate) fn is_conforming(&self) -> bool {
        self.conforming
    }

    /// Returns the unique-ids of the messages that QUIT removed.
    pub(crate) fn expunged(&self) -> Vec<String> {
        let lossy = |id: &_| String::from_utf8_lossy(AsRef::<[u8]>::as_ref(id)).into_owned();
        self.server
            .expunged()
            .iter()
            .map(|id: &bytes::Bytes| lossy(id))
            .collect()
    }
}
