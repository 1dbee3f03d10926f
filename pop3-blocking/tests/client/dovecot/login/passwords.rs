//! Logins with a password that are not in the matrix.

use std::net::TcpStream;

use pop3_blocking::{
    Client, Endpoint, Login,
    command::GetCapabilities,
    config::StlsPolicy,
    connect_over,
    error::Advice,
    login::{LoginPolicy, Method},
};

use super::{connect, connector, only, rejected, server, wait_for_logins};
use pop3_testkit::dovecot::{Dovecot, Options};
use pop3_testkit::session::{WAYS, Way, login};

#[test]
fn default_policy_selects_the_safest_advertised_method() {
    let Some(server) = server() else { return };
    for (times, way) in (1..).zip(WAYS) {
        let mut client = connect(&server, way, None);
        let capabilities = client.call(GetCapabilities).unwrap().unwrap();
        let listed = capabilities.sasl().unwrap();
        assert!(listed.contains(&b"SCRAM-SHA-256".as_slice()));
        assert!(!listed.contains(&b"SCRAM-SHA-512".as_slice()));
        client.login(Login::new("anna", "secret").unwrap()).unwrap();
        assert!(client.quit().unwrap().is_committed());
        wait_for_logins(&server, "anna", "SCRAM-SHA-256", times);
    }
}

#[test]
fn first_advertised_method_of_a_list_is_selected() {
    let Some(server) = server() else { return };
    for (methods, taken) in [
        ([Method::ScramSha512, Method::ScramSha1], "SCRAM-SHA-1"),
        ([Method::Apop, Method::UserPass], "APOP"),
        ([Method::UserPass, Method::Apop], "PLAIN"),
        ([Method::Login, Method::ScramSha256], "LOGIN"),
    ] {
        let mut client = connect(&server, Way::ImplicitTls, None);
        let policy = LoginPolicy::first_of(methods);
        client
            .login(login("anna", "secret").with_policy(policy))
            .unwrap();
        wait_for_logins(&server, "anna", taken, 1);
    }
}

#[test]
fn hashed_password_works_with_plain_not_scram() {
    let Some(server) = server() else { return };
    server.add_user_with_hash("kim", "secret");
    for way in [Way::Stls, Way::ImplicitTls] {
        let mut client = connect(&server, way, None);
        let error = client.login(login("kim", "secret")).unwrap_err();
        assert_eq!(error.advice(), Some(Advice::CheckCredentials));
        // The server replies in the same way to a wrong password: this is a hint, not a diagnosis.
        let hint = rejected(error).try_instead;
        assert_eq!(hint, Some(Method::Plain), "{way:?}");
        client
            .login(only(Method::Plain, login("kim", "secret")))
            .unwrap();
        assert_eq!(client.stat().unwrap().messages, 0);
    }
    wait_for_logins(&server, "kim", "PLAIN", 2);
}

#[test]
fn non_ascii_name_and_password_log_in() {
    let Some(server) = server() else { return };
    server.add_user("jürgen", "pässwörd");
    for (times, way) in (1..).zip(WAYS) {
        for method in [Method::ScramSha256, Method::Plain] {
            let mut client = connect(&server, way, None);
            let wrong = only(method, login("jürgen", "passwörd"));
            rejected(client.login(wrong).unwrap_err());
            client
                .login(only(method, login("jürgen", "pässwörd")))
                .unwrap();
            assert_eq!(client.stat().unwrap().messages, 0);
            wait_for_logins(&server, "jürgen", &method.to_string(), times);
        }
    }
}

#[test]
fn scram_normalizes_decomposed_characters() {
    let Some(server) = server() else { return };
    server.add_user("jürgen", "pässwörd");
    // The umlauts are decomposed, as macOS types them; SASLprep composes them.
    let typed = login("ju\u{308}rgen", "pa\u{308}sswo\u{308}rd");
    let mut client = connect(&server, Way::Stls, None);
    client.login(only(Method::ScramSha256, typed)).unwrap();
    wait_for_logins(&server, "jürgen", "SCRAM-SHA-256", 1);
}

#[test]
fn anonymous_login_needs_no_account() {
    let options = Options {
        mechanisms: "plain anonymous".to_owned(),
        ..Options::default()
    };
    let Some(server) = Dovecot::start(options) else {
        return;
    };
    server.add_user("anonymous", "unknown");
    let mut client = Way::ImplicitTls.connect(&server);
    client.login(Login::anonymous("trace")).unwrap();
    assert_eq!(client.stat().unwrap().messages, 0);
    wait_for_logins(&server, "anonymous", "ANONYMOUS", 1);
}

#[test]
fn mechanisms_depend_on_channel_and_phase() {
    let options = Options {
        mechanisms: "plain scram-sha-256".to_owned(),
        plaintext_without_tls: false,
        ..Options::default()
    };
    let Some(server) = Dovecot::start(options) else {
        return;
    };
    server.add_user("anna", "secret");
    let mut client = connect_to_second_address(&server);
    let sasl = |client: &mut Client<TcpStream>| -> Option<Vec<String>> {
        let capabilities = client.call(GetCapabilities).unwrap().unwrap();
        let name = |name: &&[u8]| String::from_utf8_lossy(name).into_owned();
        Some(capabilities.sasl()?.iter().map(name).collect())
    };
    // A password must not be sent in cleartext, and only SCRAM avoids that.
    assert_eq!(sasl(&mut client).unwrap(), ["SCRAM-SHA-256"]);
    client.start_tls().unwrap();
    assert_eq!(sasl(&mut client).unwrap(), ["PLAIN", "SCRAM-SHA-256"]);
    client
        .login(only(Method::Plain, login("anna", "secret")))
        .unwrap();
    assert_eq!(sasl(&mut client), None);

    // A login that starts TLS uses the mechanisms that are offered inside.
    let mut client = connect_to_second_address(&server);
    assert_eq!(sasl(&mut client).unwrap(), ["SCRAM-SHA-256"]);
    client
        .login(only(Method::Plain, login("anna", "secret")))
        .unwrap();
    wait_for_logins(&server, "anna", "PLAIN", 2);
}

/// Connects to the server's second address, 127.0.0.2, where it forbids cleartext passwords. The
/// certificate is for `localhost`.
fn connect_to_second_address(server: &Dovecot) -> Client<TcpStream> {
    let mut connector = connector(server, Way::Stls, None);
    connector.config.stls = StlsPolicy::default();
    let endpoint = Endpoint::plain("localhost", Some(server.plain_port()));
    let stream = TcpStream::connect(("127.0.0.2", server.plain_port())).unwrap();
    connect_over(&endpoint, &connector, stream).unwrap()
}
