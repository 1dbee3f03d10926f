//! Logins with every mechanism over every channel, with valid and with invalid credentials.
//! `--nocapture` prints the tables.

use std::net::TcpStream;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use pop3_blocking::proto::tls::default_provider;
use pop3_blocking::rustls::pki_types::CertificateDer;
use pop3_blocking::rustls::pki_types::pem::PemObject as _;
use pop3_blocking::rustls::{ClientConfig, RootCertStore};
use pop3_blocking::{
    Client, Connector, Error, Login, connect_with,
    error::{AuthError, Rejected},
    login::{LoginPolicy, Method},
};

use pop3_testkit::dovecot::{ClientCertificate, Dovecot, Options};
use pop3_testkit::session::Way;

mod certificates;
mod matrix;
mod passwords;
mod tokens;

/// Starts a server that accepts every kind of login of `anna`, whose password is `secret`. `boris`
/// has a different one.
fn server() -> Option<Dovecot> {
    let server = Dovecot::start(Options::every_login())?;
    server.add_user("anna", "secret");
    server.add_user("boris", "another secret");
    Some(server)
}

/// Restricts a login to one method.
fn only(method: Method, login: Login) -> Login {
    login.with_policy(LoginPolicy::only(method))
}

fn bearer(user: &str, token: String) -> Login {
    Login::bearer(user, token).expect("user and token")
}

/// Returns a connector for this channel that trusts the server's authority, with a client
/// certificate if there is one.
fn connector(server: &Dovecot, way: Way, certificate: Option<ClientCertificate>) -> Connector {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(server.ca_pem().as_bytes());
    roots
        .add(authority.expect("the authority"))
        .expect("add the authority");
    let provider = default_provider().expect("a provider");
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(roots);
    let tls = match certificate {
        Some(ClientCertificate { certificate, key }) => tls
            .with_client_auth_cert(vec![certificate], key)
            .expect("a certificate and its key"),
        None => tls.with_no_client_auth(),
    };
    let mut connector = Connector::default();
    connector.config = way.config();
    connector.tls.config = Some(Arc::new(tls));
    connector
}

fn connect(
    server: &Dovecot,
    way: Way,
    certificate: Option<ClientCertificate>,
) -> Client<TcpStream> {
    let connector = connector(server, way, certificate);
    connect_with(&way.endpoint(server), &connector).expect("connect")
}

/// Returns what the server replied to credentials that it does not accept.
#[track_caller]
fn rejected(error: Error) -> Rejected {
    match error {
        Error::Auth(error) => match *error {
            AuthError::Rejected(rejected) => rejected,
            error => panic!("not a refusal: {error:?}"),
        },
        error => panic!("not about the login: {error:?}"),
    }
}

/// Waits until the log contains this many logins, because the server writes it with a delay.
#[track_caller]
fn wait_for_logins(server: &Dovecot, user: &str, mechanism: &str, times: usize) {
    // The comma ends the name of a mechanism that is a prefix of another.
    let text = format!("user=<{user}>, method={mechanism},");
    let logged_in = |line: &&str| {
        let success = line.contains("Login: ") || line.contains("Logged in: ");
        success && line.contains(&text)
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.log().lines().filter(logged_in).count() < times {
        let log = server.log();
        assert!(Instant::now() < deadline, "not {times} {text:?} in:\n{log}");
        sleep(Duration::from_millis(5));
    }
}
