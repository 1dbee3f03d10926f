//! The channel binding `tls-server-end-point` (RFC 5929 section 4).

use rustls::pki_types::{AlgorithmIdentifier, alg_id};
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

use crate::channel::{EndPoint, NoEndPoint};

/// Returns the `tls-server-end-point` channel binding for a server with this certificate, in DER:
/// the hash of the certificate. The hash function is that of the certificate's signature, or
/// SHA-256 instead of MD5 and SHA-1 (RFC 5929 section 4.1).
///
/// # Errors
///
/// [`NoEndPoint`] if the binding is not defined for the algorithm of the signature, or if the octets
/// are not a certificate.
pub fn server_end_point(certificate: &[u8]) -> Result<EndPoint, NoEndPoint> {
    let algorithm = signature_algorithm(certificate).ok_or(NoEndPoint::Damaged)?;
    let hash = hash_of(algorithm)?;
    let end_point = match hash {
        Hash::Sha224 => EndPoint::from_hash(&Sha224::digest(certificate)),
        Hash::Sha256 => EndPoint::from_hash(&Sha256::digest(certificate)),
        Hash::Sha384 => EndPoint::from_hash(&Sha384::digest(certificate)),
        Hash::Sha512 => EndPoint::from_hash(&Sha512::digest(certificate)),
    };
    end_point.ok_or(NoEndPoint::UnknownAlgorithm)
}

#[derive(Clone, Copy)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// The algorithms whose parameters do not change the hash function, by their object identifiers.
const BY_IDENTIFIER: &[(&[u8], Hash)] = &[
    // RSA (RFC 8017 appendix C): MD5, SHA-1, SHA-256, SHA-384, SHA-512, SHA-224.
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], Hash::Sha256),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11],
        Hash::Sha256,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12],
        Hash::Sha384,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13],
        Hash::Sha512,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14],
        Hash::Sha224,
    ),
    // ECDSA (RFC 5758 section 3.2): SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1], Hash::Sha224),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], Hash::Sha512),
];

/// Returns the hash function of an `AlgorithmIdentifier` (RFC 5280 section 4.1.1.2), without its
/// header.
fn hash_of(algorithm: &[u8]) -> Result<Hash, NoEndPoint> {
    let is = |known: &AlgorithmIdentifier| algorithm == known.as_ref();
    // The parameters of RSASSA-PSS name two hash functions. Only the identifiers that TLS uses are
    // known, in which both are the same (RFC 4055 section 3.1).
    if is(&alg_id::RSA_PSS_SHA256) {
        return Ok(Hash::Sha256);
    }
    if is(&alg_id::RSA_PSS_SHA384) {
        return Ok(Hash::Sha384);
    }
    if is(&alg_id::RSA_PSS_SHA512) {
        return Ok(Hash::Sha512);
    }
    if is(&alg_id::ED25519) || is(&alg_id::ED448) {
        return Err(NoEndPoint::Undefined);
    }
    let (identifier, _) = element(algorithm, OBJECT_IDENTIFIER).ok_or(NoEndPoint::Damaged)?;
    BY_IDENTIFIER
        .iter()
        .find(|(known, _)| *known == identifier)
        .map(|(_, hash)| *hash)
        .ok_or(NoEndPoint::UnknownAlgorithm)
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// Returns the `signatureAlgorithm` of a `Certificate`, without its header (RFC 5280 section 4.1).
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (fields, []) = element(certificate, SEQUENCE)? else {
        return None;
    };
    let (_tbs_certificate, rest) = element(fields, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    Some(algorithm)
}

/// Splits off the first DER element, which must have this tag. Returns its contents, and what
/// follows it. This is all the ASN.1 that is needed here, so there is no dependency for it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // A length of one to three octets: certificates in TLS are shorter than 16 MiB.
        0x81..=0x83 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            let length = octets
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
