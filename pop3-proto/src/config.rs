//! The settings of a connection, with the reasons for the defaults.

use core::time::Duration;

/// The settings of a [`Connection`](crate::Connection). Start from the default and change fields.
///
/// ```
/// let mut config = pop3_proto::Config::default();
/// config.pipelining = pop3_proto::config::Pipelining::Never;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct Config {
    /// Limits for the memory that a server's replies may need.
    pub limits: Limits,
    /// How long to wait for the server.
    pub timeouts: Timeouts,
    /// How strictly server replies are parsed.
    pub leniency: Leniency,
    /// Whether a dot after a bare LF ends a multi-line reply of a server that ends its own lines in
    /// CR LF. Change it only for a server that needs it.
    pub lf_dot: LfDot,
    /// Whether commands may be sent before earlier ones are answered.
    pub pipelining: Pipelining,
    /// Whether the client asks for the server's capabilities. `Never` is for a server that does not
    /// answer `CAPA` in time, or closes the connection after it.
    pub capa: CapaPolicy,
    /// Whether the first response of an authentication exchange is sent with the `AUTH` command.
    pub initial_response: InitialResponse,
    /// Whether a login on a [`Channel::Plain`](crate::Channel::Plain) connection starts TLS with
    /// STLS first.
    pub stls: StlsPolicy,
    /// Whether a login sends `UTF8` before the credentials. Off by default: a program that turns it
    /// on must be able to read messages with UTF-8 in their headers.
    pub utf8: Utf8Policy,
    /// Allows credentials to be sent in cleartext, by a login and by the commands `USER`, `PASS`
    /// and `APOP`. Off by default, because anyone on the network path can read them. A login on a
    /// [`Channel::Plain`](crate::Channel::Plain) connection still starts TLS, unless `stls` is
    /// [`StlsPolicy::Off`].
    pub allow_insecure_login: bool,
    /// Sends `NOOP` when a session in the TRANSACTION state has been idle for this long. Off by
    /// default. RFC 1939 section 3 lets servers close the connection after 10 minutes, and some do
    /// so after one. `NOOP` is sent at most once a second.
    ///
    /// It works only while `handle_timeout` is called on the idle session, as an event loop does.
    /// The clients have no background thread or task that could call it. Their methods `keep_alive`
    /// (asynchronous) and `noop_if_idle` keep a session open while the program does other work.
    pub keep_alive: Option<Duration>,
}

/// Limits for the memory that a server's replies may need, in octets unless said otherwise.
///
/// Message bodies have no limit, because they are streamed through the receive buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct Limits {
    /// The size of the receive buffer, which is allocated once. It is raised to a little more than
    /// `line` and `challenge` if it is smaller, and is at most [`Limits::MAX_BUFFER`]. Default: 64
    /// KiB. With 16 KiB, the throughput for large messages is 10 percent lower. More than 64 KiB
    /// has no advantage.
    pub receive_buffer: usize,
    /// The length of a status line, at most [`Limits::MAX_BUFFER`]. Default: 8 KiB. RFC 1939
    /// section 3 allows 512 octets, but translated texts are longer.
    pub line: usize,
    /// The number of lines of a reply to `CAPA`, or to `LANG` without an argument. Default: 128. Real replies have about 20.
    pub capability_lines: usize,
    /// The size of a reply to `CAPA`, or to `LANG` without an argument. Default: 64 KiB.
    pub capability_octets: usize,
    /// The number of entries of a `LIST` or `UIDL` reply. Default: one million. Other clients have
    /// the same limit or a lower one.
    pub listing_entries: usize,
    /// The length of a line of a `LIST` or `UIDL` reply. Default: 2 KiB. RFC 1939 allows 70 octets
    /// for a unique-id; this crate accepts 512.
    pub listing_line: usize,
    /// The size of a `LIST`, `UIDL` or raw multi-line reply. Default: 128 MiB, enough for a million
    /// valid unique-ids.
    pub listing_octets: usize,
    /// The length of a line with a SASL challenge, at most [`Limits::MAX_BUFFER`]. Default: 32 KiB.
    /// The limit of 512 octets for other replies does not apply to challenges (RFC 5034 section 4).
    pub challenge: usize,
    /// The total size of the challenges of one exchange. Default: 64 KiB.
    pub challenge_octets: usize,
    /// The number of challenges of one exchange. Default: 10. No mechanism of this library needs
    /// more than 3.
    pub challenges: usize,
    /// The length of a command line with its CR LF. Default: 255 (RFC 2449 section 4).
    pub command: usize,
}

impl Limits {
    /// The maximum of `receive_buffer`, `line` and `challenge`: 16 MiB. A larger value is treated
    /// as this one, because each connection allocates memory of these sizes.
    pub const MAX_BUFFER: usize = 16 << 20;

    /// Returns the limits, with those of buffers reduced to the maximum.
    pub(crate) fn clamped(mut self) -> Self {
        for limit in [
            &mut self.receive_buffer,
            &mut self.line,
            &mut self.challenge,
        ] {
            *limit = (*limit).min(Self::MAX_BUFFER);
        }
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            receive_buffer: 64 << 10,
            line: 8 << 10,
            capability_lines: 128,
            capability_octets: 64 << 10,
            listing_entries: 1_000_000,
            listing_line: 2 << 10,
            listing_octets: 128 << 20,
            challenge: 32 << 10,
            challenge_octets: 64 << 10,
            challenges: 10,
            command: 255,
        }
    }
}

