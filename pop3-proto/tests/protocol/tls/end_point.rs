//! The hash of a certificate for `tls-server-end-point` (RFC 5929 section 4.1), compared with
//! OpenSSL's.

use pop3_proto::tls::{NoEndPoint, server_end_point};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const CERTIFICATES: &str = include_str!("end_points.txt");

/// Returns the algorithm of each certificate, the expected hash or reason, and the certificate.
fn certificates() -> Vec<(&'static str, Result<&'static str, NoEndPoint>, Vec<u8>)> {
    let sections = CERTIFICATES.split("\n> ").skip(1);
    sections
        .map(|section| {
            let (head, pem) = section.split_once('\n').unwrap();
            let [algorithm, hash, octets] = head.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{head}");
            };
            let expected = match hash {
                "Undefined" => Err(NoEndPoint::Undefined),
                "UnknownAlgorithm" => Err(NoEndPoint::UnknownAlgorithm),
                _ => Ok(octets),
            };
            let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            (algorithm, expected, der.to_vec())
        })
        .collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn end_point_is_the_hash_that_openssl_computes() {
    let certificates = certificates();
    assert_eq!(certificates.len(), 18);
    for (algorithm, expected, der) in certificates {
        let got = server_end_point(&der).map(|end_point| hex(end_point.as_bytes()));
        assert_eq!(got, expected.map(str::to_owned), "{algorithm}");
    }
}

#[test]
fn truncated_certificate_has_no_end_point() {
    for (algorithm, _, der) in certificates() {
        for length in 0..der.len() {
            let got = server_end_point(&der[..length]);
            assert_eq!(
                got,
                Err(NoEndPoint::Damaged),
                "{algorithm}, {length} octets"
            );
        }
        let longer = [&der[..], b"\0"].concat();
        assert_eq!(server_end_point(&longer), Err(NoEndPoint::Damaged));
    }
}

#[test]
fn damaged_lengths_have_no_end_point() {
    for der in [
        &[0x30][..],
        &[0x30, 0x80],
        &[0x30, 0x84, 0, 0, 0, 0],
        &[0x30, 0xff],
        &[0x30, 0x83, 0xff, 0xff, 0xff],
        &[0x30, 4, 0x30, 0, 0x30, 0],
        &[0x30, 6, 0x30, 0, 0x30, 2, 0x06, 1],
    ] {
        assert_eq!(server_end_point(der), Err(NoEndPoint::Damaged), "{der:x?}");
    }
}
