//! A readable record of one session, for debugging a failure.

use std::cell::RefCell;
use std::rc::Rc;

use pop3_proto::Instant;

/// How many lines of a long record are shown at its start and at its end.
const SHOWN: usize = 150;

/// Records lines if enabled. Clones share the record, so that it survives a panic of the session.
#[derive(Clone, Default)]
pub(crate) struct Transcript(Option<Rc<RefCell<Vec<String>>>>);

impl Transcript {
    /// Creates a transcript that records its lines.
    pub(crate) fn kept() -> Self {
        Self(Some(Rc::default()))
    }

    /// Adds a line, which is built only if it is recorded.
    pub(crate) fn add(&self, now: Instant, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.0 {
            let time = now.duration_since(Instant::ORIGIN);
            lines.borrow_mut().push(format!("{time:>10.1?} {}", line()));
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0
            .as_ref()
            .map_or_else(Vec::new, |lines| lines.borrow().clone())
    }

    /// Returns the whole of a short record, or the start and end of a long one.
    pub(crate) fn shown(&self) -> String {
        let lines = self.lines();
        if lines.len() <= 2 * SHOWN {
            return lines.join("\n");
        }
        let left_out = format!("... {} lines ...", lines.len() - 2 * SHOWN);
        let (begin, end) = (&lines[..SHOWN], &lines[lines.len() - SHOWN..]);
        [begin, &[left_out], end].concat().join("\n")
    }
}

/// Formats octets as text. Omits the middle if there are many.
pub(crate) fn octets(octets: &[u8]) -> String {
    match octets.len() {
        0..=120 => format!("\"{}\"", octets.escape_ascii()),
        n => format!(
            "\"{}\"...\"{}\" ({n} octets)",
            octets[..60].escape_ascii(),
            octets[n - 40..].escape_ascii()
        ),
    }
}
