//! Shrinking transcripts.

use pop3_proto::record::{Only, Replay, Transcript, replay, shrink};
use pop3_testkit::transcripts::transcripts;

/// Returns the error that ends the session of a transcript.
fn end(transcript: &Transcript) -> Option<String> {
    let played = Replay::new().observe(transcript).ok()?;
    played.error().map(|error| format!("{error:?}"))
}

#[test]
fn shrunk_transcripts_end_in_the_same_error() {
    let (mut before, mut after) = (0, 0);
    for (name, transcript) in transcripts() {
        let error = end(&transcript);
        if error.is_none() || transcript.is_only(Only::Whole) {
            continue;
        }
        let shrunk = shrink(&transcript, |it| end(it) == error);
        let text = shrunk.to_string();
        let again: Transcript = text.parse().unwrap_or_else(|why| panic!("{name}: {why}"));
        let replayed = replay(&again);
        let replayed = replayed.unwrap_or_else(|why| panic!("{name}: {why}\n{text}"));
        assert_eq!(
            replayed.error().map(|it| format!("{it:?}")),
            error,
            "{name}"
        );
        assert!(
            shrunk.steps.len() <= transcript.steps.len(),
            "{name}\n{text}"
        );
        before += transcript.steps.len();
        after += shrunk.steps.len();
    }
    assert!(
        after * 10 < before * 9,
        "{before} steps, and {after} after shrinking"
    );
}

#[test]
fn session_shrinks_to_the_lines_that_matter() {
    let transcript: Transcript = "\
set channel trusted
S: +OK ready
= greeting: \"ready\"
> user alice
> pass secret
C: USER alice
S: +OK
= user: ok
C: PASS secret
S: +OK
= pass: ok
> noop
C: NOOP
S: +OK
= noop: ok
! wait 3
> stat
C: STAT
S: +OK 2 320
S: +OK again
= stat: 2 messages, 320 octets
= closed: protocol Unsolicited \"+OK again\"
"
    .parse()
    .expect("a transcript");
    replay(&transcript).expect("no deviation");
    let error = end(&transcript);
    let shrunk = shrink(&transcript, |it| end(it) == error);
    // An unsolicited line needs only a greeting, and any `+OK` is one.
    let expected = "\
set channel trusted
S: +OK 2 320
S: +OK again
= greeting: \"2 320\"
= closed: protocol Unsolicited \"+OK again\"
";
    assert_eq!(shrunk.to_string(), expected);
}

#[test]
fn shrink_returns_what_the_predicate_rejects() {
    let transcript: Transcript = "S: +OK\n= greeting: \"\"\n".parse().expect("a transcript");
    assert_eq!(shrink(&transcript, |_| false), transcript);
}
