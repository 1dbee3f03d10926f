//! Pipelines and retrievals: each command that the iterator returns is sent and gets exactly one
//! result, or the fatal error is reported. Each test counts the commands that were taken from the
//! iterator, the lines that were sent and the results.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Poll;

use pop3_proto::internals::{Engine, Submitter};
use pop3_proto::{
    Channel, Config, Connection, Dele, Error, Instant, List, Login, MessageNumber, Quit,
    QuitOutcome, RequestId, Retr,
    command::{ListOne, Noop, Raw},
    config::{CapaPolicy, Pipelining},
    error::Closed,
    reply::{BodyHead, Status},
};
use pop3_testkit::wire;

/// An engine, the lines that it sent, and a server that answers each line.
struct Talk {
    engine: Engine,
    lines: Vec<String>,
    /// Octets from the server that the engine has not read yet.
    replies: VecDeque<u8>,
    /// The number of octets in a message.
    message: usize,
    /// The server closes the connection instead of answering this line.
    closes_at: &'static str,
    is_closed: bool,
}

/// The size of a large message: two of them fill the window.
const HUGE: usize = 3 << 20;

const NEVER: Pipelining = Pipelining::Never;
const ALWAYS: Pipelining = Pipelining::Always;

impl Talk {
    /// A session that is logged in.
    fn new(pipelining: Pipelining) -> Self {
        Self::with_messages_of(100, pipelining)
    }

    /// A session that is logged in, with messages of this size.
    fn with_messages_of(octets: usize, pipelining: Pipelining) -> Self {
        let mut talk = Self::greeted(pipelining);
        talk.message = octets;
        let login = talk.engine.submit(login()).expect("a ticket");
        let result = talk.wait(|engine| engine.poll_ticket(&login));
        assert!(result.is_ok(), "{result:?}");
        // The window uses the sizes of LIST.
        let list = talk.engine.submit(List).expect("a ticket");
        let sizes = talk.wait(|engine| engine.poll_ticket(&list));
        assert_eq!(sizes.expect("sizes").len(), 9);
        talk.lines.clear();
        talk
    }

    /// A session that is not logged in.
    fn greeted(pipelining: Pipelining) -> Self {
        let mut config = Config::default();
        config.capa = CapaPolicy::Never;
        config.pipelining = pipelining;
        let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
        let mut talk = Self {
            engine: Engine::new(session),
            lines: Vec::new(),
            replies: b"+OK ready\r\n".to_vec().into(),
            message: 100,
            closes_at: "none",
            is_closed: false,
        };
        let greeting = talk.wait(Engine::poll_greeting);
        assert!(greeting.is_ok(), "{greeting:?}");
        talk
    }

    /// Sends and receives until `poll` is ready.
    fn wait<T>(&mut self, mut poll: impl FnMut(&mut Engine) -> Poll<T>) -> T {
        for _ in 0..100_000 {
            if let Poll::Ready(found) = poll(&mut self.engine) {
                return found;
            }
            self.turn();
        }
        panic!("no result after {:?}", self.lines);
    }

    /// Sends pending octets, or else receives some.
    fn turn(&mut self) {
        let now = Instant::ORIGIN;
        let session = self.engine.connection_mut();
        let octets = wire::send(session, usize::MAX, now);
        if !octets.is_empty() {
            let lines = String::from_utf8(octets).expect("ASCII");
            return lines.lines().for_each(|line| self.answer(line));
        }
        let (replies, _) = self.replies.as_slices();
        let count = wire::receive(session, replies, now);
        self.replies.drain(..count);
        if count == 0 && self.is_closed && session.wants_read() {
            session.handle_eof(now);
        }
    }

    fn answer(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        self.is_closed |= line == self.closes_at;
        if self.is_closed {
            return;
        }
        let reply = match line {
            "LIST" => {
                let size = |n| format!("{n} {}\r\n", self.message);
                format!("+OK\r\n{}.\r\n", (1..=9).map(size).collect::<String>())
            }
            "RETR 9" | "DELE 9" | "LIST 9" => "-ERR no such message\r\n".to_owned(),
            line if line.starts_with("LIST ") => format!("+OK {} 100\r\n", &line[5..]),
            line if line.starts_with("RETR ") => {
                let body = "x".repeat(98) + "\r\n";
                format!("+OK\r\n{}.\r\n", body.repeat(self.message / 100))
            }
            line => format!("+OK {line}\r\n"),
        };
        self.replies.extend(reply.as_bytes());
    }

