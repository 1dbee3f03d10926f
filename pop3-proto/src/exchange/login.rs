//! Logging in: TLS first, then the safest method that the policy allows.

use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use super::auth::{Auth, Outcome, Seen};
use super::rejected::{Understood, instead_of, understand};
use super::stls::{self, Upgrade};
use super::{Input, Step, send};
use crate::command_line::{CommandLine, ResponseLine};
use crate::config::{CapaPolicy, StlsPolicy};
use crate::context::Context;
use crate::error::{AuthError, Error, LimitError, Limited, ProtocolError, SecurityError};
use crate::login::{ConcreteMethod, Login};
use crate::login_plan::{LoginPlan, Rejection, Verdict};
use crate::method::Method;
use crate::misuse::Misuse;
use crate::redact::Redactor;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::sasl::{OAuthError, SaslError};
use crate::secret::Secret;
use crate::status::ErrReply;
use crate::verb::Verb;

/// A login in progress.
#[derive(Debug)]
pub(crate) struct LoginRun {
    login: Login,
    state: State,
    /// The plan, until the connection takes it.
    plan: Option<LoginPlan>,
    /// The method in use.
    concrete: Option<ConcreteMethod>,
    /// The methods that were refused.
    tried: Vec<Method>,
    /// The last refusal, which is reported if no later attempt gets a result.
    refused: Option<AuthError>,
    /// The token that the application provided, and whether a fresh one was requested.
    token: Option<Secret>,
    refreshed: bool,
    attempts: u32,
    /// Whether `UTF8` was sent. It is sent at most once.
    utf8_sent: bool,
    /// The length of the longest line of `USER` and `PASS`, or of `APOP`, in octets.
    longest_line: usize,
}

#[derive(Debug)]
enum State {
    Start,
    Upgrading(Upgrade),
    /// `CAPA` was sent, and the login does not start TLS.
    Capa,
    /// `UTF8` was sent, before the credentials.
    Utf8,
    /// `USER` was sent. Contains the `PASS` command to send next.
    User(CommandLine),
    /// The command that logs in was sent: `PASS` or `APOP`.
    Last,
    /// The server answered `PASS` with this challenge, and the client sent an empty line.
    ExtraChallenge(Box<OAuthError>),
    Auth(Box<Auth>),
    /// Waiting for a token from the application: the first one, or a fresh one for this login
    /// method.
    Token(Option<ConcreteMethod>),
    /// Logged in. `CAPA` was sent, because the capabilities may differ after a login. The login is
    /// reported after the reply.
    CapaAfter(Reply),
}

impl LoginRun {
    pub(crate) fn new(login: Login) -> Self {
        Self {
            login,
            state: State::Start,
            plan: None,
            concrete: None,
            tried: Vec::new(),
            refused: None,
            token: None,
            refreshed: false,
            attempts: 0,
            utf8_sent: false,
            longest_line: 0,
        }
    }

    #[cfg(feature = "record")]
    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    pub(super) fn check_length(&self, limit: usize) -> Result<(), Misuse> {
        self.login.check_length(limit)
    }

    /// Takes the plan, if there is a new one.
    pub(super) fn take_plan(&mut self) -> Option<LoginPlan> {
        self.plan.take()
    }

    pub(super) fn has_custom_mechanism(&self) -> bool {
        self.login.has_custom_mechanism()
    }

    /// Returns the result that is already known if the connection ends before the login does: why
    /// the exchange was cancelled, or the last refusal.
    pub(super) fn known_end(&self) -> Option<Error> {
        let broken_off = match (&self.state, &self.concrete) {
            (State::Auth(auth), _) => auth.cancelled(),
            (State::ExtraChallenge(said), Some(concrete)) => Some((
                concrete.name.clone(),
                SaslError::ExtraChallenge(said.clone()),
            )),
            _ => None,
        };
        let broken_off = broken_off.map(|(name, cause)| AuthError::BrokenOff {
            name,
            cause,
            reply: ErrReply::default(),
            try_instead: None,
        });
        broken_off.or_else(|| self.refused.clone()).map(Error::from)
    }

