//! Tests with real sockets and a real clock: deadlines, and servers that close while no command is
//! in flight.

use std::net::{TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant as Clock};

use pop3_proto::{
    Channel, Config, Connection, Connector, Endpoint, Error, Instant, Login, MessageNumber,
    command::Verb,
    config::{CapaPolicy, Pipelining, StlsPolicy},
    error::{Closed, Timeout},
};

use crate::peer::scripted::{Scripted, Wire};

use super::client::{Client, Enough};

const PATIENCE: Duration = Duration::from_millis(300);

const MOMENT: Duration = Duration::from_millis(60);

/// Asserts that a deadline has passed, with tolerance for a machine under load.
fn after_a_deadline(begin: Clock) {
    let taken = begin.elapsed();
    assert!(
        taken >= PATIENCE - PATIENCE / 8 && taken < 20 * PATIENCE,
        "{taken:?}"
    );
}

fn config() -> Config {
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    config.pipelining = Pipelining::Never;
    config.timeouts.connect = PATIENCE;
    config.timeouts.greeting = PATIENCE;
    config.timeouts.first_octet = PATIENCE;
    config
}

/// Starts a server that closes when its script has ended. Returns a stream to it.
fn serve(act: impl FnOnce(&mut Wire) + Send + 'static) -> (TcpStream, Scripted) {
    let server = Scripted::start(|wire| {
        act(wire);
        wire.hang_up();
        wire.read_to_end();
    });
    (server.connect(), server)
}

/// Starts a session whose clock began a day ago.
fn start<C: Client>(stream: TcpStream) -> Result<C, Error> {
    let now = Instant::since_origin(Duration::from_secs(24 * 60 * 60));
    C::start(
        Connection::new(config(), Channel::TrustedByCaller, now),
        stream,
    )
}

fn logged_in<C: Client>(stream: TcpStream) -> C {
    let mut client: C = start(stream).unwrap();
    client
        .login(Login::new("alice", "secret").unwrap())
        .unwrap();
    client
}

fn assert_unsolicited_err<T: std::fmt::Debug>(result: Result<T, Error>) {
    let assert_unsolicited_err = |closed: &Closed| matches!(closed, Closed::UnsolicitedErr(reply) if reply.text.as_bytes() == b"autologout; idle for too long");
    assert!(
        matches!(&result, Err(Error::Closed(closed)) if assert_unsolicited_err(closed)),
        "{result:?}"
    );
}

pub fn missing_greeting_fails_at_the_deadline<C: Client>() {
    let (stream, server) = serve(Wire::read_to_end);
    let begin = Clock::now();
    let error = start::<C>(stream).err();
    assert_eq!(
        error,
        Some(
            Timeout::Greeting {
                channel: pop3_proto::Channel::TrustedByCaller
            }
            .into()
        )
    );
    after_a_deadline(begin);
    assert_eq!(server.received(), "");
}

pub fn each_reply_has_its_own_deadline<C: Client>() {
    let (stream, _server) = serve(|wire| {
        wire.accept_login();
        for _ in 0..8 {
            sleep(MOMENT);
            wire.answer("NOOP", "+OK\r\n");
        }
        wire.answer("NOOP", "");
        wire.read_to_end();
    });
    let mut client = logged_in::<C>(stream);
    let begin = Clock::now();
    for _ in 0..8 {
        client.noop().unwrap();
    }
    assert!(
        begin.elapsed() > PATIENCE,
        "together the replies took longer than one deadline"
    );
    let begin = Clock::now();
    let error = client.noop().unwrap_err();
    assert_eq!(
        error,
        Timeout::FirstOctet {
            verb: Verb::Noop,
            number: None,
            outstanding: 1,
            first_batch: false,
            last_err: None,
        }
        .into()
    );
    after_a_deadline(begin);
}

pub fn silent_address_fails_at_the_deadline<C: Client>() {
    // Fill the listener's queue. Linux then ignores SYN packets, so the connection attempt gets no
    // response.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connect = |_| TcpStream::connect_timeout(&address, MOMENT).ok();
    let queue: Vec<_> = (0..5000).map_while(connect).collect();
    if queue.len() == 5000 {
        println!("skipped: this kernel drops no SYN");
        return;
    }
    let mut connector = Connector::default();
    connector.config = config();
    connector.config.stls = StlsPolicy::Off;
    let endpoint = Endpoint::plain("127.0.0.1", Some(address.port()));
    let begin = Clock::now();
    let error = C::connect_with(&endpoint, &connector).err();
    assert_eq!(error, Some(Timeout::Connect.into()));
    after_a_deadline(begin);
}

pub fn connect_timeout_of_zero_expires_without_an_attempt<C: Client>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut connector = Connector::default();
    connector.config = config();
    connector.config.timeouts.connect = Duration::ZERO;
    connector.config.stls = StlsPolicy::Off;
    for host in ["127.0.0.1", "localhost"] {
        for stagger in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
            C::set_stagger(&mut connector, stagger);
            let endpoint = Endpoint::plain(host, Some(port));
            let error = C::connect_with(&endpoint, &connector).err();
            assert_eq!(error, Some(Timeout::Connect.into()));
        }
    }
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

pub fn unsolicited_err_does_not_answer_unsent_commands<C: Client>() {
    let (stream, server) = serve(|wire| {
        wire.accept_login();
        sleep(MOMENT);
        wire.send("-ERR autologout; idle for too long\r\n");
    });
    let mut client = logged_in::<C>(stream);
    // Block the thread, so that a runtime cannot poll the socket in the meantime.
    sleep(3 * MOMENT);
    assert_unsolicited_err(client.noop());
    assert_unsolicited_err(client.quit());
    drop(client);
    assert_eq!(server.received(), "");
}

pub fn partial_unsolicited_err_is_not_a_reply<C: Client>() {
    let (stream, server) = serve(|wire| {
        wire.accept_login();
        wire.send("-ERR auto");
        sleep(3 * MOMENT);
        wire.send("logout; idle for too long\r\n");
    });
    let mut client = logged_in::<C>(stream);
    sleep(MOMENT);
    assert_unsolicited_err(client.quit());
    drop(client);
    assert_eq!(server.received(), "");
}

pub fn close_between_messages_is_not_a_refusal<C: Client>() {
    let (stream, server) = serve(|wire| {
        wire.accept_login();
        wire.answer("RETR 1", "+OK\r\nSubject: one\r\n.\r\n");
        sleep(MOMENT);
        wire.send("-ERR autologout; idle for too long\r\n");
    });
    let mut client = logged_in::<C>(stream);
    let mut read = Vec::new();
    let both = [1, 2].map(|number| MessageNumber::new(number).unwrap());
    client.retrieve(both, &mut |message| {
        read.push(message.and_then(|message| message.rest()));
        // The application takes time to process the message.
        sleep(3 * MOMENT);
        Enough::NotYet
    });
    let second = read.pop().unwrap();
    assert_eq!(read, [Ok(b"Subject: one\r\n".to_vec())]);
    assert_unsolicited_err(second);
    drop(client);
    assert_eq!(server.received(), "RETR 1\r\n");
}
