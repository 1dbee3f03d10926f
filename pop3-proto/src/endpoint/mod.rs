//! Where a maildrop is, as a URL.

#[cfg(feature = "url")]
mod url;

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::channel::Channel;
use crate::method::Method;
use crate::types::Username;

/// A server, and perhaps whose maildrop on it: `pop3s://user@host:port` (implicit TLS, port 995,
/// RFC 8314) or `pop3://user@host:port` (STLS, port 110, RFC 2384). `pops` and `pop` are the same.
///
/// A user's name is percent-encoded (`joe%40example.org`). Behind it can stand the one way to log in
/// that is to be taken: `pop://joe;AUTH=SCRAM-SHA-256@mail.example.org`, `;AUTH=+APOP`; `;AUTH=*` is
/// any. A password has no place in a URL.
///
/// URLs are read with the feature `url`.
///
/// ```
/// # #[cfg(feature = "url")] {
/// let server: pop3_proto::Endpoint = "pop3s://joe@mail.example.org".parse()?;
/// assert_eq!((server.host(), server.port()), ("mail.example.org", 995));
/// # }
/// # Ok::<(), pop3_proto::error::Misuse>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
    implicit_tls: bool,
    username: Option<Username>,
    method: Option<Method>,
}

impl Endpoint {
    /// A server that speaks TLS from the start, on port 995 if none is given.
    pub fn implicit_tls(host: impl Into<String>, port: Option<u16>) -> Self {
        Self {
            host: host.into(),
            port: port.unwrap_or(995),
            implicit_tls: true,
            username: None,
            method: None,
        }
    }

    /// A server that starts in clear, on port 110 if none is given.
    pub fn plain(host: impl Into<String>, port: Option<u16>) -> Self {
        Self {
            host: host.into(),
            port: port.unwrap_or(110),
            implicit_tls: false,
            username: None,
            method: None,
        }
    }

    /// The host: a DNS name, or an IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the connection starts as.
    pub fn channel(&self) -> Channel {
        if self.implicit_tls {
            Channel::ImplicitTls
        } else {
            Channel::Plain
        }
    }

    /// Whose maildrop, if the URL says.
    pub fn username(&self) -> Option<&Username> {
        self.username.as_ref()
    }

    /// The one way to log in, if the URL names one: for
    /// [`LoginPolicy::only`](crate::login::LoginPolicy::only).
    pub fn method(&self) -> Option<Method> {
        self.method
    }
}

impl fmt::Display for Endpoint {
    /// The URL, without the user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.implicit_tls { "pop3s" } else { "pop3" };
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        write!(f, "{scheme}://{host}:{}", self.port)
    }
}
