//! Observers see each line of a session exactly once, and no secret.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pop3_proto::observe::{Observer, Record};
use pop3_proto::record::Only;
use pop3_proto::{Channel, Config, Connection, Error, Event, Instant, config::Leniency};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, trusted};
use pop3_testkit::observed::Records;
use pop3_testkit::play::{Feeding, LineEnds, play_observed};
use pop3_testkit::transcripts::transcripts;

fn observed(mut session: Conversation) -> (Conversation, Records) {
    let records = Records::default();
    session.connection.set_observer(Box::new(records.clone()));
    (session, records)
}

#[test]
fn each_line_of_every_transcript_is_recorded_once() {
    let (mut played, mut lines) = (0, 0);
    for (name, transcript) in transcripts() {
        for leniency in [Leniency::Lenient, Leniency::Strict] {
            if !transcript.permits(leniency) {
                continue;
            }
            let record = |feeding| {
                let records = Records::default();
                let ends = LineEnds::AsWritten;
                let played = play_observed(&transcript, leniency, ends, feeding, Some(&records));
                let octets = played.unwrap_or_else(|why| panic!("{name}: {why}"));
                let sent = records.show_all_sent(&octets.sent);
                sent.unwrap_or_else(|why| panic!("{name}, {leniency:?}, {feeding:?}: {why}"));
                let received = records.show_all_received(&octets.received);
                let rest = received
                    .unwrap_or_else(|why| panic!("{name}, {leniency:?}, {feeding:?}: {why}"));
                let shown = records.shown();
                let closed = shown.iter().any(|it| it.starts_with("* closed"));
                if !closed && rest != b".\r\n" {
                    assert_eq!(rest.escape_ascii().to_string(), "", "{name}: {shown:?}");
                }
                shown
            };
            let whole = record(Feeding::Whole);
            played += 1;
            lines += whole.len();
            if !transcript.is_only(Only::Whole) && !whole.iter().any(|it| it.contains("closed:")) {
                assert_eq!(record(Feeding::Octets), whole, "{name}, {leniency:?}");
            }
        }
    }
    assert!(played > 400 && lines > 5_000, "{played}, {lines}");
}

#[test]
fn session_is_recorded_as_protocol_log() {
    let (mut session, records) = observed(trusted());
    session.server("+OK ready\r\n");
    session.ask("capa");
    session.server("+OK\r\nUIDL\r\nPIPELINING\r\n.\r\n");
    session.ask("user alice");
    session.ask("pass correct-horse");
    session.server("+OK\r\n");
    session.server("+OK welcome\x1b[2J\r\n");
    session.ask("list");
    session.ask("retr 1");
    session.server("+OK 1 message\r\n1 22\r\n.\r\n");
    session.server("+OK 22 octets\r\nSubject: x\r\n\r\n..a dot\r\n.\r\n");
    session.ask("quit");
    session.server("+OK bye\r\n");
    session.settle();
    assert_eq!(
        records.shown(),
        [
            "< +OK ready",
            "> CAPA",
            "< +OK",
            "< UIDL",
            "< PIPELINING",
            "> USER alice",
            "< +OK",
            "> PASS <redacted>",
            "< +OK welcome\\u{1b}[2J",
            "> LIST",
            "> RETR 1",
            "< +OK 1 message",
            "< [1 line, 6 octets]",
            "< +OK 22 octets",
            "< [3 lines, 22 octets]",
            "> QUIT",
            "< +OK bye",
            "* closed",
        ]
    );
}

/// Returns all records, including those that a protocol log does not need.
fn everything(records: &Records) -> Vec<String> {
    records.all().into_iter().map(|seen| seen.shown).collect()
}

#[test]
fn login_and_its_commands_are_bracketed() {
    let (mut session, records) = observed(trusted());
    session.server("+OK ready\r\n");
    session.ask("login alice secret only=PLAIN");
    session.server("+OK\r\nSASL PLAIN\r\n.\r\n");
    session.server("+OK welcome\r\n");
    session.server("-ERR no CAPA now\r\n");
    session.exchange("list", "+OK\r\n.\r\n");
    session.exchange("dele 7", "-ERR no such message\r\n");
    assert_eq!(
        everything(&records),
        [
            "< +OK ready",
            "* login begins",
            "> CAPA",
            "< +OK",
            "< SASL PLAIN",
            "* CAPA answered",
            "> AUTH PLAIN <redacted>",
            "< +OK welcome",
            "* AUTH answered",
            "> CAPA",
            "< -ERR no CAPA now",
            "* CAPA answered",
            "* login ended",
            "> LIST",
            "< +OK",
            "< [0 lines, 0 octets]",
            "* LIST answered",
            "> DELE 7",
            "< -ERR no such message",
            "* DELE 7 answered: the server refused DELE 7: no such message",
        ]
    );
}

#[test]
fn keep_alive_is_recorded_without_a_request() {
    let mut config = Config::default();
    config.keep_alive = Some(core::time::Duration::from_secs(10));
    let (mut session, records) = observed(logged_in_with(config));
    session.wait(10);
    session.server("+OK\r\n");
    assert_eq!(everything(&records), ["> NOOP", "< +OK", "* NOOP answered"]);
    assert!(records.all().iter().all(|seen| seen.request.is_none()));
}

#[test]
fn tolerated_deviation_is_recorded() {
    let (mut session, records) = observed(logged_in());
    session.exchange("noop", "\r\n+OK\r\n");
    let shown = records.shown();
    assert_eq!(shown[..2], ["> NOOP", "< "]);
    assert!(shown[2].starts_with("* deviation: "), "{shown:?}");
    assert_eq!(shown[3..], ["< +OK"]);
}

