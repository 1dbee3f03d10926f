//! [`Connection`], the public state machine: POP3 with an optional TLS layer.
//!
//! [`Core`] is the state machine of POP3. [`Connection`] puts TLS between the `Core` and the
//! socket, or passes the octets on unchanged. This file has its getters. `application.rs` has the
//! methods for the application; `socket.rs` has those for the socket, for the clock and for TLS by
//! the caller.

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
use crate::observe::Statistics;
use crate::phase::Phase;
use crate::reply::Greeting;
use crate::ticket::RequestId;
use crate::time::Instant;
use crate::tls::{ClientTls, Layer};

/// A POP3 connection as a state machine, without I/O.
///
/// It has five groups of methods:
///
/// * *Getters* return its state.
/// * The *application side* submits requests and polls events.
/// * The *socket side* moves octets: call its methods when the `wants_` methods return true.
/// * The *clock side* returns the next deadline and accepts the current time.
/// * *TLS by the caller* is for callers that use their own TLS stack.
///
/// The `poll_` and `wants_` methods may be called in any order and any number of times. A late call
/// makes a session slower, but never incorrect. Call
/// [`handle_timeout`](Connection::handle_timeout) in time: without it, deadlines never expire and
/// SCRAM logins never finish.
///
/// The connection lends its receive buffer, so the octets of a read need not be copied. In a
/// completion-based event loop (io_uring), the kernel owns the buffer while it reads: read into a
/// buffer of your own there, and copy. The example `completion` does that. There is no method for
/// owned buffers, because it would save too little. Two prototypes were measured with twenty
/// messages of 20 MiB: a new buffer for each read, and the connection's own buffer, handed out and
/// taken back. Both needed about 5 percent less CPU time than the copy, with and without TLS. The
/// difference between two runs of the same program was larger.
///
/// With the feature `rustls` and a `ClientTls` (`Connection::with_tls`), the connection does the
/// handshakes of implicit TLS and of STLS itself. The octets on its socket side are then
/// ciphertext. Otherwise they are POP3 in cleartext, and [`wants_tls`](Connection::wants_tls) says
/// when the caller has to do a handshake.
#[derive(Debug)]
pub struct Connection {
    core: Core,
    /// The TLS configuration. `None` if the caller does TLS.
    setup: Option<ClientTls>,
    /// The TLS layer, once a handshake has begun. Boxed, because it is larger than the rest of a
    /// connection.
    layer: Option<Box<Layer>>,
    /// The last time that was passed in. It is needed because a handshake can begin in a method
    /// without a time argument.
    now: Instant,
    /// How many octets were reported as sent and received on the socket.
    wire_sent: u64,
    wire_received: u64,
}

/// Constructors.
impl Connection {
    /// Creates a connection that leaves TLS to the caller. The deadline for the greeting, or for
    /// the TLS handshake, starts at `now`.
    pub fn new(config: Config, channel: Channel, now: Instant) -> Self {
        Self {
            core: Core::new(config, channel, now),
            setup: None,
            layer: None,
            now,
            wire_sent: 0,
            wire_received: 0,
        }
    }

    /// Creates a connection that does the TLS handshake itself: immediately on
    /// [`Channel::ImplicitTls`], after STLS on [`Channel::Plain`].
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

    /// Returns the greeting. `None` if it was not received yet, or after STLS: what the server sent
    /// before TLS must be discarded (RFC 2595 section 4).
    pub fn greeting(&self) -> Option<&Greeting> {
        self.core.greeting()
    }

    /// Returns the server's capabilities, if it has sent them since the connection began or since
    /// STLS.
    pub fn capabilities(&self) -> Option<&Capabilities> {
        self.core.capabilities()
    }

    /// Returns whether the server has accepted [`Utf8`](crate::command::Utf8) on this channel.
    pub fn utf8_mode(&self) -> bool {
        self.core.utf8_mode()
    }

