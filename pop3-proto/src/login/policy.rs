//! The policy of a login: which methods it may use, and in which order.
//!
//! It also has the settings of SCRAM that affect the security of a login: channel binding and
//! the bounds of the iteration count.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use crate::method::Method;
use crate::sasl::ITERATIONS;

/// Which login methods are tried, and in which order.
///
/// By default, a login with a password uses the first available method of SCRAM-SHA-512,
/// SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, USER/PASS and LOGIN. A login with a token uses OAUTHBEARER,
/// or XOAUTH2 if that is not available. After a refusal, no other method is tried.
/// [`Config`](crate::Config) decides whether TLS is started first, and whether credentials may be
/// sent in cleartext.
///
/// A [`LoginPlan`](crate::login::LoginPlan) shows which method a policy selects for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPolicy {
    pub(crate) order: Order,
    pub(crate) binding: ChannelBinding,
    pub(crate) iterations: RangeInclusive<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// The default order for the credentials.
    Default,
    /// Only this method, even if the server does not advertise it.
    Only(Method),
    /// The first available method.
    FirstOf(Vec<Method>),
    /// The first available method; after a refusal, the next one.
    EachOf(Vec<Method>),
    /// The order of Twisted's `AdvancedPOP3Client`.
    Twisted,
}

/// Whether SCRAM is bound to its TLS channel (RFC 5802 section 6). A bound exchange fails if a man
/// in the middle forwards it.
///
/// With TLS 1.3 the binding type is `tls-exporter` (RFC 9266). With TLS 1.2 it is
/// `tls-server-end-point` (RFC 5929): the hash of the server's certificate. A few certificates have
/// no such hash: see [`NoEndPoint`](crate::tls::NoEndPoint).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// Uses no `-PLUS` mechanism. This is the default, because a POP3 server cannot advertise its
    /// binding type. Some servers advertise `-PLUS` only for `tls-unique`, which this library does
    /// not support because TLS 1.3 does not have it.
    #[default]
    Off,
    /// Prefers a `-PLUS` mechanism if the server advertises one and the connection supports channel
    /// binding.
    Prefer,
    /// Requires a `-PLUS` mechanism; otherwise the login fails.
    Require,
}

impl Default for LoginPolicy {
    fn default() -> Self {
        Self::of(Order::Default)
    }
}

impl LoginPolicy {
    fn of(order: Order) -> Self {
        Self {
            order,
            binding: ChannelBinding::Off,
            iterations: ITERATIONS,
        }
    }

    /// Allows only this method. It is tried even if the server does not advertise it, because some
    /// servers support mechanisms that they do not advertise.
    pub fn only(method: Method) -> Self {
        Self::of(Order::Only(method))
    }

    /// Uses the first of these methods that is available. If the server refuses the login, no other
    /// method is tried.
    pub fn first_of(methods: impl IntoIterator<Item = Method>) -> Self {
        Self::of(Order::FirstOf(methods.into_iter().collect()))
    }

    /// Allows only SCRAM, which does not reveal the password even to the server.
    pub fn scram() -> Self {
        Self::first_of([Method::ScramSha512, Method::ScramSha256, Method::ScramSha1])
    }

    /// Tries the available methods among these, in order, until the server accepts a login.
    ///
    /// The login ends after a refusal that is not about the credentials or the mechanism
    /// (`[IN-USE]`, `[SYS/TEMP]`), and if the server violates the protocol of an exchange. A wrong
    /// password counts once for each method, and some servers lock an account after a few failures.
    pub fn each_of(methods: impl IntoIterator<Item = Method>) -> Self {
        Self::of(Order::EachOf(methods.into_iter().collect()))
    }

    /// Uses the order of Twisted's `AdvancedPOP3Client`:
    ///
    /// * If the greeting contains a challenge, the login uses APOP, even in cleartext.
    /// * Otherwise, TLS is started if the server advertises STLS, unless
    ///   [`Config::stls`](crate::Config::stls) is [`Off`](crate::config::StlsPolicy::Off).
    /// * The login then uses `USER` and `PASS`. If the connection is neither encrypted nor trusted,
    ///   and [`Config::allow_insecure_login`](crate::Config::allow_insecure_login) is off, the
    ///   login fails.
    ///
    /// This policy enables APOP in cleartext. An attacker who can change the traffic can recover
    /// the password from it. The rest of such a session is in cleartext, even if
    /// [`Config::stls`](crate::Config::stls) requires STLS. Unlike in Twisted, a challenge must be
    /// a msg-id.
    pub fn twisted() -> Self {
        Self::of(Order::Twisted)
    }

    /// Sets whether SCRAM is bound to the TLS channel.
    #[must_use]
    pub fn with_channel_binding(self, binding: ChannelBinding) -> Self {
        Self { binding, ..self }
    }

    /// Sets the bounds of the iteration count that a server may request for SCRAM. The default is
    /// 4,096 to 1,000,000. The fewer iterations a fake server requests, the more easily it can guess
    /// the password from the response. A million iterations take up to a second.
    #[must_use]
    pub fn with_scram_iterations(self, iterations: RangeInclusive<u32>) -> Self {
        Self { iterations, ..self }
    }

    /// Returns whether the next method is tried after a refusal.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self.order, Order::EachOf(_))
    }

    pub(crate) fn is_twisted(&self) -> bool {
        self.order == Order::Twisted
    }
}
