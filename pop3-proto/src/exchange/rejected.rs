//! What a `-ERR` to a login means: for the user, and for what is tried next.

use super::auth::Seen;
use crate::context::Context;
use crate::error::{Advice, AuthError, Rejected};
use crate::login::ConcreteMethod;
use crate::method::Method;
use crate::refusal::Refusal;
use crate::sasl::{OAuthError, Stale};

/// What a refusal means.
pub(super) struct Understood {
    pub(super) error: AuthError,
    /// Whether a fresh token may help.
    pub(super) stale: bool,
    /// Whether it is about the credentials or the method: not about a maildrop in use, or the like.
    pub(super) about_login: bool,
}

/// Says what the refusal of a method means, after what its server had seen.
pub(super) fn understand(
    concrete: &ConcreteMethod,
    context: &Context<'_>,
    refusal: Refusal,
    oauth: Option<OAuthError>,
    seen: Seen,
) -> Understood {
    let known = Advice::of_code(refusal.code.as_ref());
    // Nothing of the credentials was seen: it is the mechanism that is refused. Where they left with
    // the command, nothing but the words can say so.
    let refuses_mechanism = seen.responses == 0
        || (!seen.challenged && rejects_command(concrete, refusal.text.as_bytes()));
    let stale = !refuses_mechanism && is_stale(concrete, context, &refusal, oauth.as_ref(), seen);
    let advice = match known {
        _ if stale => Advice::FreshToken,
        // There are servers that mark this with `[AUTH]`, too.
        None | Some(Advice::CheckCredentials) if refuses_mechanism => Advice::NameAnother,
        Some(Advice::CheckCredentials) if concrete.method.takes_token() => Advice::FreshToken,
        Some(advice) => advice,
        // A proxy passes on why its token is refused, and the password stands for that token.
        None if !concrete.method.takes_token()
            && oauth.as_ref().is_some_and(OAuthError::is_about_credentials) =>
        {
            Advice::CheckCredentials
        }
        // What a server promises by `AUTH-RESP-CODE`, a proxy in front of it does not keep.
        None => Advice::Unknown,
    };
    let about_login = matches!(known, None | Some(Advice::CheckCredentials));
    // A server that has gone on to ask for a proof has what it takes to check it.
    let perhaps_hash_only = about_login && seen.responses == 1;
    let error = AuthError::Rejected(Rejected {
        method: concrete.method,
        name: concrete.name.clone(),
        refusal,
        oauth,
        advice,
        try_instead: instead_of(concrete, context).filter(|_| perhaps_hash_only),
    });
    Understood {
        error,
        stale,
        about_login,
    }
}

/// What to try instead of a method that was refused: a server that has only a hash of the password
/// cannot do SCRAM.
pub(super) fn instead_of(concrete: &ConcreteMethod, context: &Context<'_>) -> Option<Method> {
    let scram = concrete.method.scram().is_some();
    (scram && context.tls && context.lists(Method::Plain.name())).then_some(Method::Plain)
}

/// Whether a refusal is about a token that a fresh one may replace: by what the server said of it,
/// or, since there are servers with XOAUTH2 that say nothing, by its saying nothing after it had
/// seen the token.
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
            // The server asked for the token, or said before that it takes one.
            let knows_mechanism = seen.challenged || context.lists(&concrete.name);
            refusal.code.is_none() && knows_mechanism
        }
        (Method::XOAuth2, stale) => stale == Some(Stale::Http),
        _ => false,
    }
}

/// Whether a refusal of a mechanism with tokens is about the command or the mechanism, by the server's
/// words: there is no response code for it. Words only keep a token from being called stale.
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
    if !concrete.method.takes_token() {
        return false;
    }
    let text = text.to_ascii_lowercase();
    let has = |word: &[u8]| memchr::memmem::find(&text, word).is_some();
    let any = |words: &[&[u8]]| words.iter().any(|word| has(word));
    // "Invalid token in command" is about the token.
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
