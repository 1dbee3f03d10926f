use alloc::vec::Vec;
use core::ops::RangeInclusive;

use crate::method::Method;
use crate::sasl::ITERATIONS;

/// Which login methods are tried, and in which order.
///
/// The default, for a password: the first of SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, PLAIN,
/// USER/PASS and LOGIN that is possible, and no other behind it; for a token OAUTHBEARER, else
/// XOAUTH2. Whether TLS comes first, and whether credentials may leave in clear, is the matter of
/// [`Config`](crate::Config).
///
/// What a policy makes of a server is a [`LoginPlan`](crate::login::LoginPlan).
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
    /// This one, whatever the server lists.
    Only(Method),
    /// The first that is possible.
    FirstOf(Vec<Method>),
    /// The first that is possible; after a refusal, the next.
    EachOf(Vec<Method>),
    /// What Twisted's `AdvancedPOP3Client` does.
    Twisted,
}

/// Whether SCRAM is bound to its TLS channel (RFC 5802 section 6), so that an exchange that
/// somebody in the middle passes on fails. The binding is `tls-exporter` (RFC 9266), in TLS 1.3 only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// No `-PLUS` mechanism is used. The default: POP3 has no way to say which binding a server
    /// means, and there are servers that list `-PLUS` for one that TLS 1.3 does not have.
    #[default]
    Off,
    /// A `-PLUS` mechanism is used where one is listed and this channel has the binding, before any
    /// that does not bind.
    Prefer,
    /// A `-PLUS` mechanism, or no login.
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

    /// This one and no other. A mechanism is tried even if the server does not list it: some do not.
    pub fn only(method: Method) -> Self {
        Self::of(Order::Only(method))
    }

    /// The first of these that is possible, and no other: a refusal is final.
    pub fn first_of(methods: impl IntoIterator<Item = Method>) -> Self {
        Self::of(Order::FirstOf(methods.into_iter().collect()))
    }

    /// SCRAM and nothing else: the password is not shown even to the server.
    pub fn scram() -> Self {
        Self::first_of([Method::ScramSha512, Method::ScramSha256, Method::ScramSha1])
    }

    /// Each of these that is possible, in turn, as long as the server says no to the one before.
    ///
    /// A refusal that is not about the credentials or the mechanism (`[IN-USE]`, `[SYS/TEMP]`) ends
    /// it, and so does a server that acts oddly in an exchange. A wrong password counts as many
    /// times as there are methods: some servers lock an account after a few.
    pub fn each_of(methods: impl IntoIterator<Item = Method>) -> Self {
        Self::of(Order::EachOf(methods.into_iter().collect()))
    }

    /// The order of Twisted's `AdvancedPOP3Client`: APOP if the greeting holds a challenge, even in
    /// clear; else STLS if it is listed; else `USER` and `PASS` if the channel is private or
    /// `allow_insecure_login` is set; else nothing.
    ///
    /// This names APOP in clear: who can change octets on the way can recover the password from
    /// it, and all that follows is in clear, whatever [`Config::stls`](crate::Config::stls) says. Unlike
    /// Twisted's, challenges must be msg-ids.
    pub fn twisted() -> Self {
        Self::of(Order::Twisted)
    }

    /// The same policy with another attitude to channel binding.
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
