//! The address of a POP3 server, and its URL.

#[cfg(all(feature = "serde", feature = "url"))]
mod serialize;
#[cfg(feature = "url")]
mod url;

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::channel::Channel;
use crate::method::Method;
use crate::types::Username;

/// The address of a server, optionally with a user name: `pop3s://user@host:port` (implicit TLS,
/// port 995, RFC 8314) or `pop3://user@host:port` (STLS, port 110, RFC 2384). The schemes `pops`
/// and `pop` are synonyms of these.
///
/// The user name is percent-encoded (`joe%40example.org`). A login method can follow it:
/// `pop://joe;AUTH=SCRAM-SHA-256@mail.example.org` or `;AUTH=+APOP`. In that case, only this method
/// is used. `;AUTH=*` allows any. A URL must not contain a password.
///
/// Parsing a URL requires the feature `url`.
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
    /// Creates the endpoint of a server with implicit TLS. The default port is 995.
    pub fn implicit_tls(host: impl Into<String>, port: Option<u16>) -> Self {
        Self {
            host: host.into(),
            port: port.unwrap_or(995),
            implicit_tls: true,
            username: None,
            method: None,
        }
    }

    /// Creates the endpoint of a server that starts in cleartext. The default port is 110.
    pub fn plain(host: impl Into<String>, port: Option<u16>) -> Self {
        Self {
            host: host.into(),
            port: port.unwrap_or(110),
            implicit_tls: false,
            username: None,
            method: None,
        }
    }

    /// Returns the host: a DNS name, or an IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the channel that a connection to this endpoint starts with.
    pub fn channel(&self) -> Channel {
        if self.implicit_tls {
            Channel::ImplicitTls
        } else {
            Channel::Plain
        }
    }

    /// Returns the user name, if the URL has one.
    pub fn username(&self) -> Option<&Username> {
        self.username.as_ref()
    }

    /// Returns the login method, if the URL selects one. Pass it to
    /// [`LoginPolicy::only`](crate::login::LoginPolicy::only).
    pub fn method(&self) -> Option<Method> {
        self.method
    }
}

impl fmt::Display for Endpoint {
    /// Writes the URL, without the user name.
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
