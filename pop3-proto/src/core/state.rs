//! The state of the session: its phase, its channel, and what the server announced.
//!
//! [`Core`](super::Core) checks here whether a command is permitted before it sends the command,
//! and reports every reply here before the application gets it.

use alloc::boxed::Box;
use core::time::Duration;

use crate::capability::Capabilities;
use crate::channel::{Channel, NoEndPoint, TlsInfo};
use crate::command_line::CommandLine;
use crate::config::{Config, Pipelining};
use crate::confirm::Listed;
use crate::context::Context;
use crate::error::{AuthError, Error};
use crate::login_plan::{LoginPlan, Rejection};
use crate::method::Method;
use crate::misuse::Misuse;
use crate::phase::Phase;
use crate::quirk::Quirk;
use crate::refusal::Refusal;
use crate::reply::Greeting;
use crate::reply::{MailboxStat, Reply};
use crate::sasl::Binding;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// The phase, the channel, and what is known about the server.
#[derive(Debug)]
pub(super) struct State {
    phase: Phase,
    channel: Channel,
    tls: Tls,
    pub(super) server: Server,
    /// Whether a login succeeded. It stays true when the session ends.
    logged_in: bool,
}

#[derive(Debug)]
enum Tls {
    None,
    /// A TLS handshake is due or in progress: it uses the socket.
    Wanted,
    Established(TlsInfo),
}

/// What the server announced on this channel. STLS resets it (RFC 2595 section 4).
#[derive(Debug, Default)]
pub(super) struct Server {
    greeting: Option<Greeting>,
    capabilities: Option<Capabilities>,
    capa_answered: bool,
    /// The `-ERR` to the last `CAPA`, if it was refused.
    capa_refused: Option<Box<Refusal>>,
    pipelining: bool,
    /// Whether the last `USER` was accepted and no command except `CAPA` was answered after it.
    user_accepted: bool,
    /// Whether the server accepted `UTF8`.
    utf8: bool,
    /// The tag of the language that the server confirmed last.
    language: Option<Box<str>>,
    pub(super) stat: Option<MailboxStat>,
    pub(super) listed: Listed,
    /// The number of messages that were retrieved completely, and the number of octets of these and
    /// of the current message.
    pub(super) retrieved: (u64, u64),
    /// Whether messages are marked as deleted.
    deleted: bool,
}

