//! The client against a real Dovecot.

mod dovecot;

use std::io::Read as _;

use dovecot::{Dovecot, Options};
use pop3_blocking::{
    Client, Connector, Endpoint, Login, MessageNumber, QuitOutcome, Roots, Secret, Stat, Uidl,
    Username, connect_with,
};

#[test]
fn a_thousand_messages_come_back_octet_for_octet() {
    let Some(server) = Dovecot::start(Options::default()) else {
        return;
    };
    server.add_user("alice", "secret");
    let corpus = dovecot::corpus(1000);
    server.deliver("alice", &corpus);
    let mut connector = Connector::default();
    connector.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
    for endpoint in [
        Endpoint::implicit_tls("localhost", Some(server.tls_port())),
        Endpoint::plain("localhost", Some(server.plain_port())),
    ] {
        let mut client = connect_with(&endpoint, &connector).unwrap();
        client
            .login(Login::password(
                Username::new("alice").unwrap(),
                Secret::new("secret").unwrap(),
            ))
            .unwrap();
        let (stat, uids) = client.batch((Stat, Uidl)).unwrap();
        assert_eq!((stat.messages, uids.len()), (1000, 1000));
        let started = std::time::Instant::now();
        let mut messages = client.retrieve(uids.numbers());
        let mut expected = corpus.iter();
        while let Some(message) = messages.next() {
            let mut octets = Vec::new();
            message.unwrap().read_to_end(&mut octets).unwrap();
            assert!(expected.next() == Some(&octets));
        }
        println!(
            "{:?} {:?}",
            client.session().connection().tls(),
            started.elapsed()
        );
        assert_eq!(client.quit().unwrap(), QuitOutcome::Committed);
    }
}
