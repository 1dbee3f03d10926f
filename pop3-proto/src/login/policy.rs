use alloc::vec::Vec;
use core::ops::RangeInclusive;

use crate::method::Method;
use crate::sasl::ITERATIONS;

/// Which login methods are tried, and in which order.
///
/// By default, a password login uses the first possible method of SCRAM-SHA-512, SCRAM-SHA-256,
/// SCRAM-SHA-1, PLAIN, USER/PASS and LOGIN. A login with a token uses OAUTHBEARER, or else XOAUTH2.
/// After a refusal, no other method is tried. [`Config`](crate::Config) decides whether TLS is
/// started first, and whether credentials may be sent in cleartext.
///
/// A [`LoginPlan`](crate::login::LoginPlan) shows the result of a policy for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPolicy {
    pub(super) order: Order,
    pub(super) binding: ChannelBinding,
    pub(super) iterations: RangeInclusive<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// What suits the credentials.
    Default,
    /// This one, whether or not the server advertises it.
    Only(Method),
    /// The first that is possible.
    FirstOf(Vec<Method>),
    /// The first that is possible; after a refusal, the next.
    EachOf(Vec<Method>),
    /// What Twisted's `AdvancedPOP3Client` does.
    Twisted,
}

/// Whether SCRAM is bound to its TLS channel (RFC 5802 section 6). A bound exchange fails if a man in
/// the middle forwards it. The binding is `tls-exporter` (RFC 9266), in TLS 1.3 only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// Uses no `-PLUS` mechanism. This is the default, because POP3 cannot express which binding a
    /// server means, and some servers advertise `-PLUS` for a binding that TLS 1.3 does not have.
    #[default]
    Off,
    /// Prefers a `-PLUS` mechanism if the server advertises one and this channel has the binding.
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

    /// Allows only this method. A mechanism is tried even if the server does not advertise it, because
    /// some servers support mechanisms that they do not advertise.
    pub fn only(method: Method) -> Self {
        Self::of(Order::Only(method))
    }

    /// Uses the first of these methods that is possible. If the server refuses it, the login fails.
    pub fn first_of(methods: impl IntoIterator<Item = Method>) -> Self {
        Self::of(Order::FirstOf(methods.into_iter().collect()))
    }

    /// SCRAM and nothing else: the password is not shown even to the server.
    pub fn scram() -> Self {
        Self::first_of([Method::ScramSha512, Method::ScramSha256, Method::ScramSha1])
    }

    /// Tries each of these methods that is possible, in order, until the server accepts one.
    ///
    /// The login ends after a refusal that is not about the credentials or the mechanism (`[IN-USE]`,
    /// `[SYS/TEMP]`), and if the server violates the protocol of an exchange. A wrong password counts
    /// once for each method, and some servers lock an account after a few failures.
    pub fn each_of(methods: impl IntoIterator<Item = Method>) -> Self {
        Self::of(Order::EachOf(methods.into_iter().collect()))
    }

    /// The order of Twisted's `AdvancedPOP3Client`: APOP if the greeting contains a challenge, even in
    /// cleartext; else STLS if the server advertises it; else `USER` and `PASS` if the channel is
    /// private or `allow_insecure_login` is set; else the login fails.
    ///
    /// This enables APOP in cleartext. An attacker who can change the traffic can recover the password
    /// from it, and the rest of the session is in cleartext, whatever
    /// [`Config::stls`](crate::Config::stls) says. Unlike in Twisted, challenges must be msg-ids.
    pub fn twisted() -> Self {
        Self::of(Order::Twisted)
    }

    /// Sets whether SCRAM is bound to the TLS channel.
    #[must_use]
    pub fn with_channel_binding(self, binding: ChannelBinding) -> Self {
        Self { binding, ..self }
    }

    /// The same policy with other bounds for the iterations that a server may ask of SCRAM, instead
    /// of 4,096 to 1,000,000. A server that is not the right one can ask for few, and guess the
    /// password from the answer; a million take a good part of a second.
    #[must_use]
    pub fn with_scram_iterations(self, iterations: RangeInclusive<u32>) -> Self {
        Self { iterations, ..self }
    }

    /// Whether a refusal is followed by the next method.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self.order, Order::EachOf(_))
    }

    pub(crate) fn is_twisted(&self) -> bool {
        self.order == Order::Twisted
    }
}
