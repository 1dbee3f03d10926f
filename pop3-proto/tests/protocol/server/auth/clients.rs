//! The mechanisms of `pop3_proto::sasl` with the server: both sides must agree.

use pop3_proto::sasl::{
    Anonymous, Binding, CramMd5, External, Login, Mechanism, OAuthBearer, Plain, Scram, ScramHash,
    XOAuth2,
};
use pop3_proto::server::ServerConfig;

use super::{
    LOGGED_IN, REFUSED, authenticate, config, is_logged_in, scram, secret, server, tls_server, user,
};

const EXPORTER: [u8; 32] = [7; 32];

const ALL: [&str; 13] = [
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-512",
    "SCRAM-SHA-512-PLUS",
    "XOAUTH2",
    "OAUTHBEARER",
    "EXTERNAL",
    "ANONYMOUS",
];

const HASHES: [ScramHash; 3] = [ScramHash::Sha1, ScramHash::Sha256, ScramHash::Sha512];

fn bound(hash: ScramHash, username: &str, password: &str) -> Scram {
    scram(hash, username, password).with_binding(Binding::TlsExporter(EXPORTER))
}

/// All mechanisms that send a name and a password or token.
fn clients(username: &str, password: &str) -> Vec<Box<dyn Mechanism>> {
    let (name, secret) = (user(username), super::secret(password));
    let bearer = OAuthBearer::new(&secret).expect("a token");
    let mut clients: Vec<Box<dyn Mechanism>> = vec![
        Box::new(Plain::new(&name, &secret)),
        Box::new(Plain::acting_as(&name, &name, &secret)),
        Box::new(Login::new(&name, &secret)),
        Box::new(CramMd5::new(&name, &secret)),
        Box::new(XOAuth2::new(&name, &secret).expect("a token")),
        Box::new(
            bearer
                .with_authzid(&name)
                .with_server("mx", 995)
                .expect("a host"),
        ),
    ];
    for hash in HASHES {
        clients.push(Box::new(scram(hash, username, password)));
        clients.push(Box::new(bound(hash, username, password)));
        let acting = bound(hash, username, password).with_authzid(&name);
        clients.push(Box::new(acting.expect("a name")));
    }
    clients
}

#[test]
fn correct_credentials_log_in() {
    // The second name needs escaping in GS2 headers.
    for name in ["user", "u=2C,s er@example.org"] {
        for mut client in clients(name, "pencil") {
            let config = ServerConfig::new(name.to_owned(), "pencil");
            let mut server = tls_server(config.scram("salt", 3).sasl(ALL));
            server.channel_binding(EXPORTER);
            let outcome = authenticate(&mut server, &mut *client);
            assert_eq!(outcome, (LOGGED_IN.into(), true), "{client:?}");
            assert!(is_logged_in(&mut server));
        }
    }
}

#[test]
fn wrong_credentials_fail_and_login_can_be_retried() {
    for (name, password) in [("user", "Pencil"), ("bob", "pencil"), ("us", "erpencil")] {
        for mut client in clients(name, password) {
            let mut server = tls_server(config(ALL));
            server.channel_binding(EXPORTER);
            let outcome = authenticate(&mut server, &mut *client);
            assert_eq!(outcome, (REFUSED.into(), false), "{client:?}");
            assert!(!is_logged_in(&mut server));
            let mut right = Plain::new(&user("user"), &secret("pencil"));
            let outcome = authenticate(&mut server, &mut right);
            assert_eq!(outcome, (LOGGED_IN.into(), true));
        }
    }
}

#[test]
fn bearer_token_needs_no_user_name() {
    let mut client = OAuthBearer::new(&secret("pencil")).expect("a token");
    let outcome = authenticate(&mut server(config(ALL)), &mut client);
    assert_eq!(outcome, (LOGGED_IN.into(), true));
}

#[test]
fn refused_token_error_reaches_the_client() {
    let token = secret("no-pencil");
    let mut oauthbearer = OAuthBearer::new(&token).expect("a token");
    let mut xoauth2 = XOAuth2::new(&user("user"), &token).expect("a token");
    let clients: [(&mut dyn Mechanism, &str); 2] =
        [(&mut oauthbearer, "invalid_token"), (&mut xoauth2, "401")];
    for (client, status) in clients {
        let outcome = authenticate(&mut server(config(ALL)), client);
        assert_eq!(outcome, (REFUSED.into(), false));
        let error = client.refused().expect("an error");
        assert_eq!(
            error.status.as_ref().map(ToString::to_string).as_deref(),
            Some(status)
        );
        assert_eq!(
            error.scope.as_ref().map(ToString::to_string).as_deref(),
            Some("mail")
        );
    }
}

#[test]
fn external_and_anonymous_log_in_without_a_secret() {
    let config = config(ALL).external("cert");
    let name = user("cert");
    let clients: [Box<dyn Mechanism>; 4] = [
        Box::new(External::new(None)),
        Box::new(External::new(Some(&name))),
        Box::new(Anonymous::new("").expect("no trace")),
        Box::new(Anonymous::new("sirhc").expect("a trace")),
    ];
    for mut client in clients {
        let outcome = authenticate(&mut server(config.clone()), &mut *client);
        assert_eq!(outcome, (LOGGED_IN.into(), true), "{client:?}");
    }
    let mut other = External::new(Some(&user("bob")));
    assert_eq!(
        authenticate(&mut server(config), &mut other),
        (REFUSED.into(), false)
    );
}

#[test]
fn non_ascii_passwords_are_prepared_on_both_sides() {
    for hash in HASHES {
        // The Roman numeral nine, and a soft hyphen (RFC 4013 section 3).
        let config = ServerConfig::new("us\u{ad}er", "I\u{ad}X")
            .scram("salt", 2)
            .sasl(ALL);
        let mut client = scram(hash, "u\u{ad}ser", "\u{2168}");
        let outcome = authenticate(&mut server(config), &mut client);
        assert_eq!(outcome, (LOGGED_IN.into(), true), "{client:?}");
    }
}

#[test]
fn other_salt_nonce_and_iterations_still_log_in() {
    for (salt, iterations, nonce) in [("s", 1, "x"), ("another salt", 7, "y!z"), ("s", 4_096, "~")]
    {
        let config = config(ALL).scram(salt, iterations).server_nonce(nonce);
        let mut client = scram(ScramHash::Sha256, "user", "pencil");
        let outcome = authenticate(&mut server(config), &mut client);
        assert_eq!(outcome, (LOGGED_IN.into(), true));
    }
}
