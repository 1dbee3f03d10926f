//! What a connection counts.

use core::fmt;
use core::time::Duration;

#[cfg(doc)]
use super::Observer;

/// How much a connection has sent and received, and how it was done.
///
/// It is always counted, because this costs next to nothing; an [`Observer`] is not needed.
///
/// `Display` writes it in one line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct Statistics {
    /// The octets that were sent to the server, as cleartext.
    pub sent: u64,
    /// The octets that were received from the server, as cleartext.
    pub received: u64,
    /// The octets that were written to the socket. With TLS inside the connection, these are the
    /// octets of its records and of its handshake.
    pub wire_sent: u64,
    /// The octets that were read from the socket.
    pub wire_received: u64,
    /// The lines that were sent: commands, and the responses of `AUTH`.
    pub commands: u64,
    /// How often the server had to answer before the session could continue. A batch of pipelined
    /// commands counts once. The round trips of TCP and of the TLS handshake are not included.
    pub round_trips: u64,
    /// The messages that were received completely, with `RETR` or `TOP`.
    pub messages: u64,
    /// The octets of streamed bodies, without dot-stuffing. Bodies that were cut short or skipped
    /// are included.
    pub body_octets: u64,
    /// The deviations from the RFCs that were tolerated, and polled. Repeated ones are included.
    pub quirks: u64,
    /// How long the TLS handshake took. `None` without TLS.
    pub tls_handshake: Option<Duration>,
    /// Whether the TLS handshake resumed an earlier session.
    pub tls_resumed: bool,
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            received,
            wire_sent,
            wire_received,
            commands,
            round_trips,
            messages,
            body_octets,
            quirks,
            tls_handshake,
            tls_resumed,
        } = *self;
        write!(
            f,
            "{commands} commands in {round_trips} round trips, {messages} messages of \
             {body_octets} octets; {received} octets received, {sent} sent"
        )?;
        if let Some(time) = tls_handshake {
            write!(
                f,
                " ({wire_received} and {wire_sent} with TLS); {} TLS handshake in {} ms",
                if tls_resumed { "resumed" } else { "full" },
                time.as_millis()
            )?;
        }
        match quirks {
            0 => Ok(()),
            1 => f.write_str("; 1 deviation"),
            _ => write!(f, "; {quirks} deviations"),
        }
    }
}