    pub(super) fn step(
        &mut self,
        context: &Context<'_>,
        input: Input,
        redactor: &mut Redactor,
    ) -> Step {
        // `replace` resets the state, so each arm must set the next state.
        match (core::mem::replace(&mut self.state, State::Start), input) {
            (State::Start, _) => self.start(context, redactor),
            (State::Upgrading(mut upgrade), input) => match upgrade.step(context, input) {
                Some(Step::Done(result)) => Step::Fatal(match result {
                    Err(error) => stls::refused(error),
                    Ok(_) => stls::unavailable(context),
                }),
                Some(step) => {
                    self.state = State::Upgrading(upgrade);
                    step
                }
                None => self.choose(context, redactor),
            },
            (State::Capa, _) => self.after_capa(context, redactor),
            // The server may refuse `UTF8` although it advertises it.
            (State::Utf8, Input::Reply(Ok(_) | Err(Error::Refused(_)))) => {
                self.choose(context, redactor)
            }
            (State::User(pass), Input::Reply(Ok(_))) => {
                self.state = State::Last;
                Step::Send(pass)
            }
            (State::Last, Input::Reply(Ok(reply))) => self.logged_in(context, reply),
            (State::User(_) | State::Last, Input::Reply(Err(Error::Refused(refusal)))) => {
                let seen = Seen {
                    responses: 1,
                    challenged: false,
                    longest_line: self.longest_line,
                };
                self.rejected(context, redactor, *refusal, None, seen)
            }
            (State::Last, Input::Challenge(text)) => self.extra_challenge(context, redactor, &text),
            (State::ExtraChallenge(said), input) => {
                self.after_extra_challenge(context, redactor, said, input)
            }
            (State::Auth(auth), input) => self.authenticate(context, redactor, auth, input),
            (State::Token(concrete), Input::Token(token)) => {
                self.token_provided(context, redactor, concrete, token)
            }
            (State::CapaAfter(reply), _) => Step::Done(Ok(reply)),
            (_, Input::Reply(Err(error))) => Step::Done(Err(error)),
            // No other combination occurs. If one did, nothing more must be sent.
            (_, _) => Step::Done(Err(no_method(LoginPlan::default()))),
        }
    }

    fn authenticate(
        &mut self,
        context: &Context<'_>,
        redactor: &mut Redactor,
        mut auth: Box<Auth>,
        input: Input,
    ) -> Step {
        match auth.step(context, input, redactor) {
            Outcome::Goes(step) => {
                self.state = State::Auth(auth);
                step
            }
            Outcome::LoggedIn(reply) => self.logged_in(context, reply),
            Outcome::Refused {
                refusal,
                oauth,
                seen,
            } => self.rejected(context, redactor, refusal, oauth, seen),
            Outcome::BrokenOff {
                cause,
                reply,
                responses,
            } => {
                let refused = matches!(cause, SaslError::ServerError(_)) && responses < 2;
                let concrete = self.concrete.as_ref();
                let try_instead = concrete.and_then(|concrete| instead_of(concrete, context));
                let error = AuthError::BrokenOff {
                    name: auth.into_name(),
                    cause,
                    reply,
                    try_instead: try_instead.filter(|_| refused),
                };
                Step::Done(Err(error.into()))
            }
        }
    }

    /// Answers a challenge in reply to `PASS` with an empty line. No RFC defines such a challenge:
    /// a proxy that logs in to another server with a token forwards that server's error. The other
    /// server waits for an empty line, which ends its exchange. Its `-ERR` is then the reply to
    /// `PASS`. An empty line reveals no secret.
    fn extra_challenge(&mut self, context: &Context<'_>, redactor: &Redactor, text: &[u8]) -> Step {
        let limit = context.config.limits.challenge_octets;
        if text.len() > limit {
            return Step::Fatal(LimitError::new(Limited::ChallengeOctets, limit).into());
        }
        let said = OAuthError::unexpected(text, redactor);
        self.state = State::ExtraChallenge(Box::new(said));
        Step::Respond(ResponseLine::empty_to_pass())
    }

    /// Handles the reply after the empty line. `+OK` is not accepted as a login, because it may be
    /// the reply to `PASS` or to the empty line.
    fn after_extra_challenge(
        &mut self,
        context: &Context<'_>,
        redactor: &mut Redactor,
        said: Box<OAuthError>,
        input: Input,
    ) -> Step {
        match input {
            Input::Reply(Err(Error::Refused(refusal))) => {
                let seen = Seen {
                    responses: 1,
                    challenged: true,
                    longest_line: self.longest_line,
                };
                self.rejected(context, redactor, *refusal, Some(*said), seen)
            }
            Input::Reply(Err(error)) => Step::Done(Err(error)),
            Input::Reply(Ok(_)) => Step::Fatal(SecurityError::UnexpectedSuccess.into()),
            _ => {
                let mechanism = self.concrete.as_ref().map(|concrete| concrete.name.clone());
                let mechanism = mechanism.unwrap_or_else(|| Verb::Pass.to_string().into());
                let cause = SaslError::ExtraChallenge(said);
                Step::Fatal(ProtocolError::Sasl { mechanism, cause }.into())
            }
        }
    }

