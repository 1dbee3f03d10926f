//! When commands are sent: the order of requests, the window, and which commands wait.

use pop3_proto::{
    Config, Connection, Event, Instant, List, MessageNumber,
    command::{ListOne, Noop, Raw},
    config::Pipelining,
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining};
use pop3_testkit::wire;

fn number(n: u32) -> MessageNumber {
    MessageNumber::new(n).expect("a number")
}

/// A session that pipelines and knows the sizes of its messages.
fn with_sizes(sizes: &[u64]) -> Conversation {
    let mut session = pipelining();
    let lines: String = (1..)
        .zip(sizes)
        .map(|(n, size)| format!("{n} {size}\r\n"))
        .collect();
    session.exchange("list", format!("+OK\r\n{lines}.\r\n"));
    session.sent();
    session
}

/// How many of these messages are requested before the first one arrives.
fn requested_together(session: &mut Conversation, messages: u32) -> usize {
    (1..=messages).for_each(|n| session.ask(&format!("retr {n}")));
    session.sent().lines().count()
}

const MIB: u64 = 1 << 20;

/// The share of the window below which more commands are sent. Smaller batches are not worth a
/// write.
const fn low(window: usize) -> usize {
    window / 8 * 7
}

// Batches.

#[test]
fn requests_submitted_together_are_sent_in_one_write() {
    let mut session = pipelining();
    for op in ["stat", "list", "uidl 3", "noop"] {
        session.ask(op);
    }
    assert_eq!(
        session.batches(),
        ["STAT\r\nLIST\r\nUIDL 3\r\nNOOP\r\n"],
        "one batch of complete commands"
    );
}

#[test]
fn partly_sent_batch_does_not_grow() {
    let mut session = pipelining();
    session.ask("noop");
    session.connection.transmitted(2, session.now);
    session.ask("stat");
    assert_eq!(session.connection.transmit(), b"OP\r\n");
    session.connection.transmitted(4, session.now);
    assert_eq!(session.connection.transmit(), b"STAT\r\n");
}

#[test]
fn nothing_is_sent_while_an_event_is_pending() {
    let mut session = logged_in();
    session.ask("noop");
    session.ask("stat");
    assert_eq!(session.sent(), "NOOP\r\n");
    session.arrive(b"+OK\r\n");
    assert!(!session.connection.wants_write() && !session.connection.wants_read());
    assert!(matches!(
        session.connection.poll_event(),
        Some(Event::Reply { result: Ok(_), .. })
    ));
    assert!(session.connection.wants_write() && session.connection.wants_read());
}

#[test]
fn polling_changes_nothing() {
    let mut session = pipelining();
    session.ask("stat");
    for _ in 0..3 {
        assert_eq!(session.connection.poll_event(), None);
        assert_eq!(session.connection.transmit(), b"STAT\r\n");
        assert!(session.connection.wants_read());
        session.connection.handle_timeout(session.now);
        session.connection.received(0, session.now);
    }
    assert_eq!(
        session.exchange("noop", "+OK 1 2\r\n+OK\r\n"),
        ["stat: 1 messages, 2 octets", "noop: ok"]
    );
}

// The window.

#[test]
fn at_most_4_kib_of_commands_are_unanswered() {
    let mut session = pipelining();
    (0..2000).for_each(|_| session.ask("noop"));
    let noops = |n: usize| ["NOOP\r\n".repeat(n)];
    let (full, low) = (4096 / 6, low(4096) / 6);
    assert_eq!(session.batches(), noops(full));
    session.server("+OK\r\n".repeat(full - low - 1));
    assert_eq!(session.sent(), "", "too much is unanswered");
    session.server("+OK\r\n");
    assert_eq!(
        session.batches(),
        noops(full - low),
        "the window is full again"
    );
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "");
}

#[test]
fn command_longer_than_the_window_is_sent_alone() {
    let mut config = Config::default();
    config.pipelining = Pipelining::Always;
    config.limits.command = 10_000;
    let mut session = logged_in_with(config);
    let long = Raw::short(format!("XLNG {}", "x".repeat(6000))).expect("a command");
    session.connection.submit(long).expect("a live connection");
    assert_eq!(session.sent().len(), 6007);
}

