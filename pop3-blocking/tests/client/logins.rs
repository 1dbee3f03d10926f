//! Logins that need real TLS: SCRAM with channel binding, and mechanisms that Dovecot does not
//! support.

use std::sync::Arc;

use pop3_blocking::proto::{login::Rejection, tls::default_provider};
use pop3_blocking::rustls::pki_types::CertificateDer;
use pop3_blocking::rustls::pki_types::pem::PemObject as _;
use pop3_blocking::rustls::{ClientConfig, RootCertStore, version};
use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_blocking::{
    Connector, Error, Login, connect_with,
    error::{Advice, AuthError},
    login::{ChannelBinding, LoginPolicy, Method},
};

use super::support::trusting;

const SCRAM: [Method; 3] = [Method::ScramSha512, Method::ScramSha256, Method::ScramSha1];

fn server(mechanisms: &[&str]) -> EmbeddedServer {
    let config = ServerConfig::new("alice", "secret").sasl(mechanisms.iter().copied());
    EmbeddedServer::start(config, Maildrop::new()).unwrap()
}

fn login(password: &str, policy: LoginPolicy) -> Login {
    Login::new("alice", password).unwrap().with_policy(policy)
}

/// Returns a connector that supports TLS 1.2 only, which has no channel binding.
fn old_tls(server: &EmbeddedServer) -> Connector {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(server.ca_pem().as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let tls = ClientConfig::builder_with_provider(default_provider().unwrap())
        .with_protocol_versions(&[&version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connector = Connector::default();
    connector.tls = Some(Arc::new(tls));
    connector
}

#[test]
fn scram_with_channel_binding_logs_in() {
    let server = server(&[
        "SCRAM-SHA-1",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-512",
        "SCRAM-SHA-512-PLUS",
    ]);
    for endpoint in [server.plain(), server.implicit_tls()] {
        for method in SCRAM {
            for binding in [ChannelBinding::Prefer, ChannelBinding::Require] {
                let policy = || LoginPolicy::only(method).with_channel_binding(binding);
                let mut client = connect_with(&endpoint, &trusting(&server)).unwrap();
                let error = client.login(login("wrong", policy())).unwrap_err();
                assert_eq!(error.advice(), Some(Advice::CheckCredentials), "{error}");
                client.login(login("secret", policy())).unwrap();
                let plan = client.login_plan().unwrap();
                let chosen = plan.chosen().unwrap();
                assert_eq!(&*chosen.name, format!("{method}-PLUS"));
                assert_eq!(client.stat().unwrap().messages, 0);
            }
        }
    }
}

#[test]
fn channel_binding_is_off_by_default() {
    let server = server(&["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]);
    let mut client = connect_with(&server.implicit_tls(), &trusting(&server)).unwrap();
    client
        .login(login("secret", LoginPolicy::default()))
        .unwrap();
    let plan = client.login_plan().unwrap();
    assert_eq!(&*plan.chosen().unwrap().name, "SCRAM-SHA-256");
}

#[test]
fn channel_binding_is_unavailable_in_tls_1_2() {
    let server = server(&["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]);
    let connector = old_tls(&server);
    let mut client = connect_with(&server.implicit_tls(), &connector).unwrap();
    let policy = |binding| LoginPolicy::default().with_channel_binding(binding);
    let error = client
        .login(login("secret", policy(ChannelBinding::Require)))
        .unwrap_err();
    let Error::Auth(error) = error else {
        panic!("{error}")
    };
    let AuthError::NoSafeLogin(plan) = *error else {
        panic!("{error}")
    };
    let why = plan.rejection(Method::ScramSha256);
    assert_eq!(why, Some(&Rejection::NoBinding));
    // The connection is still open, and a login that only prefers a binding works without it.
    client
        .login(login("secret", policy(ChannelBinding::Prefer)))
        .unwrap();
}

#[test]
fn anonymous_login_works_where_offered() {
    let server = server(&["ANONYMOUS"]);
    let mut client = connect_with(&server.plain(), &trusting(&server)).unwrap();
    client.login(Login::anonymous("tests@localhost")).unwrap();
    assert_eq!(client.stat().unwrap().messages, 0);
}
