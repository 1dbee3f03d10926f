//! What leaves when: the order of requests, the window, and who has to wait for whom.

use pop3_proto::{
    Config, Event, List, MessageNumber,
    command::{ListOne, Raw},
    config::Pipelining,
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining};

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

/// How many of these messages are asked for before the first has come.
fn retrieved_at_once(session: &mut Conversation, messages: u32) -> usize {
    (1..=messages).for_each(|n| session.ask(&format!("retr {n}")));
    session.sent().lines().count()
}

const MIB: u64 = 1 << 20;

/// So much of a window may be unanswered when it is filled up again: another flight for less is not
/// worth its write.
const fn low(window: usize) -> usize {
    window / 8 * 7
}

// Flights.

#[test]
fn what_is_asked_for_at_once_leaves_in_one_write() {
    let mut session = pipelining();
    for op in ["stat", "list", "uidl 3", "noop"] {
        session.ask(op);
    }
    assert_eq!(
        session.batches(),
        ["STAT\r\nLIST\r\nUIDL 3\r\nNOOP\r\n"],
        "one flight of whole commands"
    );
}

#[test]
fn nothing_joins_a_flight_that_has_begun_to_leave() {
    let mut session = pipelining();
    session.ask("noop");
    session.connection.transmitted(2, session.now);
    session.ask("stat");
    assert_eq!(session.connection.transmit(), b"OP\r\n");
    session.connection.transmitted(4, session.now);
    assert_eq!(session.connection.transmit(), b"STAT\r\n");
}

#[test]
fn nothing_leaves_while_an_event_waits() {
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
fn polls_change_nothing() {
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
    assert_eq!(session.batches(), noops(full - low), "it is full again");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "");
}

#[test]
fn a_command_that_is_longer_than_the_window_leaves_alone() {
    let mut config = Config::default();
    config.pipelining = Pipelining::Always;
    config.limits.command = 10_000;
    let mut session = logged_in_with(config);
    let long = Raw::short(format!("XLNG {}", "x".repeat(6000))).expect("a command");
    session.connection.submit(long).expect("a live connection");
    assert_eq!(session.sent().len(), 6007);
}

#[test]
fn the_window_is_full_at_4096_octets_exactly() {
    let mut session = pipelining();
    // Of 8 octets each.
    (0..600).for_each(|_| session.ask("list 1"));
    assert_eq!(session.sent().len(), 4096);
    session.server("+OK 1 1\r\n".repeat(512 - low(512) - 1));
    assert_eq!(session.sent(), "", "too much is unanswered");
    session.server("+OK 1 1\r\n");
    assert_eq!(session.sent().len(), 4096 - low(4096));
}

#[test]
fn a_lazy_caller_is_asked_while_another_command_of_24_octets_fits() {
    let mut session = pipelining();
    let mut asked = 0;
    while session.connection.wants_request() {
        session.ask("list 1");
        asked += 1;
    }
    assert_eq!(asked * 8, 4096 - 24 + 8);
}

#[test]
fn at_most_4_mib_of_listed_messages_are_on_their_way() {
    let mut session = with_sizes(&[MIB / 4; 40]);
    assert_eq!(retrieved_at_once(&mut session, 40), 16);
    let message = "+OK\r\nshort after all\r\n.\r\n";
    for _ in low(16) + 1..16 {
        session.server(message);
        assert_eq!(session.sent(), "", "too much is on its way");
    }
    session.server(message);
    let flights = session.batches();
    assert_eq!(flights.len(), 1);
    assert_eq!(flights[0].lines().count(), 16 - low(16));
    session.server(message);
    assert_eq!(session.sent(), "");
}

#[test]
fn two_requests_are_always_in_flight() {
    let mut session = with_sizes(&[3 * MIB; 5]);
    assert_eq!(retrieved_at_once(&mut session, 5), 2);
    for next in 3..=5 {
        session.server("+OK\r\n.\r\n");
        assert_eq!(session.sent(), format!("RETR {next}\r\n"));
    }
}

#[test]
fn the_top_of_a_message_counts_its_header_and_lines_or_all_of_a_small_one() {
    for (size, lines, at_once) in [
        (100 * MIB, 0, 4096 / 16),
        (100 * MIB, 1000, (4 << 20) / ((16 << 10) + 80 * 1000)),
        (100 * MIB, u32::MAX, 2),
        (MIB, u32::MAX, 4),
        (100, 1000, 300),
    ] {
        let mut session = with_sizes(&[size; 300]);
        (1..=300).for_each(|n| session.ask(&format!("top {n} {lines}")));
        let sent = session.sent();
        assert_eq!(sent.lines().count(), at_once, "{size} {lines}");
    }
}

#[test]
fn a_listing_that_does_not_ascend_tells_the_window_nothing() {
    let mut session = pipelining();
    let lines: String = (1..=200).rev().map(|n| format!("{n} {MIB}\r\n")).collect();
    let listing = session.call(List, format!("+OK\r\n{lines}.\r\n"));
    let listing = listing.expect("a listing");
    let first = listing.get(number(1)).expect("listed");
    assert_eq!(first.octets, Some(MIB), "the caller can look it up");
    session.sent();
    assert_eq!(retrieved_at_once(&mut session, 200), 64, "64 KiB each");
    let mut session = with_sizes(&[MIB; 10]);
    session.exchange("list", "+OK\r\n2 1\r\n1 1\r\n.\r\n");
    session.sent();
    assert_eq!(
        retrieved_at_once(&mut session, 10),
        10,
        "the last one counts"
    );
}

#[test]
fn two_messages_are_on_their_way_however_large_they_are() {
    let mut session = with_sizes(&[100 * MIB; 5]);
    assert_eq!(retrieved_at_once(&mut session, 5), 2);
}

