//! The events that a connection reports to the application.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::error::{AuthError, Error};
use crate::quirk::Quirk;
use crate::received::Received;
use crate::reply::{Greeting, Reply};
use crate::ticket::RequestId;

/// An event of a connection. Events are emitted in the order in which the octets were received.
/// They own their data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server sent its greeting.
    Greeting(Greeting),
    /// A request was answered, or failed. For a streamed command this is only the status line;
    /// events for the body follow.
    Reply {
        /// The request.
        id: RequestId,
        /// The reply. [`Ticket::read`](crate::Ticket::read) converts it.
        result: Result<Reply, Error>,
    },
    /// Octets of a streamed reply, without dot-stuffing. CR LF is never split between two chunks.
    Body {
        /// The request.
        id: RequestId,
        /// The octets. Apart from the dot-stuffing, they are as received.
        chunk: Bytes,
    },
    /// A streamed reply ended. It is complete only if this is `Ok`.
    BodyEnd {
        /// The request.
        id: RequestId,
        /// What was received. It is `Ok` if the terminator was received without unexpected octets
        /// directly after it. A server that ends a message early may send the rest later: see
        /// [`ProtocolError::Surplus`](crate::error::ProtocolError::Surplus).
        result: Result<Received, Error>,
    },
    /// A login with [`Credentials::TokenOnRequest`](crate::login::Credentials::TokenOnRequest)
    /// waits for a token.
    ///
    /// Call [`Connection::provide_token`](crate::Connection::provide_token) with the token when it
    /// is available. Until then, nothing is sent and no deadline runs. Continue to read, because
    /// the server may close the connection. [`Connection::abandon`](crate::Connection::abandon)
    /// ends the login instead.
    ///
    /// This event is emitted once for each token that is needed: at most twice for a login.
    TokenWanted {
        /// The login.
        id: RequestId,
        /// `None` for the first token. For the second one, the reason why the server refused the
        /// first.
        refused: Option<Box<AuthError>>,
    },
    /// A deviation from the RFCs was tolerated.
    Quirk(Quirk),
    /// The connection has ended. This is the last event. `Ok` after `QUIT`.
    Closed(Result<(), Error>),
}