    fn start(&mut self, context: &Context<'_>, redactor: &mut Redactor) -> Step {
        self.login.names().for_each(|name| redactor.allow(name));
        if upgrades(&self.login, context) {
            return self.upgrade(context, redactor);
        }
        if context.wants_capa() {
            self.state = State::Capa;
            return send(Verb::Capa);
        }
        self.after_capa(context, redactor)
    }

    fn upgrade(&mut self, context: &Context<'_>, redactor: &mut Redactor) -> Step {
        if context.utf8 {
            return Step::Done(Err(Misuse::StlsAfterUtf8.into()));
        }
        let mut upgrade = Upgrade::Capa;
        match upgrade.step(context, Input::Begin) {
            Some(step) => {
                self.state = State::Upgrading(upgrade);
                step
            }
            None => self.choose(context, redactor),
        }
    }

    fn after_capa(&mut self, context: &Context<'_>, redactor: &mut Redactor) -> Step {
        if twisted_upgrades(&self.login, context) {
            return self.upgrade(context, redactor);
        }
        self.choose(context, redactor)
    }

    /// Selects a login method, after TLS was started or skipped.
    fn choose(&mut self, context: &Context<'_>, redactor: &mut Redactor) -> Step {
        let (plan, concrete) = self.plan(context);
        // Sent only if a method can be used, and after TLS was started.
        if concrete.is_some()
            && context.wants_utf8()
            && !core::mem::replace(&mut self.utf8_sent, true)
        {
            self.state = State::Utf8;
            return send(Verb::Utf8);
        }
        // A token is requested only if a method can use it.
        if concrete.is_some() && self.token.is_none() && self.login.requests_token() {
            return self.request_token(context, None, None);
        }
        self.plan = Some(plan.clone());
        match concrete {
            Some(concrete) => self.take(context, redactor, concrete),
            None => Step::Done(Err(match self.refused.take() {
                Some(refused) => refused.into(),
                None => no_method(plan),
            })),
        }
    }

    fn plan(&self, context: &Context<'_>) -> (LoginPlan, Option<ConcreteMethod>) {
        self.login.plan(context, self.token.as_ref(), &self.tried)
    }

    /// Starts a login method.
    fn take(
        &mut self,
        context: &Context<'_>,
        redactor: &mut Redactor,
        concrete: ConcreteMethod,
    ) -> Step {
        self.attempts += 1;
        self.concrete = Some(concrete.clone());
        if concrete.method.is_sasl() {
            return match self.auth(context, redactor, &concrete) {
                Ok(mut auth) => {
                    let step = auth.begin(context, redactor);
                    self.state = State::Auth(Box::new(auth));
                    step
                }
                Err(misuse) => Step::Done(Err(misuse.into())),
            };
        }
        let mut lines = match self.login.lines(concrete.method) {
            Ok(lines) => lines,
            Err(misuse) => return Step::Done(Err(misuse.into())),
        };
        // Under `Leniency::Strict` this was rejected earlier.
        let leniency = context.config.leniency;
        let quirk = lines
            .iter()
            .find_map(|line| line.beyond_ascii(context.capabilities, leniency).ok()?);
        self.longest_line = lines.iter().map(CommandLine::octets).max().unwrap_or(0);
        let last = lines.pop();
        let first = match (lines.pop(), last) {
            (Some(user), Some(pass)) => {
                self.state = State::User(pass);
                Step::Send(user)
            }
            (None, Some(only)) => {
                self.state = State::Last;
                Step::Send(only)
            }
            (_, None) => {
                let plan = LoginPlan::rejected(concrete.method, Rejection::OtherCredentials);
                return Step::Done(Err(AuthError::NoSafeLogin(plan).into()));
            }
        };
        match quirk {
            Some(quirk) => Step::Report(quirk, Box::new(first)),
            None => first,
        }
    }

    fn auth(
        &mut self,
        context: &Context<'_>,
        redactor: &mut Redactor,
        concrete: &ConcreteMethod,
    ) -> Result<Auth, Misuse> {
        let custom = self.login.take_custom();
        let nonce = concrete.method.scram().and_then(|_| {
            let given = self.login.take_nonce();
            given.or_else(|| context.nonce(self.attempts))
        });
        let secret = self.login.secret().or(self.token.as_ref());
        let mechanism = match custom {
            Some(custom) => custom,
            None => self
                .login
                .make(concrete, secret, nonce)?
                .ok_or(Misuse::NoSeed)?,
        };
        if let Some(secret) = secret {
            redactor.note_secret(secret.expose());
        }
        Ok(Auth::new(mechanism, concrete.name.clone()))
    }

