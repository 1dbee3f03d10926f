//! The login methods and their names.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::misuse::{Argument, Misuse};
use crate::sasl::ScramHash;

/// A login method.
///
/// `Display` and `FromStr` use the names of the SASL mechanisms. The suffix `-PLUS` is not part of
/// them: see
/// [`LoginPolicy::with_channel_binding`](crate::login::LoginPolicy::with_channel_binding).
/// `USER/PASS` (or `USER`) and `APOP` (or `+APOP`, as in RFC 2384) are the commands of RFC 1939.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Method {
    /// `AUTH SCRAM-SHA-512`.
    ScramSha512,
    /// `AUTH SCRAM-SHA-256` (RFC 7677).
    ScramSha256,
    /// `AUTH SCRAM-SHA-1` (RFC 5802).
    ScramSha1,
    /// `AUTH PLAIN` (RFC 4616).
    Plain,
    /// The commands `USER` and `PASS` (RFC 1939 section 7).
    UserPass,
    /// `AUTH LOGIN`, which is not specified in any RFC.
    Login,
    /// `AUTH CRAM-MD5` (RFC 2195): weak, and used only if a policy explicitly selects it.
    CramMd5,
    /// The command `APOP` (RFC 1939 section 7): weak, and used only if a policy explicitly selects
    /// it.
    Apop,
    /// `AUTH OAUTHBEARER` (RFC 7628).
    OAuthBearer,
    /// `AUTH XOAUTH2`, which Google and Microsoft use.
    XOAuth2,
    /// `AUTH EXTERNAL` (RFC 4422 appendix A): the TLS client certificate identifies the user.
    External,
    /// `AUTH ANONYMOUS` (RFC 4505).
    Anonymous,
    /// A custom mechanism of the application.
    Custom,
}

/// All methods except custom mechanisms, with their names.
const NAMES: [(Method, &str); 12] = [
    (Method::ScramSha512, "SCRAM-SHA-512"),
    (Method::ScramSha256, "SCRAM-SHA-256"),
    (Method::ScramSha1, "SCRAM-SHA-1"),
    (Method::Plain, "PLAIN"),
    (Method::UserPass, "USER/PASS"),
    (Method::Login, "LOGIN"),
    (Method::CramMd5, "CRAM-MD5"),
    (Method::Apop, "APOP"),
    (Method::OAuthBearer, "OAUTHBEARER"),
    (Method::XOAuth2, "XOAUTH2"),
    (Method::External, "EXTERNAL"),
    (Method::Anonymous, "ANONYMOUS"),
];

impl Method {
    /// Returns all methods that this library implements.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(method, _)| method)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES
            .into_iter()
            .find_map(|(method, name)| (method == self).then_some(name))
            .unwrap_or("a custom mechanism")
    }

    /// Returns whether it is a mechanism for `AUTH`.
    pub(crate) fn is_sasl(self) -> bool {
        !matches!(self, Self::UserPass | Self::Apop)
    }

    /// Returns whether it sends a bearer token.
    pub(crate) fn takes_token(self) -> bool {
        matches!(self, Self::OAuthBearer | Self::XOAuth2)
    }

    /// Returns the feature of this crate that the method needs, if it is disabled in this build.
    pub(crate) fn missing_feature(self) -> Option<&'static str> {
        if self.scram().is_some() && !cfg!(feature = "scram") {
            Some("scram")
        } else if self.takes_token() && !cfg!(feature = "oauth") {
            Some("oauth")
        } else {
            None
        }
    }

    /// Returns the name of the variant with channel binding, if the method is SCRAM.
    pub(crate) fn plus(self) -> Option<String> {
        self.scram().map(|_| format!("{}-PLUS", self.name()))
    }

    /// Returns the hash function, if the method is SCRAM.
    pub(crate) fn scram(self) -> Option<ScramHash> {
        match self {
            Self::ScramSha512 => Some(ScramHash::Sha512),
            Self::ScramSha256 => Some(ScramHash::Sha256),
            Self::ScramSha1 => Some(ScramHash::Sha1),
            _ => None,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = Misuse;

    fn from_str(name: &str) -> Result<Self, Misuse> {
        let name = match name {
            user if user.eq_ignore_ascii_case("USER") => "USER/PASS",
            apop if apop.eq_ignore_ascii_case("+APOP") => "APOP",
            other => other,
        };
        NAMES
            .into_iter()
            .find_map(|(method, known)| known.eq_ignore_ascii_case(name).then_some(method))
            .ok_or(Misuse::Argument(Argument::Method))
    }
}
