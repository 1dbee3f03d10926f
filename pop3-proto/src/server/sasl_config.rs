//! What AUTH offers (RFC 5034), and the numbers that a server with randomness would draw.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::config::ServerConfig;

/// The part of a [`ServerConfig`] that AUTH reads.
#[derive(Clone)]
pub(super) struct SaslConfig {
    /// As given: the order is the server's, and names that are unknown here are listed too.
    pub(super) mechanisms: Vec<String>,
    pub(super) salt: Bytes,
    pub(super) iterations: u32,
    pub(super) server_nonce: String,
    pub(super) cram_md5_challenge: String,
    pub(super) token: Option<Bytes>,
    pub(super) external: Option<Bytes>,
}

impl Default for SaslConfig {
    /// No mechanism, and the values of the RFCs' examples for those that may come.
    fn default() -> Self {
        Self {
            mechanisms: Vec::new(),
            // W22ZaJ0SNY7soEsUEjb6gQ==
            salt: Bytes::from_static(
                b"\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81",
            ),
            iterations: 4_096,
            server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".into(),
            cram_md5_challenge: "<1896.697170952@postoffice.reston.mci.net>".into(),
            token: None,
            external: None,
        }
    }
}

/// AUTH.
impl ServerConfig {
    /// The mechanisms that AUTH offers, in this order, as CAPA lists them (RFC 5034 section 3).
    /// None by default: AUTH gets `-ERR`.
    ///
    /// Known are `PLAIN`, `LOGIN`, `CRAM-MD5`, `SCRAM-SHA-1`, `SCRAM-SHA-256`, `SCRAM-SHA-512`,
    /// each of the three with `-PLUS` behind it, `XOAUTH2`, `OAUTHBEARER`, `EXTERNAL` and
    /// `ANONYMOUS`, in any case. Other names are listed and then refused, for tests of clients.
    ///
    /// Not listed and refused are `PLAIN`, `LOGIN`, `XOAUTH2` and `OAUTHBEARER` where
    /// [`allow_plaintext_login`](Self::allow_plaintext_login) says so, a `-PLUS` without
    /// [`Server::channel_binding`](super::Server::channel_binding), and `EXTERNAL` without
    /// [`external`](Self::external).
    #[must_use]
    pub fn sasl(mut self, mechanisms: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.sasl.mechanisms = mechanisms.into_iter().map(Into::into).collect();
        self
    }

    /// Salt and iteration count of SCRAM (RFC 5802 section 5.1), which stay the same for an
    /// account. By default those of the example in RFC 7677 section 3: 16 octets and 4,096
    /// iterations. A real server draws a salt for each account.
    ///
    /// Nothing is checked: clients refuse an empty salt, and counts that they take for an attack.
    #[must_use]
    pub fn scram(mut self, salt: impl Into<Bytes>, iterations: u32) -> Self {
        self.sasl.salt = salt.into();
        self.sasl.iterations = iterations;
        self
    }

    /// What the server adds to the client's nonce in SCRAM: printable ASCII without comma (RFC 5802
    /// section 5.1). By default that of the example in RFC 7677 section 3.
    ///
    /// A real server takes a fresh one for each exchange, or a recorded one can be replayed. This
    /// one has no randomness: the caller chooses.
    #[must_use]
    pub fn server_nonce(mut self, nonce: impl Into<String>) -> Self {
        self.sasl.server_nonce = nonce.into();
        self
    }

    /// The challenge of CRAM-MD5, a msg-id with its angle brackets (RFC 2195 section 2). By default
    /// that of the example there. A real server takes a fresh one for each exchange.
    #[must_use]
    pub fn cram_md5_challenge(mut self, challenge: impl Into<String>) -> Self {
        self.sasl.cram_md5_challenge = challenge.into();
        self
    }

    /// The bearer token that OAUTHBEARER (RFC 7628) and XOAUTH2 take. By default the secret of the
    /// account.
    #[must_use]
    pub fn token(mut self, token: impl Into<Bytes>) -> Self {
        self.sasl.token = Some(token.into());
        self
    }

    /// Whom a layer below, such as a TLS client certificate, proved the client to be: EXTERNAL
    /// (RFC 4422 appendix A) opens the maildrop to it, with this name as authorization identity or
    /// with none. By default nobody.
    ///
    /// It is believed on a clear channel too: who it is was not found out here.
    #[must_use]
    pub fn external(mut self, username: impl Into<Bytes>) -> Self {
        self.sasl.external = Some(username.into());
        self
    }
}

impl fmt::Debug for SaslConfig {
    /// Everything but the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| format_args!("<redacted>"));
        f.debug_struct("SaslConfig")
            .field("mechanisms", &self.mechanisms)
            .field("salt", &self.salt)
            .field("iterations", &self.iterations)
            .field("server_nonce", &self.server_nonce)
            .field("cram_md5_challenge", &self.cram_md5_challenge)
            .field("token", &token)
            .field("external", &self.external)
            .finish()
    }
}
