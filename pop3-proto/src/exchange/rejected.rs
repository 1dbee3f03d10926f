//! Interprets a `-ERR` to a login: what the user can do, and what is tried next.

use super::auth::Seen;
use crate::context::Context;
use crate::error::{Advice, AuthError, Rejected};
use crate::login::ConcreteMethod;
use crate::method::Method;
use crate::refusal::Refusal;
use crate::sasl::{OAuthError, Stale};

/// A refusal of a login, interpreted.
pub(super) struct Understood {
    pub(super) error: AuthError,
    /// Whether a fresh token may help.
    pub(super) stale: bool,
    /// Whether the credentials or the method were refused, and not for example a maildrop in use.
    pub(super) about_login: bool,
}

/// The longest line that the mail proxy of nginx accepts by default, in octets.
const SHORT_LINE: usize = 128;

/// Interprets the refusal of a method. `seen` is what the server had received before.
pub(super) fn understand(
    concrete: &ConcreteMethod,
    context: &Context<'_>,
    refusal: Refusal,
    oauth: Option<OAuthError>,
    seen: Seen,
) -> Understood {
    let known = Advice::of_code(refusal.code.as_ref());
    // If the server received no credentials, it refused the mechanism. If the credentials were in
    // the same line as the command, only the text of the refusal can show this.
    let text = refusal.text.as_bytes();
    let refuses_mechanism = seen.responses == 0
        || (!seen.challenged && concrete.method.takes_token() && rejects_command(concrete, text));
    // Lines with a token are nearly always longer, so their length proves nothing.
    let line_may_be_too_long = seen.longest_line > SHORT_LINE
        && !concrete.method.takes_token()
        && refusal.code.is_none()
        && (rejects_command(concrete, text) || says_too_long(text));
    let stale = !refuses_mechanism && is_stale(concrete, context, &refusal, oauth.as_ref(), seen);
    let advice = match known {
        _ if stale => Advice::FreshToken,
        // Some servers send `[AUTH]` in this case, too.
        None | Some(Advice::CheckCredentials) if refuses_mechanism => Advice::NameAnother,
        Some(Advice::CheckCredentials) if concrete.method.takes_token() => Advice::FreshToken,
        Some(advice) => advice,
        // A proxy forwards the reason why its token was refused. It got that token with the user's
        // password.
        None if !concrete.method.takes_token()
            && oauth.as_ref().is_some_and(OAuthError::is_about_credentials) =>
        {
            Advice::CheckCredentials
        }
        // A proxy in front of a server that advertises `AUTH-RESP-CODE` may send no code.
        None => Advice::Unknown,
    };
    let about_login = matches!(known, None | Some(Advice::CheckCredentials));
    // A server that asked for the proof can verify it, so it stores more than a hash.
    let perhaps_hash_only = about_login && seen.responses == 1;
    let error = AuthError::Rejected(Rejected {
        method: concrete.method,
        name: concrete.name.clone(),
        refusal,
        oauth,
        advice,
        try_instead: instead_of(concrete, context).filter(|_| perhaps_hash_only),
        long_line: line_may_be_too_long.then_some(seen.longest_line),
    });
    Understood {
        error,
        stale,
        about_login,
    }
}

/// Returns what to try instead of SCRAM, which a server may refuse if it stores only a hash of the
/// password.
pub(super) fn instead_of(concrete: &ConcreteMethod, context: &Context<'_>) -> Option<Method> {
    let scram = concrete.method.scram().is_some();
    (scram && context.tls && context.lists(Method::Plain.name())).then_some(Method::Plain)
}

/// Returns whether a fresh token may help, according to the server's error about the token. With
/// XOAUTH2, some servers send no such error. A fresh token may then help if the refusal has no
/// response code and the server is known to support the mechanism.
fn is_stale(
    concrete: &ConcreteMethod,
    context: &Context<'_>,
    refusal: &Refusal,
    oauth: Option<&OAuthError>,
    seen: Seen,
) -> bool {
    match (concrete.method, oauth.map(|oauth| oauth.stale)) {
        (Method::OAuthBearer, stale) => stale == Some(Stale::InvalidToken),
        (Method::XOAuth2, None) => {
            // The server asked for the token, or advertised that it accepts one.
            let knows_mechanism = seen.challenged || context.lists(&concrete.name);
            refusal.code.is_none() && knows_mechanism
        }
        (Method::XOAuth2, stale) => stale == Some(Stale::Http),
        _ => false,
    }
}

/// Returns whether the server's text reports that a line was too long.
fn says_too_long(text: &[u8]) -> bool {
    memchr::memmem::find(&text.to_ascii_lowercase(), b"too long").is_some()
}

/// Returns whether the server's text says that it refused the command or the mechanism. No response
/// code says this. The result only affects hints, and whether a fresh token is requested.
fn rejects_command(concrete: &ConcreteMethod, text: &[u8]) -> bool {
    const SUBJECTS: [&[u8]; 4] = [b"command", b"mechanism", b"method", b"auth type"];
    const UNKNOWN: [&[u8]; 6] = [
        b"unknown",
        b"unrecogni",
        b"not recogni",
        b"not understood",
        b"no such",
        b"not valid",
    ];
    const UNSUPPORTED: [&[u8]; 7] = [
        b"unsupported",
        b"not supported",
        b"not implemented",
        b"unimplemented",
        b"not available",
        b"not enabled",
        b"disabled",
    ];
    const INVALID: [&[u8]; 3] = [b"invalid", b"bad", b"illegal"];
    let text = text.to_ascii_lowercase();
    let has = |word: &[u8]| memchr::memmem::find(&text, word).is_some();
    let any = |words: &[&[u8]]| words.iter().any(|word| has(word));
    // "Invalid token in command" refuses the token.
    let invalid = INVALID.iter().any(|adjective| {
        SUBJECTS.iter().any(|subject| {
            [&b""[..], b"auth ", b"sasl ", b"authentication "]
                .iter()
                .any(|between| has(&[adjective, &b" "[..], between, subject].concat()))
        })
    });
    let subject = any(&SUBJECTS);
    let named = has(&concrete.name.as_bytes().to_ascii_lowercase());
    has(b"syntax error")
        || invalid
        || (subject && any(&UNKNOWN))
        || ((subject || named) && any(&UNSUPPORTED))
}
