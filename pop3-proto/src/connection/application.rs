//! The application side of a connection: submitting requests and polling events.

use alloc::boxed::Box;
use core::ops::Range;
use core::time::Duration;

use super::Connection;
use crate::command::Command;
#[cfg(doc)]
use crate::error::Closed;
use crate::error::{Error, LimitError};
use crate::event::Event;
#[cfg(feature = "record")]
use crate::inputs::Tap;
#[cfg(doc)]
use crate::misuse::Misuse;
use crate::observe::Observer;
use crate::secret::Secret;
use crate::ticket::{RequestId, Ticket};

/// The application side.
impl Connection {
    /// Seeds the connection with random octets from the operating system. The nonces of SCRAM and
    /// the questions of [`Confirm`](crate::Confirm) are derived from them. Never seed two
    /// connections with the same octets. Without a seed, SCRAM and `Confirm` fail with
    /// [`Misuse::NoSeed`]. The adapters call this.
    ///
    /// The seed is also the key of the digests with which the connection recognizes its credentials
    /// when the server echoes them ([`Secret`](crate::Secret#redaction)). Without a seed their key
    /// is a constant, so equal passwords have equal digests in every process. An attacker who reads
    /// the memory of a process can then look up a weak password in a precomputed table. With a
    /// seed, the attacker has to compute each guess for this connection. Seed a connection before
    /// it sends credentials.
    pub fn seed(&mut self, random: [u8; 32]) {
        self.core.seed(random);
    }

    /// Sets an observer, which sees each line that is sent and received from now on. It replaces an
    /// earlier one. Without an observer, nothing is recorded.
    ///
    /// To see the greeting and the TLS handshake of a client, use
    /// [`Connector::observe_with`](crate::Connector::observe_with).
    pub fn set_observer(&mut self, observer: Box<dyn Observer>) {
        self.core.set_observer(observer);
    }

    /// Records the inputs of the connection. Returns false if something has happened before.
    #[cfg(feature = "record")]
    pub(crate) fn record_to(&mut self, tap: Tap) -> bool {
        let new = self.core.is_new();
        if new {
            self.core.set_tap(tap);
        }
        new
    }

    /// Queues a request. Whether the request is allowed is checked only when it is about to be
    /// sent. A login and the requests after it can therefore be submitted together.
    ///
    /// A login may call a [`Mechanism`](crate::sasl::Mechanism) of the application, in this method
    /// or in any other method that advances the session. If the mechanism panics and the
    /// application catches the panic, the connection has ended with [`Error::CallbackPanicked`].
    /// Nothing else calls code of the application: a token is requested by [`Event::TokenWanted`].
    ///
    /// # Errors
    ///
    /// The connection's fatal error if it has ended ([`Closed::Finished`] after `QUIT`), or
    /// [`Misuse::TooLong`]. In both cases nothing was queued.
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        let ticket = self.core.submit(command);
        self.advance();
        ticket
    }

    /// Returns the next event. While an event is pending, nothing is parsed and nothing is sent.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.core.poll_event();
        self.advance();
        event
    }

    /// Abandons requests and drops their pending events. No later event reports them. Ids that do
    /// not exist are ignored.
    ///
    /// Commands that were not sent are removed from the queue. Replies to those in flight are read
    /// and discarded. A login that has started is completed, unless it waits for a token: then it
    /// ends, and nothing more of it is sent.
    pub fn abandon(&mut self, requests: Range<RequestId>) {
        self.core.abandon(requests);
        self.advance();
    }

    /// Provides the token that [`Event::TokenWanted`] requested, or the reason why there is none.
    /// With a token the login continues. Without one it fails with
    /// [`AuthError::NoToken`](crate::error::AuthError::NoToken), which contains the reason. The
    /// reason may be logged, so it must not contain a secret.
    ///
    /// The time since the event does not count against the server: its deadline starts now, and so
    /// does [`Timeouts::total`](crate::config::Timeouts::total).
    ///
    /// # Errors
    ///
    /// The connection's fatal error if it has ended, for example because the server closed it in
    /// the meantime. [`Misuse::NoTokenWanted`] if this request does not wait for a token, or if
    /// [`poll_event`](Connection::poll_event) has not returned its event yet.
    pub fn provide_token(
        &mut self,
        id: RequestId,
        token: Result<Secret, Box<str>>,
    ) -> Result<(), Error> {
        let provided = self.core.provide_token(id, token);
        self.advance();
        provided
    }

    /// Changes the interval of keep-alives, which is [`Config::keep_alive`](crate::Config::keep_alive)
    /// when the connection begins. `None` turns them off.
    pub fn set_keep_alive(&mut self, interval: Option<Duration>) {
        self.core.set_keep_alive(interval);
    }

    /// Ends the connection because a limit of the application was exceeded. All outstanding
    /// requests get this error, and nothing more is read or written.
    pub fn exceeded(&mut self, limit: LimitError) {
        self.core.exceeded(limit);
        self.advance();
    }

    /// Ends the connection because code of the application panicked outside the connection's
    /// methods, for example the stream that reads and writes its octets. It is then unknown how
    /// many octets were read or written. All outstanding requests get [`Error::CallbackPanicked`].
    pub fn callback_panicked(&mut self) {
        self.core.callback_panicked();
        self.advance();
    }
}
