//! Where a maildrop is, as a URL.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use fluent_uri::Uri;

use crate::config::Channel;
use crate::method::Method;
use crate::misuse::{Argument, Misuse};
use crate::types::Username;

/// A server, and perhaps whose maildrop on it: `pop3s://user@host:port` (implicit TLS, port 995,
/// RFC 8314) or `pop3://user@host:port` (STLS, port 110, RFC 2384). `pops` and `pop` are the same.
///
/// A user's name is percent-encoded (`joe%40example.org`). Behind it can stand the one way to log in
/// that is to be taken: `pop://joe;AUTH=SCRAM-SHA-256@mail.example.org`, `;AUTH=+APOP`; `;AUTH=*` is
/// any. A password has no place in a URL.
///
/// ```
/// let server: pop3_proto::Endpoint = "pop3s://joe@mail.example.org".parse()?;
/// assert_eq!((server.host(), server.port()), ("mail.example.org", 995));
/// # Ok::<(), pop3_proto::Misuse>(())
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
    /// [`LoginPolicy::only`](crate::LoginPolicy::only).
    pub fn method(&self) -> Option<Method> {
        self.method
    }
}

impl FromStr for Endpoint {
    type Err = Misuse;

    fn from_str(url: &str) -> Result<Self, Misuse> {
        read(url).map_err(Misuse::Argument)
    }
}

fn read(url: &str) -> Result<Endpoint, Argument> {
    let uri = Uri::parse(url).map_err(|_| {
        Argument::Url(
            "it is not of the form pop3s://user@host:port in ASCII, with all else percent-encoded: an @ in the user name is %40",
        )
    })?;
    let implicit_tls = match uri.scheme().as_str().to_ascii_lowercase().as_str() {
        "pop3s" | "pops" => true,
        "pop3" | "pop" => false,
        _ => return Err(Argument::Url("it begins with neither pop3s:// nor pop3://")),
    };
    let authority = uri
        .authority()
        .filter(|authority| !authority.host().is_empty());
    let authority = authority.ok_or(Argument::Url("it names no host"))?;
    if !matches!(uri.path().as_str(), "" | "/") || uri.query().is_some() || uri.fragment().is_some()
    {
        return Err(Argument::Url(
            "it goes on behind the host, and POP3 has nothing to name there",
        ));
    }
    let userinfo = authority.userinfo().map_or("", |user| user.as_str());
    let (user, method) = match userinfo.split_once(';') {
        None => (userinfo, None),
        Some((user, method)) => (user, read_method(method)?),
    };
    let username = match user {
        "" => None,
        _ if userinfo.contains(':') => {
            return Err(Argument::Url(
                "it holds a password, and others can see a URL",
            ));
        }
        user => {
            let user = percent_encoding::percent_decode_str(user).decode_utf8();
            let user = user.map_err(|_| Argument::Url("its user name is not UTF-8"))?;
            let username = Username::new(user).map_err(|_| Argument::ControlInUsername)?;
            Some(username)
        }
    };
    let port = match authority.port_to_u16() {
        Ok(None) if implicit_tls => 995,
        Ok(None) => 110,
        Ok(Some(port)) if port > 0 => port,
        _ => return Err(Argument::Url("its port is not a number from 1 to 65535")),
    };
    let host = authority.host().to_ascii_lowercase();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .map_or(host.clone(), str::to_owned);
    Ok(Endpoint {
        host,
        port,
        implicit_tls,
        username,
        method,
    })
}

/// `AUTH=*`, or a way to log in (RFC 2384 section 3).
fn read_method(text: &str) -> Result<Option<Method>, Argument> {
    let name = text
        .get(..5)
        .filter(|key| key.eq_ignore_ascii_case("AUTH="))
        .and_then(|_| text.get(5..));
    match name {
        Some("*") => Ok(None),
        Some(name) => match percent_encoding::percent_decode_str(name)
            .decode_utf8_lossy()
            .parse()
        {
            Ok(method) => Ok(Some(method)),
            Err(_) => Err(Argument::Url(
                "it names a way to log in (;AUTH=) that is not known",
            )),
        },
        None => Err(Argument::Url("what stands behind the user is not ;AUTH=")),
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