    /// Opens the next message of a retrieval.
    fn open<I>(
        &mut self,
        submitter: &mut Submitter<I>,
    ) -> Option<Result<(RequestId, BodyHead), Error>>
    where
        I: Iterator<Item = Retr>,
    {
        self.wait(|engine| submitter.poll_open(engine))
    }

    /// Reads a message to its end.
    fn read(&mut self, id: RequestId) -> usize {
        let mut octets = 0;
        while let Some(chunk) = self.wait(|engine| engine.poll_chunk(id)).expect("a body") {
            octets += chunk.len();
        }
        octets
    }

    /// Returns all results of a pipeline.
    fn results<I>(&mut self, submitter: &mut Submitter<I>) -> Vec<Result<Status, Error>>
    where
        I: Iterator<Item = Dele>,
    {
        let mut results = Vec::new();
        while let Some(result) = self.wait(|engine| submitter.poll_next(engine)) {
            results.push(result);
        }
        results
    }
}

fn login() -> Login {
    Login::new("alice", "secret").expect("credentials")
}

fn number(number: u32) -> MessageNumber {
    MessageNumber::new(number).expect("not zero")
}

fn retr(numbers: &[u32]) -> impl Iterator<Item = Retr> + use<'_> {
    numbers.iter().map(|n| Retr(number(*n)))
}

fn dele(numbers: &[u32]) -> impl Iterator<Item = Dele> + use<'_> {
    numbers.iter().map(|n| Dele(number(*n)))
}

/// Counts the items that are taken from the iterator.
fn counted<I: Iterator>(items: I) -> (impl Iterator<Item = I::Item>, Rc<Cell<usize>>) {
    let taken = Rc::new(Cell::new(0));
    let count = Rc::clone(&taken);
    let items = items.inspect(move |_| count.set(count.get() + 1));
    (items, taken)
}

#[test]
fn messages_after_an_abandoned_body_are_requested() {
    for pipelining in [NEVER, ALWAYS] {
        let mut talk = Talk::with_messages_of(HUGE, pipelining);
        let mut submitter = Submitter::new(&mut talk.engine, retr(&[1, 2, 3]));
        for _ in 0..3 {
            let (id, _) = talk
                .open(&mut submitter)
                .expect("a message")
                .expect("no error");
            let chunk = talk.wait(|engine| engine.poll_chunk(id)).expect("a body");
            assert!(chunk.is_some());
            talk.engine.skip(id);
        }
        assert!(talk.open(&mut submitter).is_none());
        assert_eq!(talk.lines, ["RETR 1", "RETR 2", "RETR 3"], "{pipelining:?}");
    }
}

#[test]
fn pipeline_after_abandoned_retrieval_sends_every_command() {
    for pipelining in [NEVER, ALWAYS] {
        // How many messages are requested, how many of them are opened, and how many chunks are
        // read.
        for (messages, opened, read) in [
            (1, 0, 0),
            (1, 1, 0),
            (1, 1, 1),
            (2, 0, 0),
            (2, 1, 0),
            (2, 1, 1),
            (2, 2, 1),
        ] {
            let mut talk = Talk::with_messages_of(HUGE, pipelining);
            let numbers: Vec<u32> = (1..=messages).collect();
            let mut submitter = Submitter::new(&mut talk.engine, retr(&numbers));
            // The commands are sent, whatever happens to their replies.
            let _ = submitter.poll_open(&mut talk.engine);
            talk.turn();
            for _ in 0..opened {
                let (id, _) = talk
                    .open(&mut submitter)
                    .expect("a message")
                    .expect("no error");
                for _ in 0..read {
                    talk.wait(|engine| engine.poll_chunk(id)).expect("a body");
                }
            }
            drop(submitter);
            talk.lines.clear();
            let (commands, taken) = counted(dele(&[1, 2, 3]));
            let mut submitter = Submitter::new(&mut talk.engine, commands);
            let results = talk.results(&mut submitter);
            assert_eq!(results.len(), 3, "{pipelining:?} {messages} {opened}");
            assert!(results.iter().all(Result::is_ok));
            assert_eq!(taken.get(), 3);
            assert_eq!(talk.lines, ["DELE 1", "DELE 2", "DELE 3"]);
        }
    }
}

