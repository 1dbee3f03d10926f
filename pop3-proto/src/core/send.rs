//! Sending: commands in batches, exchanges one step at a time.

use super::Core;
use super::request::{PendingRequest, Waiting, Work};
use crate::apop;
use crate::command::Request;
use crate::command_line::{Arguments, CommandLine, Line, ResponseLine};
use crate::error::Error;
use crate::event::Event;
use crate::exchange::{Exchange, Input, Step};
use crate::observe::Observed;
use crate::phase::Phase;
use crate::redact::Redactor;
use crate::reply::Reply;
use crate::ticket::RequestId;
use crate::verb::Verb;

impl Core {
    /// Returns whether more than one command may be unanswered.
    pub(super) fn window(&self) -> bool {
        self.state.pipelines(&self.config)
    }

    /// Adds commands to the batch while the window has room. Nothing is sent while octets are
    /// buffered that are not part of a reply.
    pub(super) fn send(&mut self) -> Result<(), Error> {
        if self.state.phase() == Phase::Greeting || self.end.write_failed.is_some() {
            return Ok(());
        }
        while self.events.is_empty() && !self.wants_tls() && self.outbound.accepts_lines() {
            if !(self.send_step() || self.send_next()?) {
                break;
            }
        }
        Ok(())
    }

    /// Returns whether an unsent batch must wait. This is the case if octets were received that no
    /// command of it can have caused, perhaps the beginning of an unsolicited `-ERR`. The batch is
    /// sent after they have been read.
    pub(super) fn must_hold_back(&self) -> bool {
        !self.inbound.is_empty() && self.abort_error().is_none() && self.outbound.is_front_unsent()
    }

    /// Adds the next line of the front exchange to the batch.
    fn send_step(&mut self) -> bool {
        // The `*` that aborts an exchange is sent even if other octets were received.
        let may_send = self.inbound.is_empty() || self.abort_error().is_some();
        let Some(line) = self.outbound.unsent_line().filter(|_| may_send) else {
            return false;
        };
        let challenge = self.state.challenge().unwrap_or_default();
        note(line, challenge, &mut self.redactor);
        #[cfg(feature = "record")]
        self.record_line();
        let challenge = self.state.challenge().unwrap_or_default();
        self.outbound.send_line(challenge);
        true
    }

    /// Adds the next request of the queue to those in flight. Returns false if it must wait.
    fn send_next(&mut self) -> Result<bool, Error> {
        let alone = self.outbound.in_flight() == 0;
        if alone && !self.inbound.is_empty() || !self.outbound.may_join(self.window()) {
            return Ok(false);
        }
        let Some(next) = self.outbound.next() else {
            return Ok(false);
        };
        let size = next
            .command()
            .map(|command| self.state.reply_size(command))
            .unwrap_or_default();
        if !self.outbound.admits(size) {
            return Ok(false);
        }
        let command = match &next.work {
            Work::Command(command) => command,
            Work::Question(question) => &question.command,
            Work::Confirm(_) => {
                self.send_confirmation()?;
                return Ok(true);
            }
            Work::Exchange(..) => {
                self.outbound.begin_exchange();
                self.timers.operation(true);
                self.observe_login_begins();
                self.step_exchange(Input::Begin)?;
                return Ok(true);
            }
        };
        let quirk = match self.state.permits(command, &self.config) {
            Ok(quirk) => quirk,
            // Report the error in order, after the replies to the commands in flight.
            Err(error) => {
                if alone {
                    self.finish_request(Err(error));
                }
                return Ok(alone);
            }
        };
        let challenge = self.state.challenge().unwrap_or_default();
        let is_question = next.is_question();
        note(Line::Command(command), challenge, &mut self.redactor);
        self.outbound.send_next(size, challenge);
        self.events.extend(quirk.map(Event::Quirk));
        // The questions of a confirmation count as one operation, which began with the first
        // question.
        if alone && !is_question {
            self.timers.operation(true);
        }
        Ok(true)
    }

