//! Exchanges: requests that need several commands, with no other command between them. Each
//! exchange is one entry of the queue and handles the server's replies itself.

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

/// An exchange in progress.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "every exchange is boxed")]
pub(crate) enum Exchange {
    Capabilities,
    StartTls(stls::Upgrade),
    Login(LoginRun),
}

/// An event that an exchange waits for.
pub(crate) enum Input {
    /// The exchange is next in the queue.
    Begin,
    /// The reply to the command that the exchange sent.
    Reply(Result<Reply, Error>),
    /// A line that begins with `+`, in reply to `AUTH` or to a response: the text after it.
    Challenge(Bytes),
    /// A line that exceeds the limit for challenges.
    Overlong(LimitError),
    /// There is time to continue a computation.
    Work,
    /// The TLS handshake finished.
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
    /// Requests a token from the application: the first token, or a fresh one after this refusal.
    RequestToken(Option<Box<AuthError>>),
    /// Reports a deviation that was tolerated, then does this step.
    Report(Quirk, Box<Step>),
    /// Ends the exchange.
    Done(Result<Reply, Error>),
    /// Ends the exchange; `CAPA` is sent again with the next batch.
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

    /// Checks that this exchange does not have to send a line that is too long.
    pub(crate) fn check_length(&self, limit: usize) -> Result<(), Misuse> {
        match self {
            Self::Login(run) => run.check_length(limit),
            Self::Capabilities | Self::StartTls(_) => Ok(()),
        }
    }

    /// Takes the plan of a login, if there is a new one.
    pub(crate) fn take_plan(&mut self) -> Option<LoginPlan> {
        match self {
            Self::Login(run) => run.take_plan(),
            Self::Capabilities | Self::StartTls(_) => None,
        }
    }

    /// Returns whether it runs a custom mechanism of the application.
    pub(crate) fn has_custom_mechanism(&self) -> bool {
        matches!(self, Self::Login(run) if run.has_custom_mechanism())
    }

    /// Returns the result that is already known if the connection ends before the exchange does.
    pub(crate) fn known_end(&self) -> Option<Error> {
        match self {
            Self::Login(run) => run.known_end(),
            Self::Capabilities | Self::StartTls(_) => None,
        }
    }

    /// Returns why this exchange is not allowed in the current phase; `None` if it is allowed.
    fn out_of_place(&self, context: &Context<'_>) -> Option<Misuse> {
        let verb = match self {
            Self::StartTls(_) if context.tls => return Some(Misuse::TlsActive),
            Self::StartTls(_) if context.utf8 => return Some(Misuse::StlsAfterUtf8),
            Self::Capabilities => Verb::Capa,
            Self::StartTls(_) => Verb::Stls,
            Self::Login(_) => Verb::User,
        };
        let phase = context.phase;
        (!verb.row().phases.contains(&phase)).then_some(Misuse::Phase { verb, phase })
    }

    /// Returns the next step. Secrets that are sent are added to `redactor`.
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
