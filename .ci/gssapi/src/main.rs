//! Proves that `sasl::Mechanism` can carry GSSAPI: logs in to a real Dovecot with a Kerberos ticket,
//! and fetches a message.
//!
//! The library of Kerberos reads its settings from the environment. So the program starts the
//! servers, and then itself with that environment.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "the core has no environment")]

mod kerberos;
mod mechanism;

use std::process::{Command, ExitCode};

use kerberos::Kerberos;
use mechanism::Gssapi;
use pop3_blocking::tls::Roots;
use pop3_blocking::{Client, Connector, Endpoint, Error, Login, MessageNumber, connect_with};
use pop3_proto::sasl::{Mechanism as _, SaslError};
use pop3_testkit::dovecot::{Dovecot, Options};

const MESSAGE: &[u8] = b"Subject: a ticket\r\n\r\n.with a dot\r\n";
const PASSWORD: &str = "a-password";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [case, port] => client(case, port.parse().expect("a port")),
        _ => return servers(),
    }
    ExitCode::SUCCESS
}

/// Starts the servers, and a client for each case.
fn servers() -> ExitCode {
    if !std::path::Path::new("/usr/lib/dovecot/modules/auth/libmech_gssapi.so").exists() {
        eprintln!("skipped: Dovecot has no GSSAPI; to install it: apt-get install dovecot-gssapi");
        return ExitCode::from(77);
    }
    let kerberos = Kerberos::start(&["alice", "bob"], PASSWORD);
    // It has the same names, but other keys.
    let impostor = Kerberos::start(&["alice"], PASSWORD);
    let lines = format!(
        "auth_gssapi_hostname = localhost\nauth_krb5_keytab = {}\nauth_username_format = %Ln\n",
        kerberos.path("keytab").display()
    );
    let config = kerberos.path("krb5.conf");
    let environment = format!("KRB5_CONFIG={} KRB5RCACHENAME=none:", config.display());
    let options = Options {
        mechanisms: "plain gssapi".to_owned(),
        extra_2_3: format!("{lines}import_environment = $import_environment {environment}\n"),
        extra_2_4: lines,
        ..Options::default()
    };
    let Some(server) = Dovecot::start(options) else {
        return ExitCode::from(77);
    };
    server.add_user("alice", "unused");
    server.deliver("alice", [MESSAGE]);
    for (authority, user) in [
        (&kerberos, "alice"),
        (&kerberos, "bob"),
        (&impostor, "alice"),
    ] {
        authority.ticket(user, PASSWORD, user);
    }
    for (case, authority, cache) in [
        ("ticket", &kerberos, "alice"),
        ("no ticket", &kerberos, "missing"),
        ("ticket of another user", &kerberos, "bob"),
        ("ticket of an impostor", &impostor, "alice"),
        ("server without a proof", &kerberos, "alice"),
    ] {
        let client = Command::new(std::env::current_exe().expect("this program"))
            .args([case, &server.tls_port().to_string()])
            .env("KRB5_CONFIG", authority.path("krb5.conf"))
            .env("KRB5CCNAME", authority.path(cache))
            .env("CA", server.ca_path())
            .status();
        if !client.expect("the client starts").success() {
            eprintln!("{case}: failed; the log of the server:\n{}", server.log());
            return ExitCode::FAILURE;
        }
        println!("GSSAPI, {case}: ok");
    }
    ExitCode::SUCCESS
}

/// Runs one case, with the ticket that the environment names.
fn client(case: &str, port: u16) {
    let gssapi = |acts_as| Gssapi::new("localhost", acts_as);
    match case {
        "ticket" => {
            fetches(connect(port), gssapi("").expect("a ticket"));
            // The ticket is not for the user root, so the server refuses it, and the session goes on.
            let mut client = connect(port);
            is_refused(&mut client, gssapi("root").expect("a ticket"));
            fetches(client, gssapi("").expect("a ticket"));
        }
        "no ticket" => {
            let error = gssapi("").expect_err("there is no ticket").to_string();
            assert!(error.contains("No Kerberos credentials"), "{error}");
        }
        "ticket of another user" => {
            is_refused(&mut connect(port), gssapi("alice").expect("a ticket"));
        }
        "ticket of an impostor" => {
            is_refused(&mut connect(port), gssapi("").expect("a ticket"));
        }
        "server without a proof" => proves_nothing(gssapi("").expect("a ticket")),
        _ => panic!("unknown case {case}"),
    }
}

/// Logs in, lists, and fetches the message.
fn fetches(mut client: Client, mechanism: Gssapi) {
    client.login(login(mechanism)).expect("log in");
    let listed = client.list().expect("LIST");
    let sizes: Vec<_> = listed.iter().map(|entry| entry.octets).collect();
    assert_eq!(sizes, [Some(MESSAGE.len() as u64)]);
    let message = client.retr_to_vec(MessageNumber::FIRST, 1000);
    assert_eq!(message.expect("RETR"), MESSAGE);
    client.confirm().expect("confirm");
    drop(client.quit().expect("QUIT"));
}

/// The server refuses the login, and the session goes on.
fn is_refused(client: &mut Client, mechanism: Gssapi) {
    let refused = client.login(login(mechanism)).expect_err("a refusal");
    assert!(matches!(refused, Error::Auth(_)), "{refused}");
    println!("{refused}");
    client
        .noop()
        .expect_err("NOOP is not allowed before a login");
    assert!(client.error().is_none(), "the session has ended");
}

/// A server that accepts the login early, or answers with octets that are no token, is not believed.
fn proves_nothing(mut mechanism: Gssapi) {
    assert!(mechanism.initial_response().is_some());
    let early = mechanism.finish();
    assert_eq!(early, Err(SaslError::ServerNotAuthenticated));
    mechanism.respond(b"no token").expect_err("no token");
    mechanism.finish().expect_err("the context is not complete");
}

fn login(mechanism: Gssapi) -> Login {
    Login::mechanism(mechanism).expect("a name of a mechanism")
}

fn connect(port: u16) -> Client {
    let mut connector = Connector::default();
    let ca = std::fs::read(std::env::var_os("CA").expect("CA")).expect("the certificate");
    connector.tls.roots = Some(Roots::from_pem(&ca).expect("the certificate"));
    let endpoint = Endpoint::implicit_tls("localhost", Some(port));
    connect_with(&endpoint, &connector).expect("connect")
}