/// Getters.
impl State {
    pub(super) fn new(channel: Channel) -> Self {
        let tls = match channel {
            Channel::ImplicitTls => Tls::Wanted,
            Channel::Plain | Channel::TrustedByCaller => Tls::None,
        };
        Self {
            phase: Phase::Greeting,
            channel,
            tls,
            server: Server::default(),
            logged_in: false,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn channel(&self) -> Channel {
        self.channel
    }

    /// Returns the result of the TLS handshake.
    pub(super) fn tls(&self) -> Option<&TlsInfo> {
        match &self.tls {
            Tls::Established(info) => Some(info),
            Tls::None | Tls::Wanted => None,
        }
    }

    pub(super) fn is_in_handshake(&self) -> bool {
        matches!(self.tls, Tls::Wanted)
    }

    pub(super) fn was_logged_in(&self) -> bool {
        self.logged_in
    }

    pub(super) fn greeting(&self) -> Option<&Greeting> {
        self.server.greeting.as_ref()
    }

    pub(super) fn capabilities(&self) -> Option<&Capabilities> {
        self.server.capabilities.as_ref()
    }

    /// Returns the listings that confirmations can use.
    pub(super) fn listed(&self) -> &Listed {
        &self.server.listed
    }

    /// Returns whether messages are marked as deleted.
    pub(super) fn has_deleted(&self) -> bool {
        self.server.deleted
    }

    /// Returns whether the server accepted `UTF8`.
    pub(super) fn utf8_mode(&self) -> bool {
        self.server.utf8
    }

    /// Returns the tag of the language that the server confirmed last.
    pub(super) fn language(&self) -> Option<&str> {
        self.server.language.as_deref()
    }

    /// Returns how long clients must wait between two logins, if the server advertises it.
    pub(super) fn login_delay(&self) -> Option<Duration> {
        let delay = self.capabilities()?.login_delay()?;
        Some(Duration::from_secs(delay.seconds.into()))
    }

    /// Returns the challenge for APOP in the greeting of this channel.
    pub(super) fn challenge(&self) -> Option<&[u8]> {
        let challenge = self.greeting()?.challenge.as_ref()?;
        Some(challenge.as_bytes())
    }

    /// Returns whether more than one command may be unanswered.
    pub(super) fn pipelines(&self, config: &Config) -> bool {
        match config.pipelining {
            Pipelining::Auto => self.server.pipelining,
            Pipelining::Always => true,
            Pipelining::Never => false,
        }
    }

    /// Returns whether the channel is protected from eavesdroppers on the network path.
    fn is_private(&self) -> bool {
        self.tls().is_some() || self.channel == Channel::TrustedByCaller
    }

    /// Returns whether TLS was started by STLS. The greeting was then received in cleartext.
    fn is_upgraded(&self) -> bool {
        self.tls().is_some() && self.channel == Channel::Plain
    }

    /// Returns the data for the channel binding of SCRAM, or why there is none. The exporter comes
    /// first, because it is different for each connection (RFC 9266 section 2).
    fn binding(&self) -> Result<Binding, Option<NoEndPoint>> {
        let info = self.tls().ok_or(None)?;
        match info.exporter {
            Some(exporter) => Ok(Binding::TlsExporter(exporter)),
            None => info.end_point.map(Binding::TlsServerEndPoint).map_err(Some),
        }
    }

    /// Returns the state that exchanges may use.
    pub(super) fn context<'a>(&'a self, config: &'a Config) -> Context<'a> {
        Context {
            config,
            capabilities: self.capabilities(),
            capa_answered: self.server.capa_answered,
            capa_refused: self.server.capa_refused.as_deref(),
            phase: self.phase,
            tls: self.tls().is_some(),
            utf8: self.server.utf8,
            private: self.is_private(),
            upgraded: self.is_upgraded(),
            challenge: self.challenge().is_some(),
            pipelining: self.pipelines(config),
            binding: self.binding(),
            abandoned: false,
            seed: None,
            request: 0,
        }
    }

    /// Checks whether a command may be sent now. Returns the deviation that this tolerates.
    pub(super) fn permits(
        &self,
        command: &CommandLine,
        config: &Config,
    ) -> Result<Option<Quirk>, Error> {
        let (verb, phase) = (command.verb, self.phase);
        if !verb.row().phases.contains(&phase) {
            return Err(Misuse::Phase { verb, phase }.into());
        }
        if verb == Verb::Pass && !self.server.user_accepted {
            return Err(Misuse::UserFirst.into());
        }
        let lists: Option<fn(&Capabilities) -> bool> = match verb {
            Verb::Utf8 => Some(Capabilities::utf8),
            Verb::Lang => Some(Capabilities::lang),
            _ => None,
        };
        if lists.is_some_and(|lists| !self.capabilities().is_some_and(lists)) {
            return Err(Misuse::NotAdvertised { verb }.into());
        }
        let private = self.is_private() || config.allow_insecure_login;
        let method = match verb {
            Verb::Apop => Method::Apop,
            Verb::User | Verb::Pass => Method::UserPass,
            _ => return Ok(None),
        };
        let refuse = |why| Err(AuthError::NoSafeLogin(LoginPlan::rejected(method, why)).into());
        match verb {
            _ if !private => refuse(Rejection::Cleartext),
            Verb::Apop if self.is_upgraded() => refuse(Rejection::ChallengeInClear),
            Verb::Apop if self.challenge().is_none() => refuse(Rejection::NoChallenge),
            _ => command
                .beyond_ascii(self.capabilities(), config.leniency)
                .map_err(|argument| Misuse::Argument(argument).into()),
        }
    }
}

/// Transitions.
impl State {
    /// Handles a greeting with `+OK`.
    pub(super) fn greeted(&mut self, greeting: Greeting) {
        self.phase.greeted();
        self.server.greeting = Some(greeting);
    }

    /// Handles the acceptance of `STLS`: the handshake begins.
    pub(super) fn start_tls(&mut self) {
        self.tls = Tls::Wanted;
    }

    /// Handles a successful handshake. Discards everything that the server announced in cleartext.
    pub(super) fn tls_established(&mut self, info: TlsInfo) {
        self.tls = Tls::Established(info);
        self.server = Server::default();
    }

    /// Handles a `+OK` to a command. The text of the reply may still be malformed.
    pub(super) fn accepted(&mut self, verb: Verb) {
        self.phase.answered(verb, true);
        self.logged_in |= self.phase == Phase::Transaction;
        self.note_user(verb, true);
    }

    /// Handles a `+OK` to a command of one line that may be a raw command.
    pub(super) fn line_accepted(&mut self, command: &CommandLine) {
        self.server.utf8 |= command.is(Verb::Utf8);
        if command.is(Verb::Lang) {
            // Unknown until `learn` has stored the language of the reply.
            self.server.language = None;
        }
    }

    /// Handles a `-ERR` to a command.
    pub(super) fn refused(&mut self, refusal: &Refusal) {
        self.phase.answered(refusal.verb, false);
        self.note_user(refusal.verb, false);
        // Keep the capabilities that were announced before.
        if refusal.verb == Verb::Capa {
            self.server.capa_answered = true;
            self.server.capa_refused = Some(Box::new(refusal.clone()));
        }
    }

    fn note_user(&mut self, verb: Verb, ok: bool) {
        if verb != Verb::Capa {
            self.server.user_accepted = verb == Verb::User && ok;
        }
    }

    /// Stores what the reply to an accepted command states about the server.
    pub(super) fn learn(&mut self, verb: Verb, number: Option<MessageNumber>, reply: &Reply) {
        let server = &mut self.server;
        match (verb, reply) {
            (Verb::Capa, Reply::Capabilities(Some(capabilities))) => {
                server.capa_answered = true;
                server.capa_refused = None;
                server.pipelining |= capabilities.pipelining();
                server.capabilities = Some(capabilities.clone());
            }
            (Verb::Lang, Reply::Language(language)) => {
                server.language = Some(language.tag.clone());
            }
            (Verb::Stat, Reply::Stat(stat)) => server.stat = Some(*stat),
            (Verb::List, Reply::Sizes(sizes)) if sizes.is_comparable() => {
                server.listed.learn_sizes(sizes);
            }
            (Verb::Uidl, Reply::UniqueIds(ids)) if ids.is_comparable() => {
                server.listed.learn_unique_ids(ids);
            }
            (Verb::Dele, _) => {
                server.deleted = true;
                server.listed.deleted.extend(number);
            }
            (Verb::Rset, _) => {
                server.deleted = false;
                server.listed.deleted.clear();
            }
            _ => {}
        }
    }

    /// Marks the listings as unconfirmed, because a message begins. The message and every later
    /// listing are unconfirmed.
    pub(super) fn message_begins(&mut self) {
        self.server.listed.unconfirmed = true;
    }

    /// Records the first message that may contain the reply to another command.
    pub(super) fn doubts(&mut self, number: MessageNumber) {
        self.server.listed.doubtful.get_or_insert(number);
    }

    /// Notes that all messages so far are confirmed.
    pub(super) fn confirmed(&mut self) {
        self.server.listed.unconfirmed = false;
    }

    /// Counts octets of a message that is being retrieved, and the message when it has ended.
    pub(super) fn retrieved(&mut self, octets: u64, ended: bool) {
        self.server.retrieved.0 += u64::from(ended);
        self.server.retrieved.1 += octets;
    }
}
