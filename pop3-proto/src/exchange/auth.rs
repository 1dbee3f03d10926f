//! AUTH (RFC 5034): one exchange with one mechanism, from the command to `+OK` or `-ERR`.

use alloc::boxed::Box;
use alloc::string::String;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::{Input, Step};
use crate::base64;
use crate::command_line::{Arguments, CommandLine, Encoded, ResponseLine};
use crate::config::{InitialResponse, Leniency, Limits};
use crate::context::Context;
use crate::error::{Error, LimitError, Limited, ProtocolError, SecurityError};
use crate::quirk::Quirk;
use crate::redact::Redactor;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::sasl::{Mechanism, OAuthError, Progress, Response, SaslError};
use crate::status::ErrReply;
use crate::text::ServerText;
use crate::verb::Verb;

/// The length of a line end, in octets.
const CRLF: usize = 2;

/// An exchange in progress.
#[derive(Debug)]
pub(super) struct Auth {
    mechanism: Box<dyn Mechanism>,
    /// The name after `AUTH`.
    name: Box<str>,
    /// The initial response, until it is sent.
    initial: Option<Response>,
    /// Why `*` was sent.
    cancelled: Option<SaslError>,
    /// How many responses were sent.
    responses: usize,
    /// The length of the longest line that was sent, in octets, with CR LF.
    longest_line: usize,
    challenges: usize,
    octets: usize,
}

/// What a server had received and sent when it refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// How many responses were sent to it.
    pub(super) responses: usize,
    /// Whether it had sent a challenge. If so, it supports the mechanism.
    pub(super) challenged: bool,
    /// The length of the longest line that was sent to it, in octets, with CR LF.
    pub(super) longest_line: usize,
}

/// The result of an input.
pub(super) enum Outcome {
    /// The exchange continues, or the connection ends.
    Goes(Step),
    /// Logged in.
    LoggedIn(Reply),
    /// The server refused the login.
    Refused {
        refusal: Refusal,
        oauth: Option<OAuthError>,
        seen: Seen,
    },
    /// The exchange was cancelled.
    BrokenOff {
        cause: SaslError,
        reply: ErrReply,
        responses: usize,
    },
}

impl Auth {
    pub(super) fn new(mechanism: Box<dyn Mechanism>, name: Box<str>) -> Self {
        Self {
            mechanism,
            name,
            initial: None,
            cancelled: None,
            responses: 0,
            longest_line: 0,
            challenges: 0,
            octets: 0,
        }
    }

    /// Returns the `AUTH` command, with an initial response if RFC 5034 section 4 allows one. For
    /// that, the server must advertise `SASL` and, if it lists mechanisms, this one. The line must
    /// not be longer than `Limits::command`, which every server accepts.
    pub(super) fn begin(&mut self, context: &Context<'_>, redactor: &mut Redactor) -> Step {
        self.initial = self.mechanism.initial_response();
        let bare = CommandLine::new(Verb::Auth, Arguments::Auth(self.name.clone(), None));
        let listed = context.mechanisms();
        let allowed = context.config.initial_response == InitialResponse::Auto
            && listed.is_some_and(|names| names.is_empty() || context.lists(&self.name));
        let Some(initial) = self.initial.take_if(|_| allowed) else {
            return Step::Send(bare);
        };
        let encoded = match initial.as_bytes() {
            [] => Encoded(Zeroizing::new("=".into())),
            _ => Encoded(initial.to_base64()),
        };
        let whole = CommandLine::new(
            Verb::Auth,
            Arguments::Auth(self.name.clone(), Some(encoded.clone())),
        );
        if whole.octets() > context.config.limits.command {
            self.initial = Some(initial);
            return Step::Send(bare);
        }
        self.note(&initial, &encoded.0, redactor);
        self.longest_line = whole.octets();
        Step::Send(whole)
    }

