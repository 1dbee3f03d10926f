//! Mistakes of the caller.

use thiserror::Error as ThisError;

use crate::phase::Phase;
use crate::verb::Verb;

/// A mistake by the caller. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Misuse {
    /// The command is not allowed in the state of the session when it was about to be sent (RFC
    /// 1939 sections 4 to 6).
    #[error("{verb} is not allowed in the {phase} state{}", phase_hint(*.phase))]
    Phase {
        /// The command.
        verb: Verb,
        /// The state of the session at that time.
        phase: Phase,
    },
    /// `STLS` was submitted, but TLS is already active.
    #[error("TLS is already active")]
    TlsActive,
    /// `STLS` was submitted after `UTF8`, by itself or as a part of a login (RFC 6856 section 2.1).
    #[error(
        "STLS is not allowed after UTF8 (RFC 6856): start TLS first, or set Config::utf8, with \
         which the login sends UTF8 itself"
    )]
    StlsAfterUtf8,
    /// The command may be sent only if the server advertises it, and the server does not, or was
    /// not asked for its capabilities on this channel (RFC 6856 sections 2 and 3).
    #[error(
        "the server does not advertise {verb}, or was not asked: call `capa` first, or send it as a \
         `Raw` command, after which some servers close the connection"
    )]
    NotAdvertised {
        /// The command.
        verb: Verb,
    },
    /// `PASS` does not directly follow a `USER` that was accepted.
    #[error("PASS is allowed only immediately after a USER that was accepted")]
    UserFirst,
    /// The command line would be longer than [`Limits::command`](crate::config::Limits::command).
    #[error(
        "{verb} needs a line of {octets} octets, and the limit is {limit} (Limits::command, RFC 2449)"
    )]
    TooLong {
        /// The command.
        verb: Verb,
        /// The length of the line with CR and LF, in octets.
        octets: usize,
        /// The limit, in octets.
        limit: usize,
    },
    /// SCRAM needs a nonce, and [`Confirm`](crate::Confirm) needs unpredictable questions, but
    /// [`Connection::seed`](crate::Connection::seed) was not called and the command contains no
    /// random bytes of its own. The adapters call `seed`.
    #[error("SCRAM and confirmations need random bytes: call `Connection::seed` first")]
    NoSeed,
    /// A value is invalid and can never be sent.
    #[error(transparent)]
    Argument(#[from] Argument),
    /// The reply of this ticket was already read, discarded or abandoned.
    #[error("the reply for this ticket was already read, discarded or abandoned")]
    TicketSpent,
    /// [`Connection::provide_token`](crate::Connection::provide_token) was called for a request
    /// that does not wait for a token.
    #[error(
        "this request does not wait for a token: call `provide_token` once for each `TokenWanted` event"
    )]
    NoTokenWanted,
    /// A login with [`Credentials::TokenOnRequest`](crate::login::Credentials::TokenOnRequest)
    /// needed its token, but was submitted by a method that has no function to provide one. The
    /// login was abandoned before `AUTH` was sent.
    #[error("this login requests its token from a function: call `login_with` instead")]
    TokenOnRequest,
}

fn phase_hint(phase: Phase) -> &'static str {
    match phase {
        Phase::Authorization => " (log in first)",
        Phase::Transaction => " (already logged in)",
        Phase::Greeting | Phase::Closed => "",
    }
}

/// Why a value of the caller is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Argument {
    /// A message number of 0. Numbers start at 1.
    #[error("message numbers start at 1")]
    ZeroMessageNumber,
    /// An empty user name.
    #[error("the user name is empty")]
    EmptyUsername,
    /// A control character in a user name.
    #[error("the user name contains a control character")]
    ControlInUsername,
    /// A space in a user name for APOP, where a space ends the name.
    #[error("APOP cannot send a user name that contains a space")]
    SpaceInUsername,
    /// An empty secret.
    #[error("the password or token is empty")]
    EmptySecret,
    /// CR, LF or NUL in a secret.
    #[error("the password or token contains CR, LF or NUL")]
    ControlInSecret,
    /// A user name or an authorization identity for SCRAM or APOP that SASLprep (RFC 4013) rejects:
    /// it contains a prohibited character, or is empty after SASLprep. Without the feature `std`,
    /// everything that is not ASCII is rejected.
    #[error("SCRAM and APOP cannot send this user name: SASLprep (RFC 4013) rejects it")]
    UnpreparedUsername,
    /// A password for SCRAM or APOP that is not UTF-8 or that SASLprep (RFC 4013) rejects: it
    /// contains a prohibited character, or is empty after SASLprep. Without the feature `std`,
    /// everything that is not ASCII is rejected.
    #[error("SCRAM and APOP cannot use this password: SASLprep (RFC 4013) rejects it")]
    UnpreparedPassword,
    /// A nonce for SCRAM that is empty or contains anything but printable ASCII without commas.
    #[error("a client nonce must be printable ASCII without commas")]
    Nonce,
    /// A bearer token that contains anything but printable ASCII without spaces, quotes and
    /// backslashes.
    #[error("a bearer token must be printable ASCII without spaces, quotes and backslashes")]
    Token,
    /// A host name for OAUTHBEARER that is empty or contains anything but printable ASCII.
    #[error("the host name for OAUTHBEARER must be printable ASCII and not empty")]
    Host,
    /// A trace for ANONYMOUS with a control character, or with more than 255 characters.
    #[error("a trace for ANONYMOUS must have at most 255 characters and no control characters")]
    Trace,
    /// A user name or password that is not ASCII, for a server that does not advertise `UTF8 USER`
    /// (RFC 6856 section 2.2). Rejected only under
    /// [`Leniency::Strict`](crate::config::Leniency::Strict).
    #[error(
        "user name or password is not ASCII, and the server does not advertise UTF8 USER (RFC 6856): \
         to send it anyway, use Leniency::Lenient"
    )]
    NotAscii,
    /// The name of a login method that is not known.
    #[error("no login method has this name")]
    Method,
    /// The name of a mechanism that is not 1 to 20 of `A` to `Z`, digits, `-` and `_`.
    #[error("the name of a mechanism must be 1 to 20 upper-case letters, digits, `-` and `_`")]
    Mechanism,
    /// A language range that is neither `*` nor a tag such as `de` or `pt-BR` (RFC 4647 section 2.1).
    #[error(
        "a language is `*` or a tag such as `de` or `pt-BR`: subtags of 1 to 8 letters or digits, \
         separated by `-`, and the first one without digits"
    )]
    LanguageRange,
    /// A control character in a raw command.
    #[error("the command contains a control character")]
    ControlInCommand,
    /// A raw command that is not a keyword of 3 to 20 printable characters and its arguments.
    #[error(
        "a command must be a keyword of 3 to 20 printable characters, then a space and its arguments"
    )]
    Keyword,
    /// A raw command that changes the state of the session. The library would not notice the
    /// change.
    #[error("this command changes the state of the session: use its own type instead of `Raw`")]
    Reserved,
    /// A text that is not the URL of a maildrop.
    #[error("not a POP3 URL: {0}")]
    Url(&'static str),
}
