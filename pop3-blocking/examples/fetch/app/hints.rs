//! Which option may help after a failure.

use pop3_blocking::command::Verb;
use pop3_blocking::error::{AuthError, Closed, Misuse, SecurityError, Timeout, TlsErrorKind};
use pop3_blocking::{Capabilities, Error, login::Method};

/// Returns which option may help after a failed login or connection.
///
/// `capabilities` are those of a server that was logged in to with `--plaintext`.
pub(crate) fn hint(error: &Error, capabilities: Option<&Capabilities>) -> Option<String> {
    let only_stls = |listed: &Capabilities| {
        listed.stls() && !listed.user() && listed.sasl().is_none_or(|names| names.is_empty())
    };
    let hint = match error {
        Error::Misuse(Misuse::Argument(_)) => "another login method may accept these: see --auth",
        Error::Tls(error) if error.kind == TlsErrorKind::UnknownIssuer => {
            "to trust the certificate or its authority, use --ca"
        }
        // The kind of the error does not distinguish these: the text names the setting.
        Error::Tls(error) if error.text.contains("Roots::Only") => {
            "to trust exactly this certificate, give its file to --ca"
        }
        Error::Tls(error) if error.text.contains("Roots::Pinned") => {
            "if the server has a new key, give this digest to --pin"
        }
        Error::Tls(error) if error.text.contains("TlsOptions::client_certificate") => {
            "to use a client certificate, give its file to --cert"
        }
        Error::Security(error) if matches!(**error, SecurityError::StlsUnavailable { .. }) => {
            "the option for that is --plaintext: use it only on a trusted path, such as to a proxy on this computer"
        }
        _ if capabilities.is_some_and(only_stls) => {
            "the server offers only STLS before a login: leave out --plaintext"
        }
        _ if error.suspects_pipelining() => "if that happens in every run, try --no-pipelining",
        _ if is_after_capa(error) => "if that happens in every run, try --no-capa",
        Error::Auth(auth) if has_long_line(auth) => "to send shorter lines, try --auth USER",
        _ => {
            let method = error.try_instead()?;
            return Some(format!("if the password is right, try --auth {method}"));
        }
    };
    Some(hint.to_owned())
}

/// Returns whether the server closed or stopped responding after `CAPA`, and gave no reason.
fn is_after_capa(error: &Error) -> bool {
    let verb = match error {
        Error::Closed(closed) => match &**closed {
            Closed::Unanswered { verb, .. } => *verb,
            _ => return false,
        },
        Error::Timeout(Timeout::FirstOctet { verb, .. }) => *verb,
        _ => return false,
    };
    verb == Verb::Capa && error.last_err().is_none()
}

/// Returns whether a login was refused perhaps because of a long line that `USER` and `PASS` avoid.
fn has_long_line(error: &AuthError) -> bool {
    matches!(error, AuthError::Rejected(rejected)
        if rejected.long_line.is_some() && rejected.method != Method::UserPass)
}
