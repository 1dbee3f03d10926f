//! What is known of the channel and of the server, and what follows from it.

use alloc::boxed::Box;

use super::Greeting;
use super::queue::UNKNOWN_REPLY;
use crate::capability::{Capabilities, Epoch};
use crate::command::{Operand, Shape, Verb, Wire};
use crate::config::{Channel, Config};
use crate::confirm::Listed;
use crate::error::{AuthError, Error, Misuse, Refusal};
use crate::exchange::Context;
use crate::login::{LoginPlan, Method, Rejection};
use crate::phase::Phase;
use crate::quirk::Quirk;
use crate::reply::{DropListing, QuitOutcome, Reply};
use crate::tls::TlsInfo;
use crate::types::MessageNumber;

/// Octets that a message's header and a line of its body are likely to have.
const HEADER: u64 = 16 << 10;
const LINE: u64 = 80;

/// The channel and what is known of it. Reset by STLS.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) channel: Channel,
    pub(super) tls: Tls,
    /// Whether the first line ended in a bare LF.
    pub(super) lf_server: Option<bool>,
    /// Whether a line that ended in a bare LF was reported.
    pub(super) lf_reported: bool,
    pub(super) blank_lines: u8,
}

#[derive(Debug)]
pub(super) enum Tls {
    None,
    /// The socket belongs to the TLS handshake.
    Wanted,
    Established(TlsInfo),
}

/// What the server told on this channel.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    pub(super) greeting: Option<Greeting>,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) capa_answered: bool,
    /// The `-ERR` to the last `CAPA`, if it was one.
    pub(super) capa_refused: Option<Box<Refusal>>,
    pub(super) pipelining: bool,
    /// The last `USER` was accepted and nothing but `PASS` came behind it.
    pub(super) user_accepted: bool,
    pub(super) stat: Option<DropListing>,
    pub(super) listed: Listed,
    /// What was retrieved so far: whole messages, and the octets of them and of the present one.
    pub(super) retrieved: (u64, u64),
    /// Messages are marked as deleted.
    pub(super) deleted: bool,
}

impl Link {
    /// Whether nobody on the way can read what is sent.
    pub(super) fn is_private(&self) -> bool {
        matches!(self.tls, Tls::Established(_)) || self.channel == Channel::TrustedByCaller
    }

    /// When a capability list is told that is told now.
    pub(super) fn epoch(&self, phase: Phase) -> Epoch {
        match (phase, &self.tls) {
            (Phase::Transaction, _) => Epoch::LoggedIn,
            (_, Tls::Established(_)) => Epoch::Tls,
            (_, Tls::None | Tls::Wanted) => Epoch::Clear,
        }
    }

    /// Whether STLS was done on this connection.
    pub(super) fn is_upgraded(&self) -> bool {
        matches!(self.tls, Tls::Established(_)) && self.channel == Channel::Plain
    }
}

impl Knowledge {
    /// The challenge for APOP in the greeting that came in this channel.
    pub(super) fn challenge(&self) -> Option<&[u8]> {
        let challenge = self.greeting.as_ref()?.challenge.as_ref()?;
        Some(challenge.as_bytes())
    }

