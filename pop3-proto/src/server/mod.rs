//! A small sans-IO POP3 server with a [`Maildrop`] in memory, for tests, simulations and demos.
//!
//! A [`Server`] is one session. Pass octets from the client to [`receive`](Server::receive), and
//! send the octets that [`transmit`](Server::transmit) returns. It supports USER, PASS, APOP, AUTH,
//! CAPA, STLS, STAT, LIST, UIDL, RETR, TOP, DELE, NOOP, RSET and QUIT, pipelined or not. It renders
//! replies while they are sent, so a message of a gigabyte or a listing of a million lines needs
//! only 64 KiB.
//!
//! ```
//! use pop3_proto::server::{Maildrop, Server, ServerConfig};
//!
//! let mut maildrop = Maildrop::new();
//! maildrop.push("uid-1", "Subject: hello\r\n\r\n.dotted\r\n");
//! let mut server = Server::new(ServerConfig::new("alice", "secret"), maildrop);
//! server.receive(b"USER alice\r\nPASS secret\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
//!
//! let mut sent = Vec::new();
//! while server.wants_write() {
//!     let octets = server.transmit();
//!     let n = octets.len();
//!     sent.extend_from_slice(octets);
//!     server.transmitted(n);
//! }
//! assert!(sent.ends_with(
//!     b"+OK 27 octets\r\nSubject: hello\r\n\r\n..dotted\r\n.\r\n+OK message 1 deleted\r\n+OK bye\r\n"
//! ));
//! assert!(server.is_closed());
//! assert_eq!(server.expunged(), ["uid-1"]);
//! ```
//!
//! # Tests of your own program
//!
//! The server is correct unless a test asks for something else. It can then do what bad servers,
//! broken networks and attackers do, at a chosen place:
//!
//! | what | how |
//! |---|---|
//! | a command, a login or the greeting is refused, with a response code such as `[IN-USE]` | [`On::refuse`], [`On::refuse_with`] |
//! | a second session gets `[IN-USE]` because the first one has locked the maildrop | [`ServerConfig::lock_maildrop`] |
//! | the connection ends or stalls at a command, within a reply, or after an octet of the session | [`On::disconnect`], [`On::cut`], [`On::octet`] |
//! | slow replies, slow segments, an idle limit | [`On::delay`], [`On::pause`], [`On::segments`], [`ServerConfig::idle_limit`] |
//! | malformed or injected lines | [`On::replace`], [`On::status`], [`On::insert`], [`On::append`] |
//! | dots that are not stuffed, no terminator, bare LF | [`On::unstuffed`], [`On::unterminated`], [`On::bare_lf`] |
//! | `QUIT` fails, removes only some messages, or gets no reply | [`On::refuse`], [`On::remove_only`], [`On::cut`] |
//! | missing commands, other capabilities | [`ServerConfig::without`], [`ServerConfig::capabilities`], [`ServerConfig::capability`] |
//! | wrong sizes | [`StoredMessage::with_listed_size`] |
//! | unique-ids that change or are reused | [`ServerConfig::change_unique_ids`], [`Maildrop::push`] |
//! | new numbers after `DELE`, mail that arrives during a session, lost pipelined commands | [`ServerConfig::renumber_after_dele`], [`On::deliver`], [`ServerConfig::discard_pipelined`] |
//!
//! [`On`] says where and how often, and has an example of each fault. `EmbeddedServer` of
//! `pop3-blocking` runs this server on sockets, and its faults can change while it runs.
//!
//! # Limits
//!
//! This is not a server for the Internet. It has one account, no UTF8 and no LANG, and no limit on
//! failed logins. Without [`lock_maildrop`](ServerConfig::lock_maildrop), two sessions on clones of
//! one maildrop do not know about each other. It has no random numbers: the caller provides
//! challenges, nonces and salts, and they do not change. It has no clock: the caller waits, and
//! reports idle clients. The secret is not wiped, and PASS and APOP do not compare it in constant
//! time. If messages are stored outside the session, the caller must remove those of
//! [`removed`](Server::removed) after QUIT. A reply that a fault changes is rendered completely in
//! memory.

mod alter;
mod auth;
mod capabilities;
mod command;
mod config;
mod deviations;
mod fault;
mod input;
mod lock;
mod log;
mod maildrop;
mod misbehaving;
mod output;
mod respond;
mod sasl_config;
mod stream;
mod transaction;
mod view;

use alloc::string::String;
use core::fmt;

use bytes::Bytes;

pub use config::ServerConfig;
pub use fault::{End, Fault, FaultError, On};
pub use maildrop::{Maildrop, StoredMessage};

use input::Input;
use log::Log;
use output::Output;
use respond::{Dialogue, State};

use crate::channel::EndPoint;

/// How many octets of unanswered commands are kept while the client does not read its replies.
const INPUT_OCTETS: usize = 64 * 1024;

