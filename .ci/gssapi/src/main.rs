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
use pop3_testkit::dovecot::{Dovecot, Options};

const MESSAGE: &[u8] = b"Subject: a ticket\r\n\r\n.with a dot\r\n";

fn main() -> ExitCode {
    match std::env::args().nth(1) {
        None => servers(),
        Some(port) => {
            let expected = std::env::args().nth(2).expect("what to expect");
            logins(port.parse().expect("a port"), &expected);
            ExitCode::SUCCESS
        }
    }
}

/// Starts the servers, and a client for each ticket.
fn servers() -> ExitCode {
    if !std::path::Path::new("/usr/lib/dovecot/modules/auth/libmech_gssapi.so").exists() {
        eprintln!("skipped: Dovecot has no GSSAPI; to install it: apt-get install dovecot-gssapi");
        return ExitCode::from(77);
    }
    let kerberos = Kerberos::start("alice", "a-password");
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
    kerberos.ticket("alice", "a-password", "alice.ticket");
    for (cache, expected) in [("alice.ticket", "alice"), ("no.ticket", "no ticket")] {
        let client = Command::new(std::env::current_exe().expect("this program"))
            .args([&server.tls_port().to_string(), expected])
            .env("KRB5_CONFIG", &config)
            .env("KRB5CCNAME", kerberos.path(cache))
            .env("CA", server.ca_path())
            .status();
        if !client.expect("the client starts").success() {
            eprintln!(
                "{expected}: failed; the log of the server:\n{}",
                server.log()
            );
            return ExitCode::FAILURE;
        }
        println!("GSSAPI with {expected}: ok");
    }
    ExitCode::SUCCESS
}

/// The client, with the ticket that the environment names.
fn logins(port: u16, expected: &str) {
    let mechanism = Gssapi::new("localhost", "");
    if expected == "no ticket" {
        println!("{}", mechanism.expect_err("there is no ticket"));
        return;
    }
    let mut client = connect(port);
    client
        .login(login(mechanism.expect("a ticket")))
        .expect("log in");
    let stat = client.stat().expect("STAT");
    assert_eq!(stat.messages, 1);
    let message = client.retr_to_vec(MessageNumber::FIRST, 1000);
    assert_eq!(message.expect("RETR"), MESSAGE);
    client.confirm().expect_err("no listing was requested");
    drop(client.quit().expect("QUIT"));

    // The ticket is not for the user root, so the server refuses it, and the session goes on.
    let mut client = connect(port);
    let mechanism = Gssapi::new("localhost", "root").expect("a ticket");
    let refused = client.login(login(mechanism));
    let refused = refused.expect_err("alice must not act as root");
    assert!(matches!(refused, Error::Auth(_)), "{refused}");
    let mechanism = Gssapi::new("localhost", "").expect("a ticket");
    client.login(login(mechanism)).expect("log in");
    drop(client.quit().expect("QUIT"));
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
