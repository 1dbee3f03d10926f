//! The state of a session, and the replies to commands in each state (RFC 1939 section 4).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use super::auth::{self, Bindings, Offer, ServerExchange, ServerStep};
use super::capabilities;
use super::command::{ClientCommand, Login};
use super::config::ServerConfig;
use super::fault::{Alteration, Effects, End, Fault, Place, Subject};
use super::input::ClientLine;
use super::lock::Locked;
use super::maildrop::{Maildrop, StoredMessage};
use super::stream::{Answer, Body};
use super::transaction::{contents, transact};
use super::view::View;
use crate::verb::Verb;

/// The state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The client has to log in.
    Authorization,
    /// The maildrop is open.
    Transaction,
    /// STLS was accepted and TLS is not active yet: no command is accepted from the cleartext
    /// channel any more.
    Handshake,
    /// QUIT was answered, or the client closed the connection.
    Ended,
}

/// One session: it gets lines and returns replies. Other types split and join the octets.
pub(super) struct Dialogue {
    config: ServerConfig,
    view: View,
    state: State,
    tls: bool,
    /// The argument of the USER just before: PASS is allowed only directly after it (RFC 1939
    /// section 7).
    user: Option<Vec<u8>>,
    /// The AUTH in progress: the next line is a response (RFC 5034 section 4).
    exchange: Option<Box<dyn ServerExchange>>,
    /// The channel binding data of TLS. It is used only if TLS is active.
    bindings: Bindings,
    expunged: Vec<Bytes>,
    removed: Vec<StoredMessage>,
    delivered: Vec<StoredMessage>,
    /// The number of this session, from 1.
    session: usize,
    /// The lock of the maildrop, while the maildrop is open.
    locked: Option<Locked>,
    /// The changes of the reply to a login that has just succeeded.
    login_alterations: Vec<Alteration>,
}

/// A reply, and its changes by faults.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) alterations: Vec<Alteration>,
}

impl Reply {
    /// Returns the status line as it is sent, or nothing if it is not sent completely.
    pub(super) fn status(&self) -> &[u8] {
        let mut status = self.answer.status.as_slice();
        for alteration in &self.alterations {
            match alteration {
                Alteration::Status(line) => status = line,
                Alteration::Replace(other) => {
                    status = other
                        .split(|octet| matches!(octet, b'\r' | b'\n'))
                        .next()
                        .unwrap_or_default();
                }
                Alteration::Cut(after, _) if *after < status.len() => return &[],
                _ => {}
            }
        }
        status
    }

    fn refusal(text: &str) -> Answer {
        Answer::line(format!("-ERR {text}"))
    }

    /// Creates a reply that is not sent, because the session ends.
    fn end(end: End) -> Self {
        Self {
            answer: Answer::line(""),
            alterations: vec![Alteration::Cut(0, end)],
        }
    }
}

impl Dialogue {
    pub(super) fn new(config: ServerConfig, maildrop: Maildrop, tls: bool) -> Self {
        let session = config.begin_session();
        let suffix = if config.deviations.changes_unique_ids {
            format!(".{session}")
        } else {
            String::new()
        };
        let view = View::new(maildrop).with_faults(config.deviations.renumbers, suffix);
        let state = State::Authorization;
        Self {
            config,
            view,
            state,
            tls,
            user: None,
            exchange: None,
            bindings: Bindings::default(),
            expunged: Vec::new(),
            removed: Vec::new(),
            delivered: Vec::new(),
            session,
            locked: None,
            login_alterations: Vec::new(),
        }
    }

    pub(super) fn config(&self) -> &ServerConfig {
        &self.config
    }

    pub(super) fn faults_mut(&mut self) -> &mut Vec<Fault> {
        &mut self.config.deviations.faults
    }

    pub(super) fn session(&self) -> usize {
        self.session
    }

