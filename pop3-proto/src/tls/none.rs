//! The types of the TLS layer for builds without rustls. They have no values. `Connection` is
//! therefore the same code with and without rustls, and the compiler removes the code that uses a
//! layer.

use crate::channel::Channel;
use crate::core::Core;
use crate::error::{TlsError, TransportError};
use crate::time::Instant;

#[derive(Debug)]
pub(crate) enum ClientTls {}

#[derive(Debug)]
pub(crate) enum Layer {}

impl Layer {
    pub(crate) fn new(setup: &ClientTls, _: Channel, _: Instant) -> Result<Self, TlsError> {
        match *setup {}
    }

    pub(crate) fn wants_write(&self, _: &Core) -> bool {
        match *self {}
    }

    pub(crate) fn transmit(&mut self, _: &mut Core) -> &[u8] {
        match *self {}
    }

    pub(crate) fn transmitted(&mut self, _: usize, _: &mut Core, _: Instant) {
        match *self {}
    }

    pub(crate) fn wants_read(&self, _: &Core) -> bool {
        match *self {}
    }

    pub(crate) fn recv_buffer(&mut self, _: &Core) -> Option<&mut [u8]> {
        match *self {}
    }

    pub(crate) fn received(&mut self, _: usize, _: &mut Core, _: Instant) {
        match *self {}
    }

    pub(crate) fn write_failed(&mut self) {
        match *self {}
    }

    pub(crate) fn end_input(&mut self, _: Option<TransportError>, _: &mut Core, _: Instant) {
        match *self {}
    }

    pub(crate) fn advance(&mut self, _: &mut Core) {
        match *self {}
    }

    pub(crate) fn take_failure(&mut self) -> Option<TlsError> {
        match *self {}
    }
}
