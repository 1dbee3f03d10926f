//! The inputs of a connection, as a recorder keeps them: what the application, the server, TLS and
//! the clock did, without secrets.

mod hide;
mod stream;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use self::hide::{Names, token as hidden_token};
pub(crate) use self::stream::{Kind, Stream};
use crate::channel::Channel;
use crate::config::Config;
use crate::error::{LimitError, TlsErrorKind, TransportErrorKind};
use crate::operation::{Given, LoginOperation, Operation};
use crate::time::Instant;

/// The inputs of one connection, which the connection and its recorder share.
#[derive(Debug, Clone)]
pub(crate) struct Tap(Arc<Mutex<Tape>>);

/// What a recording keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) messages: bool,
    pub(crate) names: bool,
    /// The size at which the recording ends, in octets.
    pub(crate) limit: usize,
}

/// The inputs of one connection.
#[derive(Debug)]
pub(crate) struct Tape {
    pub(crate) config: Config,
    pub(crate) channel: Channel,
    pub(crate) start: Instant,
    pub(crate) inputs: Vec<(Instant, Input)>,
    pub(crate) stream: Stream,
    pub(crate) names: Names,
    pub(crate) kept: Kept,
    /// Whether the recording ended because of its limit.
    pub(crate) full: bool,
    now: Instant,
    /// The octets of commands so far, approximately.
    size: usize,
}

/// Something that happened to a connection.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// The application did something. `busy`: events were pending, so octets of the last segment
    /// may not have been parsed.
    Action {
        action: Done,
        busy: bool,
    },
    /// The application polled an event. `body`: the request and the octets of a chunk.
    Polled {
        body: Option<(u64, usize)>,
    },
    /// Octets were received. `unsent`: commands waited to be sent.
    Received {
        segment: usize,
        unsent: bool,
    },
    /// Octets were sent.
    Sent,
    /// An authentication exchange was cancelled with `*`.
    Cancelled,
    EndOfFile,
    ReadFails(TransportErrorKind),
    WriteFails(TransportErrorKind),
    /// TLS was established. Which channel bindings are available.
    Tls {
        exporter: bool,
        end_point: bool,
    },
    TlsFails(TlsErrorKind),
    /// A deadline passed.
    TimedOut,
}

/// What an application did.
#[derive(Debug, Clone)]
pub(crate) enum Done {
    Submit { id: u64, operation: Operation },
    Abandon { first: u64, last: u64 },
    Token(Option<Vec<u8>>),
    Exceeded(LimitError),
    Panicked,
    KeepAlive(Option<Duration>),
}

impl Tap {
    pub(crate) fn new(config: Config, channel: Channel, start: Instant, kept: Kept) -> Self {
        Self(Arc::new(Mutex::new(Tape {
            config,
            channel,
            start,
            inputs: Vec::new(),
            stream: Stream::new(kept.messages),
            names: Names::new(kept.names),
            kept,
            full: false,
            now: start,
            size: 0,
        })))
    }

    /// Returns the inputs. A thread that panicked while it held them has left them complete.
    pub(crate) fn tape(&self) -> MutexGuard<'_, Tape> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The approximate size of an input in memory, in octets.
const INPUT: usize = 64;

impl Tape {
    pub(crate) fn set_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Keeps an input, unless the recording has reached its limit.
    pub(crate) fn push(&mut self, input: Input) {
        self.size += INPUT;
        self.full |= self.size + self.stream.len() > self.kept.limit;
        if !self.full {
            self.inputs.push((self.now, input));
        }
    }

    /// Keeps octets from the server.
    pub(crate) fn received(&mut self, octets: &[u8], unsent: bool) {
        if !self.full {
            let segment = self.stream.receive(octets);
            self.push(Input::Received { segment, unsent });
        }
    }

    /// Notes a response of an authentication exchange: the nonce of SCRAM, so that the challenges
    /// of the server fit a replay. The other contents are not kept.
    pub(crate) fn responded(&mut self, id: u64, response: &str, initial: bool) {
        let Some(login) = self.login(id) else {
            return;
        };
        if let Given::Mechanism {
            initial: first,
            responses,
            ..
        } = &mut login.credentials
        {
            *first |= initial;
            *responses += 1;
        } else if let Some(nonce) = hide::client_nonce(response) {
            login.nonce = Some(nonce);
        }
    }

    /// Notes that a login has a nonce, which may not be sent.
    pub(crate) fn has_nonce(&mut self, id: u64) {
        if let Some(login) = self.login(id) {
            login.nonce.get_or_insert_with(|| "recorded".into());
        }
    }

    fn login(&mut self, id: u64) -> Option<&mut LoginOperation> {
        let mut inputs = self.inputs.iter_mut().rev();
        inputs.find_map(|(_, input)| match input {
            Input::Action {
                action:
                    Done::Submit {
                        id: of,
                        operation: Operation::Login(login),
                    },
                ..
            } if *of == id => Some(login),
            _ => None,
        })
    }
}
