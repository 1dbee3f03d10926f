//! When spans are opened and closed, the levels of events, and filters.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pop3_proto::config::Leniency;
use pop3_proto::observe::{Observer, Tracing};
use pop3_proto::record::Replay;
use pop3_proto::{Channel, Config, Connection, Connector, Endpoint, Instant, Quit};
use pop3_testkit::conversation::{Conversation, logged_in, pipelining, trusted};
use pop3_testkit::observed::{Records, What};
use pop3_testkit::spans::Spans;
use pop3_testkit::tls::authority::Authority;
use pop3_testkit::tls::link::Link;
use pop3_testkit::tls::peer::{Peer, mail_in_tls};
use pop3_testkit::transcripts::transcripts;
use tracing::metadata::LevelFilter;

fn tracer() -> Box<dyn Observer> {
    Box::new(Tracing::new("mx.example", 110))
}

/// Traces the rest of a session, up to this level, and drops it. Returns what happened.
fn rest(
    level: LevelFilter,
    mut session: Conversation,
    run: impl FnOnce(&mut Conversation),
) -> Vec<String> {
    let spans = Spans::default().up_to(level);
    let _guard = spans.collect();
    session.connection.set_observer(tracer());
    run(&mut session);
    drop::<Connection>(session.connection);
    assert_eq!(spans.open(), [""; 0]);
    spans.log()
}

/// Returns whether one of the lines begins like this.
fn has(log: &[String], begin: &str) -> bool {
    log.iter().any(|line| line.starts_with(begin))
}

#[test]
fn pipelined_commands_overlap() {
    let log = rest(LevelFilter::DEBUG, pipelining(), |session| {
        session.ask("dele 1");
        session.ask("dele 2");
        session.ask("noop");
        session.server("+OK\r\n+OK\r\n");
        session.server("+OK\r\n");
    });
    assert_eq!(
        log,
        [
            "open connection",
            "open connection/command DELE 1",
            "open connection/command DELE 2",
            "open connection/command NOOP",
            "close connection/command DELE 1",
            "close connection/command DELE 2",
            "close connection/command NOOP",
            "close connection",
        ]
    );
}

#[test]
fn message_span_ends_at_the_terminator() {
    let log = rest(LevelFilter::TRACE, pipelining(), |session| {
        session.ask("retr 1");
        session.ask("retr 2");
        session.server("+OK\r\nabc\r\n.\r\n+OK\r\nab");
    });
    assert_eq!(
        log,
        [
            "open connection",
            "open connection/command RETR 1",
            "TRACE connection/command RETR 1: > RETR 1",
            "open connection/command RETR 2",
            "TRACE connection/command RETR 2: > RETR 2",
            "TRACE connection/command RETR 1: < +OK",
            "open connection/command RETR 1/message",
            "TRACE connection/command RETR 1/message: < [1 line, 5 octets]",
            "close connection/command RETR 1/message",
            "close connection/command RETR 1",
            "TRACE connection/command RETR 2: < +OK",
            "open connection/command RETR 2/message",
            // The connection is dropped within the second message.
            "close connection/command RETR 2/message",
            "close connection/command RETR 2",
            "close connection",
        ]
    );
}

#[test]
fn exchange_of_several_lines_is_one_command() {
    let log = rest(LevelFilter::TRACE, trusted(), |session| {
        session.server("+OK ready\r\n");
        session.ask("login alice secret only=LOGIN");
        session.server("+OK\r\nSASL LOGIN\r\n.\r\n");
        session.server("+ VXNlcm5hbWU6\r\n");
        session.server("+ UGFzc3dvcmQ6\r\n");
        session.server("-ERR [AUTH] wrong\r\n");
    });
    let path = "connection/login/command AUTH";
    let auth: Vec<&String> = log.iter().filter(|line| line.contains(path)).collect();
    assert_eq!(auth[0], &format!("open {path}"));
    assert_eq!(auth[1], &format!("TRACE {path}: > AUTH LOGIN"));
    let redacted = auth.iter().filter(|line| line.ends_with("<redacted>"));
    assert_eq!(redacted.count(), 4, "{log:#?}");
    assert_eq!(auth.last(), Some(&&format!("close {path}")));
    // The refusal is reported once as a warning: that the login has failed.
    assert!(has(&log, &format!("DEBUG {path}: * AUTH answered: ")));
    assert!(has(&log, "WARN connection/login: * login ended: "));
    assert!(!has(&log, "INFO "), "{log:#?}");
}

#[test]
fn errors_are_events_at_their_level() {
    let log = rest(LevelFilter::TRACE, logged_in(), |session| {
        session.exchange("dele 7", "-ERR no\r\n");
        session.exchange("stat", "+OK many\r\n");
        session.exchange("noop", "\r\n+OK\r\n");
        session.ask("noop");
        session.eof();
    });
    for begin in [
        "INFO connection/command DELE 7: * DELE 7 answered: the server refused DELE 7: no",
        "WARN connection/command STAT: * STAT answered: ",
        "DEBUG connection: * deviation: ",
        "ERROR connection: * closed: ",
    ] {
        assert!(has(&log, begin), "{begin}: {log:#?}");
    }
}

