//! Describes errors of rustls in sentences that a user understands.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

use super::keys::UnknownKey;
use super::options::TlsVersions;
use super::pinned::is_ca_as_end_entity;
use crate::channel::Channel;
use crate::error::{OtherScheme, Service, TlsError, TlsErrorKind, service};
use crate::text::Escaped;

/// What a server must support. Part of the error if it does not.
const SUPPORTED: &str = "TLS 1.2 with ECDHE and AES-GCM or ChaCha20, or TLS 1.3, is required";

/// What to do about an older server.
const OLD_SERVER: &str = "; update the server, or use another TLS stack (Connection::wants_tls)";

/// Describes an error of rustls on a connection that started as `channel` and offers these versions,
/// if they are known. `first` are the first octets that the server sent.
pub(super) fn describe(
    error: &Error,
    channel: Channel,
    versions: Option<TlsVersions>,
    first: &[u8],
) -> TlsError {
    use TlsErrorKind as Kind;
    let (kind, text) = match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => (
            Kind::UnknownIssuer,
            "the server's certificate is not signed by a trusted authority (TlsOptions::roots)".to_owned(),
        ),
        _ if is_ca_as_end_entity(error) => (
            Kind::Certificate,
            "the server presents a CA certificate (CA:TRUE) as its own: trust exactly this certificate \
             with Roots::Only, or give the server a certificate that is not a CA certificate"
                .to_owned(),
        ),
        Error::InvalidCertificate(invalid) => (Kind::Certificate, certificate(invalid)),
        Error::NoCertificatesPresented => {
            (Kind::Certificate, "the server presents no certificate".to_owned())
        }
        Error::NoApplicationProtocol
        | Error::AlertReceived(AlertDescription::NoApplicationProtocol) => (
            Kind::NoApplicationProtocol,
            "the server does not support the protocol `pop3` (ALPN): check the port, or do not offer the \
             protocol (TlsOptions::alpn, ClientTls::without_alpn)"
                .to_owned(),
        ),
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. } => (Kind::NotTls, not_tls(error, channel, first)),
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13)
        => (
            Kind::Incompatible,
            format!("the server supports only TLS 1.1 or older: {SUPPORTED}{OLD_SERVER}"),
        ),
        Error::AlertReceived(AlertDescription::ProtocolVersion) => (
            Kind::Incompatible,
            match versions {
                Some(TlsVersions::OnlyTls13) => "the server does not support TLS 1.3, the only version \
                     that is offered: offer TLS 1.2 as well (TlsOptions::versions), or update the server"
                    .to_owned(),
                Some(TlsVersions::OnlyTls12) => "the server does not support TLS 1.2, the only version \
                     that is offered: offer TLS 1.3 as well (TlsOptions::versions)"
                    .to_owned(),
                Some(TlsVersions::Tls12AndTls13) | None => format!(
                    "the server supports none of the TLS versions that were offered, so probably only \
                     TLS 1.1 or older: {SUPPORTED}{OLD_SERVER}"
                ),
            },
        ),
        Error::AlertReceived(AlertDescription::HandshakeFailure) => (
            Kind::Incompatible,
            format!(
                "the server rejected the handshake: it may support no common cipher suite ({SUPPORTED}), \
                 or require a client certificate"
            ),
        ),
        Error::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig) => (
            Kind::Incompatible,
            "the server chose a version of TLS that is not offered (TlsOptions::versions)".to_owned(),
        ),
        Error::PeerIncompatible(why) => (
            Kind::Incompatible,
            format!("the server is incompatible ({}): {SUPPORTED}", in_words(&format!("{why:?}"))),
        ),
        Error::AlertReceived(AlertDescription::CertificateRequired) => (
            Kind::Other,
            "the server requires a client certificate: set TlsOptions::client_certificate".to_owned(),
        ),
        Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => (
            Kind::Other,
            format!("the server rejected the client certificate ({})", in_words(&format!("{alert:?}"))),
        ),
        Error::AlertReceived(AlertDescription::UnrecognisedName) => (
            Kind::Other,
            "the server does not serve this host name (SNI): check the host".to_owned(),
        ),
        Error::AlertReceived(alert) => (
            Kind::Other,
            format!("the server ended TLS with the alert \"{}\"", in_words(&format!("{alert:?}"))),
        ),
        Error::DecryptError => (
            Kind::Other,
            "a record could not be decrypted: it was changed on the network path, or the server is faulty"
                .to_owned(),
        ),
        other => (Kind::Other, other.to_string()),
    };
    TlsError::new(kind, text)
}

