//! What a login is going to do, and why: a value to print before and after.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error as ThisError;

use crate::method::Method;
use crate::misuse::Argument;
use crate::refusal::Refusal;

/// Which way a login takes, why, and why none of the others.
///
/// [`Connection::plan_login`](crate::Connection::plan_login) tells it before,
/// [`Connection::login_plan`](crate::Connection::login_plan) after. `Display` has it in one line, and
/// with `{:#}` a line for each candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginPlan {
    /// TLS is started first, by STLS. What the server offers inside is not known yet, and the choice
    /// is made there.
    pub starts_tls: bool,
    /// The methods, in the order of preference.
    pub methods: Vec<PlannedMethod>,
    /// The `-ERR` to `CAPA`, if the server refused that: what it offers is not known then, and the
    /// text may say why.
    pub capa_refused: Option<Box<Refusal>>,
}

/// A login method as a [`LoginPlan`] considers it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedMethod {
    /// The method.
    pub method: Method,
    /// Its name, such as `SCRAM-SHA-256-PLUS`.
    pub name: Box<str>,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a [`PlannedMethod`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is the one.
    Chosen,
    /// It would do, and another comes first.
    Spare,
    /// It will not do.
    Rejected(Rejection),
}

/// Why a login method will not do.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Rejection {
    /// The channel is not encrypted and `Config::allow_insecure_login` is off.
    #[error(
        "the connection is not encrypted, and credentials in clear were not allowed by name \
         (`allow_insecure_login`)"
    )]
    Cleartext,
    /// The server lists mechanisms, and not this one.
    #[error("the server does not list it")]
    NotListed,
    /// The server lists no mechanism at all: it does not know `AUTH`, or was not asked (RFC 5034
    /// section 3).
    #[error("the server does not say that it knows AUTH")]
    NoSasl,
    /// It depends on what the server lists, and it was not asked yet, or STLS comes first.
    #[error("what the server lists is not known yet")]
    NotKnownYet,
    /// TLS is required, and the server does not offer STLS.
    #[error("TLS is required and the server does not offer STLS")]
    NoStls,
    /// [`ChannelBinding::Prefer`](crate::login::ChannelBinding::Prefer), and the server lists a `-PLUS` that
    /// this policy does not: without it, the server would take this login for an attack.
    #[error("the server lists a way that binds to the channel")]
    BindingListed,
    /// [`ChannelBinding::Require`](crate::login::ChannelBinding::Require), and it does not bind, or this
    /// channel has nothing to bind to: that takes TLS 1.3.
    #[error("it cannot be bound to this channel: that takes SCRAM in TLS 1.3")]
    NoBinding,
    /// The greeting holds no challenge that is one msg-id.
    #[error("APOP needs one msg-id in the greeting, and this greeting has none or several")]
    NoChallenge,
    /// The greeting, and the challenge in it, came in clear and may be anybody's.
    #[error("APOP after STLS would answer a challenge that came in clear and may be forged")]
    ChallengeInClear,
    /// It takes other credentials: a token and not a password, or the other way round.
    #[error("it takes other credentials than these")]
    OtherCredentials,
    /// It cannot act as another than the one who logs in.
    #[error("it cannot act as somebody else")]
    NoAuthzid,
    /// It cannot carry this user name or password.
    #[error("{0}")]
    Argument(Argument),
    /// Its command line would be longer than a server has to take.
    #[error("it would take a line of {octets} octets, and a command line may have {limit}")]
    TooLong {
        /// The length of the line with CR and LF.
        octets: usize,
        /// [`Limits::command`](crate::config::Limits::command).
        limit: usize,
    },
    /// This build leaves it out.
    #[error("this build leaves it out: enable the feature `{feature}` of pop3-proto")]
    NotBuilt {
        /// The feature that contains it.
        feature: &'static str,
    },
    /// It was tried in this login, and the server said no.
    #[error("the server refused it")]
    Refused,
}

impl LoginPlan {
    /// The candidate that is taken; `None` if none will do, or if TLS has to come first.
    pub fn chosen(&self) -> Option<&PlannedMethod> {
        self.methods
            .iter()
            .find(|candidate| candidate.verdict == Verdict::Chosen)
    }

    /// What became of a method; `None` if the policy does not name it.
    pub fn verdict(&self, method: Method) -> Option<&Verdict> {
        let mut candidates = self.methods.iter();
        let found = candidates.find(|candidate| candidate.method == method)?;
        Some(&found.verdict)
    }

    /// Why this method is not taken, if it was considered and rejected.
    pub fn rejection(&self, method: Method) -> Option<&Rejection> {
        let mut candidates = self.methods.iter();
        candidates.find_map(|candidate| match &candidate.verdict {
            Verdict::Rejected(why) if candidate.method == method => Some(why),
            _ => None,
        })
    }

    /// A plan of one candidate that will not do.
    pub(crate) fn rejected(method: Method, why: Rejection) -> Self {
        Self {
            starts_tls: false,
            methods: [PlannedMethod {
                method,
                name: method.name().into(),
                verdict: Verdict::Rejected(why),
            }]
            .into(),
            capa_refused: None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen => f.write_str("chosen"),
            Self::Spare => f.write_str("not needed"),
            Self::Rejected(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for LoginPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = if f.alternate() { "\n" } else { "; " };
        let mut separator = "";
        if self.starts_tls {
            f.write_str("STLS first")?;
            separator = list;
        }
        if self.methods.is_empty() {
            f.write_str(separator)?;
            f.write_str("the policy names no way to log in")?;
        }
        let grouped = !f.alternate();
        let same = |a: &PlannedMethod, b: &PlannedMethod| grouped && a.verdict == b.verdict;
        for group in self.methods.chunk_by(same) {
            f.write_str(separator)?;
            separator = list;
            for (index, candidate) in group.iter().enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                write!(f, "{comma}{}", candidate.name)?;
            }
            if let Some(first) = group.first() {
                write!(f, ": {}", first.verdict)?;
            }
        }
        if let Some(refusal) = self
            .capa_refused
            .as_ref()
            .filter(|_| self.chosen().is_none())
        {
            write!(f, "{list}{refusal}")?;
        }
        Ok(())
    }
}
