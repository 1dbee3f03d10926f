//! A small POP3 server without sockets, over a [`Maildrop`] in memory: for tests, simulations and demos.
//!
//! A [`Server`] is one session. Octets from the client go in through [`receive`](Server::receive); what is to be sent
//! is in [`transmit`](Server::transmit). It knows USER, PASS, APOP, AUTH, CAPA, STLS, STAT, LIST, UIDL, RETR, TOP, DELE,
//! NOOP, RSET and QUIT, in any pipelining, and renders answers as they are sent: a message of a gigabyte or a listing of a
//! million lines takes 64 KiB.
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
//! # What it is not
//!
//! A server for the Internet. It has one account, no UTF8 and no LANG, no autologout timer, no limit on failed logins,
//! and no lock: two sessions on clones of one maildrop do not know of each other and never see `[IN-USE]`. It has no
//! randomness: challenges, nonces and salts are given to it, and stay the same. The secret is not wiped, and PASS and
//! APOP compare it in the plain way. Removing messages from a store that outlives the session is up to
//! the caller, after the fact: QUIT never fails here.

mod auth;
mod command;
mod config;
mod input;
mod log;
mod maildrop;
mod respond;
mod sasl_config;
mod stream;
mod transaction;
mod view;

use alloc::string::String;
use core::fmt;

use bytes::Bytes;

pub use config::ServerConfig;
pub use maildrop::{Maildrop, StoredMessage};

use input::Input;
use log::Log;
use respond::{Dialogue, State};
use stream::Output;

/// Octets of unanswered commands that are kept while the client does not read its answers.
const INPUT_OCTETS: usize = 64 * 1024;

/// The server side of one POP3 session.
///
/// Give it what the client sends while [`wants_read`](Self::wants_read), send what it has while
/// [`wants_write`](Self::wants_write), put TLS under the channel when it [`wants_tls`](Self::wants_tls), and close the
/// channel when it [`is_closed`](Self::is_closed). Every call leaves these four settled; none blocks.
pub struct Server {
    dialogue: Dialogue,
    input: Input,
    output: Output,
    log: Log,
}

impl Server {
    /// A session on a clear channel. The greeting is ready to be sent.
    #[must_use]
    pub fn new(config: ServerConfig, maildrop: Maildrop) -> Self {
        Self::start(Dialogue::new(config, maildrop, false))
    }

    /// A session on a channel that has TLS from its first octet (RFC 8314 section 3): STLS is neither offered nor
    /// accepted. What goes in and out here is the plaintext; the greeting is ready to be sent.
    #[must_use]
    pub fn implicit_tls(config: ServerConfig, maildrop: Maildrop) -> Self {
        Self::start(Dialogue::new(config, maildrop, true))
    }

    fn start(dialogue: Dialogue) -> Self {
        let mut output = Output::default();
        output.push(dialogue.greet());
        Self {
            dialogue,
            input: Input::default(),
            output,
            log: Log::default(),
        }
    }

    /// Takes octets from the client, cut anywhere.
    ///
    /// All are taken: commands are answered until 64 KiB wait to be sent, the rest is kept. A line over
    /// [`max_command_octets`](ServerConfig::max_command_octets) is dropped as it comes and gets its `-ERR` where it
    /// ends. After QUIT, and in clear behind STLS, octets are discarded.
    pub fn receive(&mut self, octets: &[u8]) {
        // In pieces, so that a line without end is dropped on its way, however much comes at once.
        for piece in octets.chunks(INPUT_OCTETS) {
            self.input.push(piece);
            self.advance();
        }
    }

