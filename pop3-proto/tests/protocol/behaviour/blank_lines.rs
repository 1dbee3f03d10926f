//! Blank lines before replies, lines that end in a bare LF, and octets that are not a reply.

use core::time::Duration;

use pop3_proto::{
    Channel, Config, Connection, Error, Event, Instant, Login, Quirk,
    command::StartTls,
    config::CapaPolicy,
    error::ProtocolError,
    login::{LoginPolicy, Method},
};

use pop3_testkit::conversation::Conversation;
use pop3_testkit::wire;

fn receive(connection: &mut Connection, octets: &[u8]) {
    let count = wire::receive(connection, octets, Instant::ORIGIN);
    assert_eq!(count, octets.len(), "the buffer has room");
}

/// A connection that is about to send `AUTH PLAIN` with its initial response.
fn logging_in() -> Connection {
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    let mut connection = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    let login = Login::new("alice", "secret").expect("a login");
    let login = login.with_policy(LoginPolicy::only(Method::Plain));
    connection.submit(login).expect("a ticket");
    receive(&mut connection, b"+OK ready\r\n");
    assert!(matches!(connection.poll_event(), Some(Event::Greeting(_))));
    assert!(connection.transmit().starts_with(b"AUTH PLAIN"));
    connection
}

#[test]
fn blank_line_before_auth_is_sent_is_tolerated() {
    let mut connection = logging_in();
    connection.transmitted(4, Instant::ORIGIN);
    receive(&mut connection, b"\r\n");
    assert_eq!(
        connection.poll_event(),
        Some(Event::Quirk(Quirk::BlankLine))
    );
    assert_eq!(connection.error(), None);
    let rest = connection.transmit().len();
    connection.transmitted(rest, Instant::ORIGIN + Duration::from_secs(1));
    receive(&mut connection, b"+ \r\n");
    assert_eq!(connection.error(), None, "a challenge");
}

#[test]
fn blank_line_after_auth_is_a_bad_status() {
    let mut connection = logging_in();
    let all = connection.transmit().len();
    connection.transmitted(all, Instant::ORIGIN);
    receive(&mut connection, b"\r\n");
    let Some(Error::Protocol(error)) = connection.error() else {
        panic!("{:?}", connection.error());
    };
    assert!(
        matches!(**error, ProtocolError::BadStatus { .. }),
        "{error}"
    );
}

#[test]
fn bare_lf_is_reported_once_per_channel() {
    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.server("+OK ready\n");
    session
        .connection
        .submit(StartTls)
        .expect("a live connection");
    session.settle();
    session.server("+OK\nSTLS\n.\n");
    session.server("+OK\n");
    session.tls();
    session.settle();
    session.server("+OK\nUSER\n.\n");
    session.ask("capa");
    session.server("+OK\nUSER\n.\n");
    let reported = session.events().into_iter();
    let reported = reported.filter(|event| *event == Event::Quirk(Quirk::BareLineFeed));
    assert_eq!(reported.count(), 2);
}