    pub(super) fn step(
        &mut self,
        context: &Context<'_>,
        input: Input,
        redactor: &mut Redactor,
    ) -> Outcome {
        match input {
            Input::Challenge(text) => Outcome::Goes(self.challenged(context, &text, redactor)),
            Input::Overlong(limit) => Outcome::Goes(Step::Abort(limit.into())),
            Input::Work => {
                let progress = self.mechanism.work();
                Outcome::Goes(self.go_on(progress, redactor))
            }
            Input::Reply(Ok(reply)) => self.accepted(reply),
            Input::Reply(Err(Error::Refused(refusal))) => self.refused(*refusal, redactor),
            Input::Reply(Err(error)) => Outcome::Goes(Step::Done(Err(error))),
            Input::Begin | Input::Tls | Input::Token(_) => {
                Outcome::Goes(Step::Fatal(self.out_of_order(SaslError::NotDone)))
            }
        }
    }

    pub(super) fn into_name(self) -> Box<str> {
        self.name
    }

    /// Returns why the exchange was cancelled, if it was.
    pub(super) fn cancelled(&self) -> Option<(Box<str>, SaslError)> {
        Some((self.name.clone(), self.cancelled.clone()?))
    }

    fn note(&mut self, response: &Response, encoded: &Zeroizing<String>, redactor: &mut Redactor) {
        self.responses += 1;
        redactor.note_response(response.as_bytes(), encoded.as_bytes());
    }

    /// Handles a line that begins with `+`. `text` is the rest of the line.
    fn challenged(&mut self, context: &Context<'_>, text: &Bytes, redactor: &mut Redactor) -> Step {
        match self.cancelled.take() {
            None => {}
            Some(cause @ SaslError::ExtraChallenge(_)) => {
                return Step::Fatal(self.out_of_order(cause));
            }
            Some(_) => {
                // RFC 5034 allows no challenge after `*`.
                let got = ServerText::default();
                let verb = Verb::Auth;
                return Step::Fatal(ProtocolError::bad_status(verb, got).into());
            }
        }
        if let Err(limit) = self.count(text.len(), &context.config.limits) {
            return Step::Abort(limit.into());
        }
        let lenient = context.config.leniency == Leniency::Lenient;
        if let Some(initial) = self.initial.take() {
            // The first `+` asks for the initial response and should be empty.
            if text.is_empty() {
                return self.send(&initial, redactor);
            }
            if lenient && !self.mechanism.is_mutual() {
                return Step::Report(
                    Quirk::ChallengeText,
                    Box::new(self.send(&initial, redactor)),
                );
            }
            let cause = SaslError::BadChallenge("the first one should be empty");
            return self.go_on(Err(cause), redactor);
        }
        let decoded = base64::decode(text);
        let is_text = decoded.is_none();
        let progress = match &decoded {
            Some(challenge) => self.mechanism.respond(challenge),
            None if lenient && !self.mechanism.reads_challenge() => self.mechanism.respond(&[]),
            None => Err(SaslError::BadChallenge("it is not base64")),
        };
        // A proxy that logs in to another server with a token may forward that server's error as an
        // extra challenge, with any mechanism. Cancel the exchange, as RFC 7628 section 3.2.3
        // allows. The proxy then sends `-ERR`. If the mechanism authenticates the server, an extra
        // challenge is still an error. A second extra challenge is always fatal.
        if let Err(SaslError::NothingLeft) = progress
            && !self.mechanism.is_mutual()
            && self.mechanism.refused().is_none()
        {
            let said = OAuthError::unexpected(text, redactor);
            self.cancelled = Some(SaslError::ExtraChallenge(Box::new(said)));
            return Step::Respond(ResponseLine::cancel());
        }
        let responds = progress.is_ok();
        let step = self.go_on(progress, redactor);
        if is_text && responds {
            return Step::Report(Quirk::ChallengeText, Box::new(step));
        }
        step
    }

