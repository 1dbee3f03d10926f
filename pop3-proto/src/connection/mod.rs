//! The public machine: a POP3 connection with its TLS layer.
//!
//! [`Connection`] is [`Core`], the state machine of POP3, with TLS between it and the socket. Without TLS
//! of its own it passes everything on. This file has its getters; `application.rs` has the application
//! side, and `socket.rs` the socket side, the clock side and the TLS of a caller.

mod application;
mod socket;

use alloc::boxed::Box;

use crate::capability::Capabilities;
use crate::channel::Channel;
use crate::channel::TlsInfo;
use crate::config::Config;
use crate::core::Core;
use crate::error::{Error, Retry};
use crate::login::Login;
use crate::login_plan::LoginPlan;
use crate::phase::Phase;
use crate::reply::Greeting;
use crate::ticket::RequestId;
use crate::time::Instant;
use crate::tls::{ClientTls, Layer};

/// A POP3 connection as a state machine: octets in, octets out, requests in, events out.
///
/// Its methods are of five kinds. *Getters* return its state. The *application side* submits requests
/// and takes events. The *socket side* moves octets when the `wants_` methods say so. The *clock side*
/// returns when it wants to be woken. *TLS by the caller* is for callers with a TLS stack of their own. All
/// polls are idempotent and may be called in any order, any number of times. A caller that leaves one out
/// is slower, never wrong, except for [`handle_timeout`](Connection::handle_timeout), which is the clock.
///
/// With the feature `rustls` and a `ClientTls` (`Connection::with_tls`), the connection does the
/// handshakes of implicit TLS and of STLS itself. The octets on its socket side are ciphertext then. Without,
/// they are those of POP3, and [`wants_tls`](Connection::wants_tls) asks the caller for a handshake.
#[derive(Debug)]
pub struct Connection {
    core: Core,
    /// How to do TLS. `None` if the caller does it.
    setup: Option<ClientTls>,
    /// TLS, once a handshake has begun. Boxed, since most of the state of a connection would be TLS.
    layer: Option<Box<Layer>>,
    /// The last time that was reported: a handshake can begin in a method that has no time.
    now: Instant,
}

/// Constructors.
impl Connection {
    /// Creates a connection without TLS of its own. `now` starts the deadline of the greeting, or of TLS.
    pub fn new(config: Config, channel: Channel, now: Instant) -> Self {
        Self {
            core: Core::new(config, channel, now),
            setup: None,
            layer: None,
            now,
        }
    }

    /// Creates a connection that does TLS itself: immediately on [`Channel::ImplicitTls`], after STLS on
    /// [`Channel::Plain`].
    #[cfg(feature = "rustls")]
    pub fn with_tls(config: Config, channel: Channel, tls: ClientTls, now: Instant) -> Self {
        let mut connection = Self::new(config, channel, now);
        connection.setup = Some(tls);
        connection.advance();
        connection
    }
}

/// Getters.
impl Connection {
    /// Returns the state of the session.
    pub fn phase(&self) -> Phase {
        self.core.phase()
    }

    /// Returns the greeting, if it was received in this channel. STLS drops it (RFC 2595 section 4).
    pub fn greeting(&self) -> Option<&Greeting> {
        self.core.greeting()
    }

    /// Returns the capabilities of this channel, if the server announced them.
    pub fn capabilities(&self) -> Option<&Capabilities> {
        self.core.capabilities()
    }

    /// Returns the channel that the connection began with. After STLS it is still
    /// [`Channel::Plain`]; see [`Connection::tls`].
    pub fn channel(&self) -> Channel {
        self.core.channel()
    }

    /// Returns the result of the TLS handshake, once there is one.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.core.tls()
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        self.core.config()
    }

    /// Returns the fatal error, if there was one. Every later request gets the same.
    pub fn error(&self) -> Option<&Error> {
        self.core.error()
    }

    /// Returns whether another try is sensible after this error of the session, and how soon at the earliest:
    /// as [`Error::retry`], and if the session was logged in, not before the time that the server
    /// wants between two logins (`LOGIN-DELAY`, RFC 2449 section 6.5).
    pub fn retry(&self, error: &Error) -> Retry {
        self.core.retry(error)
    }

    /// Returns what the last login decided, and why; `None` if it did not get that far. What a login would
    /// decide now is [`plan_login`](Connection::plan_login).
    pub fn login_plan(&self) -> Option<&LoginPlan> {
        self.core.login_plan()
    }

    /// Returns what a login would do if it were submitted now, as far as that is known: ask for the
    /// [capabilities](crate::command::GetCapabilities) before, and after [`StartTls`](crate::command::StartTls) again.
    pub fn plan_login(&self, login: &Login) -> LoginPlan {
        self.core.plan_login(login)
    }

    /// Returns how many requests are submitted and not answered.
    pub fn outstanding(&self) -> usize {
        self.core.outstanding()
    }

    /// Returns whether anything was sent that is not answered.
    pub fn awaits_reply(&self) -> bool {
        self.core.awaits_reply()
    }

    /// Returns whether an application with more requests should submit the next one now: the window has
    /// room.
    /// Submitting without asking is fine too; requests wait in the queue then.
    pub fn wants_request(&self) -> bool {
        self.core.wants_request()
    }

    /// Returns the id that the next request will have.
    pub fn next_id(&self) -> RequestId {
        self.core.next_id()
    }

    /// Returns whether a login has a computation to continue: each
    /// [`handle_timeout`](Connection::handle_timeout) does a slice of it. Yield the thread in between.
    pub fn is_computing(&self) -> bool {
        self.core.is_computing()
    }

    /// Returns the last time that was passed to the connection.
    pub fn now(&self) -> Instant {
        self.now
    }
}

/// What TLS hides, for the tests of this workspace.
#[cfg(feature = "internals")]
#[doc(hidden)]
impl Connection {
    /// Returns whether a TLS handshake is due or in progress, whoever does it.
    pub fn is_in_handshake(&self) -> bool {
        self.core.wants_tls()
    }

    /// Returns whether there are octets of commands to send: plaintext, not TLS records.
    pub fn has_commands_to_send(&self) -> bool {
        self.core.wants_write()
    }
}

impl Connection {
    /// Moves TLS on, if the connection does it. Every method that changes something ends here.
    #[inline]
    fn advance(&mut self) {
        if self.setup.is_some() {
            self.advance_tls();
        }
    }

    /// Begins a handshake if one is due, and moves TLS on. Not inlined: the methods stay small for
    /// connections without TLS.
    #[inline(never)]
    fn advance_tls(&mut self) {
        if let (None, Some(setup)) = (&self.layer, &self.setup)
            && self.core.wants_tls()
        {
            match Layer::new(setup, self.now) {
                Ok(layer) => self.layer = Some(Box::new(layer)),
                Err(error) => self.core.tls_failed(error, self.now),
            }
        }
        if let Some(layer) = &mut self.layer {
            layer.advance(&mut self.core);
        }
    }

    /// As [`advance`](Connection::advance), in a method that has the time.
    #[inline]
    fn advance_at(&mut self, now: Instant) {
        self.now = now;
        self.advance();
    }
}
