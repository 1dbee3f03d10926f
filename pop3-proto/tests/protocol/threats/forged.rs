//! On a server that does not stuff dots, the sender of a message can forge the replies that follow
//! it. Such messages are never confirmed.
//!
//! The sender knows each size and unique-id of the mailbox, and how many messages are fetched after
//! the forged one. The sender does not know the questions.

use std::collections::VecDeque;

use fastrand::Rng;
use pop3_proto::{
    Channel, Config, Confirm, Connection, Error, Event, Instant, List, MessageNumber, RequestId,
    Retr, Secret, Ticket, Uidl, Username,
    command::{Command, Noop, Pass, User},
    config::Pipelining,
    reply::Reply,
};
use pop3_testkit::wire;

const MESSAGES: u32 = 4;

/// The command that checks the session after the messages were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Confirm,
    /// A check that is not sufficient.
    Noop,
}

/// A server that does not stuff dots, with a forged message among others.
struct Server {
    /// The number of the forged message.
    forged: u32,
    tail: Vec<String>,
    /// Each piece is sent only when the client waits for a reply, so that it is not reported as
    /// surplus.
    late: bool,
    /// Octets that will be sent.
    pieces: VecDeque<String>,
}

fn id(number: u32) -> String {
    format!("id-{number}")
}

fn text(number: u32) -> String {
    format!("Subject: {number}\r\n\r\nmail {number}\r\n")
}

fn size(number: u32) -> usize {
    text(number).len()
}

impl Server {
    fn answer(&mut self, line: &str) {
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default();
        let number = words.next().and_then(|word| word.parse::<u32>().ok());
        let listing = |value: &dyn Fn(u32) -> String| {
            let lines: String = (1..=MESSAGES)
                .map(|n| format!("{n} {}\r\n", value(n)))
                .collect();
            format!("+OK\r\n{lines}.\r\n")
        };
        let octets = |n: u32| size(n).to_string();
        let reply = match (verb, number) {
            ("LIST", None) => listing(&octets),
            ("UIDL", None) => listing(&id),
            ("LIST", Some(n)) => format!("+OK {n} {}\r\n", size(n)),
            ("UIDL", Some(n)) => format!("+OK {n} {}\r\n", id(n)),
            ("RETR", Some(n)) if n == self.forged => {
                let begin = format!("+OK\r\n{}.\r\n", text(n));
                self.pieces.push_back(begin);
                self.pieces.extend(self.tail.iter().cloned());
                // The terminator of the server is appended to the last piece of the message.
                if let Some(last) = self.pieces.back_mut() {
                    last.push_str(".\r\n");
                }
                return;
            }
            ("RETR", Some(n)) => format!("+OK\r\n{}.\r\n", text(n)),
            _ => "+OK\r\n".to_owned(),
        };
        self.pieces.push_back(reply);
    }
}

/// The text of the sender: replies, complete messages, and other lines.
fn tail(rng: &mut Rng) -> Vec<String> {
    let piece = |rng: &mut Rng| {
        let n = rng.u32(1..=MESSAGES);
        match rng.u32(0..12) {
            0 | 1 => "+OK\r\n".to_owned(),
            2 | 3 => format!("+OK {n} {}\r\n", size(n)),
            4 | 5 => format!("+OK {n} {}\r\n", id(n)),
            6 | 7 => format!("+OK {} octets\r\n{}.\r\n", size(n), text(n)),
            8 => "-ERR no such message\r\n".to_owned(),
            9 => format!("+OK {}\r\n", id(n)),
            10 => ".\r\n".to_owned(),
            _ => "words\r\n".to_owned(),
        }
    };
    let mut tail: Vec<String> = (0..rng.usize(0..20)).map(|_| piece(rng)).collect();
    if tail.is_empty() || rng.bool() {
        // The terminator of the server ends a last forged message.
        tail.push("+OK\r\nSubject: forged\r\n\r\npay\r\n".to_owned());
    }
    // A server that does not add a line ending appends its terminator to the last line.
    if let Some(last) = tail.last_mut().filter(|_| rng.bool()) {
        last.truncate(last.trim_end().len());
        last.push_str(match rng.u32(0..4) {
            0 => "",
            1 => "\n",
            2 => "\r",
            _ => "\r\n.",
        });
    }
    tail
}

