//! An attacker who inserts cleartext octets after STLS (CVE-2011-0411 and similar).

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_proto::{
    Connector, Endpoint, Error, Login,
    error::{SecurityError, TlsErrorKind},
    tls::Roots,
};

use super::relay::{Place, Relay, Then};
use crate::parity::client::Client;

/// Texts that a client must not send in cleartext.
const SECRETS: [&str; 4] = ["alice", "secret", "AUTH", "USER"];

/// Logs in over STLS with this fault. Returns the result, and what the client sent.
fn log_in<C: Client>(place: Place, then: Then) -> (Result<(), Error>, String) {
    let config = ServerConfig::new("alice", "secret");
    let server =
        EmbeddedServer::start(config, [("uid", "mail\r\n")].into_iter().collect()).unwrap();
    let port = server.plain().port();
    let relay = Relay::start(move || port);
    relay.fail(place, then);
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
    let endpoint = Endpoint::plain("localhost", Some(relay.port()));
    let mut client = C::connect_with(&endpoint, &connector).unwrap();
    let result = client.login(Login::new("alice", "secret").unwrap());
    assert!(relay.has_failed());
    let result = result.and_then(|_| {
        // Check that the session stays synchronized until it ends.
        assert_eq!(client.stat()?.messages, 1);
        assert_eq!(client.retr_to_vec(1.try_into()?, 100)?, b"mail\r\n");
        assert!(client.quit()?.is_committed());
        Ok(())
    });
    if let Err(error) = &result {
        assert_eq!(client.noop().as_ref(), Err(error), "and again");
    }
    drop(client);
    // The relay cannot read octets inside TLS, so this contains only cleartext.
    let asked = String::from_utf8_lossy(&relay.asked()).into_owned();
    assert!(
        SECRETS.iter().all(|secret| !asked.contains(secret)),
        "{asked:?}"
    );
    assert_eq!(server.maildrop().len(), 1);
    (result, asked)
}

pub fn injected_reply_after_stls_ends_the_connection<C: Client>() {
    let injected = Then::Insert(b"+OK injected\r\n");
    // The injected octets are in one packet with the reply to STLS.
    let reply = "+OK begin TLS negotiation\r\n";
    let (result, asked) = log_in::<C>(Place::Said(reply, 1, reply.len()), injected);
    assert_eq!(result.err(), Some(SecurityError::ResponseInjection.into()));
    assert!(asked.ends_with("STLS\r\n"), "{asked:?}");

    // The injected octets arrive after the handshake has begun.
    let (result, _) = log_in::<C>(Place::Said("\x16\x03", 1, 0), injected);
    let Some(Error::Tls(error)) = result.err() else {
        panic!("this is not TLS");
    };
    assert_eq!(error.kind, TlsErrorKind::NotTls, "{error}");
}

pub fn injected_command_after_stls_is_not_answered<C: Client>() {
    let injected = Then::Insert(b"NOOP\r\nUSER mallory\r\n");
    let (result, _) = log_in::<C>(Place::Asked("STLS\r\n", 6), injected);
    assert_eq!(result.err(), None);
}