/// Describes octets that are not valid TLS.
fn not_tls(error: &Error, channel: Channel, first: &[u8]) -> String {
    if channel == Channel::ImplicitTls {
        match service(first) {
            Some(Service::Pop3) => {
                return "a POP3 server answered without TLS: this port does not use TLS from the start, so \
                        try pop3:// (STLS)"
                    .to_owned();
            }
            Some(Service::Other(name)) => {
                return format!(
                    "{name} answered without TLS instead of a POP3 server: check host and port"
                );
            }
            None => {}
        }
    }
    let cause = match channel {
        Channel::ImplicitTls => "this port does not use TLS".to_owned(),
        Channel::Plain | Channel::TrustedByCaller => "the server did not start TLS".to_owned(),
    };
    let hint = match channel {
        Channel::ImplicitTls => OtherScheme::NOT_TLS,
        Channel::Plain | Channel::TrustedByCaller => "",
    };
    format!("{cause}, or the data was changed on the network path{hint} (rustls: {error})")
}

/// Describes why a certificate is invalid.
fn certificate(error: &CertificateError) -> String {
    use CertificateError as Why;
    match error {
        Why::ExpiredContext { not_after, .. } => {
            format!("the server's certificate expired on {}", date(*not_after))
        }
        Why::Expired => "the server's certificate has expired".to_owned(),
        Why::NotValidYetContext { not_before, .. } => format!(
            "the server's certificate is not valid before {}: check the clock of this computer",
            date(*not_before)
        ),
        Why::NotValidYet => {
            "the server's certificate is not valid yet: check the clock of this computer".to_owned()
        }
        Why::NotValidForNameContext { expected, presented } => format!(
            "the server's certificate is not valid for the host {} but {}: check the host name",
            Escaped(expected.to_str().as_bytes()),
            names(presented)
        ),
        Why::NotValidForName => {
            "the server's certificate is not valid for this host: check the host name".to_owned()
        }
        Why::BadSignature => {
            "the signature of the server's certificate or handshake is wrong: the trusted authority did not \
             sign the certificate, or the server does not have its key"
                .to_owned()
        }
        Why::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. }
        | Why::UnsupportedSignatureAlgorithmForPublicKeyContext { signature_algorithm_id, .. } => {
            match broken_hash(signature_algorithm_id) {
                Some(hash) => format!(
                    "the server's certificate is signed with an algorithm that is no longer trusted ({hash})"
                ),
                None => {
                    "the server's certificate is signed with an algorithm that is not supported".to_owned()
                }
            }
        }
        Why::Revoked => "the server's certificate was revoked".to_owned(),
        Why::BadEncoding => "the server's certificate is damaged".to_owned(),
        Why::UnhandledCriticalExtension => {
            "the server's certificate has a critical extension that is not supported".to_owned()
        }
        Why::InvalidPurpose | Why::InvalidPurposeContext { .. } => {
            "the server's certificate must not be used by a server (extended key usage)".to_owned()
        }
        Why::UnknownRevocationStatus
        | Why::ExpiredRevocationList
        | Why::ExpiredRevocationListContext { .. } => {
            "whether the server's certificate was revoked could not be checked".to_owned()
        }
        Why::Other(other) if other.0.is::<UnknownKey>() => other.0.to_string(),
        // rustls prints the name of a Rust variant for these.
        Why::Other(other) => format!(
            "the server's certificate is invalid: {}",
            in_words(&other.0.to_string())
        ),
        other => format!("the server's certificate is invalid: {other}"),
    }
}

/// Returns the hash function of a signature algorithm if it is broken. `algorithm` is the
/// identifier in DER.
fn broken_hash(algorithm: &[u8]) -> Option<&'static str> {
    const RSA_MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04];
    const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
    const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
    let is = |oid| memchr::memmem::find(algorithm, oid).is_some();
    if is(RSA_SHA1) {
        Some("SHA-1")
    } else if is(RSA_MD5) {
        Some("MD5")
    } else {
        // The identifiers of ECDSA with SHA-2 begin with other octets.
        is(ECDSA_SHA1).then_some("SHA-1")
    }
}

/// Lists the names in a certificate. rustls writes each as a Rust value, such as
/// `DnsName("localhost")`.
fn names(presented: &[String]) -> String {
    let names: Vec<_> = presented
        .iter()
        .map(|name| {
            let value = name
                .split_once('(')
                .and_then(|(_, rest)| rest.strip_suffix(')'));
            let value = value.unwrap_or(name).trim_matches('"');
            Escaped(value.as_bytes()).to_string()
        })
        .collect();
    match names.as_slice() {
        [] => "has no names".to_owned(),
        names => format!("only for {}", names.join(", ")),
    }
}

/// Returns a date in UTC, such as `2020-01-31`.
fn date(time: UnixTime) -> String {
    // Howard Hinnant's algorithm `civil_from_days`. Years start in March, so the leap day is the
    // last day of a year.
    let days = time.as_secs() / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..=9 => (era * 400 + year_of_era, month + 3),
        _ => (era * 400 + year_of_era + 1, month - 9),
    };
    format!("{year:04}-{month:02}-{day:02}")
}

/// Splits the name of a Rust variant into words: `UnsupportedCertVersion` becomes `unsupported cert
/// version`.
fn in_words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    for letter in name.chars() {
        if letter.is_ascii_uppercase()
            && words.ends_with(|before: char| before.is_ascii_lowercase())
        {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