    /// Passes an input to the front exchange, and does its next step.
    pub(super) fn step_exchange(&mut self, input: Input) -> Result<(), Error> {
        let mut context = self.state.context(&self.config);
        let Some(PendingRequest {
            id,
            place,
            abandoned,
            work: Work::Exchange(exchange, waiting),
            span,
            ..
        }) = self.outbound.front_mut()
        else {
            return Ok(());
        };
        *span = None;
        let first = matches!(waiting, Waiting::Turn);
        *waiting = Waiting::Turn;
        context.abandoned = *abandoned;
        context.seed = self.seed.as_ref();
        context.request = id.map_or(0, RequestId::get);
        let is_login = matches!(**exchange, Exchange::Login(_));
        if is_login && matches!(input, Input::Begin) {
            self.plan = None;
        }
        // The exchange may call code of the application, which may panic. Until it returns, the
        // connection counts as ended. Otherwise the request would stay in flight and never get a
        // result.
        self.end.outcome = Some(Err(Error::CallbackPanicked));
        let mut step = exchange.step(&context, input, &mut self.redactor);
        self.end.outcome = None;
        // The time spent in the application's mechanism must not count against the server.
        if exchange.has_custom_mechanism() {
            self.timers.rearm();
        }
        if let Some(plan) = exchange.take_plan() {
            self.plan = Some(plan);
        }
        while let Step::Report(quirk, then) = step {
            self.events.push_back(Event::Quirk(quirk));
            step = *then;
        }
        match step {
            Step::Send(command) => *waiting = Waiting::Reply { command, first },
            Step::Respond(response) => *waiting = Waiting::Answer(response),
            Step::Abort(error) => *waiting = Waiting::Abort(ResponseLine::cancel(), error),
            Step::Work => *waiting = Waiting::Time,
            Step::RequestToken(refused) => {
                *waiting = Waiting::Token;
                // A login was submitted by the application, so its place is its id.
                let id = id.unwrap_or(*place);
                self.events.push_back(Event::TokenWanted { id, refused });
                // The application may take any amount of time, and no reply is due from the server.
                self.timers.operation(false);
            }
            Step::Report(..) => {}
            Step::StartTls => {
                *waiting = Waiting::Handshake;
                self.state.start_tls();
                self.counters.handshake_begins(self.timers.last());
                self.observe(None, Observed::TlsBegins);
            }
            Step::Done(result) => {
                if is_login {
                    self.observe_login(&result);
                }
                self.finish_request(result);
            }
            Step::DoneThenCapa(reply) => {
                if is_login {
                    self.observe_login(&Ok(()));
                }
                let capa = CommandLine::new(Verb::Capa, Arguments::None);
                self.outbound.push_next(Request::Command(capa));
                self.finish_request(Ok(reply));
            }
            Step::Fatal(error) => return Err(error),
        }
        Ok(())
    }

    /// Removes the first request from the queue: its reply is complete, or it failed.
    pub(super) fn pop_answered(&mut self) -> Option<PendingRequest> {
        let request = self.outbound.pop_answered()?;
        self.timers.operation(self.outbound.in_flight() > 0);
        Some(request)
    }

    /// Removes the first request from the queue and reports its result.
    pub(super) fn finish_request(&mut self, result: Result<Reply, Error>) {
        let reports = |request: &PendingRequest| request.id.is_some();
        if self.outbound.front().is_some_and(reports)
            && let Err(error) = &result
        {
            self.end.last_err.reported(error);
        }
        if let Some(PendingRequest {
            id: Some(id),
            abandoned: false,
            ..
        }) = self.pop_answered()
        {
            self.events.push_back(Event::Reply { id, result });
        }
    }
}

/// Notes the credentials in a command that is about to be sent. An exchange notes its responses
/// itself.
fn note(line: Line<'_>, challenge: &[u8], redactor: &mut Redactor) {
    let Line::Command(command) = line else {
        return;
    };
    match &command.arguments {
        Arguments::Name(name) => redactor.allow(name.as_str()),
        Arguments::Secret(secret) => {
            redactor.note_secret(secret.expose());
            redactor.note_pass_line(secret.expose());
        }
        Arguments::Apop(name, secret) => {
            redactor.allow(name.as_str());
            redactor.note_secret(secret.expose());
            redactor.note_digest(apop::digest(challenge, secret.expose()).as_bytes());
        }
        _ => {}
    }
}
