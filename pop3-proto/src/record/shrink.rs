//! Shrinks transcripts.

use alloc::vec::Vec;
use core::ops::Range;

use super::replay::Replay;
use super::transcript::Transcript;

/// Removes what is not needed from a transcript, as long as `keep` returns true for what is left.
///
/// It removes inputs one after the other, first large parts, then single lines: octets of the
/// server, requests, and everything after `!`. After each removal it plays the rest again with
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
    let mut changed = true;
    while changed {
        changed = false;
        let mut size = inputs(&shrunk).len().div_ceil(2);
        while size > 0 {
            // From the end, because what is late often depends on what is early.
            let mut end = inputs(&shrunk).len();
            while end > 0 {
                let range = end.saturating_sub(size)..end;
                match without(&shrunk, &range).filter(|it| keep(it)) {
                    Some(smaller) => {
                        shrunk = smaller;
                        changed = true;
                        end = range.start.min(inputs(&shrunk).len());
                    }
                    None => end = range.start,
                }
            }
            size /= 2;
        }
    }
    shrunk
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
    let removed = inputs.get(range.clone())?;
    let mut smaller = transcript.clone();
    let mut at = 0..;
    smaller.steps.retain(|_| {
        let at = at.next().unwrap_or_default();
        !removed.contains(&at)
    });
    let played = Replay::new().observe(&smaller).ok()?.transcript;
    (self::inputs(&played).len() < inputs.len()).then_some(played)
}
