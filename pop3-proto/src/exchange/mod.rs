//! Exchanges: what takes several commands and must not be overtaken. Each is one entry of the
//! queue and answers the server by itself.

mod auth;
mod capabilities;
mod login;
mod rejected;
mod stls;

pub(crate) use login::LoginRun;
pub(crate) use login::plan as plan_login;

use alloc::boxed::Box;

use bytes::Bytes;

use crate::command_line::{Arguments, CommandLine, ResponseLine};
use crate::context::Context;
use crate::error::{AuthError, Error, LimitError};
use crate::login::Login;
use crate::login_plan::LoginPlan;
use crate::misuse::Misuse;
use crate::quirk::Quirk;
use crate::redact::Redactor;
use crate::reply::Reply;
use crate::secret::Secret;
use crate::verb::Verb;

/// An exchange under way.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "every exchange is boxed")]
pub(crate) enum Exchange {
    Capabilities,
    StartTls(stls::Upgrade),
    Login(LoginRun),
}

/// What happened that an exchange waits for.
pub(crate) enum Input {
    /// Its turn has come.
    Begin,
    /// The reply to the command that it sent.
    Reply(Result<Reply, Error>),
    /// A line that begins with `+`, in answer to `AUTH` or to a response: the text after it.
    Challenge(Bytes),
    /// A line that is longer than a challenge may be.
    Overlong(LimitError),
    /// There is time to continue a computation.
    Work,
    /// TLS is in place.
    Tls,
    /// The token that the application was asked for, or why it has none.
    Token(Result<Secret, Box<str>>),
}

/// What an exchange does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Sends a command and waits for its reply.
    Send(CommandLine),
    /// Answers a challenge and waits for the reply.
    Respond(ResponseLine),
    /// Waits for the TLS handshake.
    StartTls,
    /// Sends `*`, and ends the connection when that was sent.
    Abort(Error),
    /// Continues a computation when there is time.
    Work,
    /// Requests a token from the application: the first one, or a fresh one after this refusal.
    RequestToken(Option<Box<AuthError>>),
    /// Reports a deviation that was tolerated, then does this step.
    Report(Quirk, Box<Step>),
    /// Is done.
    Done(Result<Reply, Error>),
    /// Is done; `CAPA` is sent again with the next batch.
    DoneThenCapa(Reply),
    /// Ends the connection.
    Fatal(Error),
}

impl Exchange {
    pub(crate) fn start_tls() -> Self {
        Self::StartTls(stls::Upgrade::Capa)
    }

    pub(crate) fn login(login: Login) -> Self {
        Self::Login(LoginRun::new(login))
    }

    /// Refuses an exchange that would have to send a line too long for the server.
    pub(crate) fn check_length(&self, limit: usize) -> Result<(), Misuse> {
        match self {
            Self::Login(run) => run.check_length(limit),
            Self::Capabilities | Self::StartTls(_) => Ok(()),
        }
    }

    /// What a login decided since the last look.
    pub(crate) fn take_plan(&mut self) -> Option<LoginPlan> {
        match self {
            Self::Login(run) => run.take_plan(),
            Self::Capabilities | Self::StartTls(_) => None,
        }
    }

    /// Whether a mechanism of the application runs in it.
    pub(crate) fn has_custom_mechanism(&self) -> bool {
        matches!(self, Self::Login(run) if run.has_custom_mechanism())
    }

    /// The result that is known already, should the connection end before the exchange.
    pub(crate) fn known_end(&self) -> Option<Error> {
        match self {
            Self::Login(run) => run.known_end(),
            Self::Capabilities | Self::StartTls(_) => None,
        }
    }

    /// Why this exchange is not possible in the present phase.
    fn out_of_place(&self, context: &Context<'_>) -> Option<Misuse> {
        let verb = match self {
            Self::StartTls(_) if context.tls => return Some(Misuse::TlsActive),
            Self::Capabilities => Verb::Capa,
            Self::StartTls(_) => Verb::Stls,
            Self::Login(_) => Verb::User,
        };
        let phase = context.phase;
        (!verb.row().phases.contains(&phase)).then_some(Misuse::Phase { verb, phase })
    }

    /// Takes the next step. `redactor` learns what is sent.
    pub(crate) fn step(
        &mut self,
        context: &Context<'_>,
        input: Input,
        redactor: &mut Redactor,
    ) -> Step {
        if let (Input::Begin, Some(misuse)) = (&input, self.out_of_place(context)) {
            return Step::Done(Err(misuse.into()));
        }
        match self {
            Self::Capabilities => capabilities::step(context, input),
            Self::StartTls(upgrade) => upgrade.step_alone(context, input),
            Self::Login(run) => run.step(context, input, redactor),
        }
    }
}

fn send(verb: Verb) -> Step {
    Step::Send(CommandLine::new(verb, Arguments::None))
}
