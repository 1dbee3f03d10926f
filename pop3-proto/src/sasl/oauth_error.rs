//! The error that a server sends about a bearer token (RFC 7628 section 3.2.2).
//!
//! It shows whether a fresh token may help. Its texts come from the server and may echo the token, so
//! credentials are redacted.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "oauth")]
use memchr::memmem;

use crate::base64;
use crate::redact::Redactor;
#[cfg(feature = "oauth")]
use crate::secret::Secret;
use crate::text::ServerText;

/// The maximum length of JSON that is parsed, in octets. A longer text is kept unparsed.
#[cfg(feature = "oauth")]
const MAX_JSON: usize = 4 << 10;

/// A server's error about a token that it does not accept (RFC 7628 section 3.2.2). XOAUTH2 has a
/// similar error. An echo of the token in it is redacted.
///
/// A proxy that accepts a password, and logs in to another server with a token, may forward such an
/// error in an unexpected challenge. It is parsed in that case, too.
///
/// Do not trust the error, and do not open its URL. It is only meant to be displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthError {
    /// A status such as `invalid_token` from OAUTHBEARER, or an HTTP status from XOAUTH2.
    pub status: Option<ServerText>,
    /// The scope that a token needs.
    pub scope: Option<ServerText>,
    /// The URL of the identity provider's configuration, according to the server.
    pub openid_configuration: Option<ServerText>,
    /// The complete text from the server. It is JSON if it conforms to RFC 7628.
    pub raw: ServerText,
    /// The kind of status, which is known even if the status is redacted.
    pub(crate) stale: Stale,
}

/// Whether the status means that a fresh token may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// Yes: `invalid_token` from OAUTHBEARER.
    InvalidToken,
    /// Yes: 400 or 401 from XOAUTH2.
    Http,
    No,
}

impl OAuthError {
    /// Returns whether there is nothing to display.
    pub(crate) fn is_blank(&self) -> bool {
        self.status.is_none() && self.raw.is_blank()
    }

    /// Redacts the credentials that were sent from all texts.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        let Self {
            status,
            scope,
            openid_configuration,
            raw,
            ..
        } = &mut self;
        let optional = [status, scope, openid_configuration].into_iter().flatten();
        for text in optional.chain([raw]) {
            *text = redactor.text(core::mem::take(text));
        }
        self
    }

    /// Returns whether the status means that the token, or the password in place of it, is not
    /// accepted.
    pub(crate) fn is_about_credentials(&self) -> bool {
        self.stale != Stale::No
    }

    /// Parses a challenge. One that is too long or not a JSON object is kept unparsed.
    #[cfg(feature = "oauth")]
    pub(super) fn read(challenge: &[u8], token: &Secret) -> Self {
        Self::parse(challenge, |octets| without(octets, token.expose()))
    }

    /// Parses an unexpected challenge, which is base64 or plain text. Credentials are redacted.
    pub(crate) fn unexpected(challenge: &[u8], redactor: &Redactor) -> Self {
        let decoded = base64::decode(challenge);
        let challenge = decoded.as_deref().unwrap_or(challenge);
        Self::parse(challenge, |octets| redactor.octets(octets))
    }

    fn parse(challenge: &[u8], clean: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let members = Members::of(challenge);
        let shown = |text: Option<String>| Some(ServerText::new(clean(text?.as_bytes()).into()));
        // JSON can contain a character of a secret as an escape (`\u007e`), which redaction does
        // not find.
        let raw = match members.normalized {
            // Without escapes, if that shows the secret.
            Some(normalized) => Some(normalized.into_bytes()).filter(|text| clean(text) != *text),
            None => challenge.contains(&b'\\').then(|| b"<redacted>".to_vec()),
        };
        Self {
            stale: match members.status.as_deref() {
                Some("invalid_token") => Stale::InvalidToken,
                Some("400" | "401") => Stale::Http,
                _ => Stale::No,
            },
            status: shown(members.status),
            scope: shown(members.scope),
            openid_configuration: shown(members.openid_configuration),
            raw: ServerText::new(clean(raw.as_deref().unwrap_or(challenge)).into()),
        }
    }
}

/// The members of a JSON object that are used here; none if the text is too long or not an object.
#[derive(Default)]
struct Members {
    status: Option<String>,
    scope: Option<String>,
    openid_configuration: Option<String>,
    /// The object, serialized again without unnecessary escapes.
    normalized: Option<String>,
}

impl Members {
    #[cfg(feature = "oauth")]
    fn of(challenge: &[u8]) -> Self {
        use alloc::string::ToString as _;

        use serde_json::Value;

        if challenge.len() > MAX_JSON {
            return Self::default();
        }
        let Ok(json) = serde_json::from_slice::<Value>(challenge) else {
            return Self::default();
        };
        let text = |name: &str| match json.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Self {
            status: text("status"),
            scope: text("scope"),
            openid_configuration: text("openid-configuration"),
            normalized: Some(json.to_string()),
        }
    }

    /// Without the feature `oauth`, no JSON is parsed.
    #[cfg(not(feature = "oauth"))]
    fn of(_: &[u8]) -> Self {
        Self::default()
    }
}

/// Returns octets from a server with a token redacted.
#[cfg(feature = "oauth")]
fn without(octets: &[u8], token: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((before, after)) =
        memmem::find(rest, token).and_then(|at| rest.split_at_checked(at))
    {
        clean.extend_from_slice(before);
        clean.extend_from_slice(b"<redacted>");
        rest = after.strip_prefix(token).unwrap_or_default();
    }
    clean.extend_from_slice(rest);
    clean
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.status, &self.scope) {
            (Some(status), Some(scope)) => write!(f, "{status} (required scope: {scope})"),
            (Some(status), None) => status.fmt(f),
            _ => self.raw.fmt(f),
        }
    }
}
