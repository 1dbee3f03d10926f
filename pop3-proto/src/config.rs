//! What a caller can choose, with the reasons for each default.

use core::time::Duration;

/// How a [`Connection`](crate::Connection) behaves. Start from the default and change fields.
///
/// ```
/// let mut config = pop3_proto::Config::default();
/// config.pipelining = pop3_proto::config::Pipelining::Never;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// What a server may make this side hold in memory.
    pub limits: Limits,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Which departures from the RFCs are borne.
    pub leniency: Leniency,
    /// Whether a dot after a bare LF ends a multi-line reply of a server that ends its own lines in
    /// CR LF. Change it only for a server that needs it.
    pub lf_dot: LfDot,
    /// Whether commands may be sent before earlier ones are answered.
    pub pipelining: Pipelining,
    /// Whether the server is asked for its capabilities. `Never` is for a server that does not answer
    /// `CAPA` in time, or hangs up on it.
    pub capa: CapaPolicy,
    /// Whether the first words of an authentication exchange leave with `AUTH` itself.
    pub initial_response: InitialResponse,
    /// Whether a login on a [`Channel::Plain`](crate::Channel::Plain) connection needs STLS first.
    pub stls: StlsPolicy,
    /// Lets credentials leave in clear: by a login, and by `USER`, `PASS` and `APOP` alone.
    /// Off by default; anybody on the way can read them. A login on a [`Channel::Plain`](crate::Channel::Plain) connection
    /// still starts TLS, unless `stls` is [`StlsPolicy::Off`] as well.
    pub allow_insecure_login: bool,
    /// Sends `NOOP` when a session in the TRANSACTION state was idle for this long. Off by
    /// default; RFC 1939 section 3 lets servers hang up after 10 minutes, some do after one. Only who
    /// calls `handle_timeout` while the session is idle gets this, and not more often than once a second: an event loop does. The
    /// clients have neither a thread nor a task to do it in: call `noop` from time to time.
    pub keep_alive: Option<Duration>,
}

/// What a server may make this side hold in memory, in octets unless said otherwise.
///
/// Message bodies have no limit: they stream through the receive buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The receive buffer, allocated once; at least `line` and `challenge` and a little more, at most
    /// [`Limits::MAX_BUFFER`]. 64 KiB: 16 KiB costs a tenth of the throughput on large messages, more
    /// than 64 KiB gains nothing.
    pub receive_buffer: usize,
    /// A status line, at most [`Limits::MAX_BUFFER`]. 8 KiB: RFC 1939 section 3 says 512, localised
    /// texts are longer.
    pub line: usize,
    /// Lines of a `CAPA` reply. 128: real ones have about 20.
    pub capability_lines: usize,
    /// A `CAPA` reply. 64 KiB.
    pub capability_octets: usize,
    /// Entries of a `LIST` or `UIDL` reply. A million; other clients stop there or sooner.
    pub listing_entries: usize,
    /// A line of a `LIST` or `UIDL` reply. 2 KiB: a unique-id has at most 70 octets by
    /// RFC 1939, 512 here.
    pub listing_line: usize,
    /// A `LIST`, `UIDL` or raw multi-line reply. 128 MiB holds a million legal unique-ids.
    pub listing_octets: usize,
    /// A line with a SASL challenge, at most [`Limits::MAX_BUFFER`]. 32 KiB: RFC 5034 section 4
    /// exempts them from the 512 octets of other replies.
    pub challenge: usize,
    /// All challenges of one exchange. 64 KiB.
    pub challenge_octets: usize,
    /// Challenges of one exchange. 10: no mechanism of this library takes more than 3.
    pub challenges: usize,
    /// A command line with CR and LF. 255, RFC 2449 section 4.
    pub command: usize,
}

impl Limits {
    /// The most that counts for `receive_buffer`, `line` and `challenge`: 16 MiB. These are memory
    /// that each connection allocates. A larger value counts as this one.
    pub const MAX_BUFFER: usize = 16 << 20;

