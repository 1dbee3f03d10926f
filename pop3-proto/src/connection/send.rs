//! Sending: commands in batches, exchanges one step at a time.

use super::queue::{Entry, UNSENT, Work};
use super::reply_size::ReplySize;
use super::{Connection, Event};
use crate::apop;
use crate::command::{Operand, Request, Verb, Wire};
use crate::error::Error;
use crate::exchange::{Exchange, Input, Step};
use crate::phase::Phase;
use crate::redact::Redactor;
use crate::reply::Reply;
use crate::ticket::RequestId;

impl Connection {
    /// Whether more than one command may be unanswered.
    pub(super) fn window(&self) -> bool {
        self.state.pipelines(&self.config)
    }

    /// Puts commands into the flight while the window takes them. Nothing is sent while octets are
    /// left that no reply accounts for.
    pub(super) fn send(&mut self) -> Result<(), Error> {
        if self.state.phase() == Phase::Greeting || self.end.write_failed.is_some() {
            return Ok(());
        }
        while self.events.is_empty() && !self.wants_tls() && self.transmit.is_boarding() {
            if !(self.send_step() || self.send_next()?) {
                break;
            }
        }
        Ok(())
    }

    /// Whether a flight has to wait that has not begun to leave: octets came that none of it asked for,
    /// the first ones perhaps of a parting word. What they are has to be known before.
    pub(super) fn holds_flight(&self) -> bool {
        let waits = |front: &Entry| {
            front.end != UNSENT
                && front.last_words().is_none()
                && self.transmit.is_at_hand(front.end, front.octets())
        };
        !self.inbound.is_empty() && self.queue.front().is_some_and(waits)
    }

    /// Sends the command that the exchange in front wants to send.
    fn send_step(&mut self) -> bool {
        // Last words are said whatever else has come.
        let quiet = self.inbound.is_empty() || self.last_words().is_some();
        let Some(front) = self
            .queue
            .front_mut()
            .filter(|front| front.end == UNSENT && quiet)
        else {
            return false;
        };
        let Work::Several {
            wire: Some(wire), ..
        } = &front.work
        else {
            return false;
        };
        let challenge = self.state.challenge().unwrap_or_default();
        note(wire, challenge, &mut self.redactor);
        front.end = self.transmit.push(wire, challenge);
        true
    }

    /// Lets the next request of the queue join those in flight.
    fn send_next(&mut self) -> Result<bool, Error> {
        let window = self.window();
        let alone = self.queue.in_flight() == 0;
        if alone && !self.inbound.is_empty() {
            return Ok(false);
        }
        if self.transmit.pending().is_empty() && !self.queue.is_low() {
            return Ok(false);
        }
        if !self.queue.may_join(window) {
            return Ok(false);
        }
        let Some(next) = self.queue.next() else {
            return Ok(false);
        };
        let ReplySize { expected, listed } = next
            .wire()
            .map(|wire| self.state.server.reply_size(wire))
            .unwrap_or_default();
        if !self.queue.admits(expected) {
            return Ok(false);
        }
        let Some(next) = self.queue.next() else {
            return Ok(false);
        };
        let wire = match &next.work {
            Work::One(wire) => wire,
            Work::Question(question) => &question.wire,
            Work::Confirm(_) => {
                self.send_confirmation();
                return Ok(true);
            }
            Work::Several { .. } => {
                self.queue.launch(UNSENT, 0, None);
                self.timers.operation(true);
                self.step_exchange(Input::Begin)?;
                return Ok(true);
            }
        };
        let quirk = match self.state.permits(wire, &self.config) {
            Ok(quirk) => quirk,
            // In its turn: behind the replies to what is in flight.
            Err(error) => {
                if alone {
                    self.finish_request(Err(error));
                }
                return Ok(alone);
            }
        };
        let challenge = self.state.challenge().unwrap_or_default();
        let same_write = !self.transmit.pending().is_empty();
        let octets = wire.octets();
        note(wire, challenge, &mut self.redactor);
        let end = self.transmit.push(wire, challenge);
        self.queue.launch(end, expected, listed);
        if !alone {
            self.first_batch.join(end, octets, same_write);
        }
        self.events.extend(quirk.map(Event::Quirk));
        if alone {
            self.timers.operation(true);
        }
        Ok(true)
    }

    /// Tells the exchange in front what happened, and does what it wants next.
    pub(super) fn step_exchange(&mut self, input: Input) -> Result<(), Error> {
        let mut context = self.state.context(&self.config);
        let Some(Entry {
            id,
            abandoned,
            work:
                Work::Several {
                    exchange,
                    wire,
                    steps,
                    working,
                    last_words,
                },
            end,
            ..
        }) = self.queue.front_mut()
        else {
            return Ok(());
        };
        *end = UNSENT;
        *wire = None;
        *working = false;
        *steps += 1;
        context.abandoned = *abandoned;
        context.seed = self.seed.as_ref();
        context.request = id.map_or(0, RequestId::get);
        if matches!((&input, &**exchange), (Input::Begin, Exchange::Login(_))) {
            self.plan = None;
        }
        // The exchange may call code of the application, and that may panic: until it returns, the
        // connection counts as ended. Otherwise the request would stay in flight with nothing to wait for.
        self.end.outcome = Some(Err(Error::CallbackPanicked));
        let mut step = exchange.step(&context, input, &mut self.redactor);
        self.end.outcome = None;
        // What the caller took for it is not the server's time.
        if exchange.calls_back() {
            self.timers.rearm();
        }
        if let Some(plan) = exchange.take_plan() {
            self.plan = Some(plan);
        }
        while let Step::Odd(quirk, then) = step {
            self.events.push_back(Event::Quirk(quirk));
            step = *then;
        }
        match step {
            Step::Send(command) => *wire = Some(command),
            Step::LastWords(command, error) => {
                *wire = Some(command);
                *last_words = Some(error);
            }
            Step::Work => *working = true,
            Step::Odd(..) => {}
            Step::StartTls => self.state.start_tls(),
            Step::Done(result) => self.finish_request(result),
            Step::DoneThenCapa(reply) => {
                let capa = Wire::new(Verb::Capa, Operand::None);
                self.queue.push_next(Request::Wire(capa));
                self.finish_request(Ok(reply));
            }
            Step::Fatal(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes the first request from the queue and reports its result.
    pub(super) fn finish_request(&mut self, result: Result<Reply, Error>) {
        let reports = |entry: &Entry| entry.id.is_some();
        if self.queue.front().is_some_and(reports)
            && let Err(error) = &result
        {
            self.end.last_err.reported(error);
        }
        if let Some(Entry {
            id: Some(id),
            abandoned: false,
            ..
        }) = self.pop_answered()
        {
            self.events.push_back(Event::Reply { id, result });
        }
    }
}

/// Notes the credentials in a command that is about to be sent. Responses are noted by the exchange.
fn note(wire: &Wire, challenge: &[u8], redactor: &mut Redactor) {
    match &wire.operand {
        Operand::Name(name) => redactor.spare(name.as_str()),
        Operand::Secret(secret) => redactor.note_secret(secret.expose()),
        Operand::Apop(name, secret) => {
            redactor.spare(name.as_str());
            redactor.note_secret(secret.expose());
            redactor.note_digest(apop::digest(challenge, secret.expose()).as_bytes());
        }
        _ => {}
    }
}