#[test]
fn retrieval_after_abandoned_login_opens_every_message() {
    for pipelining in [NEVER, ALWAYS] {
        let mut talk = Talk::greeted(pipelining);
        talk.engine.begin();
        talk.engine.submit_for_helper(login()).expect("a ticket");
        talk.turn();
        let mut submitter = Submitter::new(&mut talk.engine, retr(&[1, 2]));
        for _ in 0..2 {
            let (id, _) = talk
                .open(&mut submitter)
                .expect("a message")
                .expect("no error");
            assert_eq!(talk.read(id), 100);
        }
        assert!(talk.open(&mut submitter).is_none());
        assert_eq!(
            talk.lines,
            ["USER alice", "PASS secret", "RETR 1", "RETR 2"]
        );
    }
}

#[test]
fn unclaimed_tickets_do_not_end_a_pipeline() {
    for pipelining in [NEVER, ALWAYS] {
        let mut talk = Talk::with_messages_of(HUGE, pipelining);
        for n in 1..=3 {
            talk.engine.submit(Retr(number(n))).expect("a ticket");
        }
        let mut submitter = Submitter::new(&mut talk.engine, dele(&[1, 2, 3]));
        let results = talk.results(&mut submitter);
        assert_eq!(results.len(), 3, "{pipelining:?}");
        assert!(results.iter().all(Result::is_ok));
        let lines = ["RETR 1", "RETR 2", "RETR 3", "DELE 1", "DELE 2", "DELE 3"];
        assert_eq!(talk.lines, lines);
    }
}

#[test]
fn each_refused_command_has_its_own_result() {
    for pipelining in [NEVER, ALWAYS] {
        let mut talk = Talk::new(pipelining);
        let mut submitter = Submitter::new(&mut talk.engine, retr(&[9, 1, 9, 9]));
        let mut opened = Vec::new();
        while let Some(result) = talk.open(&mut submitter) {
            opened.push(result.is_ok());
        }
        assert_eq!(opened, [false, true, false, false], "{pipelining:?}");
        assert_eq!(talk.lines, ["RETR 9", "RETR 1", "RETR 9", "RETR 9"]);
    }
}

#[test]
fn each_unsendable_command_has_its_own_result() {
    let mut talk = Talk::new(ALWAYS);
    let long = format!("XTND {}", "x".repeat(2000));
    let lines = ["XONE", &long, &long, "XTWO", &long];
    let (commands, taken) = counted(lines.iter().map(|line| Raw::short(*line).expect("a line")));
    let mut submitter = Submitter::new(&mut talk.engine, commands);
    let mut results = Vec::new();
    while let Some(result) = talk.wait(|engine| submitter.poll_next(engine)) {
        results.push(result.is_ok());
    }
    assert_eq!(results, [true, false, false, true, false]);
    assert_eq!(taken.get(), 5);
    assert_eq!(talk.lines, ["XONE", "XTWO"]);
}

#[test]
fn each_misused_command_has_its_own_result() {
    for pipelining in [NEVER, ALWAYS] {
        let mut talk = Talk::greeted(pipelining);
        let mut submitter = Submitter::new(&mut talk.engine, dele(&[1, 2, 3]));
        let results = talk.results(&mut submitter);
        assert_eq!(results.len(), 3);
        let misuse = |result: &Result<_, _>| matches!(result, Err(Error::Misuse(_)));
        assert!(results.iter().all(misuse), "{results:?}");
        assert!(talk.lines.is_empty());
    }
}

#[test]
fn each_command_after_quit_returns_finished() {
    for pipelining in [NEVER, ALWAYS] {
        let mut talk = Talk::new(pipelining);
        let (commands, taken) = counted(core::iter::repeat_with(|| Quit).take(1000));
        let mut submitter = Submitter::new(&mut talk.engine, commands);
        let mut results = Vec::new();
        while let Some(result) = talk.wait(|engine| submitter.poll_next(engine)) {
            results.push(result);
        }
        assert_eq!(results.len(), taken.get(), "one result for each command");
        let (first, rest) = results.split_first().expect("a result");
        assert!(matches!(first, Ok(QuitOutcome::Committed(_))), "{first:?}");
        let finished = Error::from(Closed::Finished);
        assert!(!rest.is_empty(), "commands after QUIT have results");
        assert!(rest.iter().all(|result| *result == Err(finished.clone())));
        assert_eq!(talk.lines, ["QUIT"]);
    }
}

