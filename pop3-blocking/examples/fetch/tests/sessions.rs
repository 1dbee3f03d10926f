//! `fetch` with servers that require a second session: they advertise PIPELINING without supporting
//! it, or send messages that end too early.
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use pop3_testkit::program::{Outcome, entry, fetch, run, stored};

/// What a server does when several commands arrive in one segment.
#[derive(Clone, Copy, PartialEq)]
enum Pipelined {
    Answer,
    /// Closes without an answer.
    Close,
    /// Answers the first command, and closes.
    CloseAfterOne,
}

/// A server with three messages, in cleartext.
#[derive(Clone, Copy)]
struct Server {
    pipelined: Pipelined,
    /// An additional line of its capabilities.
    capability: &'static str,
    /// Whether it refuses CAPA after a login.
    forgets_capa: bool,
    /// Closes the session when it receives this command.
    fatal: &'static str,
    /// The answer to `RETR 2`, instead of a message.
    second: &'static str,
    /// The reply to `LIST`.
    sizes: &'static str,
}

const GOOD: Server = Server {
    pipelined: Pipelined::Answer,
    capability: "TOP",
    forgets_capa: false,
    fatal: "",
    second: "+OK\r\nmail 2\r\n.\r\n",
    sizes: "+OK\r\n1 8\r\n2 8\r\n3 8\r\n.\r\n",
};

/// The commands of each session.
type Sessions = Arc<Mutex<Vec<Vec<String>>>>;

