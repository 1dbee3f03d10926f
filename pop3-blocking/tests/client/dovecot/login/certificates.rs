//! EXTERNAL with invalid and valid certificates.

use pop3_blocking::{Login, Username, login::Method};

use super::{connect, only, rejected, server, wait_for_logins};
use pop3_testkit::dovecot::ClientCertificate;
use pop3_testkit::session::{Way, login};

fn external(name: Option<&str>) -> Login {
    let login = only(Method::External, Login::certificate());
    match name {
        None => login,
        Some(name) => login.acting_as(Username::new(name).unwrap()),
    }
}

#[test]
fn external_logs_in_with_and_without_user_name() {
    let Some(server) = server() else { return };
    for (times, way) in [(2, Way::Stls), (4, Way::ImplicitTls)] {
        for name in [None, Some("anna")] {
            let mut client = connect(&server, way, Some(server.client_certificate("anna")));
            client.login(external(name)).unwrap();
            assert_eq!(client.stat().unwrap().messages, 0);
        }
        wait_for_logins(&server, "anna", "EXTERNAL", times);
    }
}

#[test]
fn external_without_a_trusted_certificate_is_refused() {
    let Some(server) = server() else { return };
    for way in [Way::Stls, Way::ImplicitTls] {
        for stranger in [None, Some(ClientCertificate::untrusted("anna"))] {
            let mut client = connect(&server, way, stranger);
            for name in [None, Some("anna")] {
                let rejected = rejected(client.login(external(name)).unwrap_err());
                assert_eq!(rejected.oauth, None);
            }
            // The password still works.
            client.login(login("anna", "secret")).unwrap();
        }
    }
}

#[test]
fn external_with_an_unknown_user_is_refused() {
    let Some(server) = server() else { return };
    let certificate = server.client_certificate("mallory");
    let mut client = connect(&server, Way::ImplicitTls, Some(certificate));
    for name in [None, Some("mallory"), Some("anna")] {
        rejected(client.login(external(name)).unwrap_err());
    }
    assert!(client.capa().unwrap().unwrap().sasl().is_some());
}
