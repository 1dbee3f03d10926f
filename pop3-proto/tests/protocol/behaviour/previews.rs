//! Previews: every number gets exactly one result, whatever the server does with `TOP` and `RETR`.
//! The tests count the results, and check the lines that were sent.

use std::collections::VecDeque;
use std::task::Poll;

use pop3_proto::internals::{Engine, Previewer};
use pop3_proto::{
    Channel, Config, Connection, Error, Instant, Login, MessageNumber, Stat,
    command::{Capa, Verb},
    config::{CapaPolicy, Pipelining},
    error::{Closed, Misuse},
    reply::{HeaderEnd, Preview},
};
use pop3_testkit::wire;

/// What the server does with one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// `TOP n 0` returns the header.
    Top,
    /// `TOP n 0` returns the header and this many octets of the body.
    More(usize),
    /// `TOP` is refused, `RETR` is not.
    RefuseTop,
    /// The message does not exist.
    RefuseBoth,
    /// The header is longer than the budget.
    Long,
    /// The server closes the connection instead of answering `TOP` or `RETR`.
    Close,
    /// The server closes the connection after half of the header.
    CloseWithin,
}

use Does::{Close, CloseWithin, Long, More, RefuseBoth, RefuseTop, Top};

const BUDGET: usize = 100;

type Item = (MessageNumber, Result<Preview, Error>);

/// An engine that is logged in, and a server.
struct Talk {
    engine: Engine,
    lines: Vec<String>,
    replies: VecDeque<u8>,
    messages: Vec<Does>,
    is_closed: bool,
    /// The number of commands in each batch.
    batches: Vec<usize>,
}

impl Talk {
    fn new(messages: &[Does], pipelining: Pipelining, capabilities: Option<&str>) -> Self {
        let mut config = Config::default();
        config.capa = CapaPolicy::Never;
        config.pipelining = pipelining;
        let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
        let mut talk = Self {
            engine: Engine::new(session),
            lines: Vec::new(),
            replies: b"+OK\r\n".to_vec().into(),
            messages: messages.to_vec(),
            is_closed: false,
            batches: Vec::new(),
        };
        let login = talk
            .engine
            .submit(Login::new("a", "b").expect("credentials"))
            .expect("a ticket");
        talk.wait(|engine| engine.poll_ticket(&login))
            .expect("a login");
        if let Some(capabilities) = capabilities {
            let capa = talk.engine.submit(Capa).expect("a ticket");
            talk.wait(|engine| engine.poll_ticket(&capa))
                .expect("capabilities");
            assert_eq!(capabilities, "TOP");
        }
        talk.lines.clear();
        talk.batches.clear();
        talk
    }

    fn wait<T>(&mut self, mut poll: impl FnMut(&mut Engine) -> Poll<T>) -> T {
        for _ in 0..100_000 {
            if let Poll::Ready(found) = poll(&mut self.engine) {
                return found;
            }
            self.turn(usize::MAX);
        }
        panic!("no result after {:?}", self.lines);
    }

    /// Sends pending octets, or else receives some.
    fn turn(&mut self, most: usize) {
        let now = Instant::ORIGIN;
        let session = self.engine.connection_mut();
        let octets = wire::send(session, usize::MAX, now);
        if !octets.is_empty() {
            let lines = String::from_utf8(octets).expect("ASCII");
            self.batches.push(lines.lines().count());
            return lines.lines().for_each(|line| self.answer(line));
        }
        let (replies, _) = self.replies.as_slices();
        let most = most.min(replies.len());
        let count = wire::receive(session, replies.get(..most).expect("octets"), now);
        self.replies.drain(..count);
        if count == 0 && self.is_closed && session.wants_read() {
            session.handle_eof(now);
        }
    }

    fn answer(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        if self.is_closed {
            return;
        }
        let mut words = line.split(' ');
        let (verb, number) = (words.next().expect("a verb"), words.next());
        let does = number.and_then(|n| self.messages.get(n.parse::<usize>().ok()? - 1));
        let more = match does {
            Some(More(octets)) => *octets,
            _ => 5000,
        };
        let header = match does {
            Some(Long) => format!("Subject: {line}\r\nTo: {}\r\n\r\n", "x".repeat(300)),
            _ => format!("Subject: {line}\r\n\r\n"),
        };
        let body = format!("{}\r\n", "y".repeat(more));
        let reply = match (verb, does) {
            ("CAPA", _) => "+OK\r\nTOP\r\n.\r\n".to_owned(),
            ("TOP" | "RETR", Some(Close)) => {
                self.is_closed = true;
                return;
            }
            ("TOP" | "RETR", Some(CloseWithin)) => {
                self.is_closed = true;
                "+OK\r\nSubject: half of a".to_owned()
            }
            ("TOP", Some(RefuseTop)) | ("TOP" | "RETR", Some(RefuseBoth)) => {
                format!("-ERR {verb} refused\r\n")
            }
            ("TOP", Some(More(_))) | ("RETR", _) => format!("+OK\r\n{header}{body}.\r\n"),
            ("TOP", _) => format!("+OK\r\n{header}.\r\n"),
            _ => "+OK 7 7\r\n".to_owned(),
        };
        self.replies.extend(reply.as_bytes());
    }

