//! The methods of [`Driver`] for the tests of this workspace. They panic where a test must fail.

#![allow(clippy::missing_errors_doc, reason = "not public")]

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::driver::{Driver, Outcome};
use crate::command::{Command, Noop};
use crate::connection::Connection;
use crate::error::{Error, TlsErrorKind, TransportErrorKind};
use crate::event::Event;
use crate::operation::Operation;

impl Driver {
    /// Submits an operation in the syntax of transcripts. Nothing is sent yet.
    pub fn ask(&mut self, line: &str) {
        self.submit(&Operation::parse(line).expect("an operation"));
    }

    /// Makes a read fail with a reset.
    pub fn reset(&mut self) {
        self.read_fails(TransportErrorKind::Reset);
    }

    /// Makes a write fail before any of its octets is sent.
    pub fn write_fails(&mut self) {
        self.write_fails_with(TransportErrorKind::Reset);
    }

    /// Makes TLS fail.
    pub fn tls_fails(&mut self) {
        self.tls_fails_with(TlsErrorKind::Certificate);
    }

    /// Advances the clock.
    pub fn wait(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    /// Completes a TLS handshake.
    pub fn tls(&mut self) {
        assert!(self.tls_with(Driver::unbound()), "no handshake is due");
    }

    /// Completes a TLS 1.3 handshake, with the octets 0 to 31 as channel binding data for SCRAM.
    pub fn tls_with_binding(&mut self) {
        assert!(self.tls_with(Driver::bound()), "no handshake is due");
    }

    /// Returns the batches that were sent since the last call.
    pub fn batches(&mut self) -> Vec<String> {
        self.settle();
        self.take_batches()
            .iter()
            .map(|batch| String::from_utf8_lossy(batch).into_owned())
            .collect()
    }

    /// Returns all octets that were sent since the last call.
    pub fn sent(&mut self) -> String {
        self.batches().concat()
    }

    /// Returns the events since the last call, in the format of transcripts.
    pub fn reported(&mut self) -> Vec<String> {
        self.settle();
        let outcomes = self.take_outcomes();
        let rendered = outcomes.iter().map(|outcome| self.render(outcome));
        rendered.collect()
    }

    /// Returns the events since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        self.settle();
        self.take_outcomes()
            .into_iter()
            .filter_map(|outcome| match outcome {
                Outcome::Event(event) => Some(event),
                Outcome::Refused(..) => None,
            })
            .collect()
    }

    /// Submits a command, passes the server's reply to the connection, and returns the typed reply.
    pub fn call<C: Command>(
        &mut self,
        command: C,
        reply: impl AsRef<[u8]>,
    ) -> Result<C::Reply, Error> {
        let ticket = self.connection.submit(command)?;
        self.server(reply);
        let id = ticket.id();
        let mut events = self.events().into_iter();
        let result = events.find_map(|event| match event {
            Event::Reply { id: of, result } if of == id => Some(result),
            _ => None,
        });
        ticket.read(result.expect("a reply")?)
    }

    /// Submits an operation, passes the server's reply to the connection, and returns the events.
    pub fn exchange(&mut self, op: &str, reply: impl AsRef<[u8]>) -> Vec<String> {
        self.ask(op);
        self.server(reply);
        self.reported()
    }

    /// Asserts that the connection is closed: it wants no I/O and has no deadline, and requests get
    /// its error.
    pub fn assert_over(&mut self) {
        assert_over(&mut self.connection);
    }
}

/// Asserts that a connection is closed, as [`Driver::assert_over`].
pub fn assert_over(connection: &mut Connection) {
    assert!(!connection.wants_read() && connection.recv_buffer().is_none());
    assert!(!connection.wants_write() && connection.transmit().is_empty());
    assert!(!connection.wants_tls() && !connection.wants_request());
    assert_eq!(connection.poll_timeout(), None);
    assert_eq!(connection.outstanding(), 0);
    let fatal = connection.error().cloned();
    let refused = connection
        .submit(Noop)
        .expect_err("the connection is closed");
    let finished = || crate::error::Closed::Finished.into();
    assert_eq!(refused, fatal.unwrap_or_else(finished));
    assert!(refused.is_fatal());
    assert_eq!(connection.poll_event(), None);
    assert!(!connection.wants_write());
}
