//! Logging in: TLS first, then the safest way that the policy allows.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::stls::{self, Upgrade};
use super::{Context, Exchange, Input, Step, send};
use crate::command::{Apop, Command, Operand, Request, Sealed, Verb, Whole, Wire, command};
use crate::config::{CapaPolicy, StlsPolicy};
use crate::error::{AuthError, Error, Misuse, NoSafeLogin};
use crate::reply::Reply;
use crate::secret::Secret;
use crate::status::Status;
use crate::types::Username;

/// Logs in: one entry of the queue, which nothing submitted later can overtake.
///
/// On a [`Channel::Plain`](crate::Channel::Plain) connection it starts TLS first, unless
/// [`Config::stls`](crate::Config::stls) is off; credentials in clear need
/// [`Config::allow_insecure_login`](crate::Config::allow_insecure_login). A server that says no is
/// [`Error::Auth`], which keeps its words; the connection can be used for another login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    username: Username,
    secret: Secret,
    policy: LoginPolicy,
}

impl Login {
    /// A login with a name and a password as they come from a user, under the default policy.
    ///
    /// # Errors
    ///
    /// As [`Username::new`] and [`Secret::new`].
    pub fn new(username: impl Into<String>, password: impl Into<Vec<u8>>) -> Result<Self, Misuse> {
        Ok(Self::password(
            Username::new(username)?,
            Secret::new(password)?,
        ))
    }

    /// A login with a password, under the default policy.
    pub fn password(username: Username, secret: Secret) -> Self {
        Self {
            username,
            secret,
            policy: LoginPolicy::default(),
        }
    }

    /// The same login under another policy.
    #[must_use]
    pub fn with_policy(self, policy: LoginPolicy) -> Self {
        Self { policy, ..self }
    }
}

command!(Whole Login => Status, |this| Request::Exchange(Box::new(Exchange::Login(Run { login: this, state: State::Start }))), Reply::Status);

/// Which ways to log in are tried, and in which order. One attempt: there is no falling back after
/// a refusal.
///
/// The default: TLS first, then `USER` and `PASS`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoginPolicy {
    order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Order {
    /// TLS, then USER and PASS.
    #[default]
    Password,
    /// TLS, then APOP if the greeting came in this channel with a challenge, else USER and PASS.
    PreferApop,
    /// APOP or nothing, on the channel as it is.
    ApopOnly,
    /// What Twisted's `AdvancedPOP3Client` does.
    Twisted,
}

impl LoginPolicy {
    /// TLS first; then APOP where the greeting came inside this channel and holds a challenge, else
    /// `USER` and `PASS`.
    pub fn prefer_apop() -> Self {
        Self {
            order: Order::PreferApop,
        }
    }

    /// APOP, or no login: for a server that takes nothing else. TLS is as in the default policy,
    /// and APOP after STLS is refused, since the challenge came in clear.
    pub fn apop_only() -> Self {
        Self {
            order: Order::ApopOnly,
        }
    }

    /// The order of Twisted's `AdvancedPOP3Client`: APOP if the greeting holds a challenge, even in
    /// clear; else STLS if it is listed; else `USER` and `PASS` if the channel is private or
    /// `allow_insecure_login` is set; else nothing.
    ///
    /// This names APOP in clear: who can change octets on the way can recover the password from
    /// it. Unlike Twisted's, challenges must be msg-ids.
    pub fn twisted() -> Self {
        Self {
            order: Order::Twisted,
        }
    }

    /// Whether the credentials of APOP may leave in clear.
    fn names_apop_in_clear(&self) -> bool {
        self.order == Order::Twisted
    }
}

/// A login under way.
#[derive(Debug)]
pub(crate) struct Run {
    login: Login,
    state: State,
}

#[derive(Debug)]
enum State {
    Start,
    Upgrading(Upgrade),
    /// Capabilities are read on a channel that stays as it is.
    Capa,
    Apop,
    User,
    Pass,
    /// Logged in; the capabilities of a logged-in session are read before the login is reported.
    CapaAfter(Reply),
}

impl Run {
    /// The command lines that this login may send, for a check of their lengths.
    pub(super) fn wires(&self) -> impl Iterator<Item = Wire> {
        let order = self.login.policy.order;
        let password = (order != Order::ApopOnly).then(|| [self.user(), self.pass()]);
        let apop = (order != Order::Password).then(|| self.apop().ok());
        password.into_iter().flatten().chain(apop.flatten())
    }

    fn apop(&self) -> Result<Wire, Misuse> {
        let Login {
            username, secret, ..
        } = self.login.clone();
        Apop::new(username, secret).map(Apop::wire)
    }