#[test]
fn timeout_is_recorded_as_the_end() {
    let (mut session, records) = observed(logged_in());
    session.ask("noop");
    session.settle();
    session.wait(10_000);
    let shown = records.shown();
    let last = shown.last().unwrap();
    assert!(last.starts_with("* closed: the server did not"), "{last}");
}

#[test]
fn records_have_the_time_and_the_request() {
    let (mut session, records) = observed(logged_in());
    session.wait(3);
    let id = session.connection.next_id();
    session.ask("noop");
    session.settle();
    session.now = session.now + core::time::Duration::from_secs(2);
    session.server("+OK\r\n");
    let all = records.all();
    let seen: Vec<_> = all
        .iter()
        .map(|seen| {
            (
                seen.at.duration_since(Instant::ORIGIN).as_secs(),
                seen.request,
            )
        })
        .collect();
    assert_eq!(seen, [(3, Some(id)), (5, Some(id)), (5, Some(id))]);
}

#[test]
fn several_observers_see_the_same() {
    let (first, second) = (Records::default(), Records::default());
    let both: Vec<Box<dyn Observer>> = vec![Box::new(first.clone()), Box::new(second.clone())];
    let mut session = logged_in();
    session.connection.set_observer(Box::new(both));
    session.exchange("noop", "+OK\r\n");
    assert_eq!(first.all().len(), 3);
    assert_eq!(first.all(), second.all());
}

#[test]
fn abandoned_message_is_still_recorded() {
    let (mut session, records) = observed(logged_in());
    session.ask("retr 1");
    session.settle();
    session.abandon();
    session.server("+OK\r\nabc\r\n.\r\n");
    assert_eq!(
        records.shown(),
        ["> RETR 1", "< +OK", "< [1 line, 5 octets]"]
    );
}

#[test]
fn abandoned_unsent_command_is_not_recorded() {
    let (mut session, records) = observed(logged_in());
    session.ask("retr 1");
    session.abandon();
    session.settle();
    assert_eq!(records.shown(), [""; 0]);
}

#[test]
fn forged_log_lines_are_escaped() {
    let (mut session, records) = observed(logged_in());
    session.ask("noop");
    session.server("+OK \r> QUIT\x1b]0;title\x07\u{202e}\r\n");
    let shown = records.shown().concat();
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert!(!shown.contains('\u{202e}'), "{shown:?}");
}

#[derive(Debug)]
struct Panics(usize);

impl Observer for Panics {
    fn observe(&mut self, _: &Record<'_>) {
        let Some(left) = self.0.checked_sub(1) else {
            panic!("a panic in an observer");
        };
        self.0 = left;
    }
}

#[test]
fn panic_in_observer_ends_the_connection() {
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for calm in 0..4 {
        let now = Instant::ORIGIN;
        let mut connection = Connection::new(Config::default(), Channel::TrustedByCaller, now);
        connection.set_observer(Box::new(Panics(calm)));
        let request = connection
            .submit(pop3_proto::command::Capa)
            .expect("queued");
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let reply = b"+OK\r\nUIDL\r\n.\r\n";
            pop3_testkit::wire::receive(&mut connection, b"+OK ready\r\n", now);
            while connection.poll_event().is_some() {}
            pop3_testkit::wire::send(&mut connection, 100, now);
            pop3_testkit::wire::receive(&mut connection, reply, now);
        }));
        assert!(caught.is_err(), "after {calm} records");
        // The request gets its one result, and nothing more is sent or read.
        let mut results = Vec::new();
        while let Some(event) = connection.poll_event() {
            if let Event::Reply { id, result } = event {
                assert_eq!(id, request.id());
                results.push(result);
            }
        }
        assert_eq!(results, [Err(Error::CallbackPanicked)], "after {calm}");
        assert!(!connection.wants_read() && !connection.wants_write());
        assert_eq!(connection.error(), Some(&Error::CallbackPanicked));
    }
    std::panic::set_hook(silent);
}

/// Panics when the connection ends.
#[derive(Debug)]
struct PanicsAtTheEnd;

impl Observer for PanicsAtTheEnd {
    fn observe(&mut self, record: &Record<'_>) {
        assert!(!record.to_string().starts_with("* closed"), "the end");
    }
}

#[test]
fn panic_at_the_end_keeps_the_cause() {
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let now = Instant::ORIGIN;
    let mut connection = Connection::new(Config::default(), Channel::TrustedByCaller, now);
    connection.set_observer(Box::new(PanicsAtTheEnd));
    let request = connection
        .submit(pop3_proto::command::Capa)
        .expect("queued");
    pop3_testkit::wire::receive(&mut connection, b"+OK ready\r\n", now);
    while connection.poll_event().is_some() {}
    let caught = catch_unwind(AssertUnwindSafe(|| connection.handle_eof(now)));
    std::panic::set_hook(silent);
    assert!(caught.is_err());
    let error = connection.error().cloned().expect("an error");
    assert!(matches!(error, Error::Closed(_)), "{error:?}");
    assert!(!connection.wants_read() && !connection.wants_write());
    let Some(Event::Reply { id, result }) = connection.poll_event() else {
        panic!("no result");
    };
    assert_eq!((id, result), (request.id(), Err(error.clone())));
    assert_eq!(connection.poll_event(), Some(Event::Closed(Err(error))));
}