/// The server side of one POP3 session.
///
/// Call [`receive`](Self::receive) with the client's octets while [`wants_read`](Self::wants_read)
/// returns true. Send the octets of [`transmit`](Self::transmit) while
/// [`wants_write`](Self::wants_write) returns true. Perform a TLS handshake when
/// [`wants_tls`](Self::wants_tls) returns true, and close the channel when
/// [`is_closed`](Self::is_closed) returns true. The results of these four methods change only when
/// another method is called. No method blocks.
pub struct Server {
    dialogue: Dialogue,
    input: Input,
    output: Output,
    log: Log,
    /// Faults at octets before this position have been visited.
    octets_visited: u64,
    reset: bool,
}

impl Server {
    /// Creates a session on a cleartext channel. The greeting is ready to be sent.
    #[must_use]
    pub fn new(config: ServerConfig, maildrop: Maildrop) -> Self {
        Self::start(Dialogue::new(config, maildrop, false))
    }

    /// Creates a session on a channel with implicit TLS (RFC 8314 section 3): STLS is neither
    /// offered nor accepted. The octets here are plaintext. The greeting is ready to be sent.
    #[must_use]
    pub fn implicit_tls(config: ServerConfig, maildrop: Maildrop) -> Self {
        Self::start(Dialogue::new(config, maildrop, true))
    }

    fn start(mut dialogue: Dialogue) -> Self {
        let greeting = dialogue.greet();
        let mut server = Self {
            dialogue,
            input: Input::default(),
            output: Output::default(),
            log: Log::default(),
            octets_visited: 0,
            reset: false,
        };
        server.push(greeting);
        server.settle();
        server.advance();
        server
    }

    /// Receives octets from the client. They may be split anywhere.
    ///
    /// All octets are accepted. Commands are answered until 64 KiB wait to be sent; the other
    /// commands are kept. A line longer than
    /// [`max_command_octets`](ServerConfig::max_command_octets) is dropped while it is received,
    /// and gets its `-ERR` when it ends. Octets after QUIT, and cleartext octets after STLS, are
    /// discarded.
    pub fn receive(&mut self, octets: &[u8]) {
        // Process it in parts, so that a line without end is dropped while it is received, however
        // large the input is.
        for piece in octets.chunks(INPUT_OCTETS) {
            self.input.push(piece);
            self.advance();
        }
    }