    pub(super) fn view(&self) -> &View {
        &self.view
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn expunged(&self) -> &[Bytes] {
        &self.expunged
    }

    pub(super) fn removed(&self) -> &[StoredMessage] {
        &self.removed
    }

    pub(super) fn delivered(&self) -> &[StoredMessage] {
        &self.delivered
    }

    /// Replaces the messages, unless the client has seen them.
    pub(super) fn set_maildrop(&mut self, maildrop: Maildrop) {
        if self.state != State::Transaction && self.state != State::Ended {
            self.view.set_maildrop(maildrop);
        }
    }

    /// Returns whether the client may still send commands on this channel.
    pub(super) fn takes_commands(&self) -> bool {
        matches!(self.state, State::Authorization | State::Transaction)
    }

    /// Returns whether the next line is a response, not a command.
    pub(super) fn awaits_response(&self) -> bool {
        self.exchange.is_some()
    }

    /// Returns the length of the longest line that the client may send next.
    pub(super) fn max_line_octets(&self) -> usize {
        if self.awaits_response() {
            auth::RESPONSE_OCTETS
        } else {
            self.config.max_command_octets
        }
    }

    pub(super) fn bindings(&mut self) -> &mut Bindings {
        &mut self.bindings
    }

    /// Starts again with TLS: what the client sent in cleartext is discarded (RFC 2595 section 4).
    pub(super) fn restart_under_tls(&mut self) {
        self.tls = true;
        self.user = None;
        self.state = State::Authorization;
    }

    /// Ends the session without QUIT: no message is removed (RFC 1939 section 6).
    pub(super) fn end(&mut self) {
        self.state = State::Ended;
        self.exchange = None;
        self.locked = None;
    }

    pub(super) fn greet(&mut self) -> Reply {
        let effects = self.visit(Place::Greeting, None);
        if let Some(end) = effects.end {
            return Reply::end(end);
        }
        let text = &self.config.greeting;
        let answer = match (&effects.refusal, &self.config.apop_challenge) {
            (Some(text), _) => Reply::refusal(text),
            (None, Some(challenge)) => Answer::line(format!("+OK {text} {challenge}")),
            (None, None) => Answer::line(format!("+OK {text}")),
        };
        if effects.refusal.is_some() {
            self.end();
        }
        Reply {
            answer,
            alterations: effects.alterations,
        }
    }

    /// Returns the reply to a line from the client.
    pub(super) fn answer(&mut self, line: &ClientLine) -> Reply {
        let user = self.user.take();
        let (answer, mut alterations) = match (line, self.exchange.take()) {
            (ClientLine::Whole(line), None) => {
                let command = ClientCommand::parse(line);
                let (place, message) = place(command.as_ref().ok());
                let effects = self.visit(place, message);
                if let Some(end) = effects.end {
                    return Reply::end(end);
                }
                let answer = self.execute(command, user, &effects);
                (answer, effects.alterations)
            }
            (ClientLine::Whole(line), Some(exchange)) => {
                let response = auth::response(line);
                let answer = response.and_then(|response| self.go_on(exchange, &response));
                (answer, Vec::new())
            }
            (ClientLine::TooLong, _) => (Err("line too long"), Vec::new()),
        };
        alterations.append(&mut self.login_alterations);
        Reply {
            answer: answer.unwrap_or_else(Reply::refusal),
            alterations,
        }
    }

    /// Visits the faults at an octet of the session.
    pub(super) fn visit_octet(&self, position: u64) -> Effects {
        self.visit(Place::Octet(position), None)
    }

    /// Visits a place with the faults.
    fn visit(&self, place: Place, message: Option<u64>) -> Effects {
        let found = message.and_then(|number| self.view.message(number).ok());
        let subject = Subject {
            number: message,
            unique_id: found.map(|message| message.unique_id().as_ref()),
        };
        Effects::at(place, subject, self.session, &self.config.deviations.faults)
    }

    /// Executes a command, unless a fault refuses it.
    fn execute(
        &mut self,
        command: Result<ClientCommand<'_>, &'static str>,
        user: Option<Vec<u8>>,
        effects: &Effects,
    ) -> Result<Answer, &'static str> {
        for message in &effects.delivered {
            self.view.deliver(message.clone());
            self.delivered.push(message.clone());
        }
        if let Some(text) = &effects.refusal {
            if let Ok(ClientCommand::Quit) = command {
                self.end();
            }
            return Ok(Reply::refusal(text));
        }
        match command? {
            command if !self.config.knows(command.subject().0) => Err("unknown command"),
            command => self.respond(command, user, effects.remove_only),
        }
    }

