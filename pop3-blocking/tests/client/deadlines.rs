//! Servers that time out.

use std::thread;
use std::time::{Duration, Instant};

use pop3_blocking::{
    Connector, Error, command::Verb, config::Timeouts, connect_with, error::Timeout,
};

use super::support::{Scripted, alice, cleartext, embedded, number, trusting};

const SHORT: Duration = Duration::from_millis(150);

/// Runs `act` and checks that it took about this long.
fn timed<T>(at_least: Duration, act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = act();
    let taken = start.elapsed();
    assert!(taken >= at_least, "it took only {taken:?}");
    // Other tests run at the same time.
    assert!(
        taken < at_least + Duration::from_secs(5),
        "it took {taken:?}"
    );
    result
}

fn with(change: impl FnOnce(&mut Timeouts)) -> Connector {
    let mut connector = cleartext();
    change(&mut connector.config.timeouts);
    connector
}

#[test]
fn missing_greeting_times_out() {
    let server = Scripted::start(|wire| wire.read_to_end());
    let connector = with(|timeouts| timeouts.greeting = SHORT);
    let result = timed(SHORT, || connect_with(&server.plain(), &connector));
    assert_eq!(
        result.unwrap_err(),
        Error::Timeout(Timeout::Greeting {
            channel: pop3_blocking::proto::Channel::Plain
        })
    );
    server.received();
}

#[test]
fn partial_greeting_times_out() {
    let server = Scripted::start(|wire| {
        wire.send("+OK he");
        wire.read_to_end();
    });
    let connector = with(|timeouts| timeouts.stall = SHORT);
    let result = timed(SHORT, || connect_with(&server.plain(), &connector));
    assert_eq!(
        result.unwrap_err(),
        Error::Timeout(Timeout::Stall {
            verb: None,
            number: None,
            last_err: None,
            outstanding: 0,
            first_batch: false,
            lf_dot: false
        })
    );
    server.received();
}

#[test]
fn missing_reply_times_out() {
    let server = Scripted::logged_in(|wire| wire.read_to_end());
    let mut client = server.client_with(&with(|timeouts| timeouts.first_octet = SHORT));
    let result = timed(SHORT, || client.stat());
    let late = Error::Timeout(Timeout::FirstOctet {
        verb: Verb::Stat,
        number: None,
        outstanding: 1,
        first_batch: false,
        last_err: None,
    });
    assert_eq!(result, Err(late.clone()));
    assert_eq!(client.noop(), Err(late));
    drop(client);
    assert_eq!(server.received(), "STAT\r\n");
}

#[test]
fn partial_reply_times_out() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("UIDL\r\n");
        wire.send("+OK\r\n1 a\r\n");
        wire.read_to_end();
    });
    let mut client = server.client_with(&with(|timeouts| timeouts.stall = SHORT));
    let result = timed(SHORT, || client.uidl());
    assert_eq!(
        result.unwrap_err(),
        Error::Timeout(Timeout::Stall {
            verb: Some(Verb::Uidl),
            number: None,
            last_err: None,
            outstanding: 1,
            first_batch: false,
            lf_dot: false
        })
    );
    drop(client);
    server.received();
}

#[test]
fn partial_message_times_out() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\n");
        wire.send("+OK\r\nhello\r\n");
        wire.read_to_end();
    });
    let mut client = server.client_with(&with(|timeouts| timeouts.stall = SHORT));
    let mut message = client.retr(number(1)).unwrap();
    message.chunk().unwrap();
    let result = timed(SHORT, || message.chunk());
    assert_eq!(
        result,
        Err(Error::Timeout(Timeout::Stall {
            verb: Some(Verb::Retr),
            number: Some(number(1)),
            last_err: None,
            outstanding: 1,
            first_batch: false,
            lf_dot: false
        }))
    );
    drop(client);
    server.received();
}

#[test]
fn slow_server_does_not_time_out() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\n");
        wire.send("+OK\r\n");
        for _ in 0..10 {
            thread::sleep(SHORT / 3);
            wire.send("line\r\n");
        }
        wire.send(".\r\n");
        wire.read_to_end();
    });
    let mut client = server.client_with(&with(|timeouts| timeouts.stall = SHORT * 2));
    let octets = timed(SHORT * 3, || client.retr_to_vec(number(1), 1000));
    assert_eq!(octets.unwrap().len(), 60);
    drop(client);
    server.received();
}

#[test]
fn total_timeout_stops_a_slow_reply() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("UIDL\r\n");
        wire.send("+OK\r\n");
        for n in 1..200 {
            thread::sleep(SHORT / 10);
            wire.try_send(format!("{n} a\r\n").as_bytes());
        }
    });
    let mut client = server.client_with(&with(|timeouts| timeouts.total = Some(SHORT)));
    let result = timed(SHORT, || client.uidl());
    assert_eq!(result.unwrap_err(), Error::Timeout(Timeout::Total));
    drop(client);
    server.received();
}

#[test]
fn slow_reader_does_not_time_out() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\n");
        wire.send("+OK\r\nhello\r\n");
        thread::sleep(SHORT);
        wire.send("world\r\n.\r\n");
        wire.expect_octets("NOOP\r\n");
        wire.send("+OK\r\n");
    });
    let mut client = server.client_with(&with(|timeouts| {
        timeouts.stall = SHORT * 2;
        timeouts.first_octet = SHORT * 2;
    }));
    let mut message = client.retr(number(1)).unwrap();
    thread::sleep(SHORT * 3);
    message.chunk().unwrap();
    thread::sleep(SHORT * 3);
    while message.chunk().unwrap().is_some() {}
    // Nor does an idle client time out.
    thread::sleep(SHORT * 3);
    client.noop().unwrap();
    server.received();
}

#[test]
fn missing_handshake_times_out() {
    let server = Scripted::start(|wire| wire.drain());
    let mut connector = Connector::default();
    connector.config.timeouts.tls = SHORT;
    let result = timed(SHORT, || connect_with(&server.implicit_tls(), &connector));
    assert_eq!(
        result.unwrap_err(),
        Error::Timeout(Timeout::TlsHandshake {
            channel: pop3_blocking::proto::Channel::ImplicitTls
        })
    );
    server.received();
}

#[test]
fn time_before_a_command_is_not_counted() {
    let server = embedded(1);
    let mut connector = trusting(&server);
    connector.config.timeouts.first_octet = SHORT;
    connector.config.timeouts.greeting = SHORT;
    let mut client = connect_with(&server.implicit_tls(), &connector).unwrap();
    thread::sleep(SHORT * 2);
    client.login(alice()).unwrap();
    thread::sleep(SHORT * 2);
    client.noop().unwrap();
}