    /// The same with every limit that is a buffer within its maximum.
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

/// How long to wait for what. No deadline but `total` runs while an event waits to be taken. Zero is
/// late at once; [`Duration::MAX`] never comes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// To connect to one address; the adapters use it. 30 s.
    pub connect: Duration,
    /// For the whole TLS handshake; as long again for the server's last words if a write fails in it.
    /// 30 s.
    pub tls: Duration,
    /// For the greeting. 60 s: some servers look up the client's name first.
    pub greeting: Duration,
    /// For the first octet of a reply. 180 s: opening a large maildrop takes its time.
    pub first_octet: Duration,
    /// Between octets of a reply that has begun. 60 s.
    pub stall: Duration,
    /// For the server to take any octet of a command. 60 s.
    pub send: Duration,
    /// For the reply to `QUIT`. 180 s: it deletes what was marked.
    pub quit: Duration,
    /// For a whole operation, from its command to the end of its reply. None; a server that
    /// sends an octet a minute is stopped by this one only. It does not run while a login waits for a token
    /// of the application, and starts anew with the token.
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
            total: None,
        }
    }
}

/// Which departures from the RFCs are borne. What both bear: status indicators in any case,
/// text behind `STAT` and `LIST` values, any spacing and order in listings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leniency {
    /// What real servers do and what cannot be misread: bare LF as a line end, a blank line
    /// before a reply, a missing size. Each is reported as a [`Quirk`](crate::Quirk).
    #[default]
    Lenient,
    /// Only what RFC 1939 and its extensions allow. A status line that ends in a bare LF is
    /// [`ProtocolError::BareLineFeed`](crate::error::ProtocolError::BareLineFeed), and so is the first line of a
    /// listing. In a message, a bare LF is data.
    Strict,
}

/// Whether LF `.` CR LF ends a multi-line reply (RFC 1939 section 3) of a server that ends its own
/// lines in CR LF. A server whose first line ends in a bare LF is not affected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LfDot {
    /// The first line end inside each reply decides. If it is CR LF, as in every message that a mail
    /// server has put a trace header into, only CR LF ends a line of this reply. If it is a bare LF, LF
    /// ends its lines and LF `.` CR LF ends it, until one of its lines ends in CR LF. Under
    /// [`Leniency::Strict`], only CR LF ends a line.
    #[default]
    Auto,
    /// Always, under [`Leniency::Strict`] too. Only for a server that sends messages with bare LF
    /// line ends and is known to stuff a dot after each of them. Behind any other server, **the
    /// sender of a message can end it early** and have the rest of it read as replies, with which a
    /// message can be forged and the deletion of other messages can be caused.
    EndsReply,
}

/// Whether commands may be sent before earlier ones are answered (RFC 2449 section 6.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pipelining {
    /// Where the server says that it can, in a `CAPA` reply of the present channel.
    #[default]
    Auto,
    /// Always, at the caller's own risk.
    Always,
    /// Never: for a server that says it can and cannot.
    Never,
}

/// Whether the server is asked for its capabilities (RFC 2449 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapaPolicy {
    /// Before a login, after STLS and after a login.
    #[default]
    Auto,
    /// Not unless the caller does: for old servers that hang or close on `CAPA`. STLS is then
    /// tried without being listed.
    Never,
}

/// Whether the first words of an authentication exchange leave with the command (RFC 5034 section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitialResponse {
    /// Where the server lists `SASL` and the line has at most [`Limits::command`] octets.
    #[default]
    Auto,
    /// Never: each answers a challenge, for a server that hangs up on the short form.
    Never,
}

/// What a login on a [`Channel::Plain`](crate::Channel::Plain) connection does about TLS. There is no opportunistic mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StlsPolicy {
    /// STLS, or no login and no connection;
    /// [`LoginPolicy::twisted`](crate::login::LoginPolicy::twisted) alone has an order of its own.
    #[default]
    Required,
    /// No STLS. Credentials then leave in clear, if
    /// [`allow_insecure_login`](Config::allow_insecure_login) lets them.
    Off,
}
