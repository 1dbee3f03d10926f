//! The language of transcripts: what is written is parsed to the same steps.

use pop3_proto::record::{Line, Transcript};
use pop3_testkit::transcripts::transcripts;

fn without_numbers(transcript: &Transcript) -> Vec<Line> {
    let lines = transcript.steps.iter().cloned();
    lines.map(|line| Line { number: 0, ..line }).collect()
}

#[test]
fn written_transcripts_parse_to_the_same_steps() {
    for (name, transcript) in transcripts() {
        let text = transcript.to_string();
        let again: Transcript = text.parse().unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(
            without_numbers(&again),
            without_numbers(&transcript),
            "{name}"
        );
        assert_eq!(again.settings, transcript.settings, "{name}");
        assert_eq!(again.only, transcript.only, "{name}");
        assert_eq!(again.to_string(), text, "{name}");
    }
}
