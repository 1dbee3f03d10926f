//! Parses the URL of an endpoint (RFC 2384, RFC 3986).

use alloc::borrow::ToOwned as _;
use core::str::FromStr;

use fluent_uri::Uri;

use super::Endpoint;
use crate::method::Method;
use crate::misuse::{Argument, Misuse};
use crate::types::Username;

impl FromStr for Endpoint {
    type Err = Misuse;

    fn from_str(url: &str) -> Result<Self, Misuse> {
        read(url).map_err(Misuse::Argument)
    }
}

const NON_ASCII_HOST: &str = "its host name is not ASCII: write it in punycode (xn--...)";

/// Returns why this is not a URI (RFC 3986).
fn malformed(url: &str) -> &'static str {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_ascii() {
        "it is not of the form pop3s://user@host:port; other characters must be percent-encoded, \
         such as @ in the user name as %40"
    } else {
        NON_ASCII_HOST
    }
}

fn read(url: &str) -> Result<Endpoint, Argument> {
    let uri = Uri::parse(url).map_err(|_| Argument::Url(malformed(url)))?;
    let implicit_tls = match uri.scheme().as_str().to_ascii_lowercase().as_str() {
        "pop3s" | "pops" => true,
        "pop3" | "pop" => false,
        _ => return Err(Argument::Url("it begins with neither pop3s:// nor pop3://")),
    };
    let authority = uri
        .authority()
        .filter(|authority| !authority.host().is_empty());
    let authority = authority.ok_or(Argument::Url("it has no host"))?;
    // The percent-encoded form of a host name would be looked up as it is.
    if authority.host().contains('%') {
        return Err(Argument::Url(NON_ASCII_HOST));
    }
    if !matches!(uri.path().as_str(), "" | "/") || uri.query().is_some() || uri.fragment().is_some()
    {
        return Err(Argument::Url(
            "it has a path, a query or a fragment after the host: remove that",
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
                "it contains a password: remove it, because other users may see the URL",
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

/// Parses `AUTH=*` or `AUTH=` with a login method (RFC 2384 section 3).
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
            Err(_) => Err(Argument::Url("its login method (;AUTH=) is unknown")),
        },
        None => Err(Argument::Url(
            "the parameter after the user name is not ;AUTH=",
        )),
    }
}
