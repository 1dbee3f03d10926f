//! Tests with a server that does not dot-stuff, and with a sender who writes replies into a
//! message. Octets are received together or delayed, with and without pipelining.
//! `pop3-proto/tests/protocol/threats/forged.rs` has thousands of such messages. These tests check
//! the same protection through the clients and sockets.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use pop3_proto::{
    Channel, Config, Connection, Error, Instant, Login, MessageNumber,
    config::{CapaPolicy, Pipelining},
    error::Unconfirmed,
    listing::Listing,
    reply::SizeMatch,
};

use super::client::{Client, Enough};

/// A mailbox of three messages, of which an attacker wrote the first.
#[derive(Clone, Default)]
struct Sender {
    /// The octets after the line in the message that is only a dot, and the delay before them.
    tail: String,
    tail_after: Duration,
    /// The delay of the reply to `RETR 3`.
    third_after: Duration,
}

fn text(number: usize) -> String {
    format!("Subject: {number}\r\n\r\nmail {number}\r\n")
}

fn serve(sender: Sender) -> (TcpStream, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        // Writing fails when a client has detected the forgery and has closed the connection.
        let mut say = |text: &str| stream.write_all(text.as_bytes()).is_ok();
        say("+OK ready\r\n");
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|octets| octets > 0) {
            if !sender.answer(line.trim_end(), &mut say) {
                return;
            }
            line.clear();
        }
    });
    (stream, server)
}

impl Sender {
    fn answer(&self, line: &str, say: &mut dyn FnMut(&str) -> bool) -> bool {
        let (verb, number) = line.split_once(' ').unwrap_or((line, ""));
        let number = number.parse::<usize>().ok();
        let listing = |value: &dyn Fn(usize) -> String| {
            let lines: String = (1..=3).map(|n| format!("{n} {}\r\n", value(n))).collect();
            format!("+OK\r\n{lines}.\r\n")
        };
        let size = |n: usize| text(n).len().to_string();
        let id = |n: usize| format!("id-{n}");
        match (verb, number) {
            ("LIST", None) => say(&listing(&size)),
            ("UIDL", None) => say(&listing(&id)),
            ("LIST", Some(n)) => say(&format!("+OK {n} {}\r\n", size(n))),
            ("UIDL", Some(n)) => say(&format!("+OK {n} {}\r\n", id(n))),
            ("RETR", Some(1)) if !self.tail.is_empty() => {
                if self.tail_after.is_zero() {
                    return say(&format!("+OK\r\n{}.\r\n{}.\r\n", text(1), self.tail));
                }
                say(&format!("+OK\r\n{}.\r\n", text(1)));
                sleep(self.tail_after);
                say(&format!("{}.\r\n", self.tail))
            }
            ("RETR", Some(n)) => {
                if n == 3 {
                    sleep(self.third_after);
                }
                say(&format!("+OK\r\n{}.\r\n", text(n)))
            }
            _ => say("+OK\r\n"),
        }
    }
}

/// Logs in, requests the listings and reads all messages. Returns the client, and each message with
/// whether it has the listed length.
fn fetched<C: Client>(
    sender: &Sender,
    pipelining: Pipelining,
) -> (C, Vec<(String, SizeMatch)>, JoinHandle<()>) {
    let (stream, server) = serve(sender.clone());
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    config.pipelining = pipelining;
    let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    let mut client = C::start(session, stream).unwrap();
    client
        .login(Login::new("alice", "secret").unwrap())
        .unwrap();
    let listing: Listing = client.list().unwrap();
    let numbers: Vec<MessageNumber> = client.uidl().unwrap().numbers().collect();
    let mut mail = Vec::new();
    client.retrieve(numbers, &mut |message| {
        if let Ok(message) = message {
            let number = message.number().unwrap();
            if let Ok(octets) = message.rest() {
                let text = String::from_utf8_lossy(&octets).into_owned();
                let listed = listing.get(number).and_then(|entry| entry.octets);
                let fits = message.received().unwrap().listed;
                assert_eq!(fits == SizeMatch::Equal, listed == Some(text.len() as u64));
                mail.push((text, fits));
            }
        }
        Enough::NotYet
    });
    (client, mail, server)
}