    fn respond(
        &mut self,
        command: ClientCommand<'_>,
        user: Option<Vec<u8>>,
        remove_only: Option<usize>,
    ) -> Result<Answer, &'static str> {
        match (command, self.state) {
            (ClientCommand::Capa, _) => self.capabilities(),
            (ClientCommand::Quit, _) => Ok(self.quit(remove_only)),
            (ClientCommand::Login(command), State::Authorization) => self.authorize(command, user),
            (ClientCommand::Login(Login::Stls), _) if self.tls => {
                Err("command not permitted when TLS active")
            }
            (ClientCommand::Login(_), _) => Err("already logged in"),
            (ClientCommand::Mail(command), State::Transaction) => transact(command, &mut self.view),
            (ClientCommand::Mail(_), _) => Err("log in first"),
        }
    }

    fn capabilities(&self) -> Result<Answer, &'static str> {
        if !self.config.capa {
            return Err("unknown command");
        }
        let stls = self.config.stls && !self.tls && self.config.knows(Verb::Stls);
        let text = capabilities::lines(&self.config, &self.offer(), stls);
        Ok(Answer::long("+OK", Body::text(text.into())))
    }

    /// Removes the marked messages, at most this many.
    fn quit(&mut self, most: Option<usize>) -> Answer {
        if self.state == State::Transaction {
            self.removed = self.view.expunge(most.unwrap_or(usize::MAX));
            let ids = self.removed.iter();
            self.expunged = ids.map(|message| message.unique_id().clone()).collect();
        }
        self.end();
        match most {
            Some(_) => Reply::refusal("some deleted messages not removed"),
            None => Answer::line("+OK bye"),
        }
    }

    fn authorize(
        &mut self,
        command: Login<'_>,
        user: Option<Vec<u8>>,
    ) -> Result<Answer, &'static str> {
        match command {
            Login::User(_) | Login::Pass(_) if !self.accepts_passwords() => {
                Err("passwords only under TLS")
            }
            // Any name is accepted. PASS refuses, and does not say whether the name or the password
            // was wrong.
            Login::User(name) => {
                self.user = Some(name.into());
                Ok(Answer::line("+OK"))
            }
            Login::Pass(secret) => {
                let user = user.ok_or("USER first")?;
                self.log_in(user == self.config.username && secret == self.config.secret)
            }
            Login::Apop { name, digest } => {
                let challenge = self
                    .config
                    .apop_challenge
                    .as_ref()
                    .ok_or("APOP is not offered")?;
                let expected = crate::apop::digest(challenge.as_bytes(), &self.config.secret);
                self.log_in(name == self.config.username && digest == expected.as_bytes())
            }
            Login::Mechanisms => self.mechanisms(),
            Login::Auth {
                mechanism,
                initial_response,
            } => {
                let exchange = self.offer().begin(mechanism)?;
                self.begin(exchange, initial_response)
            }
            Login::Stls if self.tls => Err("command not permitted when TLS active"),
            Login::Stls if !self.config.stls => Err("STLS is not offered"),
            Login::Stls => {
                self.state = State::Handshake;
                Ok(Answer::line("+OK begin TLS negotiation"))
            }
        }
    }

    /// Returns the reply to AUTH without a mechanism. It is not specified in any RFC, but old
    /// clients depend on it.
    fn mechanisms(&self) -> Result<Answer, &'static str> {
        let lines: String = self
            .offer()
            .listed()
            .map(|name| format!("{name}\r\n"))
            .collect();
        if lines.is_empty() {
            return Err("no mechanism is offered");
        }
        Ok(Answer::long("+OK", Body::text(lines.into())))
    }

    /// Begins an exchange. Either the command has an initial response, or the server sends a
    /// challenge (RFC 5034 section 4).
    fn begin(
        &mut self,
        exchange: Box<dyn ServerExchange>,
        initial_response: Option<&[u8]>,
    ) -> Result<Answer, &'static str> {
        match (initial_response, exchange.opening(&self.config)) {
            (Some(_), Some(_)) if !exchange.takes_initial_response() => {
                Err("the mechanism has no initial response")
            }
            (Some(response), _) => self.go_on(exchange, &auth::initial_response(response)?),
            (None, opening) => {
                self.exchange = Some(exchange);
                Ok(auth::challenge(&opening.unwrap_or_default()))
            }
        }
    }

    fn go_on(
        &mut self,
        mut exchange: Box<dyn ServerExchange>,
        response: &[u8],
    ) -> Result<Answer, &'static str> {
        match exchange.respond(response, &self.config)? {
            ServerStep::Challenge(octets) => {
                self.exchange = Some(exchange);
                Ok(auth::challenge(&octets))
            }
            ServerStep::LoggedIn => self.log_in(true),
        }
    }

    /// Returns the mechanisms that AUTH offers on this channel.
    fn offer(&self) -> Offer<'_> {
        Offer {
            config: &self.config,
            accepts_passwords: self.accepts_passwords(),
            bindings: if self.tls {
                self.bindings
            } else {
                Bindings::default()
            },
        }
    }

    fn accepts_passwords(&self) -> bool {
        self.tls || self.config.allow_plaintext_login
    }

    fn log_in(&mut self, valid: bool) -> Result<Answer, &'static str> {
        if !valid {
            return Err(auth::INVALID_CREDENTIALS);
        }
        let effects = self.visit(Place::Login, None);
        self.login_alterations = effects.alterations;
        if let Some(end) = effects.end {
            self.login_alterations = vec![Alteration::Cut(0, end)];
            return Ok(Answer::line(""));
        }
        if let Some(text) = effects.refusal {
            return Ok(Reply::refusal(&text));
        }
        if let Some(lock) = &self.config.deviations.lock {
            self.locked = Some(lock.acquire().ok_or(LOCKED)?);
        }
        self.state = State::Transaction;
        Ok(contents(&self.view))
    }
}

/// The refusal of a login while another session has the maildrop (RFC 2449 section 8.1.2).
const LOCKED: &str = "[IN-USE] the maildrop is locked by another session";

/// Returns the place of a command, and its message-number. A line that is not a command has none.
fn place(command: Option<&ClientCommand<'_>>) -> (Place, Option<u64>) {
    match command.map(ClientCommand::subject) {
        Some((verb, message)) => (Place::Command(Some(verb)), message),
        None => (Place::Command(None), None),
    }
}
