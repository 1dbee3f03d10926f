//! Records what was requested, sent and reported: every request ends once, in order, and all
//! requests get the same fatal error.

use std::collections::VecDeque;
use std::ops::Range;

use pop3_proto::{
    Error, Event, QuitOutcome, RequestId, config::Limits, error::Closed, reply::Reply,
};

use super::SECRET;
use super::commands::{Asked, Kind};

/// The ledger of one connection.
#[derive(Default)]
pub struct Ledger {
    /// Requests without a reply, in the order of submission.
    asked: VecDeque<Asked>,
    /// The request whose body is being received.
    open: Option<RequestId>,
    /// How many times `QUIT` was submitted.
    quits: usize,
    /// The first fatal error that was reported.
    fatal: Option<Error>,
    /// Whether the close was reported.
    pub closed: bool,
    /// All octets that were sent.
    pub sent: Vec<u8>,
    /// Whether the server can send the secret by itself, so that events may contain it.
    pub secret_is_out: bool,
    /// How many events were reported.
    pub events: usize,
    /// How many of the sent octets were searched for a cleartext login.
    searched: usize,
}

impl Ledger {
    pub fn ask(&mut self, asked: Asked) {
        self.quits += usize::from(asked.kind == Kind::Quit);
        self.asked.push_back(asked);
    }

    pub fn abandon(&mut self, range: &Range<RequestId>) {
        self.asked.retain(|asked| !range.contains(&asked.id));
        self.open = self.open.filter(|id| !range.contains(id));
    }

    pub fn outstanding(&self) -> usize {
        self.asked.len()
    }

    /// Records an event.
    pub fn record(&mut self, event: &Event, limits: &Limits) {
        assert!(!self.closed, "after the close: {event:?}");
        self.events += 1;
        if let Event::Greeting(greeting) = event {
            self.assert_shows_no_secret(&format!("{greeting:?}"));
        }
        match event {
            Event::Reply { id, result } => self.record_reply(*id, result, limits),
            Event::Body { id, chunk } => {
                assert_eq!(self.open, Some(*id));
                assert!(!chunk.is_empty() && self.fatal.is_none());
            }
            Event::BodyEnd { id, result } => {
                assert_eq!(self.open.take(), Some(*id));
                if let Err(error) = result {
                    assert!(error.is_fatal(), "only a close truncates a body: {error}");
                    self.record_fatal(error);
                }
            }
            Event::Closed(result) => {
                assert!(self.asked.is_empty() && self.open.is_none(), "not answered");
                match result {
                    Err(error) => self.record_fatal(error),
                    Ok(()) => assert!(self.fatal.is_none() || self.is_finished()),
                }
                self.closed = true;
            }
            _ => assert!(self.fatal.is_none(), "after the error: {event:?}"),
        }
    }

    fn record_reply(&mut self, id: RequestId, result: &Result<Reply, Error>, limits: &Limits) {
        assert_eq!(self.open, None, "a reply within a body");
        let asked = self.asked.pop_front().expect("no request is outstanding");
        assert_eq!(asked.id, id, "out of order");
        if asked.kind == Kind::Quit && self.quits == 1 {
            self.check_quit(result);
        }
        match result {
            Ok(reply) => {
                let unknown = matches!(reply, Reply::Quit(QuitOutcome::Unknown));
                assert!(self.fatal.is_none() || unknown, "after the error");
                assert!(
                    (asked.reads)(reply.clone()),
                    "a reply of the wrong type: {reply:?}"
                );
                check_size(reply, limits);
                if asked.kind == Kind::Streamed {
                    self.open = Some(id);
                }
            }
            Err(error) => {
                if error.is_fatal() {
                    self.record_fatal(error);
                } else {
                    self.assert_shows_no_secret(&format!("{error} {error:?}"));
                    // A login reports a refusal that was received before the connection closed.
                    assert!(self.fatal.is_none() || asked.kind == Kind::Login);
                }
            }
        }
    }

    /// Checks that only the reply to a sent `QUIT` determines whether the deletions were committed.
    fn check_quit(&self, result: &Result<Reply, Error>) {
        let line = self.sent.rsplit(|&octet| octet == b'\n').next().unwrap();
        let whole = self.sent.ends_with(b"QUIT\r\n");
        let begun = whole || (!line.is_empty() && b"QUIT\r\n".starts_with(line));
        match result {
            Ok(Reply::Quit(QuitOutcome::Unknown)) => assert!(begun),
            Ok(_) => assert!(whole),
            Err(error) => assert!(!begun, "QUIT was sent, so its outcome is unknown: {error}"),
        }
    }

    fn record_fatal(&mut self, error: &Error) {
        match &self.fatal {
            Some(fatal) => assert_eq!(fatal, error),
            None => {
                self.assert_shows_no_secret(&format!("{error} {error:?}"));
                self.fatal = Some(error.clone());
            }
        }
    }

    fn is_finished(&self) -> bool {
        self.fatal == Some(Closed::Finished.into())
    }

    /// Asserts that a printed value contains neither the secret nor control characters, because it
    /// may be written to a log or a terminal.
    pub fn assert_shows_no_secret(&self, shown: &str) {
        assert!(!shown.contains(char::is_control), "{shown}");
        assert!(self.secret_is_out || !shown.contains(SECRET), "{shown}");
    }

    /// Checks what was sent in cleartext on a connection that must not reveal the login.
    pub fn assert_no_cleartext_login(&mut self) {
        let searched = self.searched;
        let lines = self.sent[searched..].split_inclusive(|&octet| octet == b'\n');
        for line in lines {
            // The last line may be incomplete. Then it is searched again.
            if line.ends_with(b"\n") {
                self.searched += line.len();
            }
            for verb in [b"USER ", b"PASS ", b"AUTH "] {
                assert!(!line.starts_with(verb), "a login in cleartext");
            }
        }
    }
}

/// Checks that a reply is not larger than the limits.
fn check_size(reply: &Reply, limits: &Limits) {
    let text = |octets: &[u8]| assert!(octets.len() <= limits.line.max(limits.challenge));
    match reply {
        Reply::Status(status) => text(status.text.as_bytes()),
        Reply::BodyHead(opened) => text(opened.status.text.as_bytes()),
        Reply::Capabilities(Some(capabilities)) => {
            assert!(capabilities.lines().count() <= limits.capability_lines);
            let octets: usize = capabilities.lines().map(<[u8]>::len).sum();
            assert!(octets <= limits.capability_octets);
        }
        Reply::Sizes(sizes) => assert!(sizes.len() <= limits.listing_entries),
        Reply::UniqueIds(ids) => assert!(ids.len() <= limits.listing_entries),
        Reply::Lines(lines) => assert!(lines.octets.len() <= limits.listing_octets),
        _ => {}
    }
}
