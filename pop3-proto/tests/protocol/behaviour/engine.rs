//! What an `Engine` returns for requests that are abandoned while it waits for their replies.

use std::task::Poll;

use pop3_proto::internals::Engine;
use pop3_proto::{
    Channel, Config, Connection, Dele, Error, Instant, MessageNumber, Quirk, Retr, Secret, Stat,
    Username,
    command::{IntoStreamed as _, Noop, Pass, User},
    config::{CapaPolicy, Pipelining},
    error::Misuse,
};
use pop3_testkit::wire;

/// An engine that is logged in on a server that supports pipelining.
fn engine() -> Engine {
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    config.pipelining = Pipelining::Always;
    let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    let mut engine = Engine::new(session);
    receive(&mut engine, "+OK ready\r\n");
    assert!(matches!(engine.poll_greeting(), Poll::Ready(Ok(_))));
    let name = Username::new("alice").expect("a name");
    let user = engine.submit(User(name)).expect("a ticket");
    send(&mut engine);
    receive(&mut engine, "+OK\r\n");
    assert!(matches!(engine.poll_ticket(&user), Poll::Ready(Ok(_))));
    let secret = Secret::new("secret").expect("a secret");
    let pass = engine.submit(Pass(secret)).expect("a ticket");
    send(&mut engine);
    receive(&mut engine, "+OK\r\n");
    assert!(matches!(engine.poll_ticket(&pass), Poll::Ready(Ok(_))));
    engine
}

fn send(engine: &mut Engine) {
    let session = engine.connection_mut();
    while session.wants_write() {
        wire::send(session, usize::MAX, Instant::ORIGIN);
    }
}

fn receive(engine: &mut Engine, lines: &str) {
    let session = engine.connection_mut();
    let count = wire::receive(session, lines.as_bytes(), Instant::ORIGIN);
    assert_eq!(count, lines.len(), "the buffer has room");
}

fn spent<T>(result: Poll<Result<T, Error>>) -> bool {
    matches!(result, Poll::Ready(Err(Error::Misuse(Misuse::TicketSpent))))
}

fn first_message() -> MessageNumber {
    MessageNumber::try_from(1).expect("a number")
}

#[test]
fn ticket_after_abandoned_one_gets_its_reply() {
    let mut engine = engine();
    let first = engine.submit(Stat).expect("a ticket");
    let second = engine.submit(Noop).expect("a ticket");
    send(&mut engine);
    engine.connection_mut().abandon(first.id()..second.id());
    receive(&mut engine, "+OK 1 100\r\n+OK done\r\n");
    assert!(spent(engine.poll_ticket(&first)));
    assert!(spent(engine.poll_ticket(&first)), "still spent");
    let Poll::Ready(Ok(reply)) = engine.poll_ticket(&second) else {
        panic!("no reply");
    };
    assert_eq!(reply.text.as_bytes(), b"done");
    assert!(
        spent(engine.poll_ticket(&second)),
        "the reply was returned before"
    );
}

#[test]
fn skipped_body_returns_no_more_chunks() {
    let mut engine = engine();
    let message = engine
        .submit(Retr(first_message()).into_streamed())
        .expect("a ticket");
    let next = engine
        .submit(Retr(first_message()).into_streamed())
        .expect("a ticket");
    send(&mut engine);
    receive(&mut engine, "+OK\r\none\r\n");
    assert!(matches!(engine.poll_head(message.id()), Poll::Ready(Ok(_))));
    let Poll::Ready(Ok(chunk)) = engine.poll_chunk(message.id()) else {
        panic!("no chunk");
    };
    assert_eq!(chunk.as_deref(), Some(&b"one\r\n"[..]));
    engine.skip(message.id());
    receive(&mut engine, "two\r\n.\r\n+OK\r\n");
    assert!(spent(engine.poll_chunk(message.id())));
    assert!(matches!(engine.poll_head(next.id()), Poll::Ready(Ok(_))));
    receive(&mut engine, ".\r\n");
    assert_eq!(engine.poll_chunk(next.id()), Poll::Ready(Ok(None)));
    assert!(
        spent(engine.poll_chunk(next.id())),
        "the end was returned before"
    );
}

#[test]
fn stored_reply_is_dropped_with_its_request() {
    let mut engine = engine();
    let first = engine.submit(Noop).expect("a ticket");
    let second = engine
        .submit_for_helper(Dele(first_message()))
        .expect("a ticket");
    send(&mut engine);
    engine.connection_mut().abandon(first.id()..second.id());
    receive(&mut engine, "+OK\r\n+OK\r\n");
    assert!(
        spent(engine.poll_ticket(&first)),
        "the other reply is stored"
    );
    assert!(!engine.is_idle());
    engine.begin();
    assert!(engine.is_idle());
    assert!(spent(engine.poll_ticket(&second)));
}

#[test]
fn each_quirk_is_recorded_once() {
    let mut engine = engine();
    for _ in 0..2 {
        let ticket = engine.submit(Noop).expect("a ticket");
        send(&mut engine);
        receive(&mut engine, "\r\n+OK\r\n");
        assert!(matches!(engine.poll_ticket(&ticket), Poll::Ready(Ok(_))));
    }
    assert_eq!(engine.quirks(), [Quirk::BlankLine]);
}
