//! An observer that keeps its records, and a comparison of the records with the octets that were
//! really sent and received.

use std::sync::{Arc, Mutex};

use pop3_proto::observe::{Observed, Observer, Record};
use pop3_proto::{Instant, RequestId};

/// What an observer saw.
#[derive(Debug, Clone, Default)]
pub struct Records(Arc<Mutex<Vec<Seen>>>);

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The record as `Display` writes it.
    pub shown: String,
    pub at: Instant,
    pub request: Option<RequestId>,
    pub what: What,
}

/// What was recorded, as owned data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Sent { line: String, octets: usize },
    Received { line: Vec<u8>, octets: usize },
    MultiLine { lines: u64, octets: u64 },
    Answered,
    Other,
}

impl Observer for Records {
    fn observe(&mut self, record: &Record<'_>) {
        let what = match &record.what {
            Observed::Sent { line, octets, .. } => What::Sent {
                line: (*line).to_owned(),
                octets: *octets,
            },
            Observed::Received { line, octets, .. } => What::Received {
                line: line.as_bytes().to_vec(),
                octets: *octets,
            },
            Observed::MultiLine { lines, octets, .. } => What::MultiLine {
                lines: *lines,
                octets: *octets,
            },
            Observed::Answered { .. } => What::Answered,
            _ => What::Other,
        };
        let shown = record.to_string();
        self.0.lock().expect("no panic").push(Seen {
            shown,
            at: record.at,
            request: record.request,
            what,
        });
    }
}

const REDACTED: &[u8] = b"<redacted>";

/// Returns whether a line is shown as it is, or with one part of it redacted.
fn shows(shown: &[u8], line: &[u8]) -> bool {
    let redacted = shown.windows(REDACTED.len()).position(|it| it == REDACTED);
    match redacted {
        Some(at) => line.starts_with(&shown[..at]),
        None => shown == line,
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl Records {
    /// Returns a copy of all records.
    pub fn all(&self) -> Vec<Seen> {
        self.0.lock().expect("no panic").clone()
    }

    /// Returns the records as `Display` writes them, as a protocol log that does not repeat which
    /// commands were answered.
    pub fn shown(&self) -> Vec<String> {
        let all = self.all().into_iter();
        let log = all.filter(|seen| seen.what != What::Answered);
        log.map(|seen| seen.shown).collect()
    }

    /// Checks that each line that was sent completely was recorded exactly once, in order.
    pub fn show_all_sent(&self, sent: &[u8]) -> Result<(), String> {
        let mut records = self.all().into_iter().filter_map(|seen| match seen.what {
            What::Sent { line, octets } => Some((line, octets)),
            _ => None,
        });
        for line in sent.split_inclusive(|octet| *octet == b'\n') {
            if !line.ends_with(b"\n") {
                break;
            }
            let text = line.escape_ascii();
            let Some((shown, octets)) = records.next() else {
                return Err(format!("not recorded as sent: {text}"));
            };
            if octets != line.len() || !shows(shown.as_bytes(), without_end(line)) {
                return Err(format!("{text} was recorded as {octets} octets {shown:?}"));
            }
        }
        match records.next() {
            Some((line, _)) => Err(format!("recorded, but never sent: {line:?}")),
            None => Ok(()),
        }
    }

    /// Checks that each line that was received was recorded exactly once, in order. Returns the
    /// octets after the last record. There are some if the connection failed, or if a multi-line
    /// reply has not ended.
    pub fn show_all_received(&self, received: &[u8]) -> Result<Vec<u8>, String> {
        let mut lines = received.split_inclusive(|octet| *octet == b'\n').peekable();
        for seen in self.all() {
            match seen.what {
                What::Received { line, octets } => {
                    // The terminator of capabilities, whose lines are recorded one by one.
                    if line != b"." && lines.peek().is_some_and(|next| without_end(next) == b".") {
                        lines.next();
                    }
                    let next = lines.next().unwrap_or_default();
                    // A line of capabilities with a stuffed dot.
                    let next = if next.starts_with(b"..") {
                        &next[1..]
                    } else {
                        next
                    };
                    if octets != next.len() || !shows(&line, without_end(next)) {
                        let (line, next) = (line.escape_ascii(), next.escape_ascii());
                        return Err(format!("{next} was recorded as {octets} octets {line}"));
                    }
                }
                What::MultiLine {
                    lines: count,
                    octets,
                } => {
                    // A dot after a bare LF may be data, so it may not have been removed.
                    let (mut raw, mut dots) = (0, 0);
                    for _ in 0..count {
                        let line = lines.next().unwrap_or_default();
                        dots += u64::from(line.starts_with(b"."));
                        raw += line.len() as u64;
                    }
                    let end = lines.next().unwrap_or_default();
                    if !(raw - dots..=raw).contains(&octets) || without_end(end) != b"." {
                        let end = end.escape_ascii();
                        return Err(format!("{count} lines, {octets} octets: {raw}, then {end}"));
                    }
                }
                What::Sent { .. } | What::Answered | What::Other => {}
            }
        }
        Ok(lines.flatten().copied().collect())
    }
}
