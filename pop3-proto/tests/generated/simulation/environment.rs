//! One session in its environment: client, link, server, and a clock that advances when nothing
//! else can happen.

use std::time::Duration;

use fastrand::Rng;
use pop3_proto::{
    Connection, Instant, Phase,
    error::{TransportError, TransportErrorKind},
};

use pop3_testkit::tls::fixed;
use pop3_testkit::wire;

use super::app::App;
use super::ask::Ask;
use super::caller::Caller;
use super::link::{Fault, Pipe};
use super::machine::Machine;
use super::oracle;
use super::peer::Peer;
use super::plan::{Plan, Scope};
use super::tally::Tally;
use super::transcript::Transcript;

/// A possible next step of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    App,
    Clock,
    ClientWrites,
    ClientReads,
    WriteFails,
    InputEnds,
    ServerReads,
    ServerWrites,
}

pub(crate) struct Environment<M> {
    machine: M,
    pub(crate) plan: Plan,
    pub(crate) app: App,
    pub(crate) peer: Peer,
    rng: Rng,
    now: Instant,
    transcript: Transcript,
    pub(crate) to_client: Pipe,
    to_server: Pipe,
    /// All that the client wrote.
    pub(crate) written: Vec<u8>,
    input_ended: bool,
    output_ended: bool,
    /// The fault of the link, once its position is known.
    fault: Option<Fault>,
    /// The latest time at which the TLS handshake began to use the socket.
    handshake: Option<Instant>,
    /// Octets read since the last turn of the application.
    read_unseen: usize,
    /// Octets that the client may still write after it is closed: those of TLS.
    output_after_close: Option<usize>,
    steps: usize,
}

/// Plays the session of a seed, and checks it.
pub(crate) fn play(seed: u64, scope: Scope, transcript: &Transcript) -> Tally {
    let mut rng = Rng::with_seed(seed);
    let plan = Plan::new(scope, &mut rng);
    play_plan(plan, rng, transcript)
}

/// Plays a session with this plan. Choices that the plan does not determine are random.
pub(crate) fn play_plan(plan: Plan, mut rng: Rng, transcript: &Transcript) -> Tally {
    let (now, config) = (Instant::ORIGIN, plan.config.clone());
    if plan.helpers {
        let mut session = if plan.tls {
            Connection::with_tls(config, plan.channel, fixed::client(), now)
        } else {
            Connection::new(config, plan.channel, now)
        };
        session.seed(rng.u64(..).to_le_bytes().repeat(4).try_into().unwrap());
        let caller = Caller::new(session, rng.fork());
        Environment::new(caller, plan, rng, transcript).run()
    } else {
        let mut connection = if plan.tls {
            Connection::with_tls(config, plan.channel, fixed::client(), now)
        } else {
            Connection::new(config, plan.channel, now)
        };
        connection.seed(rng.u64(..).to_le_bytes().repeat(4).try_into().unwrap());
        Environment::new(connection, plan, rng, transcript).run()
    }
}

impl<M: Machine> Environment<M> {
    fn new(machine: M, plan: Plan, mut rng: Rng, transcript: &Transcript) -> Self {
        let now = Instant::ORIGIN;
        transcript.add(now, || plan.to_string());
        Self {
            machine,
            app: App::new(&plan, rng.fork(), transcript.clone()),
            peer: Peer::new(&plan, rng.fork(), transcript.clone()),
            rng,
            now,
            transcript: transcript.clone(),
            to_client: Pipe::new(plan.to_client.clone()),
            to_server: Pipe::new(plan.to_server.clone()),
            fault: plan.fault.filter(|_| !plan.fault_at_quit),
            plan,
            handshake: None,
            written: Vec::new(),
            input_ended: false,
            output_ended: false,
            read_unseen: 0,
            output_after_close: None,
            steps: 0,
        }
    }

    fn run(mut self) -> Tally {
        while !self.is_finished() {
            self.steps += 1;
            let octets = self.to_client.taken + self.to_server.taken;
            assert!(self.steps < 20_000 + 8 * octets, "it does not terminate");
            match self.choose() {
                Some(next) => self.make(next),
                None => self.wait(),
            }
            self.check();
            self.arm_fault();
        }
        self.disconnect();
        let mut tally = self.app.tally(&self.plan);
        (tally.helpers_ended, tally.operations_left) = self.machine.counts();
        tally.violations_applied = self.peer.violations_applied;
        tally.deviations_applied = self.peer.deviations_applied;
        oracle::check_session(&self, &mut tally);
        tally
    }