    /// Whether the server can use more octets now.
    ///
    /// False while the client does not read its answers and 64 KiB of its commands wait, during the TLS handshake, and
    /// when the session is over. Memory is bounded for a caller who heeds this; octets given all the same are taken.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.dialogue.takes_commands()
            && (self.input.len() < INPUT_OCTETS || !self.output.is_full())
    }

    /// The octets to be sent next, about 64 KiB at most. Until [`transmitted`](Self::transmitted) it is the same slice,
    /// but for answers that [`receive`](Self::receive) adds behind it.
    #[must_use]
    pub fn transmit(&self) -> &[u8] {
        self.output.pending()
    }

    /// Says that the first `n` octets of [`transmit`](Self::transmit) were sent; `n` counts no further than its length.
    pub fn transmitted(&mut self, n: usize) {
        self.output.sent(n);
        self.advance();
    }

    /// Whether there is something to send.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        !self.output.pending().is_empty()
    }

    /// Whether TLS is to be negotiated now: STLS was accepted, and its `+OK` has been sent whole (RFC 2595 section 4).
    ///
    /// From here on the octets of the channel belong to the TLS stack; after [`tls_established`](Self::tls_established)
    /// its plaintext goes through [`receive`](Self::receive) and [`transmit`](Self::transmit). Whatever came in clear
    /// behind the STLS command is discarded; no command is read from it. If the handshake fails, call
    /// [`handle_eof`](Self::handle_eof).
    #[must_use]
    pub fn wants_tls(&self) -> bool {
        self.dialogue.state() == State::Handshake && !self.wants_write()
    }

    /// Says that the handshake succeeded. The session is back at the start of the AUTHORIZATION state, without a new
    /// greeting (RFC 2595 section 4); an APOP challenge stays good. Without effect unless [`wants_tls`](Self::wants_tls).
    pub fn tls_established(&mut self) {
        if self.wants_tls() {
            self.dialogue.restart_under_tls();
        }
    }

    /// Tells what TLS exports for channel binding: 32 octets under the label `EXPORTER-Channel-Binding` without a context
    /// (RFC 9266 section 2). The `-PLUS` mechanisms of [`sasl`](ServerConfig::sasl) take it; without it, they are not
    /// offered.
    ///
    /// It counts as soon as TLS is up: call it behind [`implicit_tls`](Self::implicit_tls) or
    /// [`tls_established`](Self::tls_established), and only for TLS 1.3.
    pub fn channel_binding(&mut self, exporter: [u8; 32]) {
        self.dialogue.bind_to_channel(exporter);
    }

    /// Says that the client will send no more, or that the channel is lost: the session is over. What was not sent is
    /// dropped, and without an answered QUIT nothing is removed (RFC 1939 section 6).
    pub fn handle_eof(&mut self) {
        self.dialogue.end();
        self.input.clear();
        self.output.clear();
    }

    /// Whether the session is over: the answer to QUIT has been sent whole, or the client has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.dialogue.state() == State::Over && !self.wants_write()
    }

    /// The messages of this session; after QUIT, those that are left.
    #[must_use]
    pub fn maildrop(&self) -> &Maildrop {
        self.dialogue.view().maildrop()
    }

    /// The unique-ids of the messages that QUIT removed (RFC 1939 section 6), in the order of their numbers. Empty until
    /// QUIT is answered in the TRANSACTION state, and for good if the session ends otherwise.
    #[must_use]
    pub fn expunged(&self) -> &[Bytes] {
        self.dialogue.expunged()
    }

    /// The command lines answered so far, without line ends, as [`keep_log`](ServerConfig::keep_log) asks for; passwords,
    /// digests and all that AUTH says are redacted. The first 65,536 are kept.
    ///
    /// A response on a line of its own is kept as `<redacted>`, and as `*` where it cancels the exchange.
    #[must_use]
    pub fn log(&self) -> &[String] {
        self.log.lines()
    }

    /// Answers commands as long as there are any, and room for answers.
    fn advance(&mut self) {
        loop {
            self.output.render(self.dialogue.view());
            if self.output.is_full() || !self.dialogue.takes_commands() {
                break;
            }
            let Some(line) = self.input.next_line(self.dialogue.max_line_octets()) else {
                break;
            };
            if self.dialogue.config().keep_log {
                if self.dialogue.awaits_response() {
                    self.log.record_response(&line);
                } else {
                    self.log.record_command(&line);
                }
            }
            self.output.push(self.dialogue.answer(&line));
        }
        if !self.dialogue.takes_commands() {
            self.input.clear();
        }
    }
}

impl fmt::Debug for Server {
    /// The state and counts: neither secrets nor mail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("state", &self.dialogue.state())
            .field("maildrop", self.maildrop())
            .field("expunged", &self.expunged().len())
            .field("unanswered_octets", &self.input.len())
            .field("unsent_octets", &self.output.pending().len())
            .finish_non_exhaustive()
    }
}