    /// Returns the results of previews of all messages.
    fn previews(&mut self, with_retr: bool) -> (Vec<Item>, u64) {
        let numbers = (1..=self.messages.len() as u32).map(number);
        let mut previewer = Previewer::new(&mut self.engine, numbers, BUDGET);
        if !with_retr {
            previewer.forbid_retr();
        }
        let mut items = Vec::new();
        while let Some(item) = self.wait(|engine| previewer.poll_next(engine)) {
            items.push(item);
        }
        let end = self.wait(|engine| previewer.poll_next(engine));
        assert_eq!(end, None, "a previewer that has ended stays ended");
        (items, previewer.discarded())
    }
}

fn number(number: u32) -> MessageNumber {
    MessageNumber::new(number).expect("not zero")
}

/// Checks one result against what the server does with the message.
fn check(does: Does, (number, result): &Item, with_retr: bool) {
    match (does, result) {
        (RefuseBoth, Err(Error::Refused(refusal))) => {
            assert_eq!(refusal.number, Some(*number));
            let verb = if with_retr { Verb::Retr } else { Verb::Top };
            assert_eq!(refusal.verb, verb);
        }
        (RefuseTop, Err(Error::Refused(refusal))) if !with_retr => {
            assert_eq!((refusal.verb, refusal.number), (Verb::Top, Some(*number)));
        }
        (Close | CloseWithin, Err(_)) => {}
        (Long, Ok(preview)) => {
            assert_eq!(preview.end, HeaderEnd::Budget);
            assert!(!preview.is_complete());
            assert!(preview.header.ends_with(b"\r\n") && preview.header.len() < BUDGET);
        }
        (Top | More(_) | RefuseTop, Ok(preview)) => {
            assert_eq!(preview.number, *number);
            assert_eq!(preview.end, HeaderEnd::BlankLine);
            let line = match preview.verb {
                Verb::Top => format!("Subject: TOP {number} 0\r\n\r\n"),
                _ => format!("Subject: RETR {number}\r\n\r\n"),
            };
            assert_eq!(preview.header, line.as_bytes());
            if does == RefuseTop {
                assert_eq!(preview.verb, Verb::Retr);
            }
            let whole = preview.verb == Verb::Retr || matches!(does, More(_));
            assert_eq!(preview.received.is_none(), whole);
        }
        (does, result) => panic!("{does:?}: {result:?}"),
    }
}

const ALL: [(Pipelining, Option<&str>); 4] = [
    (Pipelining::Never, None),
    (Pipelining::Never, Some("TOP")),
    (Pipelining::Always, None),
    (Pipelining::Always, Some("TOP")),
];

#[test]
fn every_number_gets_exactly_one_result() {
    let every = [Top, More(10), More(5000), RefuseTop, RefuseBoth, Long];
    let mut tested = 0;
    for (pipelining, capabilities) in ALL {
        for with_retr in [true, false] {
            for which in 0..6usize.pow(4) {
                let messages = [1, 6, 36, 216].map(|place| every[which / place % 6]);
                let mut talk = Talk::new(&messages, pipelining, capabilities);
                let (items, discarded) = talk.previews(with_retr);
                let mut seen: Vec<u32> = items.iter().map(|(number, _)| number.get()).collect();
                seen.sort_unstable();
                assert_eq!(seen, [1, 2, 3, 4], "{messages:?}");
                for item in &items {
                    check(messages[item.0.get() as usize - 1], item, with_retr);
                }
                let sends_retr = talk.lines.iter().any(|line| line.starts_with("RETR"));
                assert!(with_retr || !sends_retr, "{:?}", talk.lines);
                let has_more = sends_retr || messages.iter().any(|it| matches!(it, More(_) | Long));
                assert!(discarded == 0 || has_more, "{messages:?}");
                // The session is synchronized.
                let stat = talk.engine.submit(Stat).expect("a ticket");
                let stat = talk
                    .wait(|engine| engine.poll_ticket(&stat))
                    .expect("a reply");
                assert_eq!(stat.messages, 7);
                tested += 1;
            }
        }
    }
    assert_eq!(tested, 8 * 1296);
}

