//! Abandoning many requests, or requests in the middle of the queue. The others keep their order,
//! their place in the window and their deadlines.

use core::time::Duration;
use std::time::Instant;

use pop3_proto::{
    Channel, Config, Event, RequestId,
    command::Noop,
    config::{CapaPolicy, Pipelining},
};
use pop3_testkit::conversation::{Conversation, left, logged_in, logged_in_with, pipelining};

/// Abandons one request.
fn abandon(session: &mut Conversation, id: RequestId) {
    session.connection.abandon(id..id.next());
}

/// Abandons all requests from this one on.
fn abandon_from(session: &mut Conversation, first: RequestId) {
    session
        .connection
        .abandon(first..session.connection.next_id());
}

// Many requests.

/// Submits `requests` requests and abandons them one by one in this order. Returns the duration
/// relative to that of submitting, because absolute times depend on the load of the machine.
#[expect(clippy::disallowed_methods, reason = "measures time")]
fn abandon_many(session: &mut Conversation, requests: u64, order: impl Fn(u64) -> u64) -> u32 {
    let before = session.connection.outstanding();
    let submit = |_| session.connection.submit(Noop).expect("a ticket").id();
    let start = Instant::now();
    let ids: Vec<RequestId> = (0..requests).map(submit).collect();
    let submitting = start.elapsed();
    let start = Instant::now();
    for index in 0..requests {
        let index = usize::try_from(order(index)).expect("an index");
        abandon(session, *ids.get(index).expect("an id"));
    }
    assert_eq!(session.connection.outstanding(), before);
    (start.elapsed().as_nanos() / submitting.as_nanos().max(1)) as u32
}

#[test]
fn abandoning_one_by_one_takes_linear_time() {
    const MANY: u64 = 200_000;
    for order in [
        |index| MANY - 1 - index,
        |index| index,
        // Coprime to the number of requests: visits each once, far from the previous one.
        |index| index * 77_773 % MANY,
    ] {
        let mut session = pipelining();
        session.ask("retr 1");
        session.settle();
        // Searching the queue or moving half of it for each request would take thousands of times
        // as long.
        let times = abandon_many(&mut session, MANY, order);
        assert!(times < 50, "{times} times as long as submitting");
        session.server("+OK\r\n.\r\n");
        assert_eq!(session.reported().len(), 2);
        assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
        assert_eq!(session.sent(), "RETR 1\r\nNOOP\r\n");
    }
}

#[test]
fn abandoning_buffered_requests_singly_takes_linear_time() {
    // Each call removes a command from a full send buffer, and another one takes its place.
    let times = |requests| abandon_many(&mut pipelining(), requests, |index| index);
    // Try several times, because other processes can slow down a try.
    let tries = (0..10).map(|_| (times(2_000), times(20_000)));
    let slow: Vec<_> = tries
        .take_while(|(few, many)| *many >= (*few).max(1) * 5)
        .collect();
    assert!(slow.len() < 10, "times as long: {slow:?}");
}

#[test]
fn abandoning_commands_does_not_affect_adjacent_ones() {
    // All commands are in one batch of which nothing was sent.
    for (abandoned, sent) in [
        (0..1, "LIST 1\r\nNOOP\r\nUIDL 2\r\n"),
        (1..2, "STAT\r\nNOOP\r\nUIDL 2\r\n"),
        (1..3, "STAT\r\nUIDL 2\r\n"),
        (2..4, "STAT\r\nLIST 1\r\n"),
        (0..4, ""),
    ] {
        let mut session = pipelining();
        let ids: Vec<RequestId> = ["stat", "list 1", "noop", "uidl 2", "rset"]
            .map(|op| {
                let id = session.connection.next_id();
                session.ask(op);
                id
            })
            .into();
        let (from, to) = (ids[abandoned.start], ids[abandoned.end]);
        session.connection.abandon(from..to);
        let left = 5 - abandoned.len();
        assert_eq!(session.connection.outstanding(), left);
        // RSET is a barrier: it waits for all commands before it.
        let rest = if sent.is_empty() { "RSET\r\n" } else { sent };
        assert_eq!(session.connection.transmit(), rest.as_bytes());
        session.settle();
        let replies = [
            ("STAT", "+OK 1 2\r\n"),
            ("LIST", "+OK 1 2\r\n"),
            ("NOOP", "+OK\r\n"),
            ("UIDL", "+OK 2 b\r\n"),
        ];
        for (verb, reply) in replies {
            if sent.contains(verb) {
                session.server(reply);
            }
        }
        session.server("+OK\r\n");
        let reported = session.reported();
        assert_eq!(reported.len(), left, "{reported:?}");
        assert!(
            reported.iter().all(|reported| !reported.contains("failed")),
            "{reported:?}"
        );
        assert_eq!(session.connection.outstanding(), 0);
    }
}

#[test]
fn requests_between_abandoned_ones_keep_their_order() {
    let mut session = logged_in();
    session.ask("noop");
    let first = session.connection.next_id();
    let mut id = first;
    for n in 1..=200 {
        session.ask(&format!("list {n}"));
    }
    // Two of three requests are abandoned, including the last one.
    let mut kept = Vec::new();
    for n in 1..=200 {
        if n % 3 == 1 && n != 199 {
            kept.push(format!("LIST {n}\r\n"));
        } else {
            abandon(&mut session, id);
        }
        id = id.next();
    }
    assert_eq!(session.connection.outstanding(), 1 + kept.len());
    session.server("+OK\r\n");
    for n in 1..=200 {
        if kept.contains(&format!("LIST {n}\r\n")) {
            session.server(format!("+OK {n} 1\r\n"));
        }
    }
    assert_eq!(session.sent(), format!("NOOP\r\n{}", kept.concat()));
    assert_eq!(session.connection.outstanding(), 0);
    assert_eq!(session.reported().len(), 1 + kept.len());
}

