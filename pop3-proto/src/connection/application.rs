//! The application side of a connection: requests in, events out.

use alloc::boxed::Box;
use core::ops::Range;

use super::Connection;
use crate::command::Command;
#[cfg(doc)]
use crate::error::Closed;
use crate::error::{Error, LimitError};
use crate::event::Event;
#[cfg(doc)]
use crate::misuse::Misuse;
use crate::secret::Secret;
use crate::ticket::{RequestId, Ticket};

/// The application side.
impl Connection {
    /// Gives the connection randomness of its own, from the operating system, for the nonces of
    /// SCRAM and the questions of [`Confirm`](crate::Confirm). Never give two connections the same.
    /// Without it, both fail with [`Misuse::NoSeed`]. The adapters call this.
    ///
    /// The digests by which the connection recognizes echoes of its credentials are keyed with it,
    /// too ([`Secret`](crate::Secret#redaction)). Without a seed their key is a constant: equal
    /// passwords then have equal digests in every process, so an attacker who reads the memory of one can
    /// look a guessable password up in a precomputed table. With a seed each guess has to be
    /// computed for this connection. Seed a connection before it sends credentials.
    pub fn seed(&mut self, random: [u8; 32]) {
        self.core.seed(random);
    }

    /// Queues a request. Whether it is legal is decided when its turn comes, so a login and what
    /// follows it can be submitted together.
    ///
    /// A login may call a [`Mechanism`](crate::sasl::Mechanism) of the application. It runs in this method,
    /// or in any other that moves the session on. If it panics and the application catches that, the
    /// connection has ended with [`Error::CallbackPanicked`]. Nothing else calls code of the application: a
    /// token is requested by [`Event::TokenWanted`].
    ///
    /// # Errors
    ///
    /// The connection's fatal error if it is dead ([`Closed::Finished`] after `QUIT`), or
    /// [`Misuse::TooLong`]. Nothing was queued then.
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        let ticket = self.core.submit(command);
        self.advance();
        ticket
    }

    /// Returns the next event. While one waits, nothing is parsed and nothing is sent.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.core.poll_event();
        self.advance();
        event
    }

    /// Abandons requests and drops their pending events. No later event reports them. Ids that do not
    /// exist are ignored.
    ///
    /// Commands that were not sent are removed from the queue. Replies to those in flight are read and
    /// discarded, and a login that has started is completed. A login that waits for a token ends there:
    /// nothing more of it is sent.
    pub fn abandon(&mut self, requests: Range<RequestId>) {
        self.core.abandon(requests);
        self.advance();
    }

    /// Provides the token that [`Event::TokenWanted`] requested, or says why there is none. The login then
    /// goes on, or fails with [`AuthError::NoToken`](crate::error::AuthError::NoToken) and these words. They may be
    /// logged: no secret belongs there.
    ///
    /// The time since the event does not count against the server: its deadline starts now, and so does
    /// [`Timeouts::total`](crate::config::Timeouts::total).
    ///
    /// # Errors
    ///
    /// The connection's fatal error if it is dead, since the server may have closed it in the meantime;
    /// [`Misuse::NoTokenWanted`] if this request does not wait for a token or its event was not taken yet.
    pub fn provide_token(
        &mut self,
        id: RequestId,
        token: Result<Secret, Box<str>>,
    ) -> Result<(), Error> {
        let provided = self.core.provide_token(id, token);
        self.advance();
        provided
    }

    /// Ends the connection because a limit of the application is exceeded. All outstanding requests get
    /// this error, and nothing more is read or written.
    pub fn exceeded(&mut self, limit: LimitError) {
        self.core.exceeded(limit);
        self.advance();
    }

    /// Ends the connection because code of the application panicked outside of it, such as the stream
    /// that moves its octets: how many of them moved is not known. All outstanding requests get
    /// [`Error::CallbackPanicked`].
    pub fn callback_panicked(&mut self) {
        self.core.callback_panicked();
        self.advance();
    }
}
