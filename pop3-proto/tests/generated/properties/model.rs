//! A model of POP3 in a few dozen lines: which command is legal when, what may be in flight
//! together, and in which order requests end. It has no octets, no time and no reply contents.

use core::ops::Range;
use std::collections::VecDeque;

use Command::{Capa, Dele, List, Noop, Pass, Quit, Retr, Rset, Stat, Top, User};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Capa,
    User,
    Pass,
    Stat,
    List,
    Retr,
    Top,
    Dele,
    Noop,
    Rset,
    Quit,
}

/// The states of RFC 1939. Of UPDATE the client sees only that the session is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Greeting,
    Authorization,
    Transaction,
    Closed,
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Ok,
    Refused,
    /// The three outcomes of a `QUIT` that was sent: the deletions are committed, some of them
    /// failed, or the outcome is unknown.
    Committed,
    NotCommitted,
    Unknown,
    /// The command was not legal when it was due, so it was not sent.
    Misuse,
    /// The connection was closed before.
    Dead,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) state: State,
    pipelining: bool,
    /// The last answered command was a `USER`, with `+OK`.
    user: bool,
    /// Requests without a reply, of which the first ones are in flight. Those without a number are
    /// abandoned.
    queue: VecDeque<(Option<usize>, Command)>,
    in_flight: usize,
    submitted: usize,
    pub(crate) sent: Vec<Command>,
    pub(crate) ends: Vec<(usize, End)>,
}

impl Model {
    pub(crate) fn new(pipelining: bool) -> Self {
        Self {
            state: State::Greeting,
            pipelining,
            user: false,
            queue: VecDeque::new(),
            in_flight: 0,
            submitted: 0,
            sent: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Returns whether the command is accepted. An accepted command need not be sent.
    pub(crate) fn submit(&mut self, command: Command) -> bool {
        if self.state == State::Closed {
            return false;
        }
        self.queue.push_back((Some(self.submitted), command));
        self.submitted += 1;
        self.send();
        true
    }

    /// Handles the greeting, or the reply to the first command in flight: `+OK` or not.
    pub(crate) fn answer(&mut self, good: bool) {
        if self.state == State::Greeting {
            if !good {
                return self.end();
            }
            self.state = State::Authorization;
            return self.send();
        }
        if self.in_flight == 0 {
            return self.end();
        }
        let Some((id, command)) = self.queue.pop_front() else {
            return;
        };
        self.in_flight -= 1;
        let end = match (command, good) {
            (Quit, true) => End::Committed,
            (Quit, false) => End::NotCommitted,
            // `-ERR` to CAPA only means that the server does not support it.
            (_, true) | (Capa, false) => End::Ok,
            (_, false) => End::Refused,
        };
        self.ends.extend(id.map(|id| (id, end)));
        match command {
            Pass if good => self.state = State::Transaction,
            Quit => return self.end(),
            _ => {}
        }
        if command != Capa {
            self.user = command == User && good;
        }
        self.send();
    }

    /// Abandons these requests: unsent commands are removed, and replies to the others are
    /// discarded.
    pub(crate) fn abandon(&mut self, requests: Range<usize>) {
        let abandoned = |id: Option<usize>| id.is_some_and(|id| requests.contains(&id));
        let sent = self.queue.iter_mut().take(self.in_flight);
        sent.filter(|(id, _)| abandoned(*id))
            .for_each(|(id, _)| *id = None);
        // Remove the numbers of commands that were sent.
        self.queue.retain(|(id, _)| !abandoned(*id));
        self.send();
    }

    /// Returns the command that is to be answered next.
    pub(crate) fn next(&self) -> Option<Command> {
        let (_, command) = self.queue.front().filter(|_| self.in_flight > 0)?;
        Some(*command)
    }

    /// Handles end of file: all outstanding requests end.
    pub(crate) fn end(&mut self) {
        self.state = State::Closed;
        let in_flight = core::mem::take(&mut self.in_flight);
        let rest = core::mem::take(&mut self.queue).into_iter().enumerate();
        let dead = rest.filter_map(|(place, (id, command))| {
            let unknown = command == Quit && place < in_flight;
            Some((id?, if unknown { End::Unknown } else { End::Dead }))
        });
        self.ends.extend(dead);
    }

    /// Sends what may be sent. A command that is not legal in its turn ends here.
    fn send(&mut self) {
        while let Some((id, next)) = self.queue.get(self.in_flight).copied() {
            let alone = self.in_flight == 0;
            if self.state == State::Greeting || !(alone || self.may_join(next)) {
                return;
            }
            if self.is_legal(next) {
                self.in_flight += 1;
                self.sent.push(next);
            } else if alone {
                self.queue.pop_front();
                self.ends.extend(id.map(|id| (id, End::Misuse)));
            } else {
                return;
            }
        }
    }

    fn is_legal(&self, command: Command) -> bool {
        match command {
            Capa | Quit => true,
            User => self.state == State::Authorization,
            Pass => self.state == State::Authorization && self.user,
            _ => self.state == State::Transaction,
        }
    }

    /// Returns whether the command may be in flight after those that are.
    fn may_join(&self, next: Command) -> bool {
        let alone = |command| matches!(command, Capa | User | Pass | Rset | Quit);
        let last = self
            .in_flight
            .checked_sub(1)
            .and_then(|last| self.queue.get(last));
        let Some((_, last)) = last.copied() else {
            return true;
        };
        // After a message, only commands of the same kind may follow.
        let messages = matches!(last, Retr | Top) && next != last;
        self.pipelining && !alone(last) && !alone(next) && !messages
    }
}

impl Command {
    pub(crate) const ALL: [Self; 11] = [
        Capa, User, Pass, Stat, List, Retr, Top, Dele, Noop, Rset, Quit,
    ];

    /// Returns the operation in the syntax of transcripts, and the line that it sends.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Capa => ("capa", "CAPA"),
            User => ("user alice", "USER alice"),
            Pass => ("pass correct-horse", "PASS correct-horse"),
            Stat => ("stat", "STAT"),
            List => ("list 1", "LIST 1"),
            Retr => ("retr 1", "RETR 1"),
            Top => ("top 1 0", "TOP 1 0"),
            Dele => ("dele 1", "DELE 1"),
            Noop => ("noop", "NOOP"),
            Rset => ("rset", "RSET"),
            Quit => ("quit", "QUIT"),
        }
    }

    /// Returns an `+OK` reply to the command.
    pub(crate) fn reply(self) -> &'static [u8] {
        match self {
            Capa => b"+OK\r\nUIDL\r\n.\r\n",
            Retr | Top => b"+OK\r\nSubject: x\r\n\r\n.\r\n",
            _ => b"+OK 1 1\r\n",
        }
    }
}
