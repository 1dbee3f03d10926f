//! Records sessions.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use super::transcript::Transcript;
use super::writer::write;
use crate::connection::Connection;
use crate::inputs::{Kept, Tap};

/// Records what happens to connections, as transcripts without secrets.
///
/// It can be cloned: all clones have the same recordings. To record the sessions of a client, pass
/// it to [`Connector::record_with`](crate::Connector::record_with). Without a client, call
/// [`attach`](Recorder::attach).
///
/// The [module](crate::record#what-is-recorded) says what is recorded, and what is replaced.
#[derive(Debug, Clone)]
pub struct Recorder {
    kept: Kept,
    taps: Arc<Mutex<Vec<Tap>>>,
}

/// The default size at which a recording ends, in octets.
const LIMIT: usize = 64 << 20;

impl Recorder {
    /// Creates a recorder without recordings.
    pub fn new() -> Self {
        Self {
            kept: Kept {
                messages: false,
                names: false,
                limit: LIMIT,
            },
            taps: Arc::default(),
        }
    }

    /// Keeps the contents of messages, and of the replies to raw commands. By default they are
    /// replaced.
    #[must_use]
    pub fn keep_messages(mut self) -> Self {
        self.kept.messages = true;
        self
    }

    /// Keeps user names. By default they are replaced by `user`, also in the texts of the server.
    #[must_use]
    pub fn keep_names(mut self) -> Self {
        self.kept.names = true;
        self
    }

    /// Sets the size at which the recording of a connection ends, in octets of memory. The default
    /// is 64 MiB. The transcript then says that it is not complete.
    #[must_use]
    pub fn limited_to(mut self, octets: usize) -> Self {
        self.kept.limit = octets;
        self
    }

    /// Records a connection from now on. Returns false, and does nothing, if the connection has
    /// received or sent something before: a recording must begin at the beginning.
    pub fn attach(&self, connection: &mut Connection) -> bool {
        let (config, channel) = (connection.config().clone(), connection.channel());
        let tap = Tap::new(config, channel, connection.now(), self.kept);
        let attached = connection.record_to(tap.clone());
        if attached {
            let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
            taps.push(tap);
        }
        attached
    }

    /// Returns how many connections were recorded.
    pub fn sessions(&self) -> usize {
        let taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        taps.len()
    }

    /// Returns the transcripts as [`transcripts`](Recorder::transcripts) does, and forgets these
    /// connections. What happens to them later is not recorded.
    pub fn take(&self) -> Vec<Transcript> {
        let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = core::mem::take(&mut *taps);
        drop(taps);
        taken.iter().map(|tap| write(&tap.tape())).collect()
    }

    /// Returns the transcript of each connection so far, in the order in which they were created.
    ///
    /// This replays each session, so it takes as long as the session took the processor. After a
    /// login with SCRAM, it derives the keys of the password that replaces the real one.
    pub fn transcripts(&self) -> Vec<Transcript> {
        let taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        let taps = taps.clone();
        taps.iter().map(|tap| write(&tap.tape())).collect()
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
