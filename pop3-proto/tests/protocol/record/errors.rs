//! Recordings of sessions that end in each kind of error.

use std::collections::BTreeSet;

use pop3_proto::config::Leniency;
use pop3_proto::record::{Recorder, Replay, Transcript};
use pop3_proto::{Error, Event};
use pop3_testkit::transcripts::transcripts;

/// Returns the variant of an error.
fn variant(error: &Error) -> &'static str {
    match error {
        Error::Refused(_) => "Refused",
        Error::Auth(_) => "Auth",
        Error::Misuse(_) => "Misuse",
        Error::Protocol(_) => "Protocol",
        Error::Security(_) => "Security",
        Error::Unconfirmed(_) => "Unconfirmed",
        Error::Limit(_) => "Limit",
        Error::Timeout(_) => "Timeout",
        Error::Closed(_) => "Closed",
        Error::Transport(_) => "Transport",
        Error::Tls(_) => "Tls",
        Error::CallbackPanicked => "CallbackPanicked",
        other => panic!("a new kind of error, which needs a transcript: {other:?}"),
    }
}

/// The kinds of error that end a session.
const FATAL: [&str; 9] = [
    "CallbackPanicked",
    "Closed",
    "Limit",
    "Protocol",
    "Security",
    "Timeout",
    "Tls",
    "Transport",
    "Unconfirmed",
];

/// The kinds of error after which a session can go on.
const OTHERS: [&str; 3] = ["Auth", "Misuse", "Refused"];

#[test]
fn recordings_replay_each_kind_of_error() {
    let (mut fatal, mut others) = (BTreeSet::new(), BTreeSet::new());
    for (name, transcript) in transcripts() {
        if !transcript.permits(Leniency::Lenient) {
            continue;
        }
        let recorder = Recorder::new();
        let played = Replay::new().run_with(&transcript, |it| assert!(recorder.attach(it)));
        let played = played.expect("a transcript");
        let text = recorder.transcripts()[0].to_string();
        let recorded: Transcript = text.parse().expect("a recording");
        let again = Replay::new().run(&recorded).expect("no deviation");
        let end = |error: Option<&Error>| error.map(variant);
        assert_eq!(end(again.error()), end(played.error()), "{name}");
        fatal.extend(end(again.error()));
        for event in &again.events {
            if let Event::Reply {
                result: Err(error), ..
            } = event
                && !error.is_fatal()
            {
                others.insert(variant(error));
            }
        }
    }
    assert!(fatal.iter().eq(&FATAL), "{fatal:?}");
    for kind in OTHERS {
        assert!(others.contains(kind), "{kind} is missing: {others:?}");
    }
}
