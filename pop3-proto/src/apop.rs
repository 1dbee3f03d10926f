//! APOP (RFC 1939 section 7): the challenge in a greeting, and the digest for it.

use alloc::string::String;

use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use crate::hex;
use crate::misuse::{Argument, Misuse};
use crate::secret::Secret;
use crate::types::Username;

/// The longest challenge that is accepted, in octets: a greeting has at most 512 (RFC 1939 section
/// 3).
const MAX_CHALLENGE: usize = 512;

/// Returns the name and the secret as the command and its digest contain them (RFC 6856 section
/// 2.3).
///
/// # Errors
///
/// If the name contains a space, or if SASLprep prohibits the name or the secret.
pub(crate) fn prepared(username: Username, secret: Secret) -> Result<(Username, Secret), Misuse> {
    if username.as_str().contains(' ') {
        return Err(Misuse::Argument(Argument::SpaceInUsername));
    }
    Ok((username.prepared()?, secret.prepared()?))
}

/// Returns the msg-id in a greeting, with its angle brackets.
///
/// Returns `None` if there is no msg-id, or more than one: the client then cannot know the challenge.
/// Other text is not accepted, because with challenges that are not msg-ids, a man in the middle can
/// recover the password from MD5 collisions (CVE-2007-1558).
pub(crate) fn challenge(greeting: &[u8]) -> Option<&[u8]> {
    let mut found = None;
    let mut brackets = memchr::memchr2_iter(b'<', b'>', greeting).peekable();
    while let Some(open) = brackets.next() {
        let Some(&close) = brackets.peek() else { break };
        // A candidate is between `<` and the next bracket, if that is `>`.
        let Some(candidate) = greeting
            .get(open..=close)
            .filter(|candidate| is_msg_id(candidate))
        else {
            continue;
        };
        if found.replace(candidate).is_some() {
            return None;
        }
    }
    found
}

/// Returns whether the octets are `"<" local "@" domain ">"`: printable ASCII without spaces, and
/// exactly one `@`.
fn is_msg_id(octets: &[u8]) -> bool {
    let inner = octets
        .strip_prefix(b"<")
        .and_then(|rest| rest.strip_suffix(b">"));
    let Some(inner) = inner.filter(|_| octets.len() <= MAX_CHALLENGE) else {
        return false;
    };
    let mut parts = inner.split(|&octet| octet == b'@');
    let mut part = || {
        let allowed = |c: &u8| c.is_ascii_graphic() && !matches!(c, b'<' | b'>');
        parts
            .next()
            .is_some_and(|part| !part.is_empty() && part.iter().all(allowed))
    };
    part() && part() && parts.next().is_none()
}

/// Returns the MD5 digest of challenge and secret in lower-case hexadecimal, as `APOP` sends it.
pub(crate) fn digest(challenge: &[u8], secret: &[u8]) -> Zeroizing<String> {
    let mut md5 = Md5::new();
    md5.update(challenge);
    md5.update(secret);
    let mut digest = Zeroizing::new([0; 16]);
    md5.finalize_into_reset((&mut *digest).into());
    hex::lower(digest.as_slice())
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn digest_is_lower_case_hex_md5() {
        for (challenge, secret, hex) in [
            // RFC 1939 section 7.
            (
                "<1896.697170952@dbc.mtview.ca.us>",
                "tanstaaf",
                "c4c9334bac560ecc979e58001b3e22fb",
            ),
            // From Twisted's testAPOP. The challenge is not a msg-id, so a connection would not
            // answer it.
            (
                "<challenge string goes here>",
                "password",
                "f34f1e464d0d7927607753129cabe39a",
            ),
        ] {
            let digest = digest(challenge.as_bytes(), secret.as_bytes());
            assert_eq!(*digest, hex);
        }
    }
}
