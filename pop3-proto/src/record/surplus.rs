//! Recognizes the only difference that the partition of the octets may cause.
//!
//! A server may end a multi-line reply and then send octets that are not the reply to any command.
//! If they are received together with the reply, the reply fails. If they are received later, the
//! end of the reply was already reported, and the same error closes the connection immediately.
//! There is one more case: no reply is awaited, and the octets begin with a `-ERR` line. If that
//! line is received alone, it counts as an unsolicited `-ERR` before closing.

use alloc::string::String;
use alloc::vec::Vec;

/// Returns whether `fine`, from a run with a finer partition than `coarse`, has only this
/// difference. Both are in the format of transcripts.
pub fn is_late_surplus(coarse: &[String], fine: &[String]) -> bool {
    let same = coarse
        .iter()
        .zip(fine)
        .take_while(|(coarse, fine)| coarse == fine);
    let same = same.count();
    let (Some((failed, after)), fine) = (
        coarse.get(same..).and_then(<[_]>::split_first),
        fine.get(same..).unwrap_or_default(),
    ) else {
        return false;
    };
    let Some((label, surplus)) = surplus_of(failed) else {
        return false;
    };
    // Ignore quirks: those of the reply, and blank lines after it.
    let mut fine = fine
        .iter()
        .filter(|reported| !reported.starts_with("quirk "));
    let ended = fine
        .next()
        .and_then(|reported| reported.strip_prefix(label));
    let ended = ended.is_some_and(|reported| {
        let failed = reported.starts_with(": failed: ") || reported.starts_with(": cut short: ");
        reported.starts_with(": ") && !failed
            || reported.starts_with(": failed: protocol Malformed ")
    });
    let fine: Vec<&String> = fine.collect();
    let end = fine.last().and_then(|last| last.strip_prefix("closed: "));
    let end = end.filter(|end| *end == surplus || end.starts_with("closed UnsolicitedErr "));
    let Some(end) = end.filter(|_| ended) else {
        return false;
    };
    let same_end = |(coarse, fine): (&String, &&String)| coarse.replace(surplus, end) == **fine;
    after.len() == fine.len() && after.iter().zip(&fine).all(same_end)
}

/// Returns the label and the error of a request that failed because of octets after its reply.
fn surplus_of(reported: &str) -> Option<(&str, &str)> {
    let (label, why) = reported
        .split_once(": cut short: ")
        .or_else(|| reported.split_once(": failed: "))?;
    why.starts_with("protocol Surplus ").then_some((label, why))
}
