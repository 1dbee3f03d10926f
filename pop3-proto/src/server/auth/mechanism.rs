//! The mechanisms that are known here, by name.

use crate::sasl::ScramHash;

#[derive(Clone, Copy)]
pub(in crate::server) enum Mechanism {
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

const NAMES: [(&str, Mechanism); 13] = [
    ("ANONYMOUS", Mechanism::Anonymous),
    ("CRAM-MD5", Mechanism::CramMd5),
    ("EXTERNAL", Mechanism::External),
    ("LOGIN", Mechanism::Login),
    ("OAUTHBEARER", Mechanism::OAuthBearer),
    ("PLAIN", Mechanism::Plain),
    ("SCRAM-SHA-1", Mechanism::Scram(ScramHash::Sha1)),
    ("SCRAM-SHA-1-PLUS", Mechanism::ScramPlus(ScramHash::Sha1)),
    ("SCRAM-SHA-256", Mechanism::Scram(ScramHash::Sha256)),
    (
        "SCRAM-SHA-256-PLUS",
        Mechanism::ScramPlus(ScramHash::Sha256),
    ),
    ("SCRAM-SHA-512", Mechanism::Scram(ScramHash::Sha512)),
    (
        "SCRAM-SHA-512-PLUS",
        Mechanism::ScramPlus(ScramHash::Sha512),
    ),
    ("XOAUTH2", Mechanism::XOAuth2),
];

impl Mechanism {
    /// The mechanism with this name, in any case.
    pub(in crate::server) fn named(name: &str) -> Option<Self> {
        NAMES
            .into_iter()
            .find_map(|(known, mechanism)| known.eq_ignore_ascii_case(name).then_some(mechanism))
    }

    /// Whether who listens on a clear channel could log in with what he hears.
    pub(super) fn shows_the_secret(self) -> bool {
        matches!(
            self,
            Self::Plain | Self::Login | Self::XOAuth2 | Self::OAuthBearer
        )
    }
}