    /// Handles a refusal: ends the login, unless a fresh token or the next method may help.
    fn rejected(
        &mut self,
        context: &Context<'_>,
        redactor: &mut Redactor,
        refusal: Refusal,
        oauth: Option<OAuthError>,
        seen: Seen,
    ) -> Step {
        let Some(concrete) = self.concrete.take() else {
            return Step::Done(Err(refusal.into()));
        };
        let Understood {
            error,
            stale,
            about_login,
        } = understand(&concrete, context, refusal, oauth, seen);
        if context.abandoned {
            return Step::Done(Err(error.into()));
        }
        if stale && self.login.requests_token() && !core::mem::replace(&mut self.refreshed, true) {
            return self.request_token(context, Some(concrete), Some(error));
        }
        if about_login && self.login.policy().goes_on() {
            self.tried.push(concrete.method);
            self.refused = Some(error);
            return self.choose(context, redactor);
        }
        Step::Done(Err(error.into()))
    }

    /// Requests a token from the application: the first one, or a fresh one for the login method
    /// whose token was refused.
    fn request_token(
        &mut self,
        context: &Context<'_>,
        concrete: Option<ConcreteMethod>,
        refused: Option<AuthError>,
    ) -> Step {
        // The application abandoned the login and will not provide a token.
        if context.abandoned {
            return Step::Done(Err(no_token("the login was abandoned".into(), refused)));
        }
        self.state = State::Token(concrete);
        self.refused.clone_from(&refused);
        Step::RequestToken(refused.map(Box::new))
    }

    /// Continues with the token that was requested for this login method. If there is no method
    /// yet, this is the first token, and the method is selected now.
    fn token_provided(
        &mut self,
        context: &Context<'_>,
        redactor: &mut Redactor,
        concrete: Option<ConcreteMethod>,
        token: Result<Secret, Box<str>>,
    ) -> Step {
        let token = match token {
            Ok(token) => token,
            Err(why) => return Step::Done(Err(no_token(why, self.refused.take()))),
        };
        let Some(concrete) = concrete else {
            self.token = Some(token);
            return self.choose(context, redactor);
        };
        if let Err(misuse) = self.login.make(&concrete, Some(&token), None) {
            let why = misuse.to_string().into();
            return Step::Done(Err(no_token(why, self.refused.take())));
        }
        self.token = Some(token);
        self.take(context, redactor, concrete)
    }

    fn logged_in(&mut self, context: &Context<'_>, reply: Reply) -> Step {
        // A server that does not support CAPA is not asked again, and Twisted never asks again.
        if context.capabilities.is_none()
            || context.config.capa == CapaPolicy::Never
            || self.login.policy().is_twisted()
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

/// Returns whether a login starts TLS whatever the server advertises.
fn upgrades(login: &Login, context: &Context<'_>) -> bool {
    !context.private && context.config.stls == StlsPolicy::Required && !login.policy().is_twisted()
}

/// Returns whether a login in Twisted's order starts TLS, once the server's capabilities are known.
fn twisted_upgrades(login: &Login, context: &Context<'_>) -> bool {
    login.policy().is_twisted()
        && !context.challenge
        && !context.private
        && context.config.stls == StlsPolicy::Required
        && context
            .capabilities
            .is_some_and(crate::capability::Capabilities::stls)
}

/// Returns the plan of a login that would start now.
pub(crate) fn plan(login: &Login, context: &Context<'_>) -> LoginPlan {
    if upgrades(login, context) || twisted_upgrades(login, context) {
        let inside = Context {
            private: true,
            ..*context
        };
        return login.preview(&inside, true);
    }
    if context.wants_capa() {
        return login.preview(context, false);
    }
    login.plan(context, None, &[]).0
}

/// Returns the error for a login without a usable method. If the caller selected a single method
/// and it cannot send the credentials, the error is the [`Misuse`] that says so.
fn no_method(plan: LoginPlan) -> Error {
    match plan.methods.as_slice() {
        [only] => match &only.verdict {
            Verdict::Rejected(Rejection::Argument(argument)) => Misuse::Argument(*argument).into(),
            _ => AuthError::NoSafeLogin(plan).into(),
        },
        _ => AuthError::NoSafeLogin(plan).into(),
    }
}

fn no_token(why: Box<str>, refused: Option<AuthError>) -> Error {
    let refused = refused.map(Box::new);
    AuthError::NoToken { why, refused }.into()
}
