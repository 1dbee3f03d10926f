//! Tests of any client over real sockets with messages whose sender tries to end them early and to
//! forge replies. Each test counts the messages and compares their octets.

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_proto::{
    Connector, Error, MessageNumber, command::Verb, config::Pipelining, error::ProtocolError,
    tls::Roots,
};

use crate::peer::scripted::{Scripted, alice, cleartext};

use super::client::{Client, Enough};

/// A message whose sender wants LF `.` CRLF to end it, so that the rest is read as message 2.
const FORGED: &str = "S: evil\r\n\r\nx\n.\r\n+OK 20 octets\r\nFrom: bank\r\n\r\npay\r\n";

fn mail() -> Vec<String> {
    let real = |n| format!("Subject: real {n}\r\n\r\n.dot\r\nbody {n}\r\n");
    vec![FORGED.to_owned(), real(2), real(3), real(4)]
}

fn number(n: usize) -> MessageNumber {
    MessageNumber::new(n as u32).unwrap()
}

/// Returns what the client stores: each message that was received completely, with its number.
fn stored<C: Client>(client: &mut C, messages: usize) -> Vec<(MessageNumber, Vec<u8>)> {
    let mut stored = Vec::new();
    client.retrieve((1..=messages).map(number), &mut |message| {
        let message = message.unwrap();
        let number = message.number().unwrap();
        stored.push((number, message.rest().unwrap()));
        Enough::NotYet
    });
    stored
}

pub fn forged_replies_do_not_shift_messages<C: Client>() {
    for pipelining in [Pipelining::Auto, Pipelining::Always, Pipelining::Never] {
        for in_tls in [false, true] {
            let mail = mail();
            let drop = (1..).zip(mail.clone());
            let drop = drop.map(|(n, message)| (format!("uid-{n}"), message));
            let server =
                EmbeddedServer::start(ServerConfig::new("alice", "secret"), drop.collect())
                    .unwrap();
            let mut connector = Connector::default();
            connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
            connector.config.pipelining = pipelining;
            let endpoint = if in_tls {
                server.implicit_tls()
            } else {
                server.plain()
            };
            let mut client = C::connect_with(&endpoint, &connector).unwrap();
            client.login(alice()).unwrap();

            let stored = stored(&mut client, mail.len());
            assert_eq!(stored.len(), mail.len(), "{pipelining:?}");
            for ((got, octets), (n, message)) in stored.iter().zip((1..).zip(&mail)) {
                assert_eq!(*got, number(n));
                assert_eq!(
                    octets.escape_ascii().to_string(),
                    message.escape_default().to_string()
                );
            }
            // Only what was stored is deleted.
            client.dele(number(2)).unwrap();
            assert!(client.quit().unwrap().is_committed());
            let left = server.maildrop();
            let left: Vec<_> = left
                .messages()
                .map(|message| message.octets().clone())
                .collect();
            let mut rest = mail.to_vec();
            rest.remove(1);
            assert_eq!(left, rest);
        }
    }
}

pub fn message_with_surplus_octets_fails<C: Client>() {
    for pipelining in [Pipelining::Always, Pipelining::Never] {
        // The server does not stuff dots, so the dot in the message ends it.
        let reply = "+OK\r\nhalf\r\n.\r\nrest\r\n.\r\n";
        let server = Scripted::logged_in(move |wire| {
            wire.answer("RETR 1", reply);
            wire.read_to_end();
        });
        let mut connector = cleartext();
        connector.config.pipelining = pipelining;
        let mut client = C::connect_with(&server.plain(), &connector).unwrap();
        client.login(alice()).unwrap();

        let mut failed = Vec::new();
        client.retrieve((1..=2).map(number), &mut |message| {
            failed.extend(match message {
                Ok(message) => message.rest().err(),
                Err(error) => Some(error),
            });
            Enough::NotYet
        });
        assert_eq!(failed.len(), 2, "{failed:?}");
        for error in failed.iter().chain([&client.noop().unwrap_err()]) {
            let Error::Protocol(error) = error else {
                panic!("{error}")
            };
            let ProtocolError::Surplus { verb, number, .. } = &**error else {
                panic!("{error}")
            };
            assert_eq!((*verb, *number), (Verb::Retr, Some(MessageNumber::FIRST)));
        }
        client.abort();
        let asked = server.received();
        assert!(!asked.contains("DELE"), "{asked:?}");
    }
}
