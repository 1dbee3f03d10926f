//! The examples of the RFCs, line by line.

use pop3_proto::server::{Maildrop, Server, ServerConfig};

use super::{
    LOGGED_IN, REFUSED, converse, encoded, greeted, is_logged_in, sent, server, tls_server,
};

/// The salt of RFC 5802 section 5, `QSXCR+Q6sek8bf92`.
const SALT: &[u8] = b"\x41\x25\xc2\x47\xe4\x3a\xb1\xe9\x3c\x6d\xff\x76";

#[test]
fn scram_sha_1_matches_rfc_5802_section_5() {
    let config = ServerConfig::new("user", "pencil")
        .sasl(["SCRAM-SHA-1"])
        .scram(SALT, 4_096)
        .server_nonce("3rfcNHYJY1ZVvWVs7j");
    let mut server = server(config);
    let first = encoded("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
    let proof = encoded(
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    );
    converse(
        &mut server,
        &[
            (
                "AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM",
                &format!("+ {first}"),
            ),
            (&proof, "+ dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9"),
            ("", LOGGED_IN),
        ],
    );
    assert!(is_logged_in(&mut server));
}

#[test]
fn scram_sha_256_defaults_match_rfc_7677() {
    let config = ServerConfig::new("user", "pencil").sasl(["SCRAM-SHA-256"]);
    let mut server = server(config);
    converse(
        &mut server,
        &[
            ("AUTH SCRAM-SHA-256", "+ "),
            (
                "biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=",
                "+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=",
            ),
            (
                "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==",
                "+ dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==",
            ),
            ("", LOGGED_IN),
        ],
    );
    assert!(is_logged_in(&mut server));
}

#[test]
fn cram_md5_defaults_match_rfc_2195() {
    let config = ServerConfig::new("tim", "tanstaaftanstaaf").sasl(["CRAM-MD5"]);
    converse(
        &mut server(config),
        &[
            (
                "AUTH CRAM-MD5",
                "+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+",
            ),
            (
                "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw",
                LOGGED_IN,
            ),
        ],
    );
}

#[test]
fn plain_matches_rfc_4616_section_4() {
    let config = ServerConfig::new("tim", "tanstaaftanstaaf").sasl(["PLAIN"]);
    converse(
        &mut server(config),
        &[
            ("AUTH PLAIN", "+ "),
            (&encoded("\0tim\0tanstaaftanstaaf"), LOGGED_IN),
        ],
    );
    // Kurt's password is correct, but Kurt is not allowed to act as Ursel.
    let config = ServerConfig::new("Kurt", "xipj3plmq").sasl(["PLAIN"]);
    converse(
        &mut server(config),
        &[
            ("AUTH PLAIN", "+ "),
            (&encoded("Ursel\0Kurt\0xipj3plmq"), REFUSED),
        ],
    );
}

/// The account of RFC 5034 section 6. `dGVzdAB0ZXN0AHRlc3Q=` also names it as authorization
/// identity.
fn rfc_5034() -> ServerConfig {
    ServerConfig::new("test", "test")
        .greeting("pop.example.com BlurdyBlurp POP3 server ready")
        .implementation("BlurdyBlurp POP3 server")
        .allow_plaintext_login(false)
        .stls(true)
        .sasl(["PLAIN", "DIGEST-MD5", "GSSAPI", "ANONYMOUS"])
}

#[test]
fn plain_under_tls_matches_first_rfc_5034_example() {
    let mut server = Server::new(rfc_5034(), Maildrop::new());
    assert_eq!(
        sent(&mut server),
        "+OK pop.example.com BlurdyBlurp POP3 server ready\r\n"
    );
    server.receive(b"CAPA\r\n");
    let clear = sent(&mut server);
    assert!(
        clear.contains("\r\nSASL DIGEST-MD5 GSSAPI ANONYMOUS\r\n"),
        "{clear}"
    );
    assert!(clear.contains("\r\nSTLS\r\n"), "{clear}");
    server.receive(b"STLS\r\n");
    assert_eq!(sent(&mut server), "+OK begin TLS negotiation\r\n");
    server.tls_established();
    server.receive(b"CAPA\r\n");
    let tls = sent(&mut server);
    assert!(
        tls.contains("\r\nSASL PLAIN DIGEST-MD5 GSSAPI ANONYMOUS\r\n"),
        "{tls}"
    );
    assert!(!tls.contains("STLS"), "{tls}");
    converse(
        &mut server,
        &[("AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=", LOGGED_IN)],
    );
}

#[test]
fn plain_without_initial_response_matches_rfc_5034() {
    converse(
        &mut greeted(Server::implicit_tls(rfc_5034(), Maildrop::new())),
        &[("AUTH PLAIN", "+ "), ("dGVzdAB0ZXN0AHRlc3Q=", LOGGED_IN)],
    );
}

#[test]
fn oauthbearer_success_matches_rfc_7628_section_4_1() {
    let config = ServerConfig::new("user@example.com", "a password")
        .token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")
        .sasl(["OAUTHBEARER"]);
    converse(
        &mut tls_server(config),
        &[
            ("AUTH OAUTHBEARER", "+ "),
            (
                "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
                LOGGED_IN,
            ),
        ],
    );
}

/// The message of section 4.3 has an empty `auth`: the client asks for the OAuth configuration.
#[test]
fn oauthbearer_failure_matches_rfc_7628_section_4_3() {
    let config = ServerConfig::new("user@example.com", "a password").sasl(["OAUTHBEARER"]);
    let message = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=\x01\x01";
    let error = encoded(r#"{"status":"invalid_token","scope":"mail"}"#);
    converse(
        &mut server(config),
        &[
            (
                &format!("AUTH OAUTHBEARER {}", encoded(message)),
                &format!("+ {error}"),
            ),
            ("AQ==", REFUSED),
            ("STAT", "-ERR log in first"),
        ],
    );
}

#[test]
fn xoauth2_matches_the_google_example() {
    let config = ServerConfig::new("someuser@example.com", "a password")
        .token("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
        .sasl(["XOAUTH2"]);
    let line = "AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
    converse(&mut server(config), &[(line, LOGGED_IN)]);
}

#[test]
fn anonymous_matches_rfc_4505_section_4() {
    let config = ServerConfig::new("guest", "secret").sasl(["ANONYMOUS"]);
    converse(
        &mut server(config),
        &[("AUTH ANONYMOUS", "+ "), ("c2lyaGM=", LOGGED_IN)],
    );
}
