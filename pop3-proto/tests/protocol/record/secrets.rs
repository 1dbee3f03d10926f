//! What a recording must not contain.

use base64::Engine as _;
use pop3_proto::config::Leniency;
use pop3_proto::record::{Action, Feeding};
use pop3_proto::record::{Operation, Recorder, Replay, Step, Transcript};
use pop3_proto::{Channel, Config};
use pop3_testkit::conversation::Conversation;
use pop3_testkit::needles::Needles;
use pop3_testkit::transcripts::transcripts;

const PASSWORD: &str = "correct-Horse-7";

fn needles(secret: &str) -> Needles {
    let mut needles = Needles::default();
    needles.secret("password", secret.as_bytes());
    needles
}

/// Replaces the passwords and tokens of a transcript by one that can be searched for, and plays its
/// inputs. The server then refuses some logins that it accepted before, which does not matter here.
fn with_needle(transcript: &Transcript) -> Transcript {
    let mut changed = transcript.clone();
    for line in &mut changed.steps {
        let Step::Request(Action::Submit(operation)) = &mut line.step else {
            continue;
        };
        let text = operation.to_string();
        let mut words: Vec<&str> = text.split(' ').collect();
        let at = match words.first().copied().unwrap_or_default() {
            "pass" => 1,
            "login" | "login-token" | "login-tokens" | "apop" => 2,
            _ => continue,
        };
        match words.get_mut(at) {
            Some(word) => *word = PASSWORD,
            None => continue,
        }
        *operation = Operation::parse(&words.join(" ")).expect("an operation");
    }
    changed
}

#[test]
fn no_recording_contains_a_secret_that_was_sent() {
    let needles = needles(PASSWORD);
    let mut sent = 0;
    for (name, transcript) in transcripts() {
        let changed = with_needle(&transcript);
        for feeding in [Feeding::Whole, Feeding::Octets] {
            let recorder = Recorder::new().keep_messages().keep_names();
            let replay = Replay::new().under(Leniency::Lenient).fed(feeding);
            let played = replay.observe_with(&changed, |it| assert!(recorder.attach(it)));
            let Ok(played) = played else { continue };
            let octets = String::from_utf8_lossy(&played.sent).into_owned();
            sent += usize::from(!needles.found_in(&octets).is_empty());
            let recording = recorder.transcripts()[0].to_string();
            assert_eq!(needles.found_in(&recording), [""; 0], "{name}\n{recording}");
        }
    }
    assert!(sent > 100, "only {sent} sessions have sent the password");
}

#[test]
fn echoes_of_secrets_are_replaced() {
    let recorder = Recorder::new().keep_messages().keep_names();
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    assert!(recorder.attach(&mut session.connection));
    session.server("+OK ready\r\n");
    session.ask("user alice");
    session.ask(&format!("pass {PASSWORD}"));
    session.server("+OK\r\n");
    // In two segments, neither of which contains all of it.
    session.server("-ERR PASS correct-Ho");
    session.server("rse-7 is wrong\r\n");
    session.ask("capa");
    session.server(format!("+OK\r\nX-ECHO {PASSWORD}\r\n.\r\n"));
    session.ask(&format!("long XECHO {PASSWORD}"));
    session.server(format!("+OK\r\nyou said {PASSWORD}\r\n.\r\n"));
    session.server(format!("-ERR {PASSWORD}"));
    session.eof();
    let recording = recorder.transcripts()[0].to_string();
    assert_eq!(
        needles(PASSWORD).found_in(&recording),
        [""; 0],
        "{recording}"
    );
    assert!(recording.contains("<redacted>"), "{recording}");
    pop3_proto::record::replay(&recording.parse().expect("a recording")).expect("no deviation");
}

#[test]
fn names_and_messages_are_replaced() {
    let recorder = Recorder::new();
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    assert!(recorder.attach(&mut session.connection));
    session.server("+OK ready\r\n");
    session.ask("user joe@example.org");
    session.ask("pass secret");
    session.server("+OK joe has mail\r\n");
    session.server("+OK welcome, JOE@example.org\r\n");
    session.ask("retr 1");
    session.server("+OK\r\nSubject: confidential\r\n\r\n..dot\r\n.\r\n");
    session.ask("noop");
    session.server("this line of a message was not stuffed\r\n");
    let recording = recorder.transcripts()[0].to_string();
    for private in ["joe", "JOE", "confidential", "message was"] {
        assert!(!recording.contains(private), "{private}\n{recording}");
    }
    assert!(
        recording.contains("S: xxxxxxxxxxxxxxxxxxxxx\n"),
        "{recording}"
    );
    assert!(recording.contains("S: ..xxx\n"), "{recording}");
}

