//! Account of what was asked, sent and told: every request has one end, in its turn, and a fatal
//! error is one for all.

use std::collections::VecDeque;
use std::ops::Range;

use pop3_proto::{
    Error, Event, QuitOutcome, RequestId, config::Limits, error::Closed, reply::Reply,
};

use super::SECRET;
use super::commands::{Asked, Kind};

/// The account of one connection.
#[derive(Default)]
pub struct Ledger {
    /// What has had no reply, in the order in which it was asked for.
    asked: VecDeque<Asked>,
    /// Whose body is under way.
    open: Option<RequestId>,
    /// How many times `QUIT` was asked for.
    quits: usize,
    /// The first fatal error that was told.
    fatal: Option<Error>,
    /// Whether the end was told.
    pub closed: bool,
    /// All octets that left.
    pub sent: Vec<u8>,
    /// The server itself says what is secret, so that it may be told.
    pub secret_is_out: bool,
    /// How many events were reported.
    pub events: usize,
    /// How many of the octets were looked through for a login in clear.
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

    /// Enters an event.
    pub fn tell(&mut self, event: &Event, limits: &Limits) {
        assert!(!self.closed, "behind the end: {event:?}");
        self.events += 1;
        if let Event::Greeting(greeting) = event {
            self.assert_shows_no_secret(&format!("{greeting:?}"));
        }
        match event {
            Event::Reply { id, result } => self.tell_reply(*id, result, limits),
            Event::Body { id, chunk } => {
                assert_eq!(self.open, Some(*id));
                assert!(!chunk.is_empty() && self.fatal.is_none());
            }
            Event::BodyEnd { id, result } => {
                assert_eq!(self.open.take(), Some(*id));
                if let Err(error) = result {
                    assert!(error.is_fatal(), "only the end cuts a body short: {error}");
                    self.tell_fatal(error);
                }
            }
            Event::Closed(result) => {
                assert!(self.asked.is_empty() && self.open.is_none(), "not answered");
                match result {
                    Err(error) => self.tell_fatal(error),
                    Ok(()) => assert!(self.fatal.is_none() || self.is_finished()),
                }
                self.closed = true;
            }
            _ => assert!(self.fatal.is_none(), "behind the error: {event:?}"),
        }
    }

    fn tell_reply(&mut self, id: RequestId, result: &Result<Reply, Error>, limits: &Limits) {
        assert_eq!(self.open, None, "a reply in the middle of a body");
        let asked = self.asked.pop_front().expect("nobody asked");
        assert_eq!(asked.id, id, "out of turn");
        if asked.kind == Kind::Quit && self.quits == 1 {
            self.check_quit(result);
        }
        match result {
            Ok(reply) => {
                let unknown = matches!(reply, Reply::Quit(QuitOutcome::Unknown));
                assert!(self.fatal.is_none() || unknown, "behind the error");
                assert!((asked.reads)(reply.clone()), "another reply: {reply:?}");
                check_size(reply, limits);
                if asked.kind == Kind::Streamed {
                    self.open = Some(id);
                }
            }
            Err(error) => {
                if error.is_fatal() {
                    self.tell_fatal(error);
                } else {
                    self.assert_shows_no_secret(&format!("{error} {error:?}"));
                    // A login that was refused and then cut off was refused.
                    assert!(self.fatal.is_none() || asked.kind == Kind::Login);
                }
            }
        }
    }

    /// Whether the deletions were done is said only by the reply to a `QUIT` that left.
    fn check_quit(&self, result: &Result<Reply, Error>) {
        let line = self.sent.rsplit(|&octet| octet == b'\n').next().unwrap();
        let whole = self.sent.ends_with(b"QUIT\r\n");
        let begun = whole || (!line.is_empty() && b"QUIT\r\n".starts_with(line));
        match result {
            Ok(Reply::Quit(QuitOutcome::Unknown)) => assert!(begun),
            Ok(_) => assert!(whole),
            Err(error) => assert!(!begun, "QUIT left, and was not done for sure: {error}"),
        }
    }

    fn tell_fatal(&mut self, error: &Error) {
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

    /// What is shown goes into logs and onto terminals.
    pub fn assert_shows_no_secret(&self, shown: &str) {
        assert!(!shown.contains(char::is_control), "{shown}");
        assert!(self.secret_is_out || !shown.contains(SECRET), "{shown}");
    }

    /// What left in clear on a connection that must not show who logs in how.
    pub fn assert_no_login_in_clear(&mut self) {
        let searched = self.searched;
        let lines = self.sent[searched..].split_inclusive(|&octet| octet == b'\n');
        for line in lines {
            // The last line may be cut short. It is looked at again then.
            if line.ends_with(b"\n") {
                self.searched += line.len();
            }
            for verb in [b"USER ", b"PASS ", b"AUTH "] {
                assert!(!line.starts_with(verb), "a login in clear");
            }
        }
    }
}

/// A server makes this side hold no more than the limits say.
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