    pub(super) fn context<'a>(
        &'a self,
        config: &'a Config,
        phase: Phase,
        link: &Link,
        pipelining: bool,
    ) -> Context<'a> {
        Context {
            config,
            capabilities: self.capabilities.as_ref(),
            capa_answered: self.capa_answered,
            capa_refused: self.capa_refused.as_deref(),
            phase,
            tls: matches!(link.tls, Tls::Established(_)),
            private: link.is_private(),
            upgraded: link.is_upgraded(),
            challenge: self.challenge().is_some(),
            pipelining,
            exporter: match &link.tls {
                Tls::Established(info) => info.exporter,
                Tls::None | Tls::Wanted => None,
            },
            abandoned: false,
            seed: None,
            request: 0,
        }
    }

    /// Whether a command may be written now, and what is odd about it.
    pub(super) fn permits(
        &self,
        wire: &Wire,
        phase: Phase,
        link: &Link,
        config: &Config,
    ) -> Result<Option<Quirk>, Error> {
        let verb = wire.verb;
        if !verb.row().phases.contains(&phase) {
            return Err(Misuse::Phase { verb, phase }.into());
        }
        if verb == Verb::Pass && !self.user_accepted {
            return Err(Misuse::UserFirst.into());
        }
        let private = link.is_private() || config.allow_insecure_login;
        let method = match verb {
            Verb::Apop => Method::Apop,
            Verb::User | Verb::Pass => Method::UserPass,
            _ => return Ok(None),
        };
        let refuse = |why| Err(AuthError::NoSafeLogin(LoginPlan::rejected(method, why)).into());
        match verb {
            _ if !private => refuse(Rejection::Cleartext),
            Verb::Apop if link.is_upgraded() => refuse(Rejection::ChallengeInClear),
            Verb::Apop if self.challenge().is_none() => refuse(Rejection::NoChallenge),
            _ => wire
                .beyond_ascii(self.capabilities.as_ref(), config.leniency)
                .map_err(|argument| Misuse::Argument(argument).into()),
        }
    }

    /// The size that `LIST` gave for the message whose text a command asks for.
    pub(super) fn listed_octets(&self, wire: &Wire) -> Option<u64> {
        let number = wire.number().filter(|_| wire.shape == Shape::Stream)?;
        // In any other order a look-up would walk through it all.
        let sizes = self
            .listed
            .sizes
            .as_ref()
            .filter(|sizes| sizes.is_ascending());
        sizes?.get(number)?.octets
    }

    /// How many octets the reply to a command is likely to have, and the size that was listed for its
    /// message.
    pub(super) fn octets(&self, wire: &Wire) -> (u64, Option<u64>) {
        let listed = self.listed_octets(wire);
        (self.expected_octets(wire, listed), listed)
    }

    fn expected_octets(&self, wire: &Wire, listed: Option<u64>) -> u64 {
        match wire.verb {
            Verb::Retr | Verb::Top => {}
            Verb::List | Verb::Uidl if wire.number().is_none() => {}
            _ => return 0,
        }
        let mean = || {
            let stat = self.stat.as_ref()?;
            stat.octets?.checked_div(u64::from(stat.messages))
        };
        let so_far = || self.retrieved.1.checked_div(self.retrieved.0);
        let whole = listed
            .or_else(mean)
            .or_else(so_far)
            .unwrap_or(UNKNOWN_REPLY);
        match wire.operand {
            Operand::Top(_, lines) => whole.min(HEADER + LINE * u64::from(lines)),
            _ => whole,
        }
    }

    /// Remembers what a reply tells about the server.
    pub(super) fn learn(
        &mut self,
        verb: Verb,
        number: Option<MessageNumber>,
        epoch: Epoch,
        result: &mut Result<Reply, Error>,
    ) {
        // A malformed value stands in a `+OK` all the same.
        let ok = !matches!(result, Err(Error::Refused(_)));
        if verb != Verb::Capa {
            self.user_accepted = verb == Verb::User && ok;
        }
        if let Ok(Reply::Capabilities(told)) = result {
            *told = told.take().map(|capabilities| capabilities.at(epoch));
        }
        match (verb, &*result) {
            (Verb::Capa, Ok(Reply::Capabilities(Some(capabilities)))) => {
                self.capa_answered = true;
                self.capa_refused = None;
                self.pipelining |= capabilities.pipelining();
                self.capabilities = Some(capabilities.clone());
            }
            // "I do not say" takes nothing back that was said.
            (Verb::Capa, _) => {
                self.capa_answered = true;
                let known = Ok(Reply::Capabilities(self.capabilities.clone()));
                self.capa_refused = match core::mem::replace(result, known) {
                    Err(Error::Refused(refusal)) => Some(refusal),
                    _ => None,
                };
            }
            (Verb::AuthMechanisms, Err(Error::Refused(_))) => {
                *result = Ok(Reply::Mechanisms(None));
            }
            (Verb::Quit, Err(Error::Refused(refusal))) => {
                let reply = (**refusal).clone().into();
                *result = Ok(Reply::Quit(QuitOutcome::Refused(reply)));
            }
            (Verb::Stat, Ok(Reply::Stat(stat))) => self.stat = Some(*stat),
            (Verb::List, Ok(Reply::Sizes(sizes))) if !sizes.is_after_dele() => {
                self.listed.sizes = Some(sizes.clone());
            }
            (Verb::Uidl, Ok(Reply::UniqueIds(ids))) if !ids.is_after_dele() => {
                self.listed.unique_ids = Some(ids.clone());
            }
            (Verb::Dele, Ok(_)) => {
                self.deleted = true;
                self.listed.deleted.extend(number);
            }
            (Verb::Rset, Ok(_)) => {
                self.deleted = false;
                self.listed.deleted.clear();
            }
            _ => {}
        }
    }
}
