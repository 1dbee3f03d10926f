//! What is driven: a `Connection`, or a `Session` with TLS under it. Both have the same methods.

use std::ops::Range;

use pop3_proto::{
    Command, Connection, Error, Event, Instant, RequestId, Session, Ticket, TransportError,
};

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
    fn handle_transport_error(&mut self, cause: TransportError, now: Instant);
    fn poll_timeout(&self) -> Option<Instant>;
    fn handle_timeout(&mut self, now: Instant);
}

macro_rules! machine {
    ($type:ty, |$this:ident| $core:expr) => {
        impl Machine for $type {
            fn core(&self) -> &Connection {
                let $this = self;
                $core
            }
            fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
                self.submit(command)
            }
            fn poll_event(&mut self) -> Option<Event> {
                self.poll_event()
            }
            fn abandon(&mut self, requests: Range<RequestId>) {
                self.abandon(requests);
            }
            fn wants_write(&self) -> bool {
                self.wants_write()
            }
            fn transmit(&mut self) -> &[u8] {
                self.transmit()
            }
            fn transmitted(&mut self, octets: usize, now: Instant) {
                self.transmitted(octets, now);
            }
            fn wants_read(&self) -> bool {
                self.wants_read()
            }
            fn recv_buffer(&mut self) -> Option<&mut [u8]> {
                self.recv_buffer()
            }
            fn received(&mut self, octets: usize, now: Instant) {
                self.received(octets, now);
            }
            fn handle_eof(&mut self, now: Instant) {
                self.handle_eof(now);
            }
            fn handle_transport_error(&mut self, cause: TransportError, now: Instant) {
                self.handle_transport_error(cause, now);
            }
            fn poll_timeout(&self) -> Option<Instant> {
                self.poll_timeout()
            }
            fn handle_timeout(&mut self, now: Instant) {
                self.handle_timeout(now);
            }
        }
    };
}

machine!(Connection, |this| this);
machine!(Session, |this| this.connection());