/// How long to wait for the server. While an event is pending, no deadline runs except `total`.
/// Zero expires immediately; [`Duration::MAX`] never expires.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct Timeouts {
    /// For connecting to one address. Only the adapters use it. Default: 30 s.
    pub connect: Duration,
    /// For the whole TLS handshake. If a write fails during the handshake, the client reads for the
    /// same time again: the server may have sent the reason before it closed the connection.
    /// Default: 30 s.
    pub tls: Duration,
    /// For the greeting. Default: 60 s, because some servers look up the client's host name first. A
    /// [`Connector`](crate::Connector) waits at most 10 s if it connects without TLS to port 995,
    /// where servers with implicit TLS never send a greeting first.
    pub greeting: Duration,
    /// For the first octet of a reply. Default: 180 s, because a server may need a long time to
    /// open a large maildrop.
    pub first_octet: Duration,
    /// Between octets of a reply that has begun. Default: 60 s.
    pub stall: Duration,
    /// For the server to accept at least one octet of a command. Default: 60 s.
    pub send: Duration,
    /// For the reply to `QUIT` if messages are marked as deleted. Default: 180 s, because the server
    /// deletes them before it replies.
    pub quit: Duration,
    /// For the reply to `QUIT` if no message is marked as deleted. Default: 10 s, because nothing
    /// depends on that reply.
    pub quit_without_deletions: Duration,
    /// For a whole operation, from its command to the end of its reply. Default: none. Only this
    /// timeout stops a server that sends one octet a minute. It does not run while a login waits
    /// for a token from the application, and restarts when the token is provided.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            tls: Duration::from_secs(30),
            greeting: Duration::from_secs(60),
            first_octet: Duration::from_secs(180),
            stall: Duration::from_secs(60),
            send: Duration::from_secs(60),
            quit: Duration::from_secs(180),
            quit_without_deletions: Duration::from_secs(10),
            total: None,
        }
    }
}

/// How strictly server replies are parsed. Both settings accept status indicators in any case, text
/// after the values of `STAT` and `LIST`, and any spacing and order in listings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Leniency {
    /// Also accepts deviations of real servers that are not ambiguous: a bare LF as a line end, a
    /// blank line before a reply, a missing size. Each is reported as a [`Quirk`](crate::Quirk).
    #[default]
    Lenient,
    /// Accepts only what RFC 1939 and its extensions allow. A status line that ends in a bare LF
    /// causes [`ProtocolError::BareLineFeed`](crate::error::ProtocolError::BareLineFeed), and so
    /// does the first line of a listing. In a message, a bare LF is data.
    Strict,
}

/// Whether LF `.` CR LF ends a multi-line reply (RFC 1939 section 3) of a server that ends its own
/// lines in CR LF. A server whose first line ends in a bare LF is not affected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum LfDot {
    /// The first line end in each reply determines the line ends of that reply. If it is CR LF, as
    /// in every message to which a mail server has added a trace header, only CR LF ends a line of
    /// this reply. If it is a bare LF, LF ends its lines and LF `.` CR LF ends it, until one of its
    /// lines ends in CR LF. Under [`Leniency::Strict`], only CR LF ends a line.
    #[default]
    Auto,
    /// Always, even under [`Leniency::Strict`]. Use it only for a server that sends messages with
    /// bare LF line ends and is known to stuff a dot after each of them. With any other server,
    /// **the sender of a message can end it early**. The rest of the message is then read as
    /// replies. With forged replies, the sender can forge messages, and cause the deletion of other
    /// messages.
    EndsReply,
}

/// Whether commands may be sent before earlier ones are answered (RFC 2449 section 6.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Pipelining {
    /// If the server advertises it in a `CAPA` reply on the current channel.
    #[default]
    Auto,
    /// Always, at the caller's risk.
    Always,
    /// Never: for a server that advertises it but does not support it.
    Never,
}

/// Whether the client asks for the server's capabilities (RFC 2449 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum CapaPolicy {
    /// Before a login, after STLS and after a login.
    #[default]
    Auto,
    /// Only if the caller asks: for old servers that do not answer `CAPA` or close the connection.
    /// STLS is then tried although it is not advertised.
    Never,
}

/// Whether a login sends [`Utf8`](crate::command::Utf8), after which the server sends messages with
/// UTF-8 in their headers as they are (RFC 6856 section 2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Utf8Policy {
    /// A login does not send it. A server may then replace messages that have UTF-8 in their
    /// headers, or refuse to send them.
    #[default]
    Never,
    /// A login sends it inside TLS and before the credentials, if the server advertises it there. If
    /// the server refuses it, the login continues without it: see
    /// [`Connection::utf8_mode`](crate::Connection::utf8_mode).
    Auto,
}

/// Whether the first response of an authentication exchange is sent with the command (RFC 5034
/// section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum InitialResponse {
    /// If the server advertises `SASL` and the line has at most [`Limits::command`] octets.
    #[default]
    Auto,
    /// Never: every response answers a challenge. This is for a server that closes the connection
    /// when `AUTH` has an initial response.
    Never,
}

/// Whether a login on a [`Channel::Plain`](crate::Channel::Plain) connection starts TLS with STLS.
/// There is no opportunistic mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum StlsPolicy {
    /// A login requires STLS. Without it, the login fails and the connection ends. The only
    /// exception is [`LoginPolicy::twisted`](crate::login::LoginPolicy::twisted), which has its own
    /// order.
    #[default]
    Required,
    /// STLS is not used. Credentials are then sent in cleartext, if
    /// [`allow_insecure_login`](Config::allow_insecure_login) permits it.
    Off,
}
