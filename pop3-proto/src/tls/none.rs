//! Without rustls there is no layer, and no value of these types: `Session` is the same code with
//! and without, and what it would do with a layer is known never to happen.

use crate::connection::Connection;
use crate::error::{TlsError, TransportError};
use crate::time::Instant;

#[derive(Debug)]
pub(crate) enum ClientTls {}

#[derive(Debug)]
pub(crate) enum Layer {}

impl Layer {
    pub(crate) fn new(setup: &ClientTls, _: Instant) -> Result<Self, TlsError> {
        match *setup {}
    }

    pub(crate) fn wants_write(&self, _: &Connection) -> bool {
        match *self {}
    }

    pub(crate) fn transmit(&mut self, _: &mut Connection) -> &[u8] {
        match *self {}
    }

    pub(crate) fn transmitted(&mut self, _: usize, _: &mut Connection, _: Instant) {
        match *self {}
    }

    pub(crate) fn wants_read(&self, _: &Connection) -> bool {
        match *self {}
    }

    pub(crate) fn recv_buffer(&mut self, _: &Connection) -> Option<&mut [u8]> {
        match *self {}
    }

    pub(crate) fn received(&mut self, _: usize, _: &mut Connection, _: Instant) {
        match *self {}
    }

    pub(crate) fn write_failed(&mut self) {
        match *self {}
    }

    pub(crate) fn end_input(&mut self, _: Option<TransportError>, _: &mut Connection, _: Instant) {
        match *self {}
    }

    pub(crate) fn advance(&mut self, _: &mut Connection) {
        match *self {}
    }

    pub(crate) fn take_failure(&mut self) -> Option<TlsError> {
        match *self {}
    }
}