/// As many messages as are fetched after the forged one, each with its listed size, and optionally
/// replies before them. The terminator of the server ends the last one.
fn exact_tail(forged: u32, before: &[String]) -> Vec<String> {
    let after = (forged + 1..=MESSAGES).map(|n| {
        let filler = "x".repeat(size(n) - 4);
        let end = if n == MESSAGES { "" } else { ".\r\n" };
        format!("+OK\r\n{filler}\r\n\r\n{end}")
    });
    before.iter().cloned().chain(after).collect()
}

struct Client {
    connection: Connection,
    now: Instant,
    events: Vec<Event>,
    line: Vec<u8>,
}

impl Client {
    fn submit<C: Command>(&mut self, command: C) -> Option<Ticket<C>> {
        self.connection.submit(command).ok()
    }

    /// Polls events and sends. Returns the lines that were sent.
    fn poll_and_send(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            while let Some(event) = self.connection.poll_event() {
                self.events.push(event);
            }
            if !self.connection.wants_write() {
                return lines;
            }
            let batch = wire::send(&mut self.connection, usize::MAX, self.now);
            self.line.extend_from_slice(&batch);
            while let Some(end) = self.line.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.line.drain(..=end).collect();
                lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
    }

    fn receive(&mut self, octets: &[u8]) {
        let mut octets = octets;
        loop {
            match wire::receive(&mut self.connection, octets, self.now) {
                0 => return,
                count => octets = octets.split_at(count).1,
            }
            while let Some(event) = self.connection.poll_event() {
                self.events.push(event);
            }
        }
    }

    fn result_of(&self, id: RequestId) -> Option<&Result<Reply, Error>> {
        self.events.iter().find_map(|event| match event {
            Event::Reply { id: of, result } if *of == id => Some(result),
            _ => None,
        })
    }
}

/// Returns whether the session passes: the check was answered without an error.
fn passes(server: &mut Server, pipelining: Pipelining, asked: Asked, rng: &mut Rng) -> bool {
    let mut config = Config::default();
    config.pipelining = pipelining;
    let mut client = Client {
        connection: Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN),
        now: Instant::ORIGIN,
        events: Vec::new(),
        line: Vec::new(),
    };
    client.connection.seed(core::array::from_fn(|_| rng.u8(..)));
    client.receive(b"+OK ready\r\n");
    let user = User(Username::new("joe").expect("a name"));
    let pass = Pass(Secret::new("secret").expect("a secret"));
    assert!(client.submit(user).is_some() && client.submit(pass).is_some());
    assert!(client.submit(List).is_some() && client.submit(Uidl).is_some());
    for number in 1..=MESSAGES {
        let number = MessageNumber::new(number).expect("a number");
        assert!(client.submit(Retr(number)).is_some());
    }
    run(&mut client, server, rng);
    // All messages were read, or the session has failed.
    let id = match asked {
        Asked::Confirm => client.submit(Confirm::new()).map(|ticket| ticket.id()),
        Asked::Noop => client.submit(Noop).map(|ticket| ticket.id()),
    };
    let Some(id) = id else { return false };
    run(&mut client, server, rng);
    client.connection.handle_eof(client.now);
    client.poll_and_send();
    assert!(client.result_of(id).is_some(), "the request has a result");
    matches!(client.result_of(id), Some(Ok(_)))
}

/// Exchanges octets until neither side has any.
fn run(client: &mut Client, server: &mut Server, rng: &mut Rng) {
    loop {
        for line in client.poll_and_send() {
            server.answer(&line);
        }
        let waits = client.connection.outstanding() > 0;
        let Some(mut octets) = server.pieces.pop_front() else {
            return;
        };
        if server.late && !waits {
            server.pieces.push_front(octets);
            return;
        }
        // Sends it in one segment with what follows, or split at any place.
        while !server.late
            && rng.bool()
            && let Some(more) = server.pieces.pop_front()
        {
            octets += &more;
        }
        let cut = if server.late {
            0
        } else {
            rng.usize(0..=octets.len())
        };
        client.receive(octets.get(..cut).unwrap_or_default().as_bytes());
        for line in client.poll_and_send() {
            server.answer(&line);
        }
        client.receive(octets.get(cut..).unwrap_or_default().as_bytes());
    }
}

