//! Synchronisation with servers that break the rules.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pop3_blocking::sync::{Delete, Kept, Report, Rules, Run};
use pop3_blocking::{Client, Connector, Endpoint, Login, config::StlsPolicy, connect_with};

use pop3_testkit::synchronisation::{Store, synchronise};

/// The messages of a server, by unique-id and text.
type Mail = Vec<(&'static str, &'static str)>;

/// What a server answers to a line instead of the truth.
type Fault = fn(&str) -> Option<String>;

/// A server that answers as `fault` says, and correctly if that is `None`. It closes the connection
/// if the answer is empty. It deletes nothing.
struct Faulty {
    endpoint: Endpoint,
    sessions: Arc<AtomicUsize>,
}

impl Faulty {
    fn start(mail: Mail, fault: impl Fn(usize, &str) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::plain("127.0.0.1", Some(listener.local_addr().unwrap().port()));
        let sessions = Arc::new(AtomicUsize::new(0));
        let count = sessions.clone();
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let session = count.fetch_add(1, Ordering::Relaxed) + 1;
                let mut out = socket.try_clone().unwrap();
                let _ = out.write_all(b"+OK ready\r\n");
                for line in BufReader::new(socket).lines().map_while(Result::ok) {
                    let answer = fault(session, &line).unwrap_or_else(|| answer(&mail, &line));
                    if answer.is_empty() || out.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        });
        Self { endpoint, sessions }
    }

    fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    fn dial(&self) -> Result<Client, pop3_blocking::Error> {
        let mut connector = Connector::default();
        connector.config.stls = StlsPolicy::Off;
        connector.config.allow_insecure_login = true;
        let mut client = connect_with(&self.endpoint, &connector)?;
        client.login(Login::new("alice", "secret")?)?;
        Ok(client)
    }

    fn run(&self, store: &mut Store, rules: Rules, day: u16) -> Report {
        self.finish(store, store.run(rules, day))
    }

    fn finish(&self, store: &mut Store, mut run: Run) -> Report {
        synchronise(&mut run, store, |_| {
            assert!(self.sessions() < 30, "the run does not end");
            self.dial()
        });
        store.finish(run)
    }
}

/// Returns what a correct server answers.
fn answer(mail: &Mail, line: &str) -> String {
    let mut words = line.split(' ');
    let verb = words.next().unwrap_or_default();
    let number: Option<usize> = words.next().and_then(|word| word.parse().ok());
    let listing = |value: &dyn Fn(&(&str, &str)) -> String| match number {
        Some(number) => match mail.get(number - 1) {
            Some(mail) => format!("+OK {number} {}\r\n", value(mail)),
            None => "-ERR no such message\r\n".to_owned(),
        },
        None => {
            let lines = mail.iter().enumerate();
            let lines = lines.map(|(at, mail)| format!("{} {}\r\n", at + 1, value(mail)));
            format!("+OK\r\n{}.\r\n", lines.collect::<String>())
        }
    };
    let text = || {
        number
            .and_then(|number| mail.get(number - 1))
            .map(|it| it.1)
    };
    match verb {
        "CAPA" => "+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n".to_owned(),
        "STAT" => {
            let octets: usize = mail.iter().map(|(_, text)| text.len()).sum();
            format!("+OK {} {octets}\r\n", mail.len())
        }
        "LIST" => listing(&|(_, text)| text.len().to_string()),
        "UIDL" => listing(&|(id, _)| (*id).to_owned()),
        "RETR" => format!("+OK\r\n{}.\r\n", text().unwrap_or_default()),
        "TOP" => {
            let text = text().unwrap_or_default();
            let header = text.find("\r\n\r\n").map_or(text, |end| &text[..end + 4]);
            format!("+OK\r\n{header}.\r\n")
        }
        _ => "+OK\r\n".to_owned(),
    }
}

const ONE: &str = "Subject: 1\r\n\r\none\r\n";
const TWO: &str = "Subject: 2\r\n\r\ntwo\r\n";
const THREE: &str = "Subject: 3\r\n\r\nthree\r\n";
const FOUR: &str = "Subject: 4\r\n\r\nfour\r\n";

fn four() -> Mail {
    vec![("a", ONE), ("b", TWO), ("c", THREE), ("d", FOUR)]
}

fn deleting() -> Rules {
    Rules {
        delete: Delete::WhenStored,
        ..Rules::default()
    }
}

#[test]
fn run_ends_although_deletions_are_not_committed() {
    // In a batch, the server hangs up at message 4. So it waits for another session.
    for quit in ["+OK\r\n", "-ERR some messages not removed\r\n", ""] {
        let server = Faulty::start(four(), move |session, line| match line {
            "RETR 4" if session == 1 => Some(String::new()),
            "QUIT" => Some(quit.to_owned()),
            _ => None,
        });
        let mut store = Store::default();
        let report = server.run(&mut store, deleting(), 100);
        assert_eq!(store.published.len(), 4, "{quit}: {report:?}");
        assert_eq!(report.fetched, 4, "{quit}: {report:?}");
        let deleted = if quit == "+OK\r\n" { 4 } else { 0 };
        assert_eq!(report.deleted, deleted, "{quit}: {report:?}");
    }
}

#[test]
fn failed_message_is_asked_for_again_the_same_day() {
    let server = Faulty::start(four(), |session, line| {
        (session <= 2 && line == "RETR 3").then(String::new)
    });
    let mut store = Store::default();
    let report = server.run(&mut store, Rules::default(), 100);
    assert_eq!((report.fetched, report.failed), (3, true), "{report:?}");
    let report = server.run(&mut store, Rules::default(), 100);
    assert_eq!(
        (report.fetched, report.known, report.failed),
        (1, 3, false),
        "{report:?}"
    );
}

