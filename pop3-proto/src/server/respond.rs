//! The state of a session, and what each command is answered in it (RFC 1939 section 4).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::command::{Command, Login};
use super::config::ServerConfig;
use super::input::Line;
use super::maildrop::Maildrop;
use super::stream::{Answer, Body};
use super::transaction::{contents, transact};
use super::view::View;

/// Where the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The client has to log in.
    Authorization,
    /// The maildrop is open.
    Transaction,
    /// STLS was accepted and TLS is not up: no command may come from the clear channel any more.
    Handshake,
    /// QUIT was answered, or the client has gone.
    Over,
}

/// One session without its octets: lines in, answers out.
pub(super) struct Dialogue {
    config: ServerConfig,
    view: View,
    state: State,
    tls: bool,
    /// The argument of the USER just before: PASS counts only right behind it (RFC 1939 section 7).
    user: Option<Vec<u8>>,
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

    /// Whether the client may still say something on this channel.
    pub(super) fn takes_commands(&self) -> bool {
        matches!(self.state, State::Authorization | State::Transaction)
    }

    /// TLS is up: whatever was said in clear is forgotten (RFC 2595 section 4).
    pub(super) fn restart_under_tls(&mut self) {
        self.tls = true;
        self.user = None;
        self.state = State::Authorization;
    }

    /// The client has gone without QUIT: nothing is removed (RFC 1939 section 6).
    pub(super) fn end(&mut self) {
        self.state = State::Over;
    }

    pub(super) fn greet(&self) -> Answer {
        let text = &self.config.greeting;
        match &self.config.apop_challenge {
            Some(challenge) => Answer::line(format!("+OK {text} {challenge}")),
            None => Answer::line(format!("+OK {text}")),
        }
    }

    /// The one place where a line from the client becomes an answer.
    pub(super) fn answer(&mut self, line: &Line) -> Answer {
        let user = self.user.take();
        let answer = match line {
            Line::Whole(line) => {
                Command::parse(line).and_then(|command| self.respond(command, user))
            }
            Line::TooLong => Err("line too long"),
        };
        answer.unwrap_or_else(|text| Answer::line(format!("-ERR {text}")))
    }

    fn respond(
        &mut self,
        command: Command<'_>,
        user: Option<Vec<u8>>,
    ) -> Result<Answer, &'static str> {
        match (command, self.state) {
            (Command::Capa, _) => self.capabilities(),
            (Command::Quit, _) => Ok(self.quit()),
            (Command::Login(command), State::Authorization) => self.authorize(command, user),
            (Command::Login(Login::Stls), _) if self.tls => {
                Err("command not permitted when TLS active")
            }
            (Command::Login(_), _) => Err("already logged in"),
            (Command::Mail(command), State::Transaction) => transact(command, &mut self.view),
            (Command::Mail(_), _) => Err("log in first"),
        }
    }

    fn capabilities(&self) -> Result<Answer, &'static str> {
        if !self.config.capa {
            return Err("unknown command");
        }
        // RFC 2449 section 5: what holds in AUTHORIZATION is announced in TRANSACTION too.
        let lines = [
            ("USER\r\n", self.accepts_passwords()),
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
        self.state = State::Over;
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
            // Any name is welcome: it is PASS that refuses, and it does not say which of the two was wrong.
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
                self.log_in(name == self.config.username && digest == expected)
            }
            Login::Stls if self.tls => Err("command not permitted when TLS active"),
            Login::Stls if !self.config.stls => Err("STLS is not offered"),
            Login::Stls => {
                self.state = State::Handshake;
                Ok(Answer::line("+OK begin TLS negotiation"))
            }
        }
    }

    fn accepts_passwords(&self) -> bool {
        self.tls || self.config.allow_plaintext_login
    }

    fn log_in(&mut self, valid: bool) -> Result<Answer, &'static str> {
        // RFC 3206 section 5: the one refusal of a login that is about the credentials.
        if !valid {
            return Err("[AUTH] invalid credentials");
        }
        self.state = State::Transaction;
        Ok(contents(&self.view))
    }
}
