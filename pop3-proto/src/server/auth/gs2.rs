//! The GS2 header at the start of SCRAM and OAUTHBEARER (RFC 5801 section 4, RFC 5802 section 7).

use alloc::string::String;

/// `gs2-cbind-flag "," [authzid] ","`.
pub(super) struct Header<'a> {
    pub(super) flag: Flag<'a>,
    pub(super) authzid: Option<String>,
    /// The whole header as sent.
    pub(super) text: &'a str,
}

/// The client's flag for channel binding (RFC 5802 section 6).
pub(super) enum Flag<'a> {
    /// `n`: the client does not support channel binding, or does not use it.
    Off,
    /// `y`: the client supports channel binding and assumes that the server does not.
    NotOffered,
    /// `p=`: the client uses a channel binding of this type.
    Bound(&'a str),
}

impl<'a> Header<'a> {
    /// Returns the header and the text after it.
    pub(super) fn read(message: &'a str) -> Option<(Self, &'a str)> {
        let (flag, rest) = message.split_once(',')?;
        let (authzid, rest) = rest.split_once(',')?;
        let flag = match flag {
            "n" => Flag::Off,
            "y" => Flag::NotOffered,
            _ => Flag::Bound(flag.strip_prefix("p=")?),
        };
        let authzid = match authzid {
            "" => None,
            _ => Some(name(authzid.strip_prefix("a=")?)?),
        };
        let header = Self {
            flag,
            authzid,
            text: message.strip_suffix(rest)?,
        };
        Some((header, rest))
    }
}

/// Decodes a `saslname` (RFC 5802 section 7): `=2C` is a comma, `=3D` is an equals sign, and no
/// other `=` is allowed.
pub(super) fn name(escaped: &str) -> Option<String> {
    let mut parts = escaped.split('=');
    let mut name = String::from(parts.next()?);
    for part in parts {
        let comma = part.strip_prefix("2C").map(|rest| (',', rest));
        let (c, rest) = comma.or_else(|| part.strip_prefix("3D").map(|rest| ('=', rest)))?;
        name.push(c);
        name.push_str(rest);
    }
    (!name.is_empty() && !name.contains('\0')).then_some(name)
}