    fn count(&mut self, octets: usize, limits: &Limits) -> Result<(), LimitError> {
        self.challenges += 1;
        self.octets += octets;
        if self.challenges > limits.challenges {
            return Err(LimitError::new(Limited::Challenges, limits.challenges));
        }
        if self.octets > limits.challenge_octets {
            let limit = limits.challenge_octets;
            return Err(LimitError::new(Limited::ChallengeOctets, limit));
        }
        Ok(())
    }

    fn send(&mut self, response: &Response, redactor: &mut Redactor) -> Step {
        let encoded = response.to_base64();
        self.note(response, &encoded, redactor);
        self.longest_line = self.longest_line.max(encoded.len() + CRLF);
        Step::Respond(ResponseLine::new(Encoded(encoded)))
    }

    /// Sends the response of the mechanism, or `*` if the mechanism failed (RFC 5034 section 4). If
    /// the failure casts doubt on the server's identity, the connection ends after that.
    fn go_on(&mut self, progress: Result<Progress, SaslError>, redactor: &mut Redactor) -> Step {
        let cause = match progress {
            Ok(Progress::Respond(response)) => return self.send(&response, redactor),
            Ok(Progress::Work) => return Step::Work,
            Err(cause) => cause,
        };
        match cause {
            SaslError::Scram(_)
            | SaslError::ScramIterations { .. }
            | SaslError::ServerNotAuthenticated => Step::Abort(SecurityError::Sasl(cause).into()),
            SaslError::NothingLeft | SaslError::NotDone => Step::Abort(self.out_of_order(cause)),
            SaslError::BadChallenge(_)
            | SaslError::ServerError(_)
            | SaslError::Other(_)
            | SaslError::ExtraChallenge(_) => {
                self.cancelled = Some(redacted(cause, redactor));
                Step::Respond(ResponseLine::cancel())
            }
        }
    }

    fn out_of_order(&self, cause: SaslError) -> Error {
        let mechanism = self.name.clone();
        ProtocolError::Sasl { mechanism, cause }.into()
    }

    /// Handles `+OK`. The mechanism decides whether the login succeeded.
    fn accepted(&mut self, reply: Reply) -> Outcome {
        let done = match &self.initial {
            Some(_) => Err(SaslError::NotDone),
            None => self.mechanism.finish(),
        };
        Outcome::Goes(Step::Fatal(match done {
            _ if self.cancelled.is_some() => SecurityError::UnexpectedSuccess.into(),
            Ok(()) => return Outcome::LoggedIn(reply),
            Err(cause @ SaslError::ServerNotAuthenticated) => SecurityError::Sasl(cause).into(),
            Err(cause) => self.out_of_order(cause),
        }))
    }

    fn refused(&mut self, refusal: Refusal, redactor: &Redactor) -> Outcome {
        match self.cancelled.take() {
            // The server had received all responses, so the refusal is about them. The extra
            // challenge gives the reason.
            Some(SaslError::ExtraChallenge(said)) => Outcome::Refused {
                refusal,
                oauth: Some(*said),
                seen: Seen {
                    responses: self.responses,
                    challenged: true,
                    longest_line: self.longest_line,
                },
            },
            Some(cause) => Outcome::BrokenOff {
                cause,
                reply: refusal.into(),
                responses: self.responses,
            },
            None => Outcome::Refused {
                refusal,
                oauth: self
                    .mechanism
                    .refused()
                    .map(|error| error.redacted(redactor)),
                seen: Seen {
                    responses: self.responses,
                    challenged: self.challenges > 0,
                    longest_line: self.longest_line,
                },
            },
        }
    }
}

/// Redacts the server's text, which may echo credentials.
fn redacted(cause: SaslError, redactor: &Redactor) -> SaslError {
    match cause {
        SaslError::ServerError(text) => SaslError::ServerError(redactor.text(text)),
        cause => cause,
    }
}
