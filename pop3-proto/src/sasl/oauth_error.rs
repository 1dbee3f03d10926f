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

/// The most JSON that is read, in octets. A longer text is kept as it came.
#[cfg(feature = "oauth")]
const MAX_JSON: usize = 4 << 10;

/// What a server says about a token that it does not take (RFC 7628 section 3.2.2; XOAUTH2 has a
/// similar one). The token is redacted from it.
///
/// A proxy that accepts a password, and logs in to another server by a token, may forward this in a
/// challenge that a login by password does not have. It is read there, too.
///
/// Nothing of it is to be trusted or followed: it is for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthError {
    /// `invalid_token` and the like from OAUTHBEARER, a status of HTTP from XOAUTH2.
    pub status: Option<ServerText>,
    /// The scope that a token needs.
    pub scope: Option<ServerText>,
    /// Where the server says that tokens are had.
    pub openid_configuration: Option<ServerText>,
    /// All that the server wrote: JSON, if it follows the rules.
    pub raw: ServerText,
    /// What the status is, whatever of it may be shown.
    pub(crate) stale: Stale,
}

/// Which statuses say that a fresh token may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// `invalid_token`, of OAUTHBEARER.
    InvalidToken,
    /// 400 or 401, of XOAUTH2.
    Http,
    No,
}

impl OAuthError {
    /// Whether there is nothing to show.
    pub(crate) fn is_blank(&self) -> bool {
        self.status.is_none() && self.raw.is_blank()
    }

    /// The same without what it shows of the credentials that were sent.
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

    /// Whether the status says that the token, or the password that stands for it, is not accepted.
    pub(crate) fn is_about_credentials(&self) -> bool {
        self.stale != Stale::No
    }

    /// Reads what it can. What is no JSON object, or a long one, is kept as it is.
    #[cfg(feature = "oauth")]
    pub(super) fn read(challenge: &[u8], token: &Secret) -> Self {
        Self::parse(challenge, |octets| without(octets, token.expose()))
    }

    /// Reads a challenge as it came, where none belongs: base64, or text. Credentials are redacted.
    pub(crate) fn unexpected(challenge: &[u8], redactor: &Redactor) -> Self {
        let decoded = base64::decode(challenge);
        let challenge = decoded.as_deref().unwrap_or(challenge);
        Self::parse(challenge, |octets| redactor.octets(octets))
    }

    fn parse(challenge: &[u8], clean: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let members = Members::of(challenge);
        let shown = |text: Option<String>| Some(ServerText::new(clean(text?.as_bytes()).into()));
        // JSON can spell a character of a secret as an escape (`\u007e`), which redaction does not find.
        let raw = match members.plainest {
            // Without escapes, if that shows the secret.
            Some(plainest) => Some(plainest.into_bytes()).filter(|text| clean(text) != *text),
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

/// The members of a JSON object that mean something here; none if the text is anything else, or long.
#[derive(Default)]
struct Members {
    status: Option<String>,
    scope: Option<String>,
    openid_configuration: Option<String>,
    /// The object, written in the plainest way.
    plainest: Option<String>,
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
            plainest: Some(json.to_string()),
        }
    }

    /// Without the feature `oauth`, no JSON is parsed.
    #[cfg(not(feature = "oauth"))]
    fn of(_: &[u8]) -> Self {
        Self::default()
    }
}

/// Octets from a server with a token replaced.
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
            (Some(status), Some(scope)) => write!(f, "{status} (the scope is {scope})"),
            (Some(status), None) => status.fmt(f),
            _ => self.raw.fmt(f),
        }
    }
}