#[test]
fn recording_begins_only_at_the_beginning() {
    let recorder = Recorder::new();
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    session.server("+OK ready\r\n");
    assert!(!recorder.attach(&mut session.connection));
    assert_eq!(recorder.sessions(), 0);
}

#[test]
fn full_recording_says_that_it_is_incomplete() {
    let recorder = Recorder::new().limited_to(4096);
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    assert!(recorder.attach(&mut session.connection));
    session.server("+OK ready\r\n");
    for _ in 0..200 {
        session.ask("capa");
        session.server("-ERR\r\n");
    }
    let recording = &recorder.transcripts()[0];
    assert!(recording.comments.iter().any(|it| it.contains("limit")));
    let requests = |line: &&pop3_proto::record::Line| matches!(line.step, Step::Request(_));
    assert!(recording.steps.iter().filter(requests).count() < 200);
    pop3_proto::record::replay(recording).expect("no deviation");
}

#[test]
fn lines_of_messages_never_count_as_replies() {
    for line in [
        "- item",
        "-- ",
        "-----BEGIN PGP MESSAGE-----",
        "+1 555 0100",
        "+plus",
    ] {
        let recorder = Recorder::new();
        let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
        assert!(recorder.attach(&mut session.connection));
        session.server("+OK ready\r\n");
        session.ask("user joe");
        session.ask("pass secret");
        session.server("+OK\r\n");
        session.server("+OK\r\n");
        session.ask("retr 1");
        // The server does not stuff dots, so the rest of the message follows its end.
        session.server("+OK\r\nSubject: x\r\n\r\n.\r\n");
        session.ask("noop");
        session.server(format!("{line}\r\n"));
        let recording = recorder.transcripts()[0].to_string();
        assert!(!recording.contains(line), "{line}\n{recording}");
    }
}

/// The last challenge of SCRAM contains the server's signature, which allows anyone to guess the
/// password offline.
#[test]
fn signature_of_scram_is_replaced_in_every_form() {
    let signature = "rmF9pqV8S7suAoZWja4dJRkFsKQ=";
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    for last in [
        format!("v={signature}"),
        format!("v={signature},ext=1"),
        format!("v={}", signature.trim_end_matches('=')),
        format!("x={signature}"),
        signature.to_owned(),
    ] {
        let recorder = Recorder::new();
        let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
        assert!(recorder.attach(&mut session.connection));
        session.server("+OK ready\r\n");
        session.ask(
            "login user pencil only=SCRAM-SHA-1 nonce=fyko+d2lbbFgONRv9qkxdawL iterations=1..5000",
        );
        session.server("+OK\r\nSASL SCRAM-SHA-1\r\n.\r\n");
        let first = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
        session.server(format!("+ {}\r\n", base64(first)));
        session.server(format!("+ {}\r\n", base64(&last)));
        let recording = recorder.transcripts()[0].to_string();
        assert!(recording.contains(&base64(first)), "{recording}");
        assert!(!recording.contains(&base64(&last)), "{last}\n{recording}");
        assert!(!recording.contains(signature), "{last}\n{recording}");
    }
}

#[test]
fn demanded_iterations_are_not_computed_by_the_recorder() {
    let recorder = Recorder::new();
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    assert!(recorder.attach(&mut session.connection));
    session.server("+OK ready\r\n");
    session.ask(
        "login user pencil only=SCRAM-SHA-1 nonce=fyko+d2lbbFgONRv9qkxdawL iterations=1..5000",
    );
    session.server("+OK\r\nSASL SCRAM-SHA-1\r\n.\r\n");
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let first = "r=fyko+d2lbbFgONRv9qkxdawL3r,s=QSXCR+Q6sek8bf92,i=4294967295";
    let last = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";
    session.server(format!("+ {}\r\n+ {}\r\n", base64(first), base64(last)));
    // It would take an hour.
    assert_eq!(recorder.transcripts().len(), 1);
}
