//! What is driven: a `Connection`, with or without TLS, or a `Caller` with a client's engine on top. Both
//! have the same methods.

use std::ops::Range;

use pop3_proto::{Command, Connection, Error, Event, Instant, RequestId, Ticket, TransportError};

use super::app::App;
use super::caller::Caller;
use super::plan::Plan;

/// The methods that a driver needs.
pub(crate) trait Machine {
    fn core(&self) -> &Connection;
    fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error>;
    fn poll_event(&mut self) -> Option<Event>;
    fn abandon(&mut self, requests: Range<RequestId>);
    fn wants_write(&self) -> bool;
    fn transmit(&mut self) -> &[u8];
    fn transmitted(&mut self, octets: usize, now: Instant);
    fn wants_read(&self) -> bool;
    fn recv_buffer(&mut self) -> Option<&mut [u8]>;
    fn received(&mut self, octets: usize, now: Instant);
    fn handle_eof(&mut self, now: Instant);
    fn handle_read_error(&mut self, cause: TransportError, now: Instant);
    fn handle_write_error(&mut self, cause: TransportError, now: Instant);
    fn poll_timeout(&self) -> Option<Instant>;
    fn handle_timeout(&mut self, now: Instant);

    /// Lets the application look after it for once.
    fn turn(&mut self, app: &mut App, plan: &Plan, now: Instant)
    where
        Self: Sized,
    {
        app.turn(self, plan, now);
    }

    /// Helpers that ended, and operations that were left.
    fn counts(&self) -> (usize, usize) {
        (0, 0)
    }
}

macro_rules! machine {
    ($type:ty, |$this:ident| $core:expr, $shared:expr, $inner:expr; $($more:item)*) => {
        impl Machine for $type {
            fn core(&self) -> &Connection {
                let $this = self;
                $core
            }
            fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
                let $this = self;
                $inner.submit(command)
            }
            fn poll_event(&mut self) -> Option<Event> {
                let $this = self;
                $inner.poll_event()
            }
            fn abandon(&mut self, requests: Range<RequestId>) {
                let $this = self;
                $inner.abandon(requests);
            }
            fn wants_write(&self) -> bool {
                let $this = self;
                $shared.wants_write()
            }
            fn transmit(&mut self) -> &[u8] {
                let $this = self;
                $inner.transmit()
            }
            fn transmitted(&mut self, octets: usize, now: Instant) {
                let $this = self;
                $inner.transmitted(octets, now);
            }
            fn wants_read(&self) -> bool {
                let $this = self;
                $shared.wants_read()
            }
            fn recv_buffer(&mut self) -> Option<&mut [u8]> {
                let $this = self;
                $inner.recv_buffer()
            }
            fn received(&mut self, octets: usize, now: Instant) {
                let $this = self;
                $inner.received(octets, now);
            }
            fn handle_eof(&mut self, now: Instant) {
                let $this = self;
                $inner.handle_eof(now);
            }
            fn handle_read_error(&mut self, cause: TransportError, now: Instant) {
                let $this = self;
                $inner.handle_read_error(cause, now);
            }
            fn handle_write_error(&mut self, cause: TransportError, now: Instant) {
                let $this = self;
                $inner.handle_write_error(cause, now);
            }
            fn poll_timeout(&self) -> Option<Instant> {
                let $this = self;
                $shared.poll_timeout()
            }
            fn handle_timeout(&mut self, now: Instant) {
                let $this = self;
                $inner.handle_timeout(now);
            }
            $($more)*
        }
    };
}

machine!(Connection, |this| this, this, this;);
machine! { Caller, |this| this.engine().connection(), this.engine().connection(),
    this.engine_mut().connection_mut();

    fn turn(&mut self, app: &mut App, plan: &Plan, now: Instant) {
        self.turn(app, plan, now);
    }

    fn counts(&self) -> (usize, usize) {
        self.counts()
    }
}