#[test]
fn fatal_error_is_reported_for_each_number_taken() {
    for (pipelining, capabilities) in ALL {
        for fatal in [Close, CloseWithin] {
            for at in 0..5 {
                for other in [Top, RefuseTop, RefuseBoth, More(5000)] {
                    let mut messages = [other; 5];
                    messages[at] = fatal;
                    let mut talk = Talk::new(&messages, pipelining, capabilities);
                    let (items, _) = talk.previews(true);
                    let mut seen: Vec<u32> = items.iter().map(|(number, _)| number.get()).collect();
                    seen.sort_unstable();
                    seen.dedup();
                    assert_eq!(seen.len(), items.len(), "a number has two results");
                    let fatal: Vec<_> = items
                        .iter()
                        .filter(|(_, result)| result.as_ref().is_err_and(Error::is_fatal))
                        .collect();
                    assert!(!fatal.is_empty(), "{messages:?}");
                    let ended = talk.engine.connection().error().expect("a fatal error");
                    assert!(
                        fatal
                            .iter()
                            .all(|(_, result)| result.as_ref().err() == Some(ended))
                    );
                    // Every line that was sent is about a number with a result.
                    for line in &talk.lines {
                        let n: u32 = line
                            .split(' ')
                            .nth(1)
                            .and_then(|n| n.parse().ok())
                            .expect("a number");
                        assert!(seen.contains(&n), "{line} has no result");
                    }
                }
            }
        }
    }
}

#[test]
fn advertised_top_is_pipelined() {
    let mut talk = Talk::new(&[Top; 50], Pipelining::Always, Some("TOP"));
    let (items, discarded) = talk.previews(true);
    assert!(items.iter().map(|(number, _)| number.get()).eq(1..=50));
    assert_eq!((talk.batches, discarded), (vec![50], 0));
}

#[test]
fn top_that_is_not_advertised_is_tried_alone() {
    let mut talk = Talk::new(&[Top; 50], Pipelining::Always, None);
    assert_eq!(talk.previews(true).0.len(), 50);
    assert_eq!(talk.batches, [1, 49]);
}

#[test]
fn refused_top_is_replaced_by_retr() {
    let mut talk = Talk::new(&[RefuseTop; 5], Pipelining::Always, None);
    assert_eq!(talk.previews(true).0.len(), 5);
    let expected = ["TOP 1 0", "RETR 1", "RETR 2", "RETR 3", "RETR 4", "RETR 5"];
    assert_eq!(talk.lines, expected);
}

#[test]
fn missing_message_does_not_rule_out_top() {
    let messages = [RefuseBoth, Top, Top, Top];
    let mut talk = Talk::new(&messages, Pipelining::Always, None);
    assert_eq!(talk.previews(true).0.len(), 4);
    let expected = ["TOP 1 0", "RETR 1", "TOP 2 0", "TOP 3 0", "TOP 4 0"];
    assert_eq!(talk.lines, expected);
}

#[test]
fn one_refused_top_is_repeated_later() {
    let messages = [Top, RefuseTop, Top, Top];
    let mut talk = Talk::new(&messages, Pipelining::Always, Some("TOP"));
    let items = talk.previews(true).0;
    let order: Vec<u32> = items.iter().map(|(number, _)| number.get()).collect();
    assert_eq!(order, [1, 3, 4, 2]);
    assert_eq!(talk.lines.last().map(String::as_str), Some("RETR 2"));
}

#[test]
fn whole_messages_are_requested_one_at_a_time() {
    let mut talk = Talk::new(&[More(5000); 4], Pipelining::Always, None);
    let (items, discarded) = talk.previews(true);
    assert_eq!(items.len(), 4);
    assert_eq!(discarded, 4 * 5002);
    assert!(talk.lines.iter().all(|line| line.starts_with("TOP")));
    // The second batch was sent before the first reply was read to its end.
    assert!(
        talk.batches.iter().rev().take(2).all(|count| *count == 1),
        "{:?}",
        talk.batches
    );
}

#[test]
fn result_precedes_the_rest_of_a_message() {
    let mut talk = Talk::new(&[RefuseTop], Pipelining::Never, None);
    let mut previewer = Previewer::new(&mut talk.engine, [number(1)].into_iter(), BUDGET);
    loop {
        if let Poll::Ready(item) = previewer.poll_next(&mut talk.engine) {
            assert!(item.is_some());
            break;
        }
        talk.turn(10);
    }
    assert!(talk.replies.len() > 4000, "the message is still on its way");
    // The next operation skips the rest.
    talk.engine.begin();
    let stat = talk.engine.submit(Stat).expect("a ticket");
    assert!(talk.wait(|engine| engine.poll_ticket(&stat)).is_ok());
}

#[test]
fn previews_before_the_login_are_misuse() {
    let config = Config::default();
    let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    let mut talk = Talk::new(&[Top; 2], Pipelining::Never, None);
    talk.engine = Engine::new(session);
    talk.replies = b"+OK\r\n".to_vec().into();
    let (items, _) = talk.previews(true);
    assert_eq!(items.len(), 2);
    for (_, result) in items {
        let is_phase = |error: &Error| matches!(error, Error::Misuse(Misuse::Phase { .. }));
        assert!(result.as_ref().is_err_and(is_phase), "{result:?}");
    }
}

#[test]
fn previews_after_the_end_get_its_error() {
    let mut talk = Talk::new(&[Close, Top, Top], Pipelining::Never, None);
    assert_eq!(talk.previews(true).0.len(), 1);
    let (items, _) = talk.previews(true);
    let [(_, Err(Error::Closed(closed)))] = items.as_slice() else {
        panic!("{items:?}");
    };
    assert!(matches!(**closed, Closed::Unanswered { .. }));
}