impl Server {
    /// Starts the server. Returns the URL of a user.
    fn start(self) -> (String, Sessions) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sessions = Sessions::default();
        let log = Arc::clone(&sessions);
        thread::spawn(move || {
            for stream in listener.incoming() {
                log.lock().unwrap().push(Vec::new());
                // A client that disconnects ends only its own session.
                let _ = self.serve(&stream.unwrap(), &log);
            }
        });
        (format!("pop3://joe@127.0.0.1:{port}"), sessions)
    }

    fn serve(self, mut stream: &TcpStream, log: &Sessions) -> std::io::Result<()> {
        stream.write_all(b"+OK ready\r\n")?;
        let mut reader = BufReader::new(stream);
        let (mut line, mut logged_in) = (String::new(), false);
        while reader.read_line(&mut line)? > 0 {
            let command = line.trim_end().to_owned();
            line.clear();
            log.lock()
                .unwrap()
                .last_mut()
                .unwrap()
                .push(command.clone());
            let pipelined = !reader.buffer().is_empty();
            if (pipelined && self.pipelined == Pipelined::Close) || command == self.fatal {
                return Ok(());
            }
            let capability = self.capability;
            let mut words = command.split(' ');
            let (verb, number) = (words.next().unwrap(), words.next());
            let unique_ids = "+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n";
            let answer = match verb {
                "CAPA" if logged_in && self.forgets_capa => "-ERR unknown command\r\n",
                "CAPA" => &format!("+OK\r\nUSER\r\nUIDL\r\nPIPELINING\r\n{capability}\r\n.\r\n"),
                "STAT" => "+OK 3 24\r\n",
                "LIST" => &number.map_or(self.sizes.to_owned(), |n| entry(self.sizes, n)),
                "UIDL" => &number.map_or(unique_ids.to_owned(), |n| entry(unique_ids, n)),
                "RETR" | "TOP" if number == Some("2") => self.second,
                "RETR" | "TOP" => &format!("+OK\r\nmail {}\r\n.\r\n", number.unwrap()),
                _ => "+OK\r\n",
            };
            logged_in |= command.starts_with("PASS");
            stream.write_all(answer.as_bytes())?;
            if command == "QUIT" || (pipelined && self.pipelined == Pipelined::CloseAfterOne) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Runs `fetch` with it. Returns the outcome, the stored messages, and the commands of each
    /// session.
    fn fetched(self, options: &[&str]) -> (Outcome, Vec<Vec<u8>>, Vec<String>) {
        let home = tempfile::tempdir().unwrap();
        let maildir = home.path().join("mail");
        let (url, sessions) = self.start();
        let arguments = [&["--plaintext"], options, &[&url]].concat();
        let outcome = run(fetch(&maildir), &arguments);
        let sessions = sessions.lock().unwrap();
        let sessions = sessions.iter().map(|commands| commands.join(" "));
        (outcome, stored(&maildir), sessions.collect())
    }
}

#[test]
fn broken_first_batch_is_retried_without_pipelining() {
    for pipelined in [Pipelined::Close, Pipelined::CloseAfterOne] {
        for forgets_capa in [false, true] {
            let server = Server {
                pipelined,
                forgets_capa,
                ..GOOD
            };
            let (outcome, mail, sessions) = server.fetched(&["--delete"]);
            assert_eq!(outcome.code, Some(0), "{outcome:?}");
            assert_eq!(mail.len(), 3);
            assert!(outcome.stdout.contains("fetched 3 messages"), "{outcome:?}");
            let reported = outcome.stderr.trim_end();
            assert_eq!(reported.lines().count(), 1, "{reported}");
            assert!(
                reported.contains("trying again without pipelining"),
                "{reported}"
            );
            assert!(reported.contains("--no-pipelining"), "{reported}");
            assert_eq!(sessions.len(), 2, "{sessions:?}");
            assert!(!sessions[0].contains("RETR"), "{sessions:?}");
            assert!(sessions[1].contains("DELE 3 QUIT"), "{sessions:?}");
        }
    }
}

#[test]
fn without_pipelining_one_session_is_enough() {
    let server = Server {
        pipelined: Pipelined::Close,
        ..GOOD
    };
    let (outcome, mail, sessions) = server.fetched(&["--no-pipelining"]);
    assert!(outcome.success().starts_with("fetched 3 "), "{outcome:?}");
    assert_eq!((mail.len(), sessions.len()), (3, 1));
}

#[test]
fn failed_second_session_is_not_retried() {
    let server = Server {
        pipelined: Pipelined::Close,
        fatal: "UIDL",
        ..GOOD
    };
    let (outcome, mail, sessions) = server.fetched(&[]);
    assert_eq!((outcome.code, mail.len()), (Some(1), 0), "{outcome:?}");
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    let last = outcome.stderr.lines().last().unwrap();
    assert!(last.contains("instead of answering UIDL"), "{outcome:?}");
    assert!(!last.contains("ipelining"), "{outcome:?}");
}

#[test]
fn close_after_an_answered_batch_is_not_blamed_on_pipelining() {
    let server = Server {
        fatal: "RETR 2",
        ..GOOD
    };
    let (outcome, mail, sessions) = server.fetched(&["--delete", "--retries", "1"]);
    assert_eq!(mail, [b"mail 1\n", b"mail 3\n"], "{outcome:?}");
    assert!(!outcome.failure().contains("ipelining"), "{outcome:?}");
    // It is asked for once more, alone and after all others.
    let asked = |session: &&String| session.contains("RETR 2");
    assert!(sessions.iter().filter(asked).count() <= 2, "{sessions:?}");
}

#[test]
fn login_delay_prevents_the_second_session() {
    let server = Server {
        pipelined: Pipelined::Close,
        capability: "LOGIN-DELAY 300",
        ..GOOD
    };
    let (outcome, mail, sessions) = server.fetched(&[]);
    assert_eq!((outcome.code, mail.len()), (Some(1), 0), "{outcome:?}");
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert!(outcome.stderr.contains("--no-pipelining"), "{outcome:?}");

    let server = Server {
        capability: "LOGIN-DELAY 0",
        ..server
    };
    let (outcome, mail, sessions) = server.fetched(&[]);
    assert_eq!((outcome.code, mail.len()), (Some(0), 3), "{outcome:?}");
    assert_eq!(sessions.len(), 2, "{sessions:?}");
}

#[test]
fn message_that_ends_early_is_skipped() {
    for options in [&["--delete"][..], &["--delete", "--no-pipelining"]] {
        let server = Server {
            second: "+OK\r\nbefore\r\n.\r\nafter\r\n.\r\n",
            ..GOOD
        };
        let (outcome, mail, sessions) = server.fetched(options);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert_eq!(mail, [b"mail 1\n", b"mail 3\n"], "{outcome:?}");
        assert!(outcome.stdout.contains("fetched 2 messages"), "{outcome:?}");
        assert!(
            outcome.stdout.contains("0 already here, 2 deleted"),
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains("message 2: "), "{outcome:?}");
        let all = sessions.join(" ");
        assert!(!all.contains("DELE 2"), "{all}");
        for deleted in ["DELE 1", "DELE 3"] {
            assert_eq!(all.matches(deleted).count(), 1, "{all}");
        }
    }
}

#[test]
fn login_delay_prevents_a_session_for_remaining_messages() {
    let server = Server {
        second: "+OK\r\nbefore\r\n.\r\nafter\r\n.\r\n",
        capability: "LOGIN-DELAY 300",
        ..GOOD
    };
    let (outcome, mail, sessions) = server.fetched(&[]);
    assert_eq!((outcome.code, mail.len()), (Some(1), 1), "{outcome:?}");
    assert_eq!(sessions.len(), 1, "{sessions:?}");
}

#[test]
fn message_shorter_than_listed_is_not_deleted() {
    let server = Server {
        sizes: "+OK\r\n1 5000\r\n2 7\r\n3 8\r\n.\r\n",
        ..GOOD
    };
    let (outcome, mail, sessions) = server.fetched(&["--delete"]);
    assert_eq!((outcome.code, mail.len()), (Some(0), 3), "{outcome:?}");
    let reported = "message 1: fewer octets than listed by LIST: perhaps incomplete";
    assert!(outcome.stderr.contains(reported), "{outcome:?}");
    let all = sessions.join(" ");
    assert!(all.contains("DELE 2 DELE 3 QUIT"), "{sessions:?}");
    assert!(!all.contains("DELE 1"), "{sessions:?}");
}
