//! Choosing a login method.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::policy::{ChannelBinding, Order};
use super::{Credentials, Login};
use crate::command_line::CommandLine;
use crate::context::Context;
use crate::login_plan::{LoginPlan, PlannedMethod, Rejection, Verdict};
use crate::method::Method;
use crate::misuse::Misuse;
#[cfg(feature = "scram")]
use crate::sasl::Scram;
use crate::sasl::{Anonymous, Binding, ClientNonce, CramMd5, External, Mechanism, Plain};
#[cfg(feature = "oauth")]
use crate::sasl::{OAuthBearer, XOAuth2};
use crate::secret::Secret;
use crate::types::Username;

/// A login method on a specific channel: with its full name and its channel binding.
#[derive(Debug, Clone)]
pub(crate) struct ConcreteMethod {
    pub(crate) method: Method,
    /// The name after `AUTH`, or the name of the commands.
    pub(crate) name: Box<str>,
    binding: Binding,
}

impl Login {
    /// Plans a login on this channel. `tried` are those that the server has refused.
    pub(crate) fn plan(
        &self,
        context: &Context<'_>,
        token: Option<&Secret>,
        tried: &[Method],
    ) -> (LoginPlan, Option<ConcreteMethod>) {
        let token = token.or(self.secret());
        let mut chosen = None;
        let mut candidates = Vec::new();
        for concrete in self.concrete_methods(context) {
            let verdict = match self.reject_reason(&concrete, context, token, tried) {
                Err(why) => Verdict::Rejected(why),
                Ok(()) if chosen.is_some() => Verdict::Spare,
                Ok(()) => {
                    chosen = Some(concrete.clone());
                    Verdict::Chosen
                }
            };
            candidates.push(PlannedMethod {
                method: concrete.method,
                name: concrete.name,
                verdict,
            });
        }
        let depends = |candidate: &PlannedMethod| {
            matches!(
                candidate.verdict,
                Verdict::Rejected(Rejection::NoSasl | Rejection::NotListed)
            )
        };
        let capa_refused = context
            .capa_refused
            .filter(|_| chosen.is_none() && candidates.iter().any(depends))
            .map(|refusal| Box::new(refusal.clone()));
        let plan = LoginPlan {
            starts_tls: false,
            methods: candidates,
            capa_refused,
        };
        (plan, chosen)
    }

    /// Plans a login before the server has sent its capabilities, in cleartext or after STLS.
    pub(crate) fn preview(&self, context: &Context<'_>, starts_tls: bool) -> LoginPlan {
        let unknown = Context {
            capabilities: None,
            ..*context
        };
        let (mut plan, _) = self.plan(&unknown, None, &[]);
        plan.starts_tls = starts_tls;
        let no_stls = starts_tls && context.capabilities.is_some_and(|listed| !listed.stls());
        for candidate in &mut plan.methods {
            if no_stls {
                candidate.verdict = Verdict::Rejected(Rejection::NoStls);
            } else if starts_tls && candidate.method == Method::Apop {
                candidate.verdict = Verdict::Rejected(Rejection::ChallengeInClear);
            }
            let depends = match &candidate.verdict {
                Verdict::Chosen | Verdict::Spare => true,
                Verdict::Rejected(why) => matches!(
                    why,
                    Rejection::NoSasl
                        | Rejection::NotListed
                        | Rejection::NoBinding
                        | Rejection::NoEndPoint(_)
                ),
            };
            if depends {
                candidate.verdict = Verdict::Rejected(Rejection::NotKnownYet);
            }
        }
        plan
    }