    /// Returns whether the server can accept more octets now.
    ///
    /// False while the client does not read its replies and 64 KiB of its commands wait, during the
    /// TLS handshake, and after the session has ended. Memory is bounded if the caller passes
    /// octets only while this is true. Octets that are passed anyway are accepted.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.dialogue.takes_commands()
            && (self.input.len() < INPUT_OCTETS || !self.output.is_full())
    }

    /// Returns the octets to be sent next, at most about 64 KiB. It returns the same octets until
    /// [`transmitted`](Self::transmitted) is called, except that [`receive`](Self::receive) may
    /// append replies.
    #[must_use]
    pub fn transmit(&self) -> &[u8] {
        let pending = self.output.pending();
        let limit = self.next_octet().map(|at| at - self.output.position());
        let limit = limit.and_then(|octets| usize::try_from(octets).ok());
        limit
            .and_then(|octets| pending.get(..octets))
            .unwrap_or(pending)
    }

    /// Reports that the first `n` octets of [`transmit`](Self::transmit) were sent. If `n` is
    /// larger than their number, it means all of them.
    pub fn transmitted(&mut self, n: usize) {
        let n = n.min(self.transmit().len());
        self.output.sent(n);
        self.settle();
        self.advance();
    }

    /// Returns whether there is something to send.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        !self.transmit().is_empty()
    }

    /// Replaces the messages. It does nothing after the login, because a maildrop does not change
    /// during a session (RFC 1939 section 4). Call it before the login is answered if the maildrop
    /// may have changed since the client connected.
    pub fn set_maildrop(&mut self, maildrop: Maildrop) {
        self.dialogue.set_maildrop(maildrop);
    }

    /// Returns whether a TLS handshake must be done now: STLS was accepted, and its `+OK` was sent
    /// completely (RFC 2595 section 4).
    ///
    /// From now on the octets of the channel belong to the TLS stack. After
    /// [`tls_established`](Self::tls_established), use [`receive`](Self::receive) and
    /// [`transmit`](Self::transmit) for its plaintext. Cleartext octets that were received after
    /// the STLS command are discarded, and no command is read from them. If the handshake fails,
    /// call [`handle_eof`](Self::handle_eof).
    #[must_use]
    pub fn wants_tls(&self) -> bool {
        self.dialogue.state() == State::Handshake && self.output.is_empty()
    }

    /// Reports that the handshake succeeded. The session is back at the start of the AUTHORIZATION
    /// state, without a new greeting (RFC 2595 section 4). An APOP challenge stays valid. It does
    /// nothing unless [`wants_tls`](Self::wants_tls) returns true.
    pub fn tls_established(&mut self) {
        if self.wants_tls() {
            self.dialogue.restart_under_tls();
        }
    }

    /// Provides the channel binding data of TLS: 32 octets under the label
    /// `EXPORTER-Channel-Binding` without a context (RFC 9266 section 2). The `-PLUS` mechanisms of
    /// [`sasl`](ServerConfig::sasl) need it; without it, they are not offered.
    ///
    /// Call it after [`implicit_tls`](Self::implicit_tls) or
    /// [`tls_established`](Self::tls_established), and only for TLS 1.3. It is used as soon as TLS
    /// is active.
    pub fn channel_binding(&mut self, exporter: [u8; 32]) {
        self.dialogue.bindings().exporter = Some(exporter);
    }

    /// Provides the other channel binding data of TLS: the hash of the server's own certificate (RFC
    /// 5929 section 4), which `tls::server_end_point` computes. A client without an exporter, such
    /// as one with TLS 1.2, binds to it.
    ///
    /// Call it like [`channel_binding`](Self::channel_binding), but with any version of TLS.
    pub fn channel_binding_end_point(&mut self, end_point: EndPoint) {
        self.dialogue.bindings().end_point = Some(end_point);
    }

    /// Reports that the client will send no more octets, or that the channel is lost. This ends the
    /// session. Octets that were not sent are dropped. Unless QUIT was answered, no message is
    /// removed (RFC 1939 section 6).
    pub fn handle_eof(&mut self) {
        self.dialogue.end();
        self.input.clear();
        self.output.clear();
    }

    /// Returns whether the session has ended: the reply to QUIT was sent completely, the client
    /// closed the connection, or a fault closes it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.dialogue.state() == State::Ended && self.output.is_empty()
    }

    /// Returns whether the caller should reset the connection instead of closing it, after the
    /// session has ended ([`End::Reset`]).
    #[must_use]
    pub fn wants_reset(&self) -> bool {
        self.reset
    }

    /// Returns the number of this session; the first one is 1. The sessions whose configurations are
    /// clones of each other are counted together.
    #[must_use]
    pub fn session(&self) -> usize {
        self.dialogue.session()
    }

    /// Returns the messages of this session. After QUIT, it returns the messages that were not
    /// removed.
    #[must_use]
    pub fn maildrop(&self) -> &Maildrop {
        self.dialogue.view().maildrop()
    }

    /// Returns the unique-ids of the messages that QUIT removed (RFC 1939 section 6), in the order
    /// of their numbers. It is empty until QUIT is answered in the TRANSACTION state, and stays
    /// empty if the session ends in another way.
    #[must_use]
    pub fn expunged(&self) -> &[Bytes] {
        self.dialogue.expunged()
    }

    /// Returns the messages that QUIT removed, in the order of [`expunged`](Self::expunged).
    #[must_use]
    pub fn removed(&self) -> &[StoredMessage] {
        self.dialogue.removed()
    }

    /// Returns the messages that arrived during this session, because of [`On::deliver`].
    #[must_use]
    pub fn delivered(&self) -> &[StoredMessage] {
        self.dialogue.delivered()
    }

    /// Returns the command lines that were answered, without line ends, if
    /// [`keep_log`](ServerConfig::keep_log) is on. Passwords, digests and everything in AUTH are
    /// redacted. The first 65,536 lines are kept.
    ///
    /// A response on its own line is kept as `<redacted>`, and as `*` if it cancels the exchange.
    #[must_use]
    pub fn log(&self) -> &[String] {
        self.log.lines()
    }

    /// Returns the status lines of the replies, one for each line in [`log`](Self::log). A status
    /// line is empty if the command got no reply.
    #[must_use]
    pub fn replies(&self) -> &[String] {
        self.log.replies()
    }

    /// Answers commands as long as there are any, and there is room for replies.
    fn advance(&mut self) {
        loop {
            self.output.render(self.dialogue.view());
            if self.output.is_full() || !self.dialogue.takes_commands() {
                break;
            }
            let Some(line) = self.input.next_line(self.dialogue.max_line_octets()) else {
                break;
            };
            let keep_log = self.dialogue.config().keep_log == Some(true);
            if keep_log {
                if self.dialogue.awaits_response() {
                    self.log.record_response(&line);
                } else {
                    self.log.record_command(&line);
                }
            }
            let reply = self.dialogue.answer(&line);
            if keep_log {
                self.log.record_reply(reply.status());
            }
            self.push(reply);
            self.settle();
            if self.dialogue.config().deviations.discards_pipelined {
                self.input.clear();
            }
        }
        if !self.dialogue.takes_commands() {
            self.input.clear();
        }
    }
}

impl fmt::Debug for Server {
    /// Shows the state and counts, but neither secrets nor mail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("state", &self.dialogue.state())
            .field("maildrop", self.maildrop())
            .field("expunged", &self.expunged().len())
            .field("unanswered_octets", &self.input.len())
            .field("unsent_octets", &self.transmit().len())
            .finish_non_exhaustive()
    }
}
