//! POP3 in a few dozen lines: which command is legal when, what may be in flight together, and in
//! which order all ends. No octets, no time, nothing about what replies hold.

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

/// RFC 1939's states; of UPDATE the client sees only that the session is closed.
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
    /// The three ends of a `QUIT` that has left: what was to be deleted is, some of it is not, or
    /// nobody knows.
    Committed,
    NotCommitted,
    Unknown,
    /// It was not legal in its turn, and nothing was sent.
    Misuse,
    /// The connection ended before.
    Dead,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) state: State,
    pipelining: bool,
    /// The last command that was answered was a `USER`, and well.
    user: bool,
    /// Requests that are not answered: the first of them have left. Nobody waits for those without
    /// a number.
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

    /// Whether it is accepted, which says nothing about whether it will be sent.
    pub(crate) fn submit(&mut self, command: Command) -> bool {
        if self.state == State::Closed {
            return false;
        }
        self.queue.push_back((Some(self.submitted), command));
        self.submitted += 1;
        self.send();
        true
    }

    /// The greeting, or the reply to the first command in flight, is good or not.
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
            // `-ERR` to CAPA says that the server does not say.
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

    /// Nobody waits for these any more: what has not left never does, the rest is swallowed.
    pub(crate) fn abandon(&mut self, requests: Range<usize>) {
        let given_up = |id: Option<usize>| id.is_some_and(|id| requests.contains(&id));
        let sent = self.queue.iter_mut().take(self.in_flight);
        sent.filter(|(id, _)| given_up(*id))
            .for_each(|(id, _)| *id = None);
        // Those that have left have no number now.
        self.queue.retain(|(id, _)| !given_up(*id));
        self.send();
    }

    /// The command that is to be answered next.
    pub(crate) fn next(&self) -> Option<Command> {
        let (_, command) = self.queue.front().filter(|_| self.in_flight > 0)?;
        Some(*command)
    }

    /// Nothing more comes, and all that is outstanding ends.
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

    /// Sends what may be sent. What is not legal in its turn ends there.
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

    /// Whether it may be in flight behind those that are.
    fn may_join(&self, next: Command) -> bool {
        let alone = |command| matches!(command, Capa | User | Pass | Rset | Quit);
        let last = self
            .in_flight
            .checked_sub(1)
            .and_then(|last| self.queue.get(last));
        let Some((_, last)) = last.copied() else {
            return true;
        };
        // Behind a message only more of the same.
        let messages = matches!(last, Retr | Top) && next != last;
        self.pipelining && !alone(last) && !alone(next) && !messages
    }
}

impl Command {
    pub(crate) const ALL: [Self; 11] = [
        Capa, User, Pass, Stat, List, Retr, Top, Dele, Noop, Rset, Quit,
    ];

    /// The operation, as transcripts write it, and the line that it sends.
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

    /// A good reply to it.
    pub(crate) fn reply(self) -> &'static [u8] {
        match self {
            Capa => b"+OK\r\nUIDL\r\n.\r\n",
            Retr | Top => b"+OK\r\nSubject: x\r\n\r\n.\r\n",
            _ => b"+OK 1 1\r\n",
        }
    }
}