#[test]
fn sizes_that_no_machine_has_do_not_overflow_the_window() {
    let mut session = with_sizes(&[u64::MAX; 5]);
    assert_eq!(retrieved_at_once(&mut session, 5), 2);
    for _ in 0..5 {
        session.server("+OK\r\n.\r\n");
    }
    assert_eq!(session.sent(), "RETR 3\r\nRETR 4\r\nRETR 5\r\n");
    assert_eq!(session.connection.outstanding(), 0);
}

#[test]
fn without_a_listing_the_mean_of_stat_counts() {
    let mut session = pipelining();
    session.exchange("stat", format!("+OK 10 {}\r\n", 20 * MIB));
    session.sent();
    assert_eq!(retrieved_at_once(&mut session, 10), 2);
    let mut session = pipelining();
    session.exchange("stat", format!("+OK 10 {}\r\n", 5 * MIB));
    session.sent();
    assert_eq!(retrieved_at_once(&mut session, 10), 8);
}

#[test]
fn a_listed_size_counts_before_the_mean() {
    let mut session = with_sizes(&[100, 100, 100]);
    session.exchange("stat", format!("+OK 3 {}\r\n", 300 * MIB));
    session.sent();
    assert_eq!(retrieved_at_once(&mut session, 3), 3);
}

#[test]
fn where_nothing_is_known_a_message_counts_64_kib() {
    let mut session = pipelining();
    assert_eq!(retrieved_at_once(&mut session, 200), 64);
}

#[test]
fn what_came_of_messages_says_how_large_the_others_may_be() {
    for (size, most) in [(10, usize::MAX), (MIB as usize, 4)] {
        let mut session = pipelining();
        let asked = retrieved_at_once(&mut session, 300);
        let line = "x".repeat(size - 2);
        session.server(format!("+OK\r\n{line}\r\n.\r\n").repeat(asked));
        let more = session.sent().lines().count();
        assert!((2..=most).contains(&more), "{more} of {size} octets");
        assert!(most == 4 || more > asked, "{more} behind {asked}");
    }
}

#[test]
fn a_maildrop_that_says_it_is_empty_divides_by_nothing() {
    let mut session = pipelining();
    session.exchange("stat", "+OK 0 1000\r\n");
    session.sent();
    assert_eq!(retrieved_at_once(&mut session, 3), 3);
}

#[test]
fn behind_a_message_only_messages_leave() {
    let mut session = pipelining();
    for op in ["stat", "retr 1", "retr 2", "dele 1", "dele 2"] {
        session.ask(op);
    }
    assert_eq!(session.sent(), "STAT\r\nRETR 1\r\nRETR 2\r\n");
    session.server("+OK 1 1\r\n");
    session.server("+OK\r\n.\r\n");
    assert_eq!(session.sent(), "", "the second is still on its way");
    session.server("+OK\r\n.\r\n");
    assert_eq!(session.sent(), "DELE 1\r\nDELE 2\r\n");
}

// The policy.

#[test]
fn by_default_the_server_has_to_say_that_it_can_pipeline() {
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
fn a_later_list_without_pipelining_takes_nothing_back_on_the_same_channel() {
    let mut session = logged_in();
    session.exchange("capa", "+OK\r\nPIPELINING\r\n.\r\n");
    session.exchange("capa", "+OK\r\nUIDL\r\n.\r\n");
    session.sent();
    session.ask("stat");
    session.ask("noop");
    assert_eq!(session.sent(), "STAT\r\nNOOP\r\n");
}

#[test]
fn never_is_never() {
    let mut config = Config::default();
    config.pipelining = Pipelining::Never;
    let mut session = logged_in_with(config);
    session.exchange("capa", "+OK\r\nPIPELINING\r\n.\r\n");
    session.sent();
    session.ask("stat");
    session.ask("noop");
    assert_eq!(session.sent(), "STAT\r\n");
}

// A caller that asks when there is room.

#[test]
fn ten_thousand_sizes_pass_through_the_window_in_order() {
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
    let told = session.reported();
    assert_eq!(told.len(), 10_000);
    assert_eq!(told[9_999], "list 10000: 10000=1");
}

#[test]
fn a_lazy_caller_keeps_the_window_full_and_the_queue_short() {
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
    assert!((300..=512).contains(&most), "{most} requests at once");
    assert_eq!(session.reported().len(), 10_000);
}

#[test]
fn a_lazy_caller_is_asked_for_one_at_a_time_without_pipelining() {
    let mut session = logged_in();
    assert!(session.connection.wants_request());
    session.ask("noop");
    assert!(!session.connection.wants_request());
    session.server("+OK\r\n");
    assert!(session.connection.wants_request());
}

#[test]
fn a_lazy_caller_is_not_asked_for_more_than_4_mib_of_messages() {
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
        assert_eq!(session.sent(), "", "too much is on its way");
    }
    session.server("+OK\r\n.\r\n");
    let flights = session.batches();
    assert_eq!(flights.len(), 1, "those that waited leave together");
    assert_eq!(flights[0].lines().count(), 16 - low(16) - 1);
    assert_eq!(ask(&mut session), 16 + 16 - low(16));
}

#[test]
fn a_lazy_caller_whose_requests_leave_one_by_one_is_not_asked_for_more_either() {
    let mut session = with_sizes(&[MIB / 4; 40]);
    let mut asked = 0;
    while session.connection.wants_request() {
        asked += 1;
        session.ask(&format!("retr {asked}"));
        session.settle();
    }
    assert_eq!(asked, 16, "what waits in the queue counts its listed size");
    assert_eq!(session.sent().lines().count(), low(16) + 1);
    session.server("+OK\r\n.\r\n");
    assert_eq!(session.sent().lines().count(), 16 - low(16) - 1);
}
