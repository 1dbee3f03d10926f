//! Settings that make a server differ from the RFCs, or from a server with all extensions.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::config::ServerConfig;
use super::fault::Fault;
use super::lock::MaildropLock;
use crate::verb::Verb;

/// The part of a [`ServerConfig`] for deviations. By default there are none.
#[derive(Clone, Debug, Default)]
pub(super) struct Deviations {
    pub(super) faults: Vec<Fault>,
    /// Commands that the server does not know.
    pub(super) without: Vec<Verb>,
    /// The lines of CAPA, if they are not the right ones.
    pub(super) capabilities: Option<Vec<String>>,
    pub(super) more_capabilities: Vec<String>,
    pub(super) idle_limit: Option<Duration>,
    pub(super) idle_reply: Option<String>,
    pub(super) lock: Option<MaildropLock>,
    pub(super) changes_unique_ids: bool,
    pub(super) renumbers: bool,
    pub(super) discards_pipelined: bool,
}

/// Settings for tests of clients: what the server does not support, and how it misbehaves.
impl ServerConfig {
    /// Adds a fault. The documentation of [`On`](super::On) has an example of each.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.deviations.faults.push(fault);
        self
    }

    /// Returns the faults.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.deviations.faults
    }

    /// Removes all faults.
    #[must_use]
    pub fn without_faults(mut self) -> Self {
        self.deviations.faults.clear();
        self
    }

    /// Removes a command: the server answers `-ERR` to it, and CAPA does not advertise it.
    ///
    /// ```
    /// use pop3_proto::{command::Verb, server::{Maildrop, Server, ServerConfig}};
    ///
    /// let config = ServerConfig::new("joe", "secret").without(Verb::Top).without(Verb::Uidl);
    /// let mut server = Server::new(config, Maildrop::new());
    /// let replies = server.exchange(b"CAPA\r\nUIDL\r\n");
    /// let replies = String::from_utf8_lossy(&replies);
    /// assert!(!replies.contains("TOP") && replies.ends_with("-ERR unknown command\r\n"));
    /// ```
    #[must_use]
    pub fn without(mut self, verb: Verb) -> Self {
        self.deviations.without.push(verb);
        self
    }

    /// Replaces all lines in the reply to CAPA. The commands do not change, so this is for a server
    /// that advertises more or less than it supports. Each item is a line without CRLF.
    #[must_use]
    pub fn capabilities(mut self, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.deviations.capabilities = Some(lines.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a line to the reply to CAPA, without CRLF, for example `EXPIRE 30`.
    ///
    /// ```
    /// use pop3_proto::server::{Maildrop, Server, ServerConfig};
    ///
    /// let config = ServerConfig::new("joe", "secret").capability("LOGIN-DELAY 900 USER");
    /// let mut server = Server::new(config, Maildrop::new());
    /// assert!(server.exchange(b"CAPA\r\n").ends_with(b"LOGIN-DELAY 900 USER\r\n.\r\n"));
    /// ```
    #[must_use]
    pub fn capability(mut self, line: impl Into<String>) -> Self {
        self.deviations.more_capabilities.push(line.into());
        self
    }

    /// Sets the autologout timer (RFC 1939 section 3): the session is closed if the client sends no
    /// command for this time. The RFC requires at least 10 minutes, and many servers wait for less.
    /// By default there is no limit. See [`Server::idle_limit`](super::Server::idle_limit).
    #[must_use]
    pub fn idle_limit(mut self, time: Duration) -> Self {
        self.deviations.idle_limit = Some(time);
        self
    }

    /// Sets the text of an unsolicited `-ERR` before the server closes an idle session. By default
    /// it sends none, as RFC 1939 section 3 requires.
    #[must_use]
    pub fn idle_reply(mut self, text: impl Into<String>) -> Self {
        self.deviations.idle_reply = Some(text.into());
        self
    }

    /// Sets whether a session locks the maildrop (RFC 1939 section 4). The lock is shared by all
    /// clones of this configuration. While one session has it, logins to the others get `[IN-USE]`
    /// (RFC 2449 section 8.1.2). Off by default.
    ///
    /// ```
    /// use pop3_proto::server::{Maildrop, Server, ServerConfig};
    ///
    /// let config = ServerConfig::new("joe", "secret").lock_maildrop(true);
    /// let mut first = Server::new(config.clone(), Maildrop::new());
    /// let mut second = Server::new(config, Maildrop::new());
    /// let login = b"USER joe\r\nPASS secret\r\n";
    /// first.exchange(login);
    /// let refusal = b"-ERR [IN-USE] the maildrop is locked by another session\r\n";
    /// assert!(second.exchange(login).ends_with(refusal));
    /// first.exchange(b"QUIT\r\n");
    /// assert!(second.exchange(login).ends_with(b"+OK 0 messages (0 octets)\r\n"));
    /// ```
    #[must_use]
    pub fn lock_maildrop(mut self, lock: bool) -> Self {
        self.deviations.lock = lock.then(MaildropLock::default);
        self
    }

    /// Sets whether each session has other unique-ids, which RFC 1939 section 7 forbids. A dot and
    /// the number of the session are appended to the right ones. Off by default. To reuse an id for
    /// another message, put both into the [`Maildrop`](super::Maildrop), one after the other.
    #[must_use]
    pub fn change_unique_ids(mut self, change: bool) -> Self {
        self.deviations.changes_unique_ids = change;
        self
    }

    /// Sets whether DELE decreases the numbers of the messages after the deleted one, which RFC 1939
    /// section 5 does not allow. A client then deletes the wrong messages. Off by default.
    #[must_use]
    pub fn renumber_after_dele(mut self, renumber: bool) -> Self {
        self.deviations.renumbers = renumber;
        self
    }

    /// Sets whether commands that arrive together with another one are lost, as on some servers
    /// that do not support pipelining. Off by default. [`pipelining`](Self::pipelining) changes only
    /// what is advertised.
    #[must_use]
    pub fn discard_pipelined(mut self, discard: bool) -> Self {
        self.deviations.discards_pipelined = discard;
        self
    }
}
