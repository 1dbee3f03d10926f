//! What a connection reports to the application.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::error::{AuthError, Error};
use crate::quirk::Quirk;
use crate::received::Received;
use crate::reply::{Greeting, Reply};
use crate::ticket::RequestId;

/// What happened, in the order of the wire. Events own what they carry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server greeted.
    Greeting(Greeting),
    /// A request was answered, or failed. For a streamed command this is its status line; body
    /// events follow.
    Reply {
        /// The request.
        id: RequestId,
        /// Its reply, for [`Ticket::read`](crate::Ticket::read).
        result: Result<Reply, Error>,
    },
    /// Octets of a streamed reply, dot-stuffing undone. Chunks never split CR LF.
    Body {
        /// The request.
        id: RequestId,
        /// The octets, as they came otherwise.
        chunk: Bytes,
    },
    /// A streamed reply ended. It is complete only if this is `Ok`.
    BodyEnd {
        /// The request.
        id: RequestId,
        /// What came, if its terminator was seen and nothing was received together with it that no
        /// command explains. A server that ends a message early may send the rest later: see
        /// [`ProtocolError::Surplus`](crate::error::ProtocolError::Surplus).
        result: Result<Received, Error>,
    },
    /// A login with [`Credentials::TokenOnRequest`](crate::login::Credentials::TokenOnRequest) waits for a token.
    ///
    /// Answer with [`Connection::provide_token`](crate::Connection::provide_token), at any time. Until then
    /// nothing is sent and no deadline runs, but go on reading: the server may close the connection.
    /// [`Connection::abandon`](crate::Connection::abandon) ends the login instead.
    ///
    /// This is emitted once for each token that is wanted: at most twice for a login.
    TokenWanted {
        /// The login.
        id: RequestId,
        /// `None` for the first token. For a fresh one, why the server refused the token before.
        refused: Option<Box<AuthError>>,
    },
    /// A deviation of the server was tolerated.
    Quirk(Quirk),
    /// The connection is closed; the last event. `Ok` after `QUIT`.
    Closed(Result<(), Error>),
}
