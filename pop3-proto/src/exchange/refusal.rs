//! What a `-ERR` to a login means: for the user, and for what is tried next.

use super::Context;
use crate::error::{Advice, AuthError, Refusal, Rejected};
use crate::login::{Method, Way};
use crate::sasl::{OAuthError, Stale};

/// A refusal, understood.
pub(super) struct Judged {
    pub(super) error: AuthError,
    /// Whether a fresh token may help.
    pub(super) stale: bool,
    /// Whether it is about the credentials or the way: not about a maildrop in use, or the like.
    pub(super) about_login: bool,
}

/// Judges the refusal of a way whose server had seen so many `responses`.
pub(super) fn judge(
    way: &Way,
    context: &Context<'_>,
    refusal: Refusal,
    oauth: Option<OAuthError>,
    responses: usize,
) -> Judged {
    // Nothing of the credentials was seen: it is the mechanism that is refused.
    let unseen = responses == 0;
    let known = Advice::of_code(refusal.code.as_ref());
    let stale = !unseen && is_stale(way, &refusal, oauth.as_ref());
    let marks = context
        .capabilities
        .is_some_and(crate::Capabilities::auth_response_code);
    let advice = match known {
        _ if stale => Advice::FreshToken,
        // There are servers that mark this with `[AUTH]`, too.
        None | Some(Advice::CheckCredentials) if unseen => Advice::NameAnother,
        Some(Advice::CheckCredentials) if way.method.takes_token() => Advice::FreshToken,
        Some(advice) => advice,
        None if marks => Advice::NotCredentials,
        None => Advice::Unknown,
    };
    let about_login = matches!(known, None | Some(Advice::CheckCredentials));
    // A server that has gone on to ask for a proof has what it takes to check it.
    let perhaps_hash_only = about_login && responses == 1;
    let error = AuthError::Rejected(Rejected {
        method: way.method,
        name: way.name.clone(),
        refusal,
        oauth,
        advice,
        try_instead: instead_of(way, context).filter(|_| perhaps_hash_only),
    });
    Judged {
        error,
        stale,
        about_login,
    }
}

/// What to try instead of a way that was refused: a server that has only a hash of the password
/// cannot do SCRAM.
pub(super) fn instead_of(way: &Way, context: &Context<'_>) -> Option<Method> {
    let scram = way.method.scram().is_some();
    (scram && context.tls && context.lists(Method::Plain.name())).then_some(Method::Plain)
}

/// Whether a refusal is about a token that a fresh one may replace: by what the server said of it,
/// or, since there are servers with XOAUTH2 that say nothing, by its saying nothing.
fn is_stale(way: &Way, refusal: &Refusal, oauth: Option<&OAuthError>) -> bool {
    match (way.method, oauth.map(|oauth| oauth.stale)) {
        (Method::OAuthBearer, stale) => stale == Some(Stale::InvalidToken),
        (Method::XOAuth2, None) => refusal.code.is_none(),
        (Method::XOAuth2, stale) => stale == Some(Stale::Http),
        _ => false,
    }
}
