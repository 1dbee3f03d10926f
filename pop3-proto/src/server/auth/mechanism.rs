//! The known mechanisms and their names.

use crate::sasl::ScramHash;

#[derive(Clone, Copy)]
pub(in crate::server) enum OfferedMechanism {
    Anonymous,
    CramMd5,
    External,
    Login,
    OAuthBearer,
    Plain,
    Scram(ScramHash),
    ScramPlus(ScramHash),
    XOAuth2,
}

const NAMES: [(&str, OfferedMechanism); 13] = [
    ("ANONYMOUS", OfferedMechanism::Anonymous),
    ("CRAM-MD5", OfferedMechanism::CramMd5),
    ("EXTERNAL", OfferedMechanism::External),
    ("LOGIN", OfferedMechanism::Login),
    ("OAUTHBEARER", OfferedMechanism::OAuthBearer),
    ("PLAIN", OfferedMechanism::Plain),
    ("SCRAM-SHA-1", OfferedMechanism::Scram(ScramHash::Sha1)),
    (
        "SCRAM-SHA-1-PLUS",
        OfferedMechanism::ScramPlus(ScramHash::Sha1),
    ),
    ("SCRAM-SHA-256", OfferedMechanism::Scram(ScramHash::Sha256)),
    (
        "SCRAM-SHA-256-PLUS",
        OfferedMechanism::ScramPlus(ScramHash::Sha256),
    ),
    ("SCRAM-SHA-512", OfferedMechanism::Scram(ScramHash::Sha512)),
    (
        "SCRAM-SHA-512-PLUS",
        OfferedMechanism::ScramPlus(ScramHash::Sha512),
    ),
    ("XOAUTH2", OfferedMechanism::XOAuth2),
];

impl OfferedMechanism {
    /// Returns the mechanism with this name. The comparison ignores case.
    pub(in crate::server) fn named(name: &str) -> Option<Self> {
        NAMES
            .into_iter()
            .find_map(|(known, mechanism)| known.eq_ignore_ascii_case(name).then_some(mechanism))
    }

    /// Returns whether an eavesdropper on a cleartext channel could log in with what the client
    /// sends.
    pub(super) fn reveals_the_secret(self) -> bool {
        matches!(
            self,
            Self::Plain | Self::Login | Self::XOAuth2 | Self::OAuthBearer
        )
    }
}
