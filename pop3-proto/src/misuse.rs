//! What a caller asked for that cannot be.

use thiserror::Error as ThisError;

use crate::phase::Phase;
use crate::verb::Verb;

/// What the caller did that cannot be done. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Misuse {
    /// The command is not legal in the phase in which its turn came (RFC 1939 sections 4 to 6).
    #[error("{verb} is not possible in the {phase} phase{}", phase_hint(*.phase))]
    Phase {
        /// The command.
        verb: Verb,
        /// The phase at the time.
        phase: Phase,
    },
    /// `STLS` inside TLS.
    #[error("TLS is in place already")]
    TlsActive,
    /// `PASS` without a `USER` that was accepted right before it.
    #[error("PASS is possible only right behind a USER that was accepted")]
    UserFirst,
    /// The command line would be longer than [`Limits::command`](crate::config::Limits::command).
    #[error("{verb} would take {octets} octets, and a command line may have {limit} (RFC 2449)")]
    TooLong {
        /// The command.
        verb: Verb,
        /// Its length with CR and LF, in octets.
        octets: usize,
        /// The limit, in octets.
        limit: usize,
    },
    /// SCRAM needs a nonce and [`Confirm`](crate::Confirm) unpredictable questions:
    /// [`Connection::seed`](crate::Connection::seed) was not called, and the command brings no
    /// randomness of its own. The adapters call it.
    #[error("SCRAM and confirmations need randomness: call `seed` on the connection first")]
    NoSeed,
    /// A value can never be sent.
    #[error(transparent)]
    Argument(#[from] Argument),
    /// The reply of this ticket was read, discarded or abandoned before.
    #[error("the reply of this ticket is gone: it was read, discarded or abandoned")]
    TicketSpent,
    /// [`Connection::provide_token`](crate::Connection::provide_token) was called for a request that does
    /// not wait for a token.
    #[error(
        "this request does not wait for a token: provide one once for each `TokenWanted` event"
    )]
    NoTokenWanted,
    /// A login with [`Credentials::TokenOnRequest`](crate::login::Credentials::TokenOnRequest) needed its token,
    /// and the operation of the client has no function that provides one. The login was abandoned before
    /// `AUTH` was sent.
    #[error("no token is provided for this login: call `login_with` instead")]
    TokenOnRequest,
}

fn phase_hint(phase: Phase) -> &'static str {
    match phase {
        Phase::Authorization => " (log in first)",
        Phase::Transaction => " (already logged in)",
        Phase::Greeting | Phase::Closed => "",
    }
}

/// What is wrong with a value that a caller built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Argument {
    /// Message numbers start at 1.
    #[error("message numbers start at 1")]
    ZeroMessageNumber,
    /// A user name needs at least one character.
    #[error("the user name is empty")]
    EmptyUsername,
    /// A control character in a user name.
    #[error("the user name holds a control character")]
    ControlInUsername,
    /// A space in a user name for APOP, which ends there.
    #[error("APOP cannot send a user name with a space in it")]
    SpaceInUsername,
    /// A secret needs at least one octet.
    #[error("the password or token is empty")]
    EmptySecret,
    /// CR, LF or NUL in a secret.
    #[error("the password or token holds CR, LF or NUL")]
    ControlInSecret,
    /// A user name or an authorization identity for SCRAM or APOP: SASLprep (RFC 4013)
    /// prohibits a character of it or leaves nothing of it. Without the feature `std`, whatever is
    /// not ASCII.
    #[error("SASLprep (RFC 4013) cannot prepare this user name for SCRAM or APOP")]
    UnpreparedUsername,
    /// A password for SCRAM or APOP: it is not UTF-8, or SASLprep (RFC 4013) prohibits a
    /// character of it or leaves nothing of it. Without the feature `std`, whatever is not ASCII.
    #[error("SASLprep (RFC 4013) cannot prepare this password for SCRAM or APOP")]
    UnpreparedPassword,
    /// A nonce for SCRAM that is empty or holds other than printable ASCII without commas.
    #[error("a client nonce is printable ASCII without commas")]
    Nonce,
    /// A bearer token that holds other than printable ASCII without spaces, quotes and backslashes.
    #[error("a bearer token is printable ASCII without spaces, quotes and backslashes")]
    Token,
    /// A host name for OAUTHBEARER that is empty or holds other than printable ASCII.
    #[error("the host name is empty, or not printable ASCII")]
    Host,
    /// A trace for ANONYMOUS with a control character, or with more than 255 characters.
    #[error("a trace has at most 255 characters, and no control characters")]
    Trace,
    /// User name or password beyond ASCII, and a server that does not list `UTF8 USER` (RFC 6856
    /// section 2.2); refused under [`Leniency::Strict`](crate::config::Leniency::Strict).
    #[error("the server does not say that it takes UTF-8 in user name and password")]
    NotAscii,
    /// No way to log in has this name.
    #[error("no way to log in has this name")]
    Method,
    /// The name of a mechanism that is not 1 to 20 of `A` to `Z`, digits, `-` and `_`.
    #[error("the name of a mechanism is 1 to 20 upper-case letters, digits, `-` and `_`")]
    Mechanism,
    /// A control character in a raw command.
    #[error("the command holds a control character")]
    ControlInCommand,
    /// A raw command that is not a keyword of 3 to 20 printable characters and its arguments.
    #[error(
        "a command is a keyword of 3 to 20 printable characters, then a space and its arguments"
    )]
    Keyword,
    /// A raw command that would change the session behind the library's back.
    #[error("this command changes the session: use the command made for it")]
    Reserved,
    /// Something that is not a URL of a maildrop.
    #[error("not a POP3 URL: {0}")]
    Url(&'static str),
}
