//! The preparation of names and passwords before they are hashed or put into a GS2 header.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use zeroize::Zeroizing;

/// Returns the text after SASLprep (RFC 4013). `None` if SASLprep prohibits the text, or if nothing
/// of it is left.
///
/// ASCII text without control characters is not changed. Code points that Unicode 3.2 did not
/// assign are prohibited (RFC 5802 section 2.2), including emoji.
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

/// The Unicode tables need `std`. Without it, only ASCII is supported.
#[cfg(not(feature = "std"))]
fn beyond_ascii(_text: &str) -> Option<Zeroizing<String>> {
    None
}

/// Encodes a name as `saslname` of RFC 5802 section 7: `=` and `,` are escaped, because they have a
/// meaning there.
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