    fn is_finished(&self) -> bool {
        match &self.app.closed {
            // TLS sends close_notify as long as the link accepts octets.
            Some(_) => !self.machine.core().wants_write() || self.writable() == 0,
            None => self.app.is_done() && self.app.drained,
        }
    }

    /// Returns how many octets the link accepts from the client now.
    fn writable(&self) -> usize {
        if self.output_ended {
            return 0;
        }
        let limit = self.fault.and_then(Fault::writable);
        let left = limit.map_or(usize::MAX, |limit| {
            limit.saturating_sub(self.to_server.taken)
        });
        self.to_server.room().min(left)
    }

    /// Returns how many octets the client can read now.
    fn readable(&self) -> usize {
        let limit = self.fault.and_then(Fault::readable);
        let left = limit.map_or(usize::MAX, |limit| {
            limit.saturating_sub(self.to_client.delivered)
        });
        self.to_client.arrived(self.now).len().min(left)
    }

    /// Returns whether the reader has reached the end of the link.
    fn input_ends(&self) -> bool {
        let cut = match self.fault {
            Some(Fault::Ends(octets) | Fault::Resets(octets)) => self.to_client.delivered >= octets,
            Some(Fault::StopsResponding(octets)) if self.to_client.delivered >= octets => {
                return false;
            }
            _ => false,
        };
        let hung_up =
            self.peer.hung_up && self.peer.outgoing.is_empty() && self.to_client.is_empty();
        !self.input_ended && (cut || hung_up)
    }

    fn write_fails(&self) -> bool {
        matches!(self.fault, Some(Fault::WritesFail(octets)) if self.to_server.taken >= octets)
            && !self.output_ended
    }

