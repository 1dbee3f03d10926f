//! Channel binding: the flag of the GS2 header, and its copy in `c=` (RFC 5802 section 6, RFC
//! 9266).

use pop3_proto::sasl::{Binding, ScramHash};
use pop3_proto::server::Server;
use pop3_proto::tls::EndPoint;

use super::{
    LOGGED_IN, answer, authenticate, config, encoded, is_logged_in, scram, server, tls_server,
};

const EXPORTER: [u8; 32] = [7; 32];

const BOTH: [&str; 2] = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"];

/// A server under TLS with this channel binding.
fn bound<const N: usize>(mechanisms: [&str; N]) -> Server {
    let mut server = tls_server(config(mechanisms));
    server.channel_binding(EXPORTER);
    server
}

/// Returns the last reply to a client that uses this binding.
fn outcome(mut server: Server, binding: Binding) -> String {
    let mut client = scram(ScramHash::Sha256, "user", "pencil").with_binding(binding);
    let (reply, accepted) = authenticate(&mut server, &mut client);
    assert_eq!(accepted, reply == LOGGED_IN);
    assert_eq!(is_logged_in(&mut server), accepted);
    reply
}

#[test]
fn same_channel_binding_logs_in() {
    assert_eq!(
        outcome(bound(BOTH), Binding::TlsExporter(EXPORTER)),
        LOGGED_IN
    );
}

/// A server under TLS with both channel bindings.
fn bound_twice(certificate: &[u8]) -> Server {
    let mut server = bound(BOTH);
    server.channel_binding_end_point(EndPoint::from_hash(certificate).expect("a hash"));
    server
}

#[test]
fn client_chooses_between_exporter_and_certificate() {
    let certificate = [9; 48];
    let end_point = EndPoint::from_hash(&certificate).unwrap();
    for binding in [
        Binding::TlsExporter(EXPORTER),
        Binding::TlsServerEndPoint(end_point),
    ] {
        assert_eq!(outcome(bound_twice(&certificate), binding), LOGGED_IN);
    }
    // The octets of one are not accepted as the other.
    let exporter_as_hash = EndPoint::from_hash(&EXPORTER).unwrap();
    for (server, binding) in [
        (bound_twice(&[8; 48]), Binding::TlsServerEndPoint(end_point)),
        (
            bound_twice(&certificate),
            Binding::TlsServerEndPoint(exporter_as_hash),
        ),
    ] {
        assert_eq!(
            outcome(server, binding),
            "-ERR the channel binding is that of another channel"
        );
    }
}

#[test]
fn certificate_alone_offers_plus_mechanisms() {
    let end_point = EndPoint::from_hash(&[9; 32]).unwrap();
    let mut server = tls_server(config(BOTH));
    server.channel_binding_end_point(end_point);
    assert_eq!(
        outcome(server, Binding::TlsServerEndPoint(end_point)),
        LOGGED_IN
    );
    let mut server = tls_server(config(BOTH));
    server.channel_binding_end_point(end_point);
    assert_eq!(
        outcome(server, Binding::TlsExporter(EXPORTER)),
        "-ERR the channel binding is of another type"
    );
}

#[test]
fn different_channel_binding_is_refused() {
    let mut other = EXPORTER;
    other[31] ^= 1;
    assert_eq!(
        outcome(bound(BOTH), Binding::TlsExporter(other)),
        "-ERR the channel binding is that of another channel"
    );
}

#[test]
fn channel_binding_is_optional_for_clients() {
    assert_eq!(outcome(bound(BOTH), Binding::Off), LOGGED_IN);
    assert_eq!(outcome(server(config(BOTH)), Binding::Off), LOGGED_IN);
}

#[test]
fn y_flag_is_accepted_without_plus_mechanisms() {
    for server in [
        server(config(BOTH)),
        tls_server(config(BOTH)),
        bound(["SCRAM-SHA-256"]),
    ] {
        assert_eq!(outcome(server, Binding::NotOffered), LOGGED_IN);
    }
}

#[test]
fn y_flag_is_refused_with_plus_mechanisms() {
    for server in [bound(BOTH), bound(["SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"])] {
        assert_eq!(
            outcome(server, Binding::NotOffered),
            "-ERR channel binding is offered here"
        );
    }
}

#[test]
fn binding_flag_must_match_the_mechanism() {
    for (mechanism, flag, expected) in [
        (
            "SCRAM-SHA-256",
            "p=tls-exporter",
            "-ERR the mechanism knows no channel binding",
        ),
        (
            "SCRAM-SHA-256",
            "p=x",
            "-ERR the mechanism knows no channel binding",
        ),
        (
            "SCRAM-SHA-256-PLUS",
            "n",
            "-ERR the mechanism demands channel binding",
        ),
        (
            "SCRAM-SHA-256-PLUS",
            "y",
            "-ERR the mechanism demands channel binding",
        ),
        (
            "SCRAM-SHA-256-PLUS",
            "p=tls-unique",
            "-ERR the channel binding is of another type",
        ),
        (
            "SCRAM-SHA-256-PLUS",
            "p=tls-server-end-point",
            "-ERR the channel binding is of another type",
        ),
        (
            "SCRAM-SHA-256-PLUS",
            "p=TLS-EXPORTER",
            "-ERR the channel binding is of another type",
        ),
        (
            "SCRAM-SHA-256-PLUS",
            "p=",
            "-ERR the channel binding is of another type",
        ),
    ] {
        let mut server = bound(BOTH);
        let first = encoded(format!("{flag},,n=user,r=nonce"));
        assert_eq!(
            answer(&mut server, &format!("AUTH {mechanism} {first}")),
            expected,
            "{mechanism} {flag}"
        );
        assert!(!is_logged_in(&mut server));
    }
}

#[test]
fn plus_mechanism_without_binding_is_not_offered() {
    assert_eq!(
        outcome(tls_server(config(BOTH)), Binding::TlsExporter(EXPORTER)),
        "-ERR mechanism is not offered"
    );
}
