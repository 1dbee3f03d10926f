//! Plays the inputs of a transcript, and collects what the connection does.

use alloc::borrow::ToOwned as _;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::deviation::Difference;
use super::driver::{Driver, Outcome, Planned};
use super::render;
use super::replay::{Feeding, LineEnds};
use super::step::{Action, Step};
use crate::event::Event;

/// A connection that is played, and what it has done since the last check.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) driver: Driver,
    pub(super) feeding: Feeding,
    pub(super) line_ends: LineEnds,
    /// All octets that the connection has sent.
    pub(super) sent: Vec<u8>,
    /// All octets that the server has sent.
    pub(super) received: Vec<u8>,
    pub(super) reported: VecDeque<String>,
    pub(super) batches: VecDeque<Vec<u8>>,
    /// What the application did while a segment was parsed, with the number of events before it.
    done: Vec<(usize, Action)>,
    /// All events so far.
    pub(super) events: Vec<Event>,
}

impl Player {
    pub(super) fn new(mut driver: Driver, feeding: Feeding, line_ends: LineEnds) -> Self {
        driver.trickle = feeding == Feeding::Octets;
        Self {
            driver,
            feeding,
            line_ends,
            sent: Vec::new(),
            received: Vec::new(),
            reported: VecDeque::new(),
            batches: VecDeque::new(),
            done: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Plays adjacent inputs of one kind. `planned` is what the application does while the segment
    /// is parsed; `next` is the step that follows.
    pub(super) fn play(
        &mut self,
        block: &[&Step],
        planned: Vec<Planned>,
        next: Option<&Step>,
    ) -> Result<(), Difference> {
        if let Some(Step::Server(_)) = block.first() {
            let octets: Vec<&[u8]> = block.iter().filter_map(|step| step.server()).collect();
            self.driver.plan(planned);
            self.segment(&octets.concat());
            self.driver.end_segment();
            self.look();
            return Ok(());
        }
        for step in block {
            self.step(step)?;
        }
        // A write that fails now fails before the octets of these requests are sent.
        let fails = matches!(next, Some(Step::WriteFails(_)));
        if !(fails && matches!(block.first(), Some(Step::Request(_)))) {
            self.look();
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Difference> {
        let driver = &mut self.driver;
        match step {
            Step::Request(action) => driver.act(action),
            Step::EndOfFile => driver.eof(),
            Step::ReadFails(kind) => driver.read_fails(*kind),
            Step::WriteFails(kind) => driver.write_fails_with(*kind),
            Step::Tls if !driver.tls_with(Driver::unbound()) => {
                return Err(Difference::NoHandshake);
            }
            Step::TlsWithBinding if !driver.tls_with(Driver::bound()) => {
                return Err(Difference::NoHandshake);
            }
            Step::TlsWithEndPoint if !driver.tls_with(Driver::bound_to_certificate()) => {
                return Err(Difference::NoHandshake);
            }
            Step::TlsFails(kind) => driver.tls_fails_with(*kind),
            Step::Wait(span) => driver.pass(*span),
            Step::Tls
            | Step::TlsWithBinding
            | Step::TlsWithEndPoint
            | Step::Meanwhile(_)
            | Step::Server(_)
            | Step::Client(_)
            | Step::Reported(_)
            | Step::State { .. } => {}
        }
        Ok(())
    }

    fn segment(&mut self, octets: &[u8]) {
        let lf_only;
        let octets = match self.line_ends {
            LineEnds::AsWritten => octets,
            LineEnds::BareLf => {
                lf_only = without_cr(octets);
                &lf_only
            }
        };
        let cut = match self.feeding {
            Feeding::CutAt(position) => position.checked_sub(self.received.len()),
            Feeding::Whole | Feeding::Octets => None,
        };
        self.received.extend_from_slice(octets);
        match cut.and_then(|cut| octets.split_at_checked(cut)) {
            Some((head, tail)) => {
                self.driver.server(head);
                self.driver.server(tail);
            }
            None => self.driver.server(octets),
        }
    }

    /// Collects what the connection has done.
    pub(super) fn look(&mut self) {
        self.driver.settle();
        let before = self.reported.len();
        for outcome in self.driver.take_outcomes() {
            let bare_lf = self.line_ends == LineEnds::BareLf;
            let text = self.driver.render(&outcome);
            if let Outcome::Event(event) = outcome {
                self.events.push(event);
            }
            if !bare_lf || text != "quirk BareLineFeed" {
                self.reported.push_back(text);
            }
        }
        let done = self.driver.take_done().into_iter();
        self.done
            .extend(done.map(|(events, action)| (before + events, action)));
        let batches = self.driver.take_batches();
        self.sent.extend(batches.iter().flatten());
        self.batches.extend(batches);
    }

    /// Takes what the connection has done, as steps.
    pub(super) fn take_steps(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut done = core::mem::take(&mut self.done).into_iter().peekable();
        let reported = core::mem::take(&mut self.reported);
        for (events, text) in reported.into_iter().enumerate() {
            while let Some((_, action)) = done.next_if(|(before, _)| *before <= events) {
                steps.push(Step::Meanwhile(action));
            }
            steps.push(Step::Reported(text));
        }
        steps.extend(done.map(|(_, action)| Step::Meanwhile(action)));
        for (number, batch) in self.batches.drain(..).enumerate() {
            if number > 0 {
                steps.push(separator(&self.driver));
            }
            let lines = batch.split_inclusive(|octet| *octet == b'\n');
            steps.extend(lines.map(|line| Step::Client(line.to_vec())));
        }
        steps
    }

    /// Returns the difference if the connection has done anything that was not taken.
    pub(super) fn nothing_left(&self) -> Result<(), Difference> {
        match (self.reported.front(), self.batches.front()) {
            (None, None) => Ok(()),
            (Some(event), _) => Err(Difference::AlsoReported(event.clone())),
            (None, Some(batch)) => {
                let batch = String::from_utf8_lossy(batch).into_owned();
                Err(Difference::AlsoSent(batch))
            }
        }
    }
}

/// Returns a step that separates two adjacent blocks of the same kind: the phase.
pub(super) fn separator(driver: &Driver) -> Step {
    Step::State {
        what: "phase".to_owned(),
        how: driver.connection.phase().to_string(),
    }
}

/// Returns the state of a connection; `None` if it has no state of this name.
pub(super) fn state(driver: &Driver, what: &str) -> Option<String> {
    render::state(&driver.connection, what)
}

impl Step {
    fn server(&self) -> Option<&[u8]> {
        match self {
            Self::Server(octets) => Some(octets),
            _ => None,
        }
    }
}

fn without_cr(octets: &[u8]) -> Vec<u8> {
    let mut rest = octets.iter().peekable();
    let mut kept = Vec::with_capacity(octets.len());
    while let Some(octet) = rest.next() {
        if *octet != b'\r' || rest.peek() != Some(&&b'\n') {
            kept.push(*octet);
        }
    }
    kept
}