    /// Returns the tag of the language that the server uses for its texts on this channel. `None`
    /// unless the server has confirmed one in a reply to [`SetLang`](crate::command::SetLang).
    pub fn language(&self) -> Option<&str> {
        self.core.language()
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

    /// Returns the fatal error, if there was one. Every later request fails with the same error.
    pub fn error(&self) -> Option<&Error> {
        self.core.error()
    }

    /// Returns whether a program should try again after this error of the session, and the minimum
    /// delay. The result is that of [`Error::retry`], with one addition. If the session was logged
    /// in, the program must also wait for the time that the server requires between two logins
    /// (`LOGIN-DELAY`, RFC 2449 section 6.5).
    pub fn retry(&self, error: &Error) -> Retry {
        self.core.retry(error)
    }

    /// Returns the plan of the last login: the method that it chose, and why. `None` if no login
    /// has reached that point. For a login that was not submitted yet, see
    /// [`plan_login`](Connection::plan_login).
    pub fn login_plan(&self) -> Option<&LoginPlan> {
        self.core.login_plan()
    }

    /// Returns what a login would do if it were submitted now, as far as the connection can know
    /// it. For a complete plan, ask for the [capabilities](crate::command::GetCapabilities) first,
    /// and again after [`StartTls`](crate::command::StartTls).
    pub fn plan_login(&self, login: &Login) -> LoginPlan {
        self.core.plan_login(login)
    }

    /// Returns how many submitted requests are not answered yet.
    pub fn outstanding(&self) -> usize {
        self.core.outstanding()
    }

    /// Returns whether a command was sent whose reply was not received yet.
    pub fn awaits_reply(&self) -> bool {
        self.core.awaits_reply()
    }

    /// Returns whether there is room to send another command now. If so, an application with more
    /// requests should submit the next one. A request that is submitted while there is no room
    /// waits in the queue.
    pub fn wants_request(&self) -> bool {
        self.core.wants_request()
    }

    /// Returns the id that the next submitted request will have.
    pub fn next_id(&self) -> RequestId {
        self.core.next_id()
    }

    /// Returns whether a login has a long computation to continue. Each call of
    /// [`handle_timeout`](Connection::handle_timeout) does a slice of it; yield to other tasks
    /// between the calls.
    pub fn is_computing(&self) -> bool {
        self.core.is_computing()
    }

    /// Returns how much was sent and received so far, and how it was done.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            wire_sent: self.wire_sent,
            wire_received: self.wire_received,
            ..self.core.statistics()
        }
    }

    /// Returns when the last octet was sent or received. On an idle session, the server counts its
    /// idle limit from then.
    pub fn last_octet(&self) -> Instant {
        self.core.last_octet()
    }

    /// Returns the last time that was passed to the connection.
    pub fn now(&self) -> Instant {
        self.now
    }
}

/// Getters that ignore the TLS layer, for the tests of this workspace.
#[cfg(feature = "internals")]
#[doc(hidden)]
impl Connection {
    /// Returns whether a TLS handshake is due or in progress, by this connection or by the caller.
    pub fn is_in_handshake(&self) -> bool {
        self.core.wants_tls()
    }

    /// Returns whether there are octets of commands to send: plaintext, not TLS records.
    pub fn has_commands_to_send(&self) -> bool {
        self.core.wants_write()
    }
}

impl Connection {
    /// Advances the TLS layer, if there is one. Every method that changes state calls this last.
    #[inline]
    fn advance(&mut self) {
        if self.setup.is_some() {
            self.advance_tls();
        }
    }

    /// Begins a handshake if one is due, and advances the TLS layer. Not inlined, so that the
    /// public methods stay small for connections without TLS.
    #[inline(never)]
    fn advance_tls(&mut self) {
        if let (None, Some(setup)) = (&self.layer, &self.setup)
            && self.core.wants_tls()
        {
            match Layer::new(setup, self.core.channel(), self.now) {
                Ok(layer) => self.layer = Some(Box::new(layer)),
                Err(error) => self.core.tls_failed(error, self.now),
            }
        }
        if let Some(layer) = &mut self.layer {
            layer.advance(&mut self.core);
        }
    }

    /// Stores the time, and then does the same as [`advance`](Connection::advance).
    #[inline]
    fn advance_at(&mut self, now: Instant) {
        self.now = now;
        self.advance();
    }
}
