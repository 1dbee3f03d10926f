//! What names and passwords become before they are hashed or written into a GS2 header.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use zeroize::Zeroizing;

/// The text by SASLprep (RFC 4013), or `None` where that prohibits it or leaves nothing.
///
/// What is ASCII without controls stays as it is. Code points that Unicode 3.2 did not know are
/// prohibited (RFC 5802 section 2.2), emoji among them.
pub(crate) fn saslprep(text: &str) -> Option<Zeroizing<String>> {
    let ascii = text.bytes().all(|c| matches!(c, b' '..=b'~'));
    let prepared = if ascii {
        Zeroizing::new(text.to_owned())
    } else {
        beyond_ascii(text)?
    };
    (!prepared.is_empty()).then_some(prepared)
}

#[cfg(feature = "std")]
fn beyond_ascii(text: &str) -> Option<Zeroizing<String>> {
    let prepared = stringprep::saslprep(text).ok()?;
    Some(Zeroizing::new(prepared.into_owned()))
}

/// The Unicode tables need `std`: without it, only ASCII can be used.
#[cfg(not(feature = "std"))]
fn beyond_ascii(_text: &str) -> Option<Zeroizing<String>> {
    None
}

/// A name as `saslname` of RFC 5802 section 7: without `=` and `,`, which mean something there.
#[cfg(any(feature = "scram", feature = "oauth"))]
pub(crate) fn saslname(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '=' => escaped.push_str("=3D"),
            ',' => escaped.push_str("=2C"),
            c => escaped.push(c),
        }
    }
    escaped
}
