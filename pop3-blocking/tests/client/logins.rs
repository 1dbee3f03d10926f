//! Logins that need real TLS: SCRAM with channel binding, and mechanisms that Dovecot does not
//! support.

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_blocking::{
    Connector, Login, connect_with,
    error::Advice,
    login::{ChannelBinding, LoginPolicy, Method},
    tls::TlsVersions,
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

/// Returns a connector that supports TLS 1.2 only.
fn old_tls(server: &EmbeddedServer) -> Connector {
    let mut connector = trusting(server);
    connector.tls.versions = TlsVersions::OnlyTls12;
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
fn channel_binding_in_tls_1_2_uses_the_certificate() {
    let server = server(&["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]);
    let connector = old_tls(&server);
    for endpoint in [server.implicit_tls(), server.plain()] {
        for binding in [ChannelBinding::Require, ChannelBinding::Prefer] {
            let mut client = connect_with(&endpoint, &connector).unwrap();
            let policy = LoginPolicy::default().with_channel_binding(binding);
            client.login(login("secret", policy)).unwrap();
            let plan = client.login_plan().unwrap();
            assert_eq!(&*plan.chosen().unwrap().name, "SCRAM-SHA-256-PLUS");
            let info = client.tls().unwrap();
            assert_eq!(info.protocol.as_deref(), Some("TLSv1_2"));
            assert_eq!((info.exporter, info.end_point.is_ok()), (None, true));
        }
    }
}

#[test]
fn anonymous_login_works_where_offered() {
    let server = server(&["ANONYMOUS"]);
    let mut client = connect_with(&server.plain(), &trusting(&server)).unwrap();
    client.login(Login::anonymous("tests@localhost")).unwrap();
    assert_eq!(client.stat().unwrap().messages, 0);
}
