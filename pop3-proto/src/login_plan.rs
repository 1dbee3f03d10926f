//! The plan of a login: which method it uses, and why.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error as ThisError;

use crate::channel::NoEndPoint;
use crate::method::Method;
use crate::misuse::Argument;
use crate::refusal::Refusal;

/// Which method a login uses, and why it does not use the others.
///
/// [`Connection::plan_login`](crate::Connection::plan_login) returns it before a login,
/// [`Connection::login_plan`](crate::Connection::login_plan) after it. `Display` writes it on one
/// line, or with `{:#}` on one line for each method.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginPlan {
    /// Whether the login starts TLS first, with STLS. It selects a method only after that, because
    /// it is not known yet what the server offers inside TLS.
    pub starts_tls: bool,
    /// The methods, in the order of preference.
    pub methods: Vec<PlannedMethod>,
    /// The `-ERR` to `CAPA`, if the server refused `CAPA`. It is then not known what the server
    /// offers, and the text may give the reason.
    pub capa_refused: Option<Box<Refusal>>,
}

/// A login method in a [`LoginPlan`], and whether the login uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedMethod {
    /// The method.
    pub method: Method,
    /// The name of the method, such as `SCRAM-SHA-256-PLUS`.
    pub name: Box<str>,
    /// Whether the login uses it, or why not.
    pub verdict: Verdict,
}

/// Whether a login uses a [`PlannedMethod`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The login uses it.
    Chosen,
    /// It could be used, but another one is preferred.
    Spare,
    /// It cannot be used.
    Rejected(Rejection),
}

/// Why a login method cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Rejection {
    /// The connection is not encrypted and `Config::allow_insecure_login` is off.
    #[error(
        "the connection is not encrypted (Config::allow_insecure_login permits that: anyone on the \
         network path can then read the credentials)"
    )]
    Cleartext,
    /// The server advertises mechanisms, but not this one.
    #[error("the server does not advertise it")]
    NotListed,
    /// The server advertises no mechanism at all: it does not support `AUTH`, or was not asked (RFC
    /// 5034 section 3).
    #[error("the server does not advertise AUTH (SASL)")]
    NoSasl,
    /// It depends on what the server advertises, which is not known before `CAPA` or before STLS.
    #[error("the capabilities of the server are not known yet")]
    NotKnownYet,
    /// TLS is required, and the server does not offer STLS.
    #[error("TLS is required and the server does not offer STLS")]
    NoStls,
    /// The policy has [`ChannelBinding::Prefer`](crate::login::ChannelBinding::Prefer), and the
    /// server advertises a `-PLUS` mechanism that the policy does not contain. To the server, a
    /// login without channel binding would look like a downgrade attack.
    #[error(
        "the server advertises a mechanism with channel binding (-PLUS) that the policy does not contain"
    )]
    BindingListed,
    /// The policy has [`ChannelBinding::Require`](crate::login::ChannelBinding::Require), and the
    /// method or the connection does not support channel binding. Channel binding needs SCRAM and
    /// TLS.
    #[error("channel binding is not available: it needs SCRAM and TLS")]
    NoBinding,
    /// The policy has [`ChannelBinding::Require`](crate::login::ChannelBinding::Require), and the
    /// connection supports channel binding neither by an exporter, as in TLS 1.3, nor to the
    /// server's certificate.
    #[error("channel binding is not available without TLS 1.3: {0}")]
    NoEndPoint(NoEndPoint),
    /// The greeting does not contain exactly one msg-id, which is the challenge of APOP.
    #[error("the server does not offer APOP (no single msg-id in its greeting)")]
    NoChallenge,
    /// The greeting with the challenge was received before STLS, so an attacker may have forged it.
    #[error("the challenge for APOP was received unencrypted before STLS and may be forged")]
    ChallengeInClear,
    /// It needs other credentials: a token instead of a password, or the other way round.
    #[error("it needs another kind of credentials (password, token or certificate)")]
    OtherCredentials,
    /// It cannot log in on behalf of another user.
    #[error("it cannot log in on behalf of another user")]
    NoAuthzid,
    /// It cannot send this user name or password.
    #[error("{0}")]
    Argument(Argument),
    /// Its command line would be longer than a server has to accept.
    #[error("it needs a line of {octets} octets, and the limit is {limit} (Limits::command)")]
    TooLong {
        /// The length of the line with CR and LF.
        octets: usize,
        /// [`Limits::command`](crate::config::Limits::command).
        limit: usize,
    },
    /// It is not compiled into this build.
    #[error("not included in this build: enable the feature `{feature}` of pop3-proto")]
    NotBuilt {
        /// The feature that contains it.
        feature: &'static str,
    },
    /// It was tried in this login, and the server refused it.
    #[error("the server refused it")]
    Refused,
}

impl LoginPlan {
    /// Returns the method that the login uses; `None` if no method can be used, or if TLS has to be
    /// started first.
    pub fn chosen(&self) -> Option<&PlannedMethod> {
        self.methods
            .iter()
            .find(|candidate| candidate.verdict == Verdict::Chosen)
    }

    /// Returns whether the login uses a method; `None` if the policy does not contain it.
    pub fn verdict(&self, method: Method) -> Option<&Verdict> {
        let mut candidates = self.methods.iter();
        let found = candidates.find(|candidate| candidate.method == method)?;
        Some(&found.verdict)
    }

    /// Returns why the login does not use a method, if the method was considered and rejected.
    pub fn rejection(&self, method: Method) -> Option<&Rejection> {
        let mut candidates = self.methods.iter();
        candidates.find_map(|candidate| match &candidate.verdict {
            Verdict::Rejected(why) if candidate.method == method => Some(why),
            _ => None,
        })
    }

    /// Creates a plan of one method that cannot be used.
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
            f.write_str("STLS is sent before the login")?;
            separator = list;
        }
        if self.methods.is_empty() {
            f.write_str(separator)?;
            f.write_str("the policy contains no login method")?;
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