#[test]
fn window_is_full_at_exactly_4096_octets() {
    let mut session = pipelining();
    // Each command has 8 octets.
    (0..600).for_each(|_| session.ask("list 1"));
    assert_eq!(session.sent().len(), 4096);
    session.server("+OK 1 1\r\n".repeat(512 - low(512) - 1));
    assert_eq!(session.sent(), "", "too much is unanswered");
    session.server("+OK 1 1\r\n");
    assert_eq!(session.sent().len(), 4096 - low(4096));
}

#[test]
fn wants_request_while_24_more_octets_fit() {
    let mut session = pipelining();
    let mut asked = 0;
    while session.connection.wants_request() {
        session.ask("list 1");
        asked += 1;
    }
    assert_eq!(asked * 8, 4096 - 24 + 8);
}

#[test]
fn at_most_4_mib_of_messages_are_requested() {
    let mut session = with_sizes(&[MIB / 4; 40]);
    assert_eq!(requested_together(&mut session, 40), 16);
    let message = "+OK\r\nshort after all\r\n.\r\n";
    for _ in low(16) + 1..16 {
        session.server(message);
        assert_eq!(session.sent(), "", "too many octets are requested");
    }
    session.server(message);
    let batches = session.batches();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].lines().count(), 16 - low(16));
    session.server(message);
    assert_eq!(session.sent(), "");
}

#[test]
fn two_requests_are_always_in_flight() {
    let mut session = with_sizes(&[3 * MIB; 5]);
    assert_eq!(requested_together(&mut session, 5), 2);
    for next in 3..=5 {
        session.server("+OK\r\n.\r\n");
        assert_eq!(session.sent(), format!("RETR {next}\r\n"));
    }
}

#[test]
fn top_counts_header_and_requested_lines() {
    for (size, lines, together) in [
        (100 * MIB, 0, 4096 / 16),
        (100 * MIB, 1000, (4 << 20) / ((16 << 10) + 80 * 1000)),
        (100 * MIB, u32::MAX, 2),
        (MIB, u32::MAX, 4),
        (100, 1000, 300),
    ] {
        let mut session = with_sizes(&[size; 300]);
        (1..=300).for_each(|n| session.ask(&format!("top {n} {lines}")));
        let sent = session.sent();
        assert_eq!(sent.lines().count(), together, "{size} {lines}");
    }
}

#[test]
fn window_ignores_listings_in_descending_order() {
    let mut session = pipelining();
    let lines: String = (1..=200).rev().map(|n| format!("{n} {MIB}\r\n")).collect();
    let listing = session.call(List, format!("+OK\r\n{lines}.\r\n"));
    let listing = listing.expect("a listing");
    let first = listing.get(number(1)).expect("listed");
    assert_eq!(first.octets, Some(MIB), "the caller can find it");
    session.sent();
    assert_eq!(
        requested_together(&mut session, 200),
        64,
        "each counts as 64 KiB"
    );
    let mut session = with_sizes(&[MIB; 10]);
    session.exchange("list", "+OK\r\n2 1\r\n1 1\r\n.\r\n");
    session.sent();
    assert_eq!(
        requested_together(&mut session, 10),
        10,
        "the last listing counts"
    );
}

#[test]
fn two_messages_are_requested_regardless_of_size() {
    let mut session = with_sizes(&[100 * MIB; 5]);
    assert_eq!(requested_together(&mut session, 5), 2);
}

#[test]
fn huge_sizes_do_not_overflow_the_window() {
    let mut session = with_sizes(&[u64::MAX; 5]);
    assert_eq!(requested_together(&mut session, 5), 2);
    for _ in 0..5 {
        session.server("+OK\r\n.\r\n");
    }
    assert_eq!(session.sent(), "RETR 3\r\nRETR 4\r\nRETR 5\r\n");
    assert_eq!(session.connection.outstanding(), 0);
}

#[test]
fn window_uses_mean_of_stat_without_listing() {
    let mut session = pipelining();
    session.exchange("stat", format!("+OK 10 {}\r\n", 20 * MIB));
    session.sent();
    assert_eq!(requested_together(&mut session, 10), 2);
    let mut session = pipelining();
    session.exchange("stat", format!("+OK 10 {}\r\n", 5 * MIB));
    session.sent();
    assert_eq!(requested_together(&mut session, 10), 8);
}