#[test]
fn wrong_stat_hides_no_message() {
    let server = Faulty::start(four(), |_, line| {
        (line == "STAT").then(|| "+OK 0 0\r\n".to_owned())
    });
    let mut store = Store::default();
    let report = server.run(&mut store, Rules::default(), 100);
    assert_eq!((report.fetched, report.failed), (4, false), "{report:?}");
}

#[test]
fn failed_listing_is_asked_for_again() {
    let server = Faulty::start(four(), |session, line| {
        (session == 1 && line == "UIDL").then(String::new)
    });
    let mut store = Store::default();
    let rules = Rules {
        retries: 1,
        ..Rules::default()
    };
    let report = server.run(&mut store, rules, 100);
    assert_eq!((report.fetched, report.failed), (4, false), "{report:?}");
    assert!(report.error.is_none(), "{report:?}");
    let report = server.run(&mut store, Rules::default(), 101);
    assert_eq!((report.known, report.failed), (4, false), "{report:?}");
}

#[test]
fn renumbered_mailbox_is_recognized_after_a_cut() {
    let server = Faulty::start(four(), |_, _| None);
    let mut store = Store::default();
    server.run(&mut store, Rules::default(), 100);
    let mail = vec![("e", ONE), ("f", TWO), ("g", THREE), ("h", FOUR)];
    let server = Faulty::start(mail, |_, _| None);
    // The ledger after a session that has recognized only the first message.
    let mut run = store.run(Rules::default(), 101);
    synchronise(&mut run, &mut store, |_| server.dial());
    drop(run);
    let renamed = store.ledger.rfind("M b f").unwrap();
    store.ledger.truncate(renamed);
    let report = server.run(&mut store, Rules::default(), 101);
    assert_eq!((report.fetched, report.known), (0, 4), "{report:?}");
    assert_eq!(store.published.len(), 4);
}

#[test]
fn headers_need_top_and_other_messages_do_not() {
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let large = ids.map(|id| (id, THREE));
    let mail = large.into_iter().chain([("m", ONE)]).collect();
    let server = Faulty::start(mail, |_, line| {
        line.starts_with("TOP ")
            .then(|| "-ERR unknown\r\n".to_owned())
    });
    let mut store = Store::default();
    let rules = Rules {
        headers_above: Some(ONE.len() as u64),
        ..Rules::default()
    };
    let report = server.run(&mut store, rules, 100);
    assert_eq!((report.fetched, report.failed), (1, true), "{report:?}");
    // They were not asked for, so nothing counts against them.
    let report = server.run(&mut store, Rules::default(), 100);
    assert_eq!((report.fetched, report.known), (12, 1), "{report:?}");
}

#[test]
fn failed_verification_blocks_no_other_message() {
    let server = Faulty::start(four(), |_, _| None);
    let mut store = Store::default();
    server.run(&mut store, Rules::default(), 100);
    let server = Faulty::start(four(), |_, line| (line == "TOP 2 0").then(String::new));
    let report = server.run(&mut store, deleting(), 101);
    assert_eq!((report.fetched, report.deleted), (0, 3), "{report:?}");
}

#[test]
fn huge_size_counts_as_short() {
    let server = Faulty::start(vec![("a", ONE), ("b", TWO)], |_, line| match line {
        "LIST" => Some("+OK\r\n1 5000000000\r\n2 19\r\n.\r\n".to_owned()),
        "LIST 1" => Some("+OK 1 5000000000\r\n".to_owned()),
        _ => None,
    });
    let mut store = Store::default();
    let report = server.run(&mut store, deleting(), 100);
    assert_eq!(report.fetched, 2, "{report:?}");
    assert_eq!(store.load().get(b"a").unwrap().kept, Kept::Short);
    let report = server.run(&mut store, deleting(), 101);
    let first = store.load().get(b"a").unwrap();
    assert_eq!((first.kept, first.commits), (Kept::Short, 0), "{report:?}");
}

#[test]
fn server_that_answers_questions_wrongly_is_fetched() {
    // Each answers one of the questions, or both, with something else than the listing.
    let ids = "+OK\r\n1 a\r\n2 b\r\n3 c\r\n4 d\r\n.\r\n";
    let faults: [(&str, Fault); 4] = [
        ("UIDL n lists all", |line| {
            line.starts_with("UIDL ")
                .then(|| "+OK\r\n1 a\r\n2 b\r\n.\r\n".to_owned())
        }),
        ("UIDL n has another unique-id", |line| {
            let number = line.strip_prefix("UIDL ")?;
            Some(format!("+OK {number} other\r\n"))
        }),
        ("LIST n has another size", |line| {
            let number = line.strip_prefix("LIST ")?;
            Some(format!("+OK {number} 7\r\n"))
        }),
        ("both are wrong", |line| {
            let (verb, number) = line.split_once(' ')?;
            let wrong = matches!(verb, "UIDL" | "LIST");
            wrong.then(|| format!("+OK {number} 0\r\n"))
        }),
    ];
    assert_eq!(answer(&four(), "UIDL"), ids);
    for (name, fault) in faults {
        let server = Faulty::start(four(), move |_, line| fault(line));
        let mut store = Store::default();
        let report = server.run(&mut store, deleting(), 100);
        assert_eq!(
            (report.fetched, report.failed),
            (4, false),
            "{name}: {report:?}"
        );
        // What cannot be confirmed is not deleted.
        let deleted = if name.starts_with("LIST") { 4 } else { 0 };
        assert_eq!(report.deleted, deleted, "{name}: {report:?}");
        let report = server.run(&mut store, Rules::default(), 101);
        assert_eq!(
            (report.fetched, report.failed),
            (0, false),
            "{name}: {report:?}"
        );
    }
}