    fn user(&self) -> Wire {
        Wire::new(Verb::User, Operand::Name(self.login.username.clone()))
    }

    fn pass(&self) -> Wire {
        Wire::new(Verb::Pass, Operand::Secret(self.login.secret.clone()))
    }

    pub(super) fn step(&mut self, context: &Context<'_>, input: Input) -> Step {
        // The state is taken: each arm says what the next one is.
        match (core::mem::replace(&mut self.state, State::Start), input) {
            (State::Start, _) => self.start(context),
            (State::Upgrading(mut upgrade), input) => match upgrade.step(context, input) {
                Some(Step::Done(result)) => Step::Fatal(match result {
                    Err(error) => stls::refused(error),
                    Ok(_) => crate::error::SecurityError::StlsUnavailable.into(),
                }),
                Some(step) => {
                    self.state = State::Upgrading(upgrade);
                    step
                }
                None => self.choose(context),
            },
            (State::Capa, _) => self.after_capa(context),
            (State::User, Input::Reply(Ok(_))) => {
                self.state = State::Pass;
                Step::Send(self.pass())
            }
            (State::Apop | State::Pass, Input::Reply(Ok(reply))) => self.logged_in(context, reply),
            (State::CapaAfter(reply), _) => Step::Done(Ok(reply)),
            (_, Input::Reply(Err(error))) => Step::Done(Err(rejected(error))),
            (_, Input::Begin | Input::Tls) => self.choose(context),
        }
    }

    /// Whether this login starts TLS whatever the server lists.
    fn upgrades(&self, context: &Context<'_>) -> bool {
        !context.private
            && context.config.stls == StlsPolicy::Required
            && self.login.policy.order != Order::Twisted
    }

    fn start(&mut self, context: &Context<'_>) -> Step {
        if self.upgrades(context) {
            return self.upgrade(context);
        }
        if context.wants_capa() {
            self.state = State::Capa;
            return send(Verb::Capa);
        }
        self.after_capa(context)
    }

    fn upgrade(&mut self, context: &Context<'_>) -> Step {
        let mut upgrade = Upgrade::Capa;
        match upgrade.step(context, Input::Begin) {
            Some(step) => {
                self.state = State::Upgrading(upgrade);
                step
            }
            None => self.choose(context),
        }
    }

    fn after_capa(&mut self, context: &Context<'_>) -> Step {
        let listed = context.capabilities.is_some_and(crate::Capabilities::stls);
        let twisted = self.login.policy.order == Order::Twisted;
        if twisted
            && !context.challenge
            && !context.private
            && context.config.stls == StlsPolicy::Required
            && listed
        {
            return self.upgrade(context);
        }
        self.choose(context)
    }

    /// The channel is as private as it will be: which way to log in?
    fn choose(&mut self, context: &Context<'_>) -> Step {
        let apop = match self.login.policy.order {
            Order::Password => false,
            Order::ApopOnly if context.upgraded => {
                return unsafe_login(NoSafeLogin::ChallengeInClear);
            }
            Order::ApopOnly if !context.challenge => return unsafe_login(NoSafeLogin::NoChallenge),
            Order::ApopOnly => true,
            Order::PreferApop | Order::Twisted => context.challenge,
        };
        let allowed = context.private
            || context.config.allow_insecure_login
            || (apop && self.login.policy.names_apop_in_clear());
        if !allowed {
            return unsafe_login(NoSafeLogin::Cleartext);
        }
        if apop {
            return match self.apop() {
                Ok(wire) => {
                    self.state = State::Apop;
                    Step::Send(wire)
                }
                Err(misuse) => Step::Done(Err(misuse.into())),
            };
        }
        self.state = State::User;
        Step::Send(self.user())
    }

    fn logged_in(&mut self, context: &Context<'_>, reply: Reply) -> Step {
        // A server that does not know CAPA is not asked again; Twisted never asks again.
        if context.capabilities.is_none()
            || context.config.capa == CapaPolicy::Never
            || self.login.policy.order == Order::Twisted
        {
            return Step::Done(Ok(reply));
        }
        if context.pipelining {
            return Step::DoneThenCapa(reply);
        }
        self.state = State::CapaAfter(reply);
        send(Verb::Capa)
    }
}

fn unsafe_login(why: NoSafeLogin) -> Step {
    Step::Done(Err(AuthError::NoSafeLogin(why).into()))
}

/// A `-ERR` to a login is about the login, not about the command.
fn rejected(error: Error) -> Error {
    match error {
        Error::Refused(refusal) => AuthError::Rejected(*refusal).into(),
        other => other,
    }
}
