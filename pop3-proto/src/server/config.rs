//! The settings of a server and its account.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::deviations::Deviations;
use super::sasl_config::SaslConfig;
use crate::verb::Verb;

/// The longest command line in octets, with CRLF (RFC 2449 section 4).
const COMMAND_OCTETS: usize = 255;

/// The settings of a [`Server`](super::Server) and its only account.
///
/// Texts are sent unchanged. If a text contains CR or LF, the client receives more than one line.
/// The secret, and the token if there is one, are not wiped from memory.
#[derive(Clone)]
pub struct ServerConfig {
    pub(super) username: Bytes,
    pub(super) secret: Bytes,
    pub(super) greeting: String,
    pub(super) apop_challenge: Option<String>,
    pub(super) sasl: SaslConfig,
    pub(super) implementation: String,
    pub(super) stls: bool,
    pub(super) pipelining: bool,
    pub(super) capa: bool,
    pub(super) allow_plaintext_login: bool,
    pub(super) max_command_octets: usize,
    pub(super) keep_log: Option<bool>,
    pub(super) deviations: Deviations,
    /// How many sessions have begun. Clones count together.
    pub(super) sessions: Arc<AtomicUsize>,
}

impl ServerConfig {
    /// Creates the settings for a server with this account. APOP, AUTH and STLS are off, and
    /// everything else is on. Logins in cleartext are allowed.
    pub fn new(username: impl Into<Bytes>, secret: impl Into<Bytes>) -> Self {
        Self {
            username: username.into(),
            secret: secret.into(),
            greeting: "POP3 server ready".into(),
            apop_challenge: None,
            sasl: SaslConfig::default(),
            implementation: "pop3-proto".into(),
            stls: false,
            pipelining: true,
            capa: true,
            allow_plaintext_login: true,
            max_command_octets: COMMAND_OCTETS,
            keep_log: None,
            deviations: Deviations::default(),
            sessions: Arc::default(),
        }
    }

    /// Sets the text of the greeting, without `+OK` (RFC 1939 section 4).
    #[must_use]
    pub fn greeting(mut self, text: impl Into<String>) -> Self {
        self.greeting = text.into();
        self
    }

    /// Offers APOP with this challenge, a msg-id such as `<1896.697170952@example.org>`. It is
    /// appended to the greeting, and the digest is computed from it, including the angle brackets
    /// (RFC 1939 section 7).
    ///
    /// RFC 1939 requires a different challenge for each session. The server has no clock and no
    /// random numbers, so the caller chooses the challenge.
    #[must_use]
    pub fn apop_challenge(mut self, challenge: impl Into<String>) -> Self {
        self.apop_challenge = Some(challenge.into());
        self
    }

    /// Makes the challenges unique for one session. `unique` must consist of letters and digits. It
    /// becomes a part of the challenges of APOP (if it is offered) and CRAM-MD5, and of the nonce
    /// of SCRAM.
    ///
    /// The server has no random numbers, so the caller must pass a different value for each
    /// session.
    #[must_use]
    pub fn unique_challenges(mut self, unique: &str) -> Self {
        let msg_id = |given: &str| {
            let (local, domain) = given.split_once('@').unwrap_or(("<", "localhost>"));
            format!("{local}.{unique}@{domain}").replacen("<.", "<", 1)
        };
        self.apop_challenge = self.apop_challenge.map(|given| msg_id(&given));
        self.sasl.cram_md5_challenge = msg_id(&self.sasl.cram_md5_challenge);
        self.sasl.server_nonce = unique.into();
        self
    }

    /// Sets the text after `IMPLEMENTATION` in the reply to CAPA (RFC 2449 section 6.9).
    #[must_use]
    pub fn implementation(mut self, text: impl Into<String>) -> Self {
        self.implementation = text.into();
        self
    }

    /// Sets whether STLS is offered while the channel is in cleartext (RFC 2595 section 4). Off by
    /// default: a caller that enables it must provide TLS.
    #[must_use]
    pub fn stls(mut self, offer: bool) -> Self {
        self.stls = offer;
        self
    }

    /// Sets whether CAPA advertises PIPELINING (RFC 2449 section 6.6). On by default. Pipelined
    /// commands are answered in any case.
    #[must_use]
    pub fn pipelining(mut self, advertise: bool) -> Self {
        self.pipelining = advertise;
        self
    }

    /// Sets whether CAPA is supported (RFC 2449 section 5). On by default. If off, the server
    /// answers `-ERR`, like a server that supports only RFC 1939.
    #[must_use]
    pub fn capa(mut self, known: bool) -> Self {
        self.capa = known;
        self
    }

    /// Sets whether USER and PASS are accepted (and advertised by CAPA) while the channel is in
    /// cleartext. The same applies to the mechanisms of [`sasl`](Self::sasl) that reveal a secret.
    /// On by default, for tests; RFC 8314 section 4.1 requires it to be off. APOP does not reveal
    /// the secret and is not affected.
    #[must_use]
    pub fn allow_plaintext_login(mut self, allow: bool) -> Self {
        self.allow_plaintext_login = allow;
        self
    }

    /// Sets the longest command line in octets, with CRLF; 255 by default (RFC 2449 section 4). A
    /// response to a challenge of AUTH may have 64 KiB (RFC 5034 section 4).
    #[must_use]
    pub fn max_command_octets(mut self, octets: usize) -> Self {
        self.max_command_octets = octets;
        self
    }

    /// Sets whether [`Server::log`](super::Server::log) keeps the command lines, and
    /// [`Server::replies`](super::Server::replies) the status lines. Off by default.
    #[must_use]
    pub fn keep_log(mut self, keep: bool) -> Self {
        self.keep_log = Some(keep);
        self
    }

    /// Returns the value of [`keep_log`](Self::keep_log), if it was set.
    #[must_use]
    pub fn keeps_log(&self) -> Option<bool> {
        self.keep_log
    }

    /// Returns whether the server supports a command at all.
    pub(super) fn knows(&self, verb: Verb) -> bool {
        !self.deviations.without.contains(&verb)
    }

    /// Counts a new session. Returns its number.
    pub(super) fn begin_session(&self) -> usize {
        self.sessions.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl fmt::Debug for ServerConfig {
    /// Shows everything except the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("username", &self.username)
            .field("secret", &format_args!("<redacted>"))
            .field("greeting", &self.greeting)
            .field("apop_challenge", &self.apop_challenge)
            .field("sasl", &self.sasl)
            .field("implementation", &self.implementation)
            .field("stls", &self.stls)
            .field("pipelining", &self.pipelining)
            .field("capa", &self.capa)
            .field("allow_plaintext_login", &self.allow_plaintext_login)
            .field("max_command_octets", &self.max_command_octets)
            .field("keep_log", &self.keep_log)
            .field("deviations", &self.deviations)
            .finish_non_exhaustive()
    }
}