fn server(forged: u32, tail: &[String], late: bool) -> Server {
    Server {
        forged,
        tail: tail.to_vec(),
        late,
        pieces: VecDeque::new(),
    }
}

const BOTH: [Pipelining; 2] = [Pipelining::Always, Pipelining::Never];

#[test]
fn t_75_forged_replies_are_never_confirmed() {
    let mut noop_passed = 0;
    for seed in 0..4_000 {
        let mut rng = Rng::with_seed(seed);
        let (forged, tail) = (rng.u32(1..=MESSAGES), tail(&mut rng));
        let late = rng.bool();
        for pipelining in BOTH {
            let what =
                format!("seed {seed}, {pipelining:?}, message {forged}, late: {late}, {tail:?}");
            let mut sender = server(forged, &tail, late);
            assert!(
                !passes(&mut sender, pipelining, Asked::Confirm, &mut rng),
                "{what}"
            );
            let mut sender = server(forged, &tail, late);
            noop_passed += u32::from(passes(&mut sender, pipelining, Asked::Noop, &mut rng));
        }
    }
    // Why a NOOP is not sufficient.
    assert!(
        noop_passed > 50,
        "{noop_passed} of 8,000 would pass with a NOOP"
    );
}

#[test]
fn t_75_forged_replies_pass_noop_but_not_confirm() {
    for forged in 1..MESSAGES {
        for pipelining in BOTH {
            let mut rng = Rng::with_seed(u64::from(forged));
            let tail = exact_tail(forged, &[]);
            let mut sender = server(forged, &tail, true);
            assert!(
                passes(&mut sender, pipelining, Asked::Noop, &mut rng),
                "message {forged}"
            );
            // One surplus reply or more, with and without waiting.
            let replies = ["+OK\r\n", "-ERR\r\n", "+OK 1 id-1\r\n", "+OK 2 22\r\n"];
            for (reply, surplus) in replies
                .iter()
                .flat_map(|reply| (0..20).map(move |n| (reply, n)))
            {
                for late in [true, false] {
                    let before = vec![(*reply).to_owned(); surplus];
                    let tail = exact_tail(forged, &before);
                    let what = format!("{pipelining:?}, message {forged}, late: {late}, {tail:?}");
                    let mut sender = server(forged, &tail, late);
                    assert!(
                        !passes(&mut sender, pipelining, Asked::Confirm, &mut rng),
                        "{what}"
                    );
                }
            }
        }
    }
}

#[test]
fn t_75_message_containing_a_reply_is_detected() {
    for end in ["", "t", "\n", "\r", "t\r\n."] {
        for (pipelining, late) in BOTH.into_iter().flat_map(|it| [(it, true), (it, false)]) {
            for filler in 0..60 {
                let mut rng = Rng::with_seed(filler);
                let filler = "x".repeat(filler as usize);
                let tail = vec![format!("+OK\r\nFrom: bank\r\n\r\npay{filler}{end}")];
                let mut sender = server(1, &tail, late);
                assert!(
                    !passes(&mut sender, pipelining, Asked::Confirm, &mut rng),
                    "{pipelining:?}, late: {late}, {tail:?}"
                );
            }
        }
    }
}

#[test]
fn t_75_session_without_forgery_is_confirmed() {
    for seed in 0..300 {
        let mut rng = Rng::with_seed(seed);
        for (pipelining, late) in BOTH.into_iter().flat_map(|it| [(it, true), (it, false)]) {
            let mut honest = server(0, &[], late);
            assert!(
                passes(&mut honest, pipelining, Asked::Confirm, &mut rng),
                "seed {seed}"
            );
        }
    }
}
