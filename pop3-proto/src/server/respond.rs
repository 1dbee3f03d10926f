//! The state of a session, and the replies to commands in each state (RFC 1939 section 4).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::auth::{self, Offer, ServerExchange, ServerStep};
use super::command::{ClientCommand, Login};
use super::config::ServerConfig;
use super::input::ClientLine;
use super::maildrop::Maildrop;
use super::stream::{Answer, Body};
use super::transaction::{contents, transact};
use super::view::View;

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
    exporter: Option<[u8; 32]>,
    expunged: Vec<Bytes>,
}

impl Dialogue {
    pub(super) fn new(config: ServerConfig, maildrop: Maildrop, tls: bool) -> Self {
        let (view, state) = (View::new(maildrop), State::Authorization);
        Self {
            config,
            view,
            state,
            tls,
            user: None,
            exchange: None,
            exporter: None,
            expunged: Vec::new(),
        }
    }

    pub(super) fn config(&self) -> &ServerConfig {
        &self.config
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

    pub(super) fn bind_to_channel(&mut self, exporter: [u8; 32]) {
        self.exporter = Some(exporter);
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
    }

    pub(super) fn greet(&self) -> Answer {
        let text = &self.config.greeting;
        match &self.config.apop_challenge {
            Some(challenge) => Answer::line(format!("+OK {text} {challenge}")),
            None => Answer::line(format!("+OK {text}")),
        }
    }

    /// Returns the reply to a line from the client.
    pub(super) fn answer(&mut self, line: &ClientLine) -> Answer {
        let user = self.user.take();
        let answer = match (line, self.exchange.take()) {
            (ClientLine::Whole(line), None) => {
                ClientCommand::parse(line).and_then(|command| self.respond(command, user))
            }
            (ClientLine::Whole(line), Some(exchange)) => {
                auth::response(line).and_then(|response| self.go_on(exchange, &response))
            }
            (ClientLine::TooLong, _) => Err("line too long"),
        };
        answer.unwrap_or_else(|text| Answer::line(format!("-ERR {text}")))
    }

    fn respond(
        &mut self,
        command: ClientCommand<'_>,
        user: Option<Vec<u8>>,
    ) -> Result<Answer, &'static str> {
        match (command, self.state) {
            (ClientCommand::Capa, _) => self.capabilities(),
            (ClientCommand::Quit, _) => Ok(self.quit()),
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
        let mechanisms: Vec<_> = self
            .offer()
            .listed()
            .map(|name| format!(" {name}"))
            .collect();
        let sasl = format!("SASL{}\r\n", mechanisms.concat());
        // RFC 2449 section 5: capabilities that are valid in AUTHORIZATION are announced in
        // TRANSACTION, too.
        let lines = [
            ("USER\r\n", self.accepts_passwords()),
            (&sasl, !mechanisms.is_empty()),
            ("TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n", true),
            ("PIPELINING\r\n", self.config.pipelining),
            ("STLS\r\n", self.config.stls && !self.tls),
        ];
        let lines: String = lines
            .into_iter()
            .filter_map(|(line, offered)| offered.then_some(line))
            .collect();
        let text = format!("{lines}IMPLEMENTATION {}\r\n", self.config.implementation);
        Ok(Answer::long("+OK", Body::text(text.into())))
    }

    fn quit(&mut self) -> Answer {
        if self.state == State::Transaction {
            self.expunged = self.view.expunge();
        }
        self.state = State::Ended;
        Answer::line("+OK bye")
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
            exporter: self.exporter.filter(|_| self.tls),
        }
    }

    fn accepts_passwords(&self) -> bool {
        self.tls || self.config.allow_plaintext_login
    }

    fn log_in(&mut self, valid: bool) -> Result<Answer, &'static str> {
        if !valid {
            return Err(auth::INVALID_CREDENTIALS);
        }
        self.state = State::Transaction;
        Ok(contents(&self.view))
    }
}