#[test]
fn pipeline_on_closed_connection_reports_the_error_once() {
    let mut talk = Talk::new(ALWAYS);
    talk.closes_at = "NOOP";
    let noop = talk.engine.submit(Noop).expect("a ticket");
    let error = talk.wait(|engine| engine.poll_ticket(&noop));
    let error = error.expect_err("the connection has failed");
    let (commands, taken) = counted(dele(&[1, 2, 3]));
    let mut submitter = Submitter::new(&mut talk.engine, commands);
    assert_eq!(talk.results(&mut submitter), [Err(error)]);
    assert_eq!(taken.get(), 1);
}

#[test]
fn pipeline_does_nothing_after_a_fatal_error() {
    for pipelining in [NEVER, ALWAYS] {
        let mut talk = Talk::new(pipelining);
        talk.closes_at = "DELE 3";
        let (commands, taken) = counted((1..=1000).map(|n| Dele(number(n))));
        let mut submitter = Submitter::new(&mut talk.engine, commands);
        for _ in 0..2 {
            let result = talk.wait(|engine| submitter.poll_next(engine));
            assert!(result.is_some_and(|result| result.is_ok()));
        }
        let result = talk.wait(|engine| submitter.poll_next(engine));
        let error = result
            .expect("a result")
            .expect_err("the connection has failed");
        assert!(error.is_fatal());
        // Each command that was submitted before gets the error, and no other command is taken.
        let submitted = taken.get();
        assert_eq!(submitted == 3, pipelining == NEVER, "{submitted}");
        let rest = talk.results(&mut submitter);
        assert_eq!(rest, vec![Err(error); submitted - 3]);
        let lines = talk.lines.len();
        for _ in 0..3 {
            assert_eq!(submitter.poll_next(&mut talk.engine), Poll::Ready(None));
            assert_eq!(taken.get(), submitted, "no other command is taken");
            assert!(!talk.engine.connection_mut().wants_write());
        }
        assert_eq!(talk.lines.len(), lines);
    }
}

#[test]
fn fatal_error_in_a_body_stops_retrieval() {
    for pipelining in [NEVER, ALWAYS] {
        let mut talk = Talk::with_messages_of(HUGE, pipelining);
        let (commands, taken) = counted((1..=1000).map(|n| Retr(number(n))));
        let mut submitter = Submitter::new(&mut talk.engine, commands);
        let (id, _) = talk
            .open(&mut submitter)
            .expect("a message")
            .expect("no error");
        // The server closes the connection in the first message.
        talk.replies.clear();
        talk.is_closed = true;
        let error = loop {
            match talk.wait(|engine| engine.poll_chunk(id)) {
                Ok(chunk) => assert!(chunk.is_some()),
                Err(error) => break error,
            }
        };
        talk.engine.skip(id);
        let mut errors = 0;
        while let Some(result) = talk.open(&mut submitter) {
            assert_eq!(result.expect_err("the connection has failed"), error);
            errors += 1;
        }
        assert!(errors > 0, "the next message reports it");
        assert_eq!(taken.get(), 1 + errors);
        for _ in 0..3 {
            assert!(talk.open(&mut submitter).is_none());
            assert_eq!(taken.get(), 1 + errors);
        }
    }
}

#[test]
fn pipeline_ends_at_the_first_none() {
    let mut talk = Talk::new(ALWAYS);
    let mut pulls = 0;
    let commands = core::iter::from_fn(|| {
        pulls += 1;
        (pulls != 2).then(|| ListOne(number(pulls)))
    });
    let mut submitter = Submitter::new(&mut talk.engine, commands);
    let first = talk.wait(|engine| submitter.poll_next(engine));
    assert!(matches!(first, Some(Ok(_))));
    for _ in 0..3 {
        let next = talk.wait(|engine| submitter.poll_next(engine));
        assert!(next.is_none());
    }
    drop(submitter);
    assert_eq!(pulls, 2);
    assert_eq!(talk.lines, ["LIST 1"]);
}