    /// Chooses one of the things that can happen now.
    fn choose(&mut self) -> Option<Move> {
        let machine = self.machine.core();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= self.now);
        let all = [
            (Move::App, self.app.is_awake(&self.plan, self.now)),
            (Move::Clock, due(machine.poll_timeout())),
            (
                Move::ClientWrites,
                machine.wants_write() && self.writable() > 0,
            ),
            (
                Move::WriteFails,
                machine.wants_write() && self.write_fails(),
            ),
            (
                Move::ClientReads,
                machine.wants_read() && self.readable() > 0,
            ),
            (Move::InputEnds, machine.wants_read() && self.input_ends()),
            (
                Move::ServerReads,
                !self.to_server.arrived(self.now).is_empty(),
            ),
            (
                Move::ServerWrites,
                !self.peer.outgoing.is_empty() && self.to_client.room() > 0,
            ),
        ];
        let mut possible = all.iter().filter(|(_, possible)| *possible);
        let count = possible.clone().count();
        let (next, _) = possible.nth(self.rng.usize(..count.max(1)))?;
        Some(*next)
    }

    fn make(&mut self, next: Move) {
        if !matches!(next, Move::ServerReads | Move::ServerWrites | Move::App) {
            self.app.drained = false;
        }
        match next {
            Move::App => {
                self.read_unseen = 0;
                self.machine.turn(&mut self.app, &self.plan, self.now);
            }
            Move::Clock => self.machine.core_mut().handle_timeout(self.now),
            Move::ClientWrites => self.write(),
            Move::ClientReads => self.read(),
            Move::WriteFails => {
                self.output_ended = true;
                // The wait for an unsolicited `-ERR` restarts.
                self.handshake = None;
                self.transcript
                    .add(self.now, || "link: a write fails".to_owned());
                self.machine
                    .core_mut()
                    .handle_write_error(reset(), self.now);
            }
            Move::InputEnds => {
                self.input_ended = true;
                let resets = matches!(self.fault, Some(Fault::Resets(_)));
                let how = if resets { "reset" } else { "end of file" };
                self.transcript.add(self.now, || format!("link: {how}"));
                if resets {
                    self.machine.core_mut().handle_read_error(reset(), self.now);
                } else {
                    self.machine.core_mut().handle_eof(self.now);
                }
            }
            Move::ServerReads => {
                let octets = self.to_server.arrived(self.now).len();
                let octets = self.to_server.deliver(octets);
                self.peer.receive(&octets, self.now);
            }
            Move::ServerWrites => {
                let octets = self.peer.outgoing.len().min(self.to_client.room());
                let octets = self.to_client.piece(octets, &mut self.rng);
                let rest = self.peer.outgoing.split_off(octets);
                let octets = std::mem::replace(&mut self.peer.outgoing, rest);
                self.to_client.take(octets, self.now, &mut self.rng);
            }
        }
    }

    fn write(&mut self) {
        let room = self.writable();
        let pending = self.machine.core_mut().transmit().len();
        let most = self.to_server.piece(pending.min(room), &mut self.rng);
        let octets = wire::send(self.machine.core_mut(), most, self.now);
        assert!(!octets.is_empty(), "wants to write nothing");
        if let Some(left) = &mut self.output_after_close {
            let Some(rest) = left.checked_sub(octets.len()) else {
                panic!("written after the end: {:?}", octets.escape_ascii());
            };
            *left = rest;
        }
        let loses = match self.fault {
            Some(Fault::Loses(after)) => self.written.len() >= after,
            _ => false,
        };
        self.written.extend_from_slice(&octets);
        if !loses {
            self.to_server.take(octets, self.now, &mut self.rng);
        }
    }

    fn read(&mut self) {
        let octets = self.to_client.piece(self.readable(), &mut self.rng);
        let room = self
            .machine
            .core_mut()
            .recv_buffer()
            .expect("the client wants to read");
        let octets = octets.min(room.len());
        let octets = self.to_client.deliver(octets);
        self.read_unseen += wire::receive(self.machine.core_mut(), &octets, self.now);
    }

    /// Advances the clock to the next event, because no step is possible now.
    fn wait(&mut self) {
        let silent = matches!(self.fault, Some(Fault::StopsResponding(octets))
            if self.to_client.delivered >= octets);
        let next = [
            self.machine.core().poll_timeout(),
            self.app.next_wake(self.now),
            self.peer.next_act(self.now),
            self.to_server.next_arrival(),
            self.to_client.next_arrival().filter(|_| !silent),
        ];
        let next = next.into_iter().flatten().filter(|next| *next > self.now);
        let Some(next) = next.min() else {
            panic!("a deadlock: {:?}", self.machine.core());
        };
        self.now = next;
    }

    /// Starts a fault that waits for QUIT, after QUIT was submitted or received.
    fn arm_fault(&mut self) {
        let Some(fault) = self.plan.fault.filter(|_| self.fault.is_none()) else {
            return;
        };
        let asked = self.app.has_asked(Ask::Quit);
        let from = match fault.readable() {
            Some(_) => self.peer.left_at_quit,
            None => asked.then_some(self.written.len()),
        };
        self.fault = from.map(|from| fault.after(from));
    }

    /// Checks the invariants after each step.
    fn check(&mut self) {
        let core = self.machine.core();
        // The plaintext buffer, the ciphertext that TLS buffers, and a capability list that the
        // client requested itself.
        let limits = &core.config().limits;
        let held = limits.receive_buffer.max(1028)
            + usize::from(self.plan.tls) * (96 << 10)
            + limits.capability_octets;
        // Abandoned replies and the reply to a keep-alive are discarded without the application's
        // involvement. A violating server may send a message where a listing was requested, which
        // is reported when it is complete.
        let skips = self.app.has_abandoned()
            || core.config().keep_alive.is_some()
            || !self.plan.violations.is_empty();
        assert!(self.app.drained || skips || self.read_unseen <= held);
        if core.is_in_handshake() && self.app.drained {
            let since = *self.handshake.get_or_insert(self.now);
            let late = self.now > since + core.config().timeouts.tls;
            assert!(!late, "a handshake without an end");
        }
        if core.phase() != Phase::Closed {
            return;
        }
        assert_eq!(core.poll_timeout(), None, "a deadline after the end");
        assert!(!core.has_commands_to_send(), "a command after the end");
        assert!(
            !core.wants_read() || self.plan.tls,
            "the client wants to read after the end"
        );
        if self.output_after_close.is_none() {
            self.output_after_close = Some(self.machine.core_mut().transmit().len());
        }
    }

    /// Closes the client. The server then reads the octets that are still in transit.
    fn disconnect(&mut self) {
        self.now = self.now + Duration::from_secs(10_000);
        while !self.to_server.is_empty() {
            self.make(Move::ServerReads);
        }
        self.peer.client_disconnected(self.now);
    }

    /// Returns how many octets reached the client, by epoch.
    pub(crate) fn reached(&self) -> Vec<usize> {
        self.peer.reached(self.to_client.delivered)
    }
}

fn reset() -> TransportError {
    TransportError::new(TransportErrorKind::Reset, "reset by the link")
}