    pub(crate) fn methods(&self) -> Cow<'_, [Method]> {
        match &self.policy.order {
            Order::Default => Cow::Borrowed(self.credentials.default_order()),
            Order::Only(method) => Cow::Owned(vec![*method]),
            Order::FirstOf(methods) | Order::EachOf(methods) => Cow::Borrowed(methods),
            Order::Twisted => Cow::Borrowed(&[Method::Apop, Method::UserPass]),
        }
    }

    /// Returns the methods in the order of preference. SCRAM has two forms. The one with channel
    /// binding comes first.
    fn concrete_methods(&self, context: &Context<'_>) -> Vec<ConcreteMethod> {
        let methods = self.methods();
        let plus = |method: &Method| {
            // Without data, the method is rejected below.
            let binding = context.binding.unwrap_or(Binding::Off);
            Some(ConcreteMethod {
                method: *method,
                name: method.plus()?.into(),
                binding,
            })
        };
        let unbound = |method: &Method, binding| ConcreteMethod {
            method: *method,
            name: match &self.credentials {
                Credentials::Mechanism(own) if *method == Method::Custom => own.name().into(),
                _ => method.name().into(),
            },
            binding,
        };
        let listed = |concrete: &ConcreteMethod| context.lists(&concrete.name);
        match (self.policy.binding, context.binding) {
            (ChannelBinding::Require, _) => methods
                .iter()
                .map(|method| plus(method).unwrap_or_else(|| unbound(method, Binding::Off)))
                .collect(),
            (ChannelBinding::Prefer, Ok(_)) => {
                let bound: Vec<ConcreteMethod> =
                    methods.iter().filter_map(plus).filter(listed).collect();
                // Without the server's list, the client does not know that `-PLUS` is missing from
                // it, so it must not send the flag `y` (RFC 5802 section 6).
                let flag = if context.mechanisms().is_none() {
                    Binding::Off
                } else {
                    Binding::NotOffered
                };
                let rest = methods.iter().map(|method| unbound(method, flag));
                bound.into_iter().chain(rest).collect()
            }
            (ChannelBinding::Off | ChannelBinding::Prefer, _) => methods
                .iter()
                .map(|method| unbound(method, Binding::Off))
                .collect(),
        }
    }

    fn reject_reason(
        &self,
        concrete: &ConcreteMethod,
        context: &Context<'_>,
        token: Option<&Secret>,
        tried: &[Method],
    ) -> Result<(), Rejection> {
        let method = concrete.method;
        if !self.credentials.suit(method) {
            return Err(Rejection::OtherCredentials);
        }
        if let Some(feature) = method.missing_feature() {
            return Err(Rejection::NotBuilt { feature });
        }
        if tried.contains(&method) {
            return Err(Rejection::Refused);
        }
        if self.policy.binding == ChannelBinding::Require {
            if method.scram().is_none() {
                return Err(Rejection::NoBinding);
            }
            if let Err(why) = context.binding {
                return Err(why.map_or(Rejection::NoBinding, Rejection::NoEndPoint));
            }
        }
        if method == Method::Apop {
            if context.upgraded {
                return Err(Rejection::ChallengeInClear);
            }
            if !context.challenge {
                return Err(Rejection::NoChallenge);
            }
        }
        let selected_in_cleartext = method == Method::Apop && self.policy.is_twisted();
        if !(context.private || context.config.allow_insecure_login || selected_in_cleartext) {
            return Err(Rejection::Cleartext);
        }
        self.check_listed(concrete, context)?;
        // A server that supports channel binding treats it as an attack if a client supports it,
        // too, but does not use it.
        let could = method.scram().is_some() && concrete.binding == Binding::NotOffered;
        if could && context.lists_binding() {
            return Err(Rejection::BindingListed);
        }
        if self.authzid.is_some()
            && !matches!(
                method,
                Method::Plain | Method::OAuthBearer | Method::External
            )
            && method.scram().is_none()
        {
            return Err(Rejection::NoAuthzid);
        }
        if method.is_sasl() {
            return self.check_mechanism(concrete, token);
        }
        self.check_lines(method, context)
    }

    /// Checks that the server advertises a mechanism. If a policy allows only one method, the
    /// mechanism need not be advertised, unless it is a `-PLUS` mechanism: the server may not
    /// support its binding type.
    fn check_listed(
        &self,
        concrete: &ConcreteMethod,
        context: &Context<'_>,
    ) -> Result<(), Rejection> {
        let plus = concrete.binding.is_bound();
        let insisted =
            matches!(self.policy.order, Order::Only(_)) || concrete.method == Method::Custom;
        if !concrete.method.is_sasl() || (insisted && !plus) {
            return Ok(());
        }
        match context.mechanisms() {
            None => Err(Rejection::NoSasl),
            Some(_) if context.lists(&concrete.name) => Ok(()),
            Some(_) => Err(Rejection::NotListed),
        }
    }

    /// Checks that a mechanism accepts these credentials, by creating it.
    fn check_mechanism(
        &self,
        concrete: &ConcreteMethod,
        token: Option<&Secret>,
    ) -> Result<(), Rejection> {
        let nonce = ClientNonce::from_random([0; 24]);
        match self.make(concrete, token, Some(nonce)) {
            Err(Misuse::Argument(argument)) => Err(Rejection::Argument(argument)),
            _ => Ok(()),
        }
    }

    /// Checks that `USER` and `PASS`, or `APOP`, can transmit these credentials.
    fn check_lines(&self, method: Method, context: &Context<'_>) -> Result<(), Rejection> {
        let lines = self.lines(method).map_err(|misuse| match misuse {
            Misuse::Argument(argument) => Rejection::Argument(argument),
            _ => Rejection::OtherCredentials,
        })?;
        let limit = context.config.limits.command;
        for octets in lines.iter().map(CommandLine::octets) {
            if octets > limit {
                return Err(Rejection::TooLong { octets, limit });
            }
        }
        for line in &lines {
            line.beyond_ascii(context.capabilities, context.config.leniency)
                .map_err(Rejection::Argument)?;
        }
        Ok(())
    }

    /// Creates the mechanism for a method. Returns `Ok(None)` if it needs a token or a nonce that
    /// is not available.
    pub(crate) fn make(
        &self,
        concrete: &ConcreteMethod,
        token: Option<&Secret>,
        nonce: Option<ClientNonce>,
    ) -> Result<Option<Box<dyn Mechanism>>, Misuse> {
        let boxed: Box<dyn Mechanism> = match (&self.credentials, concrete.method) {
            (Credentials::Password { username, password }, method) => match method {
                Method::Plain => Box::new(match &self.authzid {
                    Some(authzid) => Plain::acting_as(authzid, username, password),
                    None => Plain::new(username, password),
                }),
                Method::Login => Box::new(crate::sasl::Login::new(username, password)),
                Method::CramMd5 => Box::new(CramMd5::new(username, password)),
                _ => return self.make_scram(concrete, username, password, nonce),
            },
            (
                Credentials::Token { username, .. } | Credentials::TokenOnRequest { username },
                method,
            ) => {
                return match token {
                    Some(token) => self.make_bearer(method, username, token),
                    None => Ok(None),
                };
            }
            (Credentials::Certificate, _) => Box::new(External::new(self.authzid.as_ref())),
            (Credentials::Anonymous { trace }, _) => Box::new(Anonymous::new(trace)?),
            (Credentials::Mechanism(_), _) => return Ok(None),
        };
        Ok(Some(boxed))
    }

    #[cfg(feature = "scram")]
    fn make_scram(
        &self,
        concrete: &ConcreteMethod,
        username: &Username,
        password: &Secret,
        nonce: Option<ClientNonce>,
    ) -> Result<Option<Box<dyn Mechanism>>, Misuse> {
        let (Some(hash), Some(nonce)) = (concrete.method.scram(), nonce) else {
            return Ok(None);
        };
        let scram = Scram::new(hash, username, password, nonce)?
            .with_binding(concrete.binding)
            .with_iterations(self.policy.iterations.clone());
        Ok(Some(Box::new(match &self.authzid {
            Some(authzid) => scram.with_authzid(authzid)?,
            None => scram,
        })))
    }

    #[cfg(not(feature = "scram"))]
    fn make_scram(
        &self,
        _: &ConcreteMethod,
        _: &Username,
        _: &Secret,
        _: Option<ClientNonce>,
    ) -> Result<Option<Box<dyn Mechanism>>, Misuse> {
        Ok(None)
    }

    #[cfg(feature = "oauth")]
    fn make_bearer(
        &self,
        method: Method,
        username: &Username,
        token: &Secret,
    ) -> Result<Option<Box<dyn Mechanism>>, Misuse> {
        let authzid = self.authzid.as_ref().unwrap_or(username);
        Ok(Some(if method == Method::OAuthBearer {
            let bearer = OAuthBearer::new(token)?.with_authzid(authzid);
            Box::new(match &self.server {
                Some((host, port)) => bearer.with_server(host, *port)?,
                None => bearer,
            })
        } else {
            Box::new(XOAuth2::new(username, token)?)
        }))
    }

    #[cfg(not(feature = "oauth"))]
    fn make_bearer(
        &self,
        _: Method,
        _: &Username,
        _: &Secret,
    ) -> Result<Option<Box<dyn Mechanism>>, Misuse> {
        Ok(None)
    }
}