#[test]
fn listed_size_takes_precedence_over_stat_mean() {
    let mut session = with_sizes(&[100, 100, 100]);
    session.exchange("stat", format!("+OK 3 {}\r\n", 300 * MIB));
    session.sent();
    assert_eq!(requested_together(&mut session, 3), 3);
}

#[test]
fn message_of_unknown_size_counts_as_64_kib() {
    let mut session = pipelining();
    assert_eq!(requested_together(&mut session, 200), 64);
}

#[test]
fn received_sizes_predict_the_next_ones() {
    for (size, most) in [(10, usize::MAX), (MIB as usize, 4)] {
        let mut session = pipelining();
        let asked = requested_together(&mut session, 300);
        let line = "x".repeat(size - 2);
        session.server(format!("+OK\r\n{line}\r\n.\r\n").repeat(asked));
        let more = session.sent().lines().count();
        assert!((2..=most).contains(&more), "{more} of {size} octets");
        assert!(most == 4 || more > asked, "{more} after {asked}");
    }
}

#[test]
fn stat_with_zero_messages_does_not_panic() {
    let mut session = pipelining();
    session.exchange("stat", "+OK 0 1000\r\n");
    session.sent();
    assert_eq!(requested_together(&mut session, 3), 3);
}

#[test]
fn only_messages_are_pipelined_after_a_message() {
    let mut session = pipelining();
    for op in ["stat", "retr 1", "retr 2", "dele 1", "dele 2"] {
        session.ask(op);
    }
    assert_eq!(session.sent(), "STAT\r\nRETR 1\r\nRETR 2\r\n");
    session.server("+OK 1 1\r\n");
    session.server("+OK\r\n.\r\n");
    assert_eq!(session.sent(), "", "the second message is not complete");
    session.server("+OK\r\n.\r\n");
    assert_eq!(session.sent(), "DELE 1\r\nDELE 2\r\n");
}

// The configuration.

#[test]
fn pipelining_requires_its_capability_by_default() {
    let mut session = logged_in();
    session.ask("stat");
    session.ask("noop");
    assert_eq!(session.sent(), "STAT\r\n");
    session.server("+OK 1 1\r\n");
    assert_eq!(session.sent(), "NOOP\r\n");
    session.server("+OK\r\n");
    session.exchange("capa", "+OK\r\npipelining\r\n.\r\n");
    session.sent();
    session.ask("stat");
    session.ask("noop");
    assert_eq!(session.sent(), "STAT\r\nNOOP\r\n");
}

#[test]
fn later_capa_without_pipelining_does_not_disable_it() {
    let mut session = logged_in();
    session.exchange("capa", "+OK\r\nPIPELINING\r\n.\r\n");
    session.exchange("capa", "+OK\r\nUIDL\r\n.\r\n");
    session.sent();
    session.ask("stat");
    session.ask("noop");
    assert_eq!(session.sent(), "STAT\r\nNOOP\r\n");
}

#[test]
fn pipelining_never_ignores_the_capability() {
    let mut config = Config::default();
    config.pipelining = Pipelining::Never;
    let mut session = logged_in_with(config);
    session.exchange("capa", "+OK\r\nPIPELINING\r\n.\r\n");
    session.sent();
    session.ask("stat");
    session.ask("noop");
    assert_eq!(session.sent(), "STAT\r\n");
}

// Callers that submit only while `wants_request` returns true.

#[test]
fn ten_thousand_list_commands_are_answered_in_order() {
    let mut session = pipelining();
    (1..=10_000).for_each(|n| session.ask(&format!("list {n}")));
    let mut asked = Vec::new();
    while session.connection.outstanding() > 0 {
        let sent = session.sent();
        assert!(!sent.is_empty() && sent.len() <= 4096);
        let numbers = sent.lines().map(|line| line.trim_start_matches("LIST "));
        let numbers: Vec<String> = numbers.map(str::to_owned).collect();
        let replies: String = numbers.iter().map(|n| format!("+OK {n} 1\r\n")).collect();
        session.server(replies);
        asked.extend(numbers);
    }
    let expected: Vec<String> = (1..=10_000).map(|n: u32| n.to_string()).collect();
    assert_eq!(asked, expected);
    let reported = session.reported();
    assert_eq!(reported.len(), 10_000);
    assert_eq!(reported[9_999], "list 10000: 10000=1");
}

