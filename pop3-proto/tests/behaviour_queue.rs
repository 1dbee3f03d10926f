//! What leaves when: the order of requests, the window, and who has to wait for whom.

mod common;

use common::{Conversation, logged_in, logged_in_with, pipelining, trusted};
use pop3_proto::{
    Channel, Config, Event, ListOne, Login, LoginPolicy, MessageNumber, Misuse, Noop, Pipelining,
    Raw, Secret, User, Username,
};

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

// Flights.

#[test]
fn what_is_asked_for_at_once_leaves_in_one_write() {
    let mut session = pipelining();
    for op in ["stat", "list", "uidl 3", "noop"] {
        session.ask(op);
    }
    assert_eq!(
        session.flights(),
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
    let room = session.connection.recv_buffer().expect("room");
    room[..5].copy_from_slice(b"+OK\r\n");
    session.connection.received(5, session.now);
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
    (0..1000).for_each(|_| session.ask("noop"));
    let flights = session.flights();
    assert_eq!(flights.len(), 1);
    assert_eq!(flights[0].len(), 4096 / 6 * 6);
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "NOOP\r\n", "one reply makes room for one");
    session.server("+OK\r\n".repeat(100));
    let flights = session.flights();
    assert_eq!(flights.len(), 1, "many make room for one flight of many");
    assert_eq!(flights[0].len(), 100 * 6);
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
fn at_most_4_mib_of_listed_messages_are_on_their_way() {
    let mut session = with_sizes(&[MIB; 10]);
    assert_eq!(retrieved_at_once(&mut session, 10), 4);
    session.server("+OK\r\nshort after all\r\n.\r\n");
    assert_eq!(session.sent(), "RETR 5\r\n");
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
    let told = session.told();
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
    assert_eq!(session.told().len(), 10_000);
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
    let mut session = with_sizes(&[MIB; 20]);
    let mut asked = 0;
    while session.connection.wants_request() {
        asked += 1;
        session.ask(&format!("retr {asked}"));
        session.settle();
    }
    assert!((4..=5).contains(&asked), "{asked}");
}

// Legality and length.

#[test]
fn whether_a_command_is_legal_is_decided_when_its_turn_comes() {
    let mut session = trusted();
    session.ask("stat");
    session.ask("user alice");
    session.ask("pass secret");
    session.ask("noop");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "USER alice\r\nPASS secret\r\nNOOP\r\n");
    assert_eq!(
        session.told(),
        [
            "greeting: \"\"",
            "stat: failed: misuse STAT in AUTHORIZATION",
            "user: ok",
            "pass: ok",
            "noop: ok"
        ]
    );
}

#[test]
fn a_misuse_is_told_in_its_turn() {
    let mut session = pipelining();
    for op in ["noop", "stls", "user x", "noop"] {
        session.ask(op);
    }
    assert_eq!(session.sent(), "NOOP\r\n");
    assert_eq!(session.told(), [] as [&str; 0]);
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "NOOP\r\n");
    assert_eq!(
        session.told(),
        [
            "noop: ok",
            "stls: failed: misuse STLS in TRANSACTION",
            "user: failed: misuse USER in TRANSACTION",
            "noop: ok"
        ]
    );
}

#[test]
fn a_command_line_may_have_255_octets() {
    let mut session = trusted();
    session.server("+OK <1@h>\r\n");
    session.told();
    let refused = |verb: &str, octets: usize| format!("failed: misuse {verb} of {octets} octets");
    let a = |n: usize| "a".repeat(n);
    session.ask(&format!("user {}", a(249)));
    assert_eq!(session.told(), [format!("user: {}", refused("USER", 256))]);
    session.ask(&format!("apop {} x", a(216)));
    assert_eq!(session.told(), [format!("apop: {}", refused("APOP", 256))]);
    session.ask(&format!("pass {}", a(249)));
    assert_eq!(session.told(), [format!("pass: {}", refused("PASS", 256))]);
    session.ask(&format!("login x {}", a(249)));
    assert_eq!(session.told(), [format!("login: {}", refused("PASS", 256))]);
    assert_eq!(session.sent(), "", "nothing was queued");
    session.ask(&format!("user {}", a(248)));
    assert_eq!(session.sent().len(), 255);
    session.server("-ERR\r\n");
    session.ask(&format!("apop {} x", a(215)));
    assert_eq!(session.sent().len(), 255);
}

#[test]
fn a_login_by_apop_has_the_length_of_its_own_line() {
    let mut session = trusted();
    session.server("+OK <1@h>\r\n");
    session.told();
    let login = |user: usize, password: usize| {
        let user = Username::new("a".repeat(user)).expect("a name");
        let password = Secret::new("b".repeat(password)).expect("a password");
        Login::password(user, password).with_policy(LoginPolicy::apop_only())
    };
    let refused = session.connection.submit(login(216, 5));
    assert!(
        matches!(&refused, Err(error) if error.to_string().contains("256 octets")),
        "{refused:?}"
    );
    session
        .connection
        .submit(login(215, 300))
        .expect("a digest has 32 octets");
    session.server("-ERR\r\n");
    assert_eq!(session.sent().len(), "CAPA\r\n".len() + 255);
}

#[test]
fn the_limit_of_a_command_line_can_be_changed() {
    let mut config = Config::default();
    config.limits.command = 300;
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    let user = |n: usize| User(Username::new("a".repeat(n)).expect("a name"));
    assert!(session.connection.submit(user(293)).is_ok());
    let refused = session.connection.submit(user(294)).expect_err("too long");
    assert!(matches!(
        refused,
        pop3_proto::Error::Misuse(Misuse::TooLong {
            octets: 301,
            limit: 300,
            ..
        })
    ));
    assert!(!refused.is_fatal());
    assert_eq!(session.connection.outstanding(), 1);
    assert!(session.connection.submit(Noop).is_ok());
}