#[test]
fn disabled_spans_pass_events_to_their_parents() {
    let log = rest(LevelFilter::INFO, trusted(), |session| {
        session.server("+OK ready\r\n");
        session.ask("login alice secret only=PLAIN");
        session.server("+OK\r\nSASL PLAIN\r\n.\r\n");
        session.server("-ERR no\r\n");
        session.ask("user alice");
        session.server("-ERR no\r\n");
    });
    assert_eq!(log[..2], ["open connection", "open connection/login"]);
    assert!(log[2].starts_with("WARN connection/login: * login ended: "));
    assert_eq!(log[3], "close connection/login");
    assert!(log[4].starts_with("INFO connection: * USER answered: "));
    assert_eq!(log[5..], ["close connection"]);
}

#[test]
fn connector_traces_in_the_current_span() {
    let spans = Spans::default();
    let _guard = spans.collect();
    let mut connector = Connector::default();
    connector.trace();
    let endpoint = Endpoint::plain("mail.example.org", Some(1110));
    drop(connector.connection(&endpoint, Instant::ORIGIN));
    let address = "connection server.address=\"mail.example.org\" server.port=1110";
    assert!(spans.tree().starts_with(address), "{}", spans.tree());
    assert_eq!(spans.open(), [""; 0]);
}

#[test]
fn real_tls_is_described_by_fields() {
    let spans = Spans::default();
    let _guard = spans.collect();
    let authority = Authority::new();
    let peer = Peer::implicit_tls(Some(mail_in_tls()), authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.session.set_observer(tracer());
    link.session.submit(Quit).expect("queued");
    link.run();
    let tree = spans.tree();
    let fields = "tls.protocol.version=\"1.3\" tls.cipher=\"TLS13_";
    let first = tree.lines().find(|line| line.starts_with("connection "));
    let first = first.expect("a connection");
    assert!(first.contains(fields), "{first}");
    assert!(first.ends_with("tls.resumed=false"), "{first}");
}

/// Counts lines that begin and contain these.
fn count(log: &[String], begin: &str, part: &str) -> usize {
    let is_it = |line: &&String| line.starts_with(begin) && line.contains(part);
    log.iter().filter(is_it).count()
}

/// Checks that each reply is in the span of its command: the first one that is open.
fn check_replies(log: &[String]) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    for line in log {
        let (what, rest) = line.split_once(' ').ok_or("no words")?;
        let path = rest.split(": ").next().unwrap_or_default();
        let is_command = path.contains("/command ") && !path.contains("/message");
        match what {
            "open" if is_command => open.push(path),
            "close" if is_command => {
                if open.first() != Some(&path) {
                    return Err(format!("{line}, but open are {open:?}"));
                }
                open.remove(0);
            }
            "TRACE" if rest.contains(": < ") && path.contains("/command ") => {
                let front = open
                    .first()
                    .ok_or_else(|| format!("none is open: {line}"))?;
                if !path.starts_with(front) {
                    return Err(format!("{line} is in another span than {front}"));
                }
            }
            _ => {}
        }
    }
    match open.as_slice() {
        [] => Ok(()),
        _ => Err(format!("still open: {open:?}")),
    }
}

#[test]
fn every_transcript_is_traced_completely() {
    let (mut played, mut commands) = (0, 0);
    for (name, transcript) in transcripts() {
        for leniency in [Leniency::Lenient, Leniency::Strict] {
            if !transcript.permits(leniency) {
                continue;
            }
            let (records, spans) = (Records::default(), Spans::default());
            let guard = spans.collect();
            let replayed = Replay::new()
                .under(leniency)
                .run_with(&transcript, |connection| {
                    let both: Vec<Box<dyn Observer>> = vec![Box::new(records.clone()), tracer()];
                    connection.set_observer(Box::new(both));
                });
            drop(replayed.unwrap_or_else(|why| panic!("{name}: {why}")));
            drop(guard);
            let log = spans.log();
            assert_eq!(spans.open(), [""; 0], "{name}");
            let all = records.all();
            let events = |is_it: fn(&What) -> bool| all.iter().filter(|it| is_it(&it.what)).count();
            let sent = events(|what| matches!(what, What::Sent { .. }));
            assert_eq!(count(&log, "TRACE ", ": > "), sent, "{name}: {log:#?}");
            let answered = events(|what| *what == What::Answered);
            let opened = count(&log, "open ", "/command ") - count(&log, "open ", "/message");
            assert!(opened >= answered, "{name}: {log:#?}");
            check_replies(&log).unwrap_or_else(|why| panic!("{name}: {why}\n{log:#?}"));
            played += 1;
            commands += opened;
        }
    }
    assert!(played > 400 && commands > 1_500, "{played}, {commands}");
}

#[test]
fn panic_in_another_observer_closes_all_spans() {
    #[derive(Debug)]
    struct Panics;
    impl Observer for Panics {
        fn observe(&mut self, _: &pop3_proto::observe::Record<'_>) {
            panic!("a panic in an observer");
        }
    }
    let spans = Spans::default();
    let _guard = spans.collect();
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    let both: Vec<Box<dyn Observer>> = vec![tracer(), Box::new(Panics)];
    session.connection.set_observer(Box::new(both));
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let caught = catch_unwind(AssertUnwindSafe(|| session.server("+OK ready\r\n")));
    std::panic::set_hook(silent);
    assert!(caught.is_err());
    drop::<Connection>(session.connection);
    assert_eq!(spans.open(), [""; 0]);
    assert_eq!(spans.log()[1], "TRACE connection: < +OK ready");
}
