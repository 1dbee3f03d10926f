//! The transport between client and server, which follows the plan.

use std::io::{self, ErrorKind};

use super::account::Account;
use super::plan::{Act, Plan};

/// The maximum number of consecutive calls that move nothing. A client that makes more is
/// considered to be in a busy loop.
const IDLE_CALLS: u32 = 1000;

/// The maximum number of seconds that pass while nothing moves. It is less than any timeout of the
/// client. [`Act::Silence`] lasts longer.
const LONGEST_WAIT: u64 = 59;

/// Both directions, and the server at the other end.
#[derive(Debug)]
pub struct Wire {
    pub account: Account,
    /// Octets that the server sent and the client has not read.
    incoming: Vec<u8>,
    read: usize,
    acts: std::vec::IntoIter<u8>,
    /// Whether the server has stopped responding.
    pub silent: bool,
    over: bool,
    write_failed: bool,
    /// The number of calls since octets last moved.
    idle: u32,
    /// The number of seconds since octets last moved.
    waited: u64,
}

/// The result of a call.
#[derive(Debug)]
pub enum Moved {
    Octets(usize),
    /// The call must be repeated. This many seconds have passed.
    NotReady(u64),
    /// There will be no octets until the server receives another command.
    NothingComes,
    Failed(ErrorKind),
}

impl Wire {
    pub fn new(plan: &Plan) -> Self {
        Self {
            account: Account::new(plan.setup),
            incoming: b"+OK ready\r\n".to_vec(),
            read: 0,
            acts: plan.link.clone().into_iter(),
            silent: false,
            over: false,
            write_failed: false,
            idle: 0,
            waited: 0,
        }
    }

    fn has_moved(&mut self) {
        self.idle = 0;
        self.waited = 0;
    }

    /// Moves nothing, and lets time pass, up to the limit.
    fn not_ready(&mut self, seconds: u64) -> Moved {
        let seconds = seconds.min(LONGEST_WAIT - self.waited);
        self.waited += seconds;
        Moved::NotReady(seconds)
    }

    /// Returns what happens next. After the end of the plan there are no more faults.
    fn act(&mut self) -> Act {
        match self.acts.next() {
            Some(octet) if !self.account.broken => Act::decode(octet),
            _ => Act::Move(usize::MAX),
        }
    }

    /// Makes the server close the connection. The octets that it has sent are lost.
    pub fn hang_up(&mut self) {
        self.account.broken = true;
        self.over = true;
        self.incoming.clear();
        self.read = 0;
    }

    /// Reads for the client.
    pub fn read(&mut self, room: &mut [u8]) -> Moved {
        assert!(!room.is_empty(), "an empty read looks like end of file");
        self.count_idle_call();
        if self.over {
            return Moved::Octets(0);
        }
        if self.silent {
            return Moved::NothingComes;
        }
        let there = self.incoming.len() - self.read;
        if there == 0 {
            self.over = self.account.server.over || self.write_failed;
            return if self.over {
                Moved::Octets(0)
            } else {
                Moved::NothingComes
            };
        }
        match self.act() {
            Act::Move(most) => {
                let count = there.min(most).min(room.len());
                let octets = &self.incoming[self.read..self.read + count];
                room[..count].copy_from_slice(octets);
                self.read += count;
                if self.read == self.incoming.len() {
                    self.incoming.clear();
                    self.read = 0;
                }
                self.has_moved();
                Moved::Octets(count)
            }
            Act::WriteFails => self.not_ready(0),
            Act::Wait(seconds) => self.not_ready(seconds),
            Act::Interrupt => Moved::Failed(ErrorKind::Interrupted),
            Act::Eof => {
                self.hang_up();
                Moved::Octets(0)
            }
            Act::Reset => {
                self.hang_up();
                Moved::Failed(ErrorKind::ConnectionReset)
            }
            Act::Silence => {
                self.account.broken = true;
                self.silent = true;
                Moved::NothingComes
            }
        }
    }

    /// Returns whether no octets and no end of the stream are available.
    pub fn is_quiet(&self) -> bool {
        self.read == self.incoming.len() && !self.over && !self.account.server.over
    }

    /// Writes for the client.
    pub fn write(&mut self, octets: &[u8]) -> Moved {
        assert!(!octets.is_empty() && octets.ends_with(b"\n"));
        assert!(!self.write_failed, "a write after one that failed");
        self.count_idle_call();
        match self.act() {
            Act::Wait(seconds) => self.not_ready(seconds),
            Act::Interrupt => Moved::Failed(ErrorKind::Interrupted),
            Act::WriteFails => {
                self.account.broken = true;
                self.write_failed = true;
                Moved::Failed(ErrorKind::BrokenPipe)
            }
            act => {
                let most = if let Act::Move(most) = act {
                    most
                } else {
                    usize::MAX
                };
                let count = octets.len().min(most);
                if self.over {
                    self.account.wrote_after_close = true;
                } else {
                    self.account.receive(&octets[..count], &mut self.incoming);
                }
                self.has_moved();
                Moved::Octets(count)
            }
        }
    }

    fn count_idle_call(&mut self) {
        self.idle += 1;
        assert!(self.idle < IDLE_CALLS, "the client spins");
    }
}

/// Returns the error of a transport that fails in this way.
pub fn failure(kind: ErrorKind) -> io::Error {
    kind.into()
}
