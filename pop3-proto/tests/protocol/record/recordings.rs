//! Recordings of all transcripts: their replay reports the same events.

use pop3_proto::config::Leniency;
use pop3_proto::record::{Feeding, Only, Recorder, Replay, Transcript};
use pop3_proto::reply::Reply;
use pop3_proto::{Connection, Event};
use pop3_testkit::bodies::join_all;
use pop3_testkit::surplus::without_quote;
use pop3_testkit::transcripts::transcripts;

/// Plays a transcript, and returns what was recorded and which events were reported.
fn record(
    transcript: &Transcript,
    leniency: Leniency,
    feeding: Feeding,
    recorder: &Recorder,
) -> (Transcript, Vec<Event>) {
    let attach = |connection: &mut Connection| assert!(recorder.attach(connection));
    let replay = Replay::new().under(leniency).fed(feeding);
    let played = replay.run_with(transcript, attach).expect("a transcript");
    let recorded = recorder.transcripts().pop().expect("a recording");
    (recorded, without_tokens(played.events))
}

/// The requests for tokens: a recorded transcript has them, because it provides the tokens itself.
fn without_tokens(events: Vec<Event>) -> Vec<Event> {
    let is_other = |event: &Event| !matches!(event, Event::TokenWanted { .. });
    events.into_iter().filter(is_other).collect()
}

fn shown(event: Event) -> String {
    format!("{event:?}")
}

/// Writes an event without the contents of messages, and without the names in texts. Their lengths
/// are kept.
fn without_contents(event: Event) -> String {
    let filled = |octets: &[u8]| -> String {
        let kept = |octet: &u8| matches!(octet, b'\r' | b'\n' | b'.');
        let filled = octets.iter().map(|it| if kept(it) { *it } else { b'x' });
        filled.map(char::from).collect()
    };
    match event {
        Event::Body { id, chunk } => format!("{id:?} {}", filled(&chunk)),
        Event::Reply {
            id,
            result: Ok(Reply::Lines(lines)),
        } => format!("{id:?} {:?} {}", lines.status, filled(&lines.octets)),
        mut event => {
            if let Event::Reply {
                result: Err(why), ..
            }
            | Event::BodyEnd {
                result: Err(why), ..
            }
            | Event::Closed(Err(why)) = &mut event
            {
                without_quote(why);
            }
            let shown = format!("{event:?}");
            let letter = |c: char| c.is_ascii_alphanumeric();
            shown.replace(letter, "x")
        }
    }
}

/// Records all transcripts, and checks that each recording replays, from its text, to the same
/// events.
fn recordings_match(
    recorder: impl Fn() -> Recorder,
    feeding: impl Fn(&Transcript) -> Option<Feeding>,
    same: impl Fn(Event) -> String,
) {
    let (mut failures, mut recorded) = (Vec::new(), 0);
    for (name, transcript) in transcripts() {
        let Some(feeding) = feeding(&transcript) else {
            continue;
        };
        for leniency in [Leniency::Lenient, Leniency::Strict] {
            if !transcript.permits(leniency) {
                continue;
            }
            let (recording, events) = record(&transcript, leniency, feeding, &recorder());
            let text = recording.to_string();
            let recording: Result<Transcript, _> = text.parse();
            let recording = recording.unwrap_or_else(|why| panic!("{name}: {why}\n{text}"));
            let events: Vec<_> = join_all(events).into_iter().map(&same).collect();
            let failure = match Replay::new().under(leniency).run(&recording) {
                Err(why) => Some(why.to_string()),
                Ok(replayed) => {
                    let again = join_all(without_tokens(replayed.events));
                    let again: Vec<_> = again.into_iter().map(&same).collect();
                    let first = again.iter().zip(&events).find(|(a, b)| a != b);
                    (again != events).then(|| format!("{first:?}"))
                }
            };
            let failure = failure.map(|what| format!("{name} {leniency:?}: {what}\n{text}"));
            failures.extend(failure);
            recorded += 1;
        }
    }
    assert!(recorded > 600, "only {recorded} recordings");
    let count = failures.len();
    assert!(
        failures.is_empty(),
        "{count} of {recorded}:\n{}",
        failures.join("\n\n")
    );
}

#[test]
fn recordings_replay_to_the_same_events() {
    let recorder = || Recorder::new().keep_messages().keep_names();
    recordings_match(recorder, |_| Some(Feeding::Whole), shown);
}

#[test]
fn recordings_in_single_octets_replay_the_same() {
    let recorder = || Recorder::new().keep_messages().keep_names();
    let feeding = |transcript: &Transcript| {
        let whole = transcript.is_only(Only::Whole);
        Some(if whole {
            Feeding::Whole
        } else {
            Feeding::Octets
        })
    };
    recordings_match(recorder, feeding, shown);
}

#[test]
fn private_recordings_replay_events_of_the_same_size() {
    recordings_match(Recorder::new, |_| Some(Feeding::Whole), without_contents);
}
