//! Shrinks transcripts.

use alloc::vec::Vec;
use core::ops::Range;

use super::replay::Replay;
use super::step::Step;
use super::transcript::Transcript;

/// Removes what is not needed from a transcript, as long as `keep` returns true for what is left.
///
/// It removes inputs: first large parts, then requests with their replies, then up to four adjacent
/// lines. Inputs are octets of the server, what the application does, and what follows `!`. After each removal it plays the rest again with
/// [`Replay::observe`], so that the `C:` and `=` lines match, and passes that transcript to `keep`.
/// Inputs that are impossible then are not removed.
///
/// If `keep` does not return true for the transcript itself, it is returned unchanged. The result
/// has no input that could be removed alone. The number of calls of `keep` is at most quadratic in
/// the number of lines, and usually much smaller.
///
/// ```
/// use pop3_proto::record::{Replay, Transcript, shrink};
///
/// let recorded: Transcript = "\
/// set channel trusted
/// S: +OK ready
/// = greeting: \"ready\"
/// > capa
/// C: CAPA
/// S: -ERR unknown
/// = capa: unknown
/// ! wait 5
/// S: surprise
/// = closed: protocol Unsolicited \"surprise\"
/// "
/// .parse()?;
/// let error = Replay::new().observe(&recorded)?.error().cloned();
///
/// let shrunk = shrink(&recorded, |transcript| {
///     let replayed = Replay::new().observe(transcript);
///     replayed.is_ok_and(|replayed| replayed.error() == error.as_ref())
/// });
/// assert_eq!(shrunk.to_string(), "\
/// set channel trusted
/// S: +OK ready
/// = greeting: \"ready\"
/// S: surprise
/// = closed: protocol Unsolicited \"surprise\"
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn shrink(transcript: &Transcript, mut keep: impl FnMut(&Transcript) -> bool) -> Transcript {
    if !keep(transcript) {
        return transcript.clone();
    }
    let mut shrunk = transcript.clone();
    loop {
        let before = inputs(&shrunk).len();
        for ranges in [halves, exchanges, windows] {
            // From the end, because what is late often depends on what is early.
            for range in ranges(&shrunk).into_iter().rev() {
                if let Some(smaller) = without(&shrunk, &range).filter(|it| keep(it)) {
                    shrunk = smaller;
                }
            }
        }
        if inputs(&shrunk).len() == before {
            return shrunk;
        }
    }
}

/// Returns large ranges of inputs first: halves, quarters and so on.
fn halves(transcript: &Transcript) -> Vec<Range<usize>> {
    let count = inputs(transcript).len();
    let mut ranges = Vec::new();
    let mut size = 1;
    while size < count {
        ranges.extend((0..count).step_by(size).map(|start| start..start + size));
        size *= 2;
    }
    ranges
}

/// Returns each request with the inputs up to the next request: usually a command and its reply.
fn exchanges(transcript: &Transcript) -> Vec<Range<usize>> {
    let is_request = |at: &usize| {
        let line = transcript.steps.get(*at);
        line.is_some_and(|line| matches!(line.step, Step::Request(_)))
    };
    let inputs = inputs(transcript);
    let starts = inputs.iter().enumerate();
    let starts = starts.filter(|(_, at)| is_request(at)).map(|(n, _)| n);
    let mut starts: Vec<usize> = starts.collect();
    starts.push(inputs.len());
    let pairs = starts.windows(2);
    pairs
        .filter_map(|pair| Some(*pair.first()?..*pair.last()?))
        .collect()
}

/// Returns all small ranges of adjacent inputs, the single ones last.
fn windows(transcript: &Transcript) -> Vec<Range<usize>> {
    let count = inputs(transcript).len();
    let of_size = |size| (0..count).map(move |start| start..start + size);
    (1..=4).flat_map(of_size).collect()
}

/// Returns the positions of the inputs.
fn inputs(transcript: &Transcript) -> Vec<usize> {
    let steps = transcript.steps.iter().enumerate();
    steps
        .filter(|(_, line)| line.step.is_input())
        .map(|(at, _)| at)
        .collect()
}

/// Returns the transcript without a range of its inputs, and with what the connection then does.
/// `None` if that is impossible, or if nothing became shorter.
fn without(transcript: &Transcript, range: &Range<usize>) -> Option<Transcript> {
    let inputs = inputs(transcript);
    let removed = inputs.get(range.start..range.end.min(inputs.len()))?;
    let mut smaller = transcript.clone();
    let mut at = 0..;
    smaller.steps.retain(|_| {
        let at = at.next().unwrap_or_default();
        !removed.contains(&at)
    });
    let played = Replay::new().observe(&smaller).ok()?.transcript;
    (self::inputs(&played).len() < inputs.len()).then_some(played)
}
