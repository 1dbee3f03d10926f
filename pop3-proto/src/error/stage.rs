//! What a connection was doing when it failed, and the hints that follow from that.

use core::fmt;

use crate::channel::Channel;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// What a connection was doing when its transport failed.
///
/// `Display` writes the end of a sentence, such as `while waiting for the greeting`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The TLS handshake had not finished.
    TlsHandshake {
        /// How the connection started: with TLS, or in cleartext before STLS.
        channel: Channel,
    },
    /// The greeting had not been received.
    Greeting {
        /// How the connection started. If it started in cleartext, the port may expect TLS from the
        /// first octet.
        channel: Channel,
    },
    /// A command was sent, and no octet of its reply had been received.
    Unanswered {
        /// The command.
        verb: Verb,
        /// The message that the command was about.
        number: Option<MessageNumber>,
    },
    /// Part of a reply had been received.
    InReply {
        /// The command.
        verb: Verb,
        /// The message that the command was about.
        number: Option<MessageNumber>,
    },
}

impl Stage {
    /// Returns the command whose reply was expected next, if a command was sent.
    pub(crate) fn verb(self) -> Option<Verb> {
        match self {
            Self::Unanswered { verb, .. } | Self::InReply { verb, .. } => Some(verb),
            Self::TlsHandshake { .. } | Self::Greeting { .. } => None,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TlsHandshake { channel } => {
                write!(f, "during the TLS handshake{}", OtherScheme(channel))
            }
            Self::Greeting { channel } => {
                let hint = OtherScheme::without_greeting(channel);
                write!(f, "while waiting for the greeting{hint}")
            }
            Self::Unanswered { verb, number } => {
                write!(
                    f,
                    "while waiting for the reply to {verb}{}",
                    Numbered(number)
                )
            }
            Self::InReply { verb, number } => {
                write!(
                    f,
                    "in the middle of the reply to {verb}{}",
                    Numbered(number)
                )
            }
        }
    }
}

/// Writes the message number after a command, if there is one.
pub(super) struct Numbered(pub(super) Option<MessageNumber>);

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |number| write!(f, " {number}"))
    }
}

/// Writes a hint to try the other URL scheme, after a TLS handshake that the server did not finish.
pub(crate) struct OtherScheme(pub(crate) Channel);

impl OtherScheme {
    /// A hint to try the other URL scheme, after octets that are not TLS.
    #[cfg(feature = "rustls")]
    pub(crate) const NOT_TLS: &'static str = ": try pop3:// (STLS)";

    /// Returns a hint to try the other URL scheme, after a connection without a greeting.
    pub(super) fn without_greeting(channel: Channel) -> &'static str {
        match channel {
            Channel::Plain => "; if this port uses TLS from the start (implicit TLS), try pop3s://",
            // The handshake shows that the port uses TLS.
            Channel::ImplicitTls => "; if this port belongs to another service, check the port",
            Channel::TrustedByCaller => "",
        }
    }
}

impl fmt::Display for OtherScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Channel::ImplicitTls => {
                "; if this port does not use TLS from the start, try pop3:// (STLS)"
            }
            Channel::Plain | Channel::TrustedByCaller => "",
        })
    }
}
