//! The settings of AUTH (RFC 5034), and the values that a real server would generate randomly.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::config::ServerConfig;

/// The part of a [`ServerConfig`] for AUTH.
#[derive(Clone)]
pub(super) struct SaslConfig {
    /// The mechanisms in the order in which they are advertised. Unknown names are advertised, too.
    pub(super) mechanisms: Vec<String>,
    pub(super) salt: Bytes,
    pub(super) iterations: u32,
    pub(super) server_nonce: String,
    pub(super) cram_md5_challenge: String,
    pub(super) token: Option<Bytes>,
    pub(super) external: Option<Bytes>,
}

impl Default for SaslConfig {
    /// No mechanism is enabled. The values for the mechanisms are those of the examples in the
    /// RFCs.
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

/// Settings for AUTH.
impl ServerConfig {
    /// Sets the mechanisms that AUTH offers, in the order in which CAPA advertises them (RFC 5034
    /// section 3). By default there are none, and AUTH gets `-ERR`.
    ///
    /// The supported mechanisms are `PLAIN`, `LOGIN`, `CRAM-MD5`, `SCRAM-SHA-1`, `SCRAM-SHA-256`,
    /// `SCRAM-SHA-512`, the last three also with `-PLUS`, `XOAUTH2`, `OAUTHBEARER`, `EXTERNAL` and
    /// `ANONYMOUS`. Case is not significant. Other names are advertised and then refused, for tests
    /// of clients.
    ///
    /// Some mechanisms are neither advertised nor accepted: `PLAIN`, `LOGIN`, `XOAUTH2` and
    /// `OAUTHBEARER` if [`allow_plaintext_login`](Self::allow_plaintext_login) does not allow them
    /// on this channel, `-PLUS` without
    /// [`Server::channel_binding`](super::Server::channel_binding) or
    /// [`Server::channel_binding_end_point`](super::Server::channel_binding_end_point), and `EXTERNAL` without
    /// [`external`](Self::external).
    #[must_use]
    pub fn sasl(mut self, mechanisms: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.sasl.mechanisms = mechanisms.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the salt and the iteration count of SCRAM (RFC 5802 section 5.1), which do not change
    /// for an account. The defaults are those of the example in RFC 7677 section 3: 16 octets and
    /// 4,096 iterations. A real server generates a salt for each account.
    ///
    /// The values are not checked. Clients reject an empty salt, and iteration counts that look
    /// like an attack.
    #[must_use]
    pub fn scram(mut self, salt: impl Into<Bytes>, iterations: u32) -> Self {
        self.sasl.salt = salt.into();
        self.sasl.iterations = iterations;
        self
    }

    /// Sets the server's part of the nonce in SCRAM: printable ASCII without comma (RFC 5802
    /// section 5.1). The default is the nonce of the example in RFC 7677 section 3.
    ///
    /// A real server generates a new one for each exchange; otherwise a recorded exchange can be
    /// replayed. This server has no random numbers, so the caller chooses the nonce.
    #[must_use]
    pub fn server_nonce(mut self, nonce: impl Into<String>) -> Self {
        self.sasl.server_nonce = nonce.into();
        self
    }

    /// Sets the challenge of CRAM-MD5, a msg-id with its angle brackets (RFC 2195 section 2). The
    /// default is the challenge of the example there. A real server generates a new one for each
    /// exchange.
    #[must_use]
    pub fn cram_md5_challenge(mut self, challenge: impl Into<String>) -> Self {
        self.sasl.cram_md5_challenge = challenge.into();
        self
    }

    /// Sets the bearer token that OAUTHBEARER (RFC 7628) and XOAUTH2 accept. The default is the
    /// secret of the account.
    #[must_use]
    pub fn token(mut self, token: impl Into<Bytes>) -> Self {
        self.sasl.token = Some(token.into());
        self
    }

    /// Sets the user that a lower layer has authenticated, for example by a TLS client certificate.
    /// EXTERNAL (RFC 4422 appendix A) logs in this user, if the client sends this name or no name
    /// as the authorization identity. By default there is no such user.
    ///
    /// It is valid on a cleartext channel, too, because the authentication happens outside of this
    /// server.
    #[must_use]
    pub fn external(mut self, username: impl Into<Bytes>) -> Self {
        self.sasl.external = Some(username.into());
        self
    }
}

impl fmt::Debug for SaslConfig {
    /// Shows everything except the token.
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