#[test]
fn wants_request_fills_window_and_bounds_queue() {
    let mut session = pipelining();
    let mut next = 1;
    let mut most = 0;
    while next <= 10_000 || session.connection.outstanding() > 0 {
        while next <= 10_000 && session.connection.wants_request() {
            let command = ListOne(number(next));
            session
                .connection
                .submit(command)
                .expect("a live connection");
            next += 1;
        }
        most = most.max(session.connection.outstanding());
        let sent = session.sent();
        let replies: String = sent
            .lines()
            .map(|line| format!("+OK {} 1\r\n", line.trim_start_matches("LIST ")))
            .collect();
        session.server(replies);
    }
    assert!((300..=512).contains(&most), "{most} outstanding requests");
    assert_eq!(session.reported().len(), 10_000);
}

#[test]
fn wants_request_one_at_a_time_without_pipelining() {
    let mut session = logged_in();
    assert!(session.connection.wants_request());
    session.ask("noop");
    assert!(!session.connection.wants_request());
    session.server("+OK\r\n");
    assert!(session.connection.wants_request());
}

#[test]
fn wants_request_stops_at_4_mib_of_messages() {
    let mut session = with_sizes(&[MIB / 4; 40]);
    let mut asked = 0;
    let mut ask = |session: &mut Conversation| {
        while session.connection.wants_request() {
            asked += 1;
            session.ask(&format!("retr {asked}"));
        }
        asked
    };
    assert_eq!(ask(&mut session), 16);
    assert_eq!(session.sent().lines().count(), 16);
    for answered in 1..16 - low(16) {
        session.server("+OK\r\n.\r\n");
        assert_eq!(ask(&mut session), 16 + answered);
        assert_eq!(session.sent(), "", "too many octets are requested");
    }
    session.server("+OK\r\n.\r\n");
    let batches = session.batches();
    assert_eq!(batches.len(), 1, "the waiting commands are sent together");
    assert_eq!(batches[0].lines().count(), 16 - low(16) - 1);
    assert_eq!(ask(&mut session), 16 + 16 - low(16));
}

#[test]
fn wants_request_counts_queued_messages() {
    let mut session = with_sizes(&[MIB / 4; 40]);
    let mut asked = 0;
    while session.connection.wants_request() {
        asked += 1;
        session.ask(&format!("retr {asked}"));
        session.settle();
    }
    assert_eq!(asked, 16, "queued requests count with their listed sizes");
    assert_eq!(session.sent().lines().count(), low(16) + 1);
    session.server("+OK\r\n.\r\n");
    assert_eq!(session.sent().lines().count(), 16 - low(16) - 1);
}

/// Returns the number of writes for 2,000 commands if replies are received 50 octets at a time.
fn writes_of(submits_first: bool) -> usize {
    let commands = 2_000;
    let mut connection = pipelining().connection;
    let (mut submitted, mut answered, mut writes) = (0, 0, 0);
    let mut unread = 0;
    while answered < commands {
        let submit = |connection: &mut Connection, submitted: &mut usize| {
            while *submitted < commands && connection.wants_request() {
                connection.submit(Noop).expect("a live connection");
                *submitted += 1;
            }
        };
        if submits_first {
            submit(&mut connection, &mut submitted);
        }
        while let Some(event) = connection.poll_event() {
            answered += usize::from(matches!(event, Event::Reply { .. }));
        }
        if !submits_first {
            submit(&mut connection, &mut submitted);
        }
        if connection.wants_write() {
            let octets = connection.transmit().len();
            connection.transmitted(octets, Instant::ORIGIN);
            unread += octets / "NOOP\r\n".len();
            writes += 1;
        }
        let replies = unread.min(10);
        unread -= replies;
        let octets = "+OK\r\n".repeat(replies);
        wire::receive(&mut connection, octets.as_bytes(), Instant::ORIGIN);
    }
    writes
}

#[test]
fn batches_are_large_for_any_call_order() {
    let (polls_first, submits_first) = (writes_of(false), writes_of(true));
    assert!(polls_first < 100, "{polls_first} writes");
    assert!(submits_first < 100, "{submits_first} writes");
}
