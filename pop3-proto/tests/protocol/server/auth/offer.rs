//! Which mechanisms CAPA advertises (RFC 5034 section 3), and that AUTH accepts exactly those.

use pop3_proto::server::{Server, ServerConfig};

use super::{LOGGED_IN, answer, config, converse, encoded, sent, server, tls_server};

const ALL: [&str; 13] = [
    "SCRAM-SHA-512-PLUS",
    "SCRAM-SHA-512",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-1",
    "OAUTHBEARER",
    "XOAUTH2",
    "EXTERNAL",
    "CRAM-MD5",
    "PLAIN",
    "LOGIN",
    "ANONYMOUS",
];

/// Returns the names after `SASL`, if there is such a line.
fn listed(server: &mut Server) -> Option<String> {
    server.receive(b"CAPA\r\n");
    let sent = sent(server);
    sent.lines()
        .find_map(|line| line.strip_prefix("SASL"))
        .map(|names| names.trim_start().to_owned())
}

/// Asserts that AUTH accepts the advertised mechanisms and no others.
fn assert_offers(server: &mut Server, names: &str) {
    assert_eq!(listed(server).unwrap_or_default(), names);
    for name in ALL {
        let begun = answer(server, &format!("AUTH {name}")).starts_with("+ ");
        let is_listed = names.split(' ').any(|listed| listed == name);
        assert_eq!(begun, is_listed, "{name}");
        if begun {
            assert_eq!(answer(server, "*"), "-ERR authentication cancelled");
        }
    }
}

#[test]
fn no_mechanisms_means_no_sasl_line() {
    let mut none = server(ServerConfig::new("user", "pencil"));
    assert_eq!(listed(&mut none), None);
    let mut nothing_left = server(config(["PLAIN"]).allow_plaintext_login(false));
    assert_eq!(listed(&mut nothing_left), None);
}

#[test]
fn sasl_line_keeps_the_configured_order() {
    let mut server = server(config(["LOGIN", "GSSAPI", "PLAIN"]));
    assert_eq!(listed(&mut server).as_deref(), Some("LOGIN GSSAPI PLAIN"));
    let login = format!("AUTH PLAIN {}", encoded("\0user\0pencil"));
    converse(&mut server, &[(&login, LOGGED_IN)]);
    assert_eq!(listed(&mut server).as_deref(), Some("LOGIN GSSAPI PLAIN"));
}

#[test]
fn all_mechanisms_are_offered_under_tls() {
    let config = config(ALL).external("user").allow_plaintext_login(false);
    let mut server = tls_server(config);
    server.channel_binding([7; 32]);
    assert_offers(&mut server, &ALL.join(" "));
}

#[test]
fn cleartext_mechanisms_are_not_offered_without_tls() {
    let mut server = server(config(ALL).allow_plaintext_login(false));
    assert_offers(
        &mut server,
        "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 ANONYMOUS",
    );
    for name in ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"] {
        assert_eq!(
            answer(&mut server, &format!("AUTH {name} AHVzZXIAcGVuY2ls")),
            "-ERR passwords only under TLS"
        );
    }
}

#[test]
fn plus_mechanisms_need_tls_channel_binding() {
    let names = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"];
    let mut unbound = tls_server(config(names));
    assert_offers(&mut unbound, "SCRAM-SHA-256");

    let mut clear = server(config(names).stls(true));
    clear.channel_binding([7; 32]);
    assert_offers(&mut clear, "SCRAM-SHA-256");
    assert_eq!(answer(&mut clear, "STLS"), "+OK begin TLS negotiation");
    clear.tls_established();
    assert_offers(&mut clear, "SCRAM-SHA-256-PLUS SCRAM-SHA-256");
}

#[test]
fn external_needs_a_tls_client_identity() {
    assert_offers(&mut server(config(["EXTERNAL"])), "");
    assert_offers(
        &mut server(config(["EXTERNAL"]).external("user")),
        "EXTERNAL",
    );
}

#[test]
fn mechanism_list_accepts_owned_strings() {
    let names = vec![String::from("PLAIN")];
    let mut server = server(ServerConfig::new("user", "pencil").sasl(names));
    assert_offers(&mut server, "PLAIN");
}