// The window.

/// The number of `NOOP` commands that fill the window of 4 KiB.
const FULL: usize = 4096 / 6;

fn noops(session: &mut Conversation, count: usize) {
    (0..count).for_each(|_| session.ask("noop"));
}

#[test]
fn abandoned_commands_make_room_in_the_send_buffer() {
    let mut session = pipelining();
    let first = session.connection.next_id();
    noops(&mut session, FULL);
    assert_eq!(session.connection.transmit().len(), FULL * 6);
    abandon_from(&mut session, first);
    assert!(!session.connection.wants_write());
    noops(&mut session, FULL + 1);
    assert_eq!(session.connection.transmit().len(), FULL * 6);
    // The same if only some of them are abandoned.
    let mut session = pipelining();
    noops(&mut session, 2);
    let third = session.connection.next_id();
    noops(&mut session, FULL - 2);
    abandon_from(&mut session, third);
    noops(&mut session, FULL);
    assert_eq!(session.connection.transmit().len(), FULL * 6);
}

#[test]
fn abandoned_messages_make_room_for_others() {
    for answered in [false, true] {
        let mut session = pipelining();
        session.exchange("list", "+OK\r\n1 1048576\r\n2 1048576\r\n.\r\n");
        session.sent();
        let retrieve = |session: &mut Conversation| {
            (0..6).for_each(|n| session.ask(&format!("retr {}", n % 2 + 1)));
            session.connection.transmit().len() / "RETR 1\r\n".len()
        };
        let first = session.connection.next_id();
        assert_eq!(retrieve(&mut session), 4, "4 MiB");
        if answered {
            session.settle();
        }
        abandon_from(&mut session, first);
        if answered {
            session.server("+OK\r\n.\r\n".repeat(4));
        }
        assert_eq!(retrieve(&mut session), 4);
    }
}

#[test]
fn abandoned_queued_requests_make_room_in_wants_request() {
    let mut session = pipelining();
    session.ask("stat");
    session.ask("stat");
    session.settle();
    let first = session.connection.next_id();
    noops(&mut session, 2 * FULL);
    assert!(!session.connection.wants_request());
    abandon_from(&mut session, first);
    assert!(session.connection.wants_request());
    // The same for the limit on octets of replies.
    session.server("+OK 4 4194304\r\n+OK 4 4194304\r\n");
    session.ask("retr 1");
    session.ask("retr 1");
    session.settle();
    assert!(session.connection.wants_request());
    let first = session.connection.next_id();
    (0..3).for_each(|_| session.ask("retr 1"));
    assert!(!session.connection.wants_request());
    abandon_from(&mut session, first);
    assert!(session.connection.wants_request());
}

// Logins.

#[test]
fn login_held_back_by_an_event_is_removed() {
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    session.server("+OK ready\r\n");
    session.reported();
    let login = session.connection.next_id();
    // A quirk event reports a user name that is not ASCII before the name is sent.
    session.ask("login \\xc3\\xa4 secret");
    assert!(!session.connection.wants_write());
    abandon(&mut session, login);
    assert_eq!(session.connection.outstanding(), 0);
    assert!(matches!(
        session.connection.poll_event(),
        Some(Event::Quirk(_))
    ));
    assert_eq!(session.connection.poll_event(), None);
    assert!(!session.connection.wants_write());
    assert_eq!(session.exchange("capa", "-ERR\r\n"), ["capa: unknown"]);
    assert_eq!(session.sent(), "CAPA\r\n");
}

// Deadlines.

fn with_total() -> Conversation {
    let mut config = Config::default();
    config.pipelining = Pipelining::Always;
    config.timeouts.total = Some(Duration::from_secs(300));
    config.timeouts.first_octet = Duration::from_secs(10_000);
    config.timeouts.send = Duration::from_secs(10_000);
    logged_in_with(config)
}

/// Lets time pass without sending anything.
fn pass(session: &mut Conversation, seconds: u64) {
    pop3_testkit::conversation::sleep(session, 0);
    pop3_testkit::conversation::sleep(session, seconds);
    assert_eq!(session.connection.error(), None);
}

#[test]
fn total_deadline_ends_with_the_abandoned_request() {
    let mut session = with_total();
    let stat = session.connection.next_id();
    session.ask("stat");
    pass(&mut session, 200);
    abandon(&mut session, stat);
    assert_eq!(left(&session), None);
    pass(&mut session, 1_000);
    session.ask("noop");
    session.settle();
    assert_eq!(left(&session), Some(300));
}

#[test]
fn total_deadline_restarts_for_the_next_request() {
    let mut session = with_total();
    let stat = session.connection.next_id();
    session.ask("stat");
    session.ask("noop");
    pass(&mut session, 200);
    abandon(&mut session, stat);
    session.settle();
    assert_eq!(left(&session), Some(300));
}

#[test]
fn abandoning_a_later_request_keeps_total_deadline() {
    let mut session = with_total();
    session.ask("stat");
    let noop = session.connection.next_id();
    session.ask("noop");
    pass(&mut session, 200);
    abandon(&mut session, noop);
    session.settle();
    assert_eq!(left(&session), Some(100));
}