const BOTH: [Pipelining; 2] = [Pipelining::Always, Pipelining::Never];

pub fn unforged_session_is_confirmed<C: Client>() {
    for pipelining in BOTH {
        let (mut client, mail, server) = fetched::<C>(&Sender::default(), pipelining);
        assert_eq!(mail.len(), 3);
        assert_eq!(client.confirm().unwrap().questions(), 16);
        client.noop().unwrap();
        client.abort();
        server.join().unwrap();
    }
}

/// Returns a message of the attacker that has the same length as this message has in the listing.
fn forged(number: usize) -> String {
    let filler = "x".repeat(text(number).len() - 4);
    format!("+OK\r\n{filler}\r\n\r\n")
}

pub fn replies_forged_in_a_message_are_never_confirmed<C: Client>() {
    let whole = |number| forged(number) + ".\r\n";
    let guesses = |count| "+OK 1 22\r\n+OK 2 id-2\r\n".repeat(count);
    let tails = [
        "after\r\n".to_owned(),
        "+OK\r\n".to_owned(),
        "+OK\r\n".repeat(16),
        "-ERR\r\n".repeat(16),
        guesses(8),
        forged(2),
        whole(2) + &forged(3),
        whole(2) + &forged(3) + ".\r\n+OK\r\n",
        whole(2) + &whole(3) + &guesses(8),
        whole(2) + &whole(3) + &"-ERR\r\n".repeat(32),
    ];
    for (index, tail) in tails.into_iter().enumerate() {
        let late: &[u64] = if index % 4 == 1 {
            &[0, 30, 300]
        } else {
            &[0, 30]
        };
        for (milliseconds, pipelining) in late.iter().flat_map(|it| BOTH.map(|both| (it, both))) {
            let sender = Sender {
                tail: tail.clone(),
                tail_after: Duration::from_millis(*milliseconds),
                third_after: Duration::ZERO,
            };
            let what = format!("{pipelining:?}, {milliseconds} ms, {tail:?}");
            let (mut client, _, server) = fetched::<C>(&sender, pipelining);
            let dead = client.connection().error().cloned();
            let error = client.confirm().expect_err(&what);
            assert!(
                error.is_fatal() || matches!(error, Error::Unconfirmed(_)),
                "{what}: {error}"
            );
            match dead {
                Some(dead) => assert_eq!(error, dead, "{what}"),
                None if error.is_fatal() => {
                    assert!(
                        error.to_string().contains("nothing received since"),
                        "{error}"
                    );
                    assert_eq!(client.noop().unwrap_err(), error, "{what}");
                }
                None => {}
            }
            client.abort();
            server.join().unwrap();
        }
    }
}

/// Uses pipelining, and delays the reply to the last command. The client then has as many replies
/// as it expects, and the session looks idle.
pub fn forged_session_that_passes_noop_is_unconfirmed<C: Client>() {
    let sender = Sender {
        tail: forged(2),
        tail_after: Duration::ZERO,
        third_after: Duration::from_millis(300),
    };
    let (mut client, mail, server) = fetched::<C>(&sender, Pipelining::Always);
    // The client has read the forged message as message 2, and message 2 as message 3. Each has the
    // length from the listing.
    assert_eq!(mail.len(), 3);
    assert!(mail.iter().all(|(_, fits)| *fits == SizeMatch::Equal));
    assert!(mail.iter().all(|(message, _)| *message != text(3)));
    client.noop().expect("the third message answers it");
    client.abort();
    server.join().unwrap();

    let (mut client, _, server) = fetched::<C>(&sender, Pipelining::Always);
    let error = client.confirm().unwrap_err();
    let Error::Unconfirmed(why) = &error else {
        panic!("{error:?}");
    };
    assert!(matches!(**why, Unconfirmed::WrongAnswer { .. }), "{why}");
    assert_eq!(client.dele(MessageNumber::FIRST).unwrap_err(), error);
    client.abort();
    server.join().unwrap();
}
