//! The record of fetched messages: the text file `.pop3-uids` in the Maildir.
//!
//! Each line is one message: the account, a space, the unique-id, both percent-encoded. Lines are
//! never removed, so messages that the user has moved or deleted are not fetched again.
//!
//! The file is also the lock: an advisory lock of the operating system, which is released when the
//! process ends, even by a crash.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use sha2::{Digest, Sha256};

use super::files::{self, failed};

/// The ASCII characters that are escaped. All others outside ASCII are escaped, too.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The line of a message, and the key that identifies it in memory and in its file name.
#[derive(Debug)]
pub(super) struct Entry {
    line: String,
    key: u128,
}

impl Entry {
    pub(super) fn new(account: &str, unique_id: &[u8]) -> Self {
        let account = percent_encode(account.as_bytes(), ESCAPED);
        let line = format!("{account} {}", percent_encode(unique_id, ESCAPED));
        Self {
            key: key(line.as_bytes()),
            line,
        }
    }

    pub(super) fn key(&self) -> u128 {
        self.key
    }
}

/// Returns the first half of the SHA-256 of a line.
fn key(line: &[u8]) -> u128 {
    let digest = Sha256::digest(line);
    digest
        .iter()
        .take(16)
        .fold(0, |key, &octet| (key << 8) | u128::from(octet))
}

/// The state of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The file exists, but an earlier run ended before it was recorded.
    Found,
    /// It is recorded with the next sync.
    Pending,
    /// It is recorded and synced, so that it survives a crash of the machine.
    Durable,
}

/// The record, open and locked.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    file: File,
    known: HashMap<u128, State>,
    pending: Vec<Entry>,
}

impl Record {
    /// Opens and locks the record of the Maildir at `root`, and reads it.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let path = root.join(".pop3-uids");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = files::private(&mut options)
            .open(&path)
            .map_err(failed("open", &path))?;
        match FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("another run is storing into {root:?}: it has locked {path:?}");
                return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
        let known = read(&file).map_err(failed("read", &path))?;
        Ok(Self {
            path,
            file,
            known,
            pending: Vec::new(),
        })
    }

    /// Notes that the file of a message exists in the Maildir.
    pub(super) fn found(&mut self, key: u128) {
        self.known.entry(key).or_insert(State::Found);
    }

    /// Returns whether the message is known. A message that was only found becomes pending.
    pub(super) fn contains(&mut self, entry: Entry) -> bool {
        match self.known.get(&entry.key) {
            None => return false,
            Some(State::Found) => self.add(entry),
            Some(State::Pending | State::Durable) => {}
        }
        true
    }

    /// Adds a message, which is recorded with the next sync.
    pub(super) fn add(&mut self, entry: Entry) {
        self.known.insert(entry.key, State::Pending);
        self.pending.push(entry);
    }

    /// Returns whether there are pending messages.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Records the pending messages and syncs. Their files must already be durable.
    pub(super) fn catch_up(&mut self) -> io::Result<()> {
        let lines: String = self
            .pending
            .iter()
            .flat_map(|entry| [&entry.line, "\n"])
            .collect();
        let written = self.file.write_all(lines.as_bytes());
        let synced = written.and_then(|()| self.file.sync_all());
        synced.map_err(failed("write", &self.path))?;
        for entry in self.pending.drain(..) {
            self.known.insert(entry.key, State::Durable);
        }
        Ok(())
    }

    /// Returns whether the message is recorded and synced.
    pub(super) fn is_durable(&self, entry: &Entry) -> bool {
        self.known.get(&entry.key) == Some(&State::Durable)
    }
}

/// Reads all lines. Removes a last line without a line end, which a crash left: a truncated unique-id
/// may be the unique-id of another message, which would then never be fetched.
fn read(mut file: &File) -> io::Result<HashMap<u128, State>> {
    let (mut known, mut buffer, mut whole) = (HashMap::new(), Vec::new(), 0);
    let mut reader = BufReader::new(file);
    loop {
        buffer.clear();
        let length = reader.read_until(b'\n', &mut buffer)?;
        let Some(line) = buffer.strip_suffix(b"\n") else {
            break;
        };
        known.insert(key(line), State::Durable);
        whole += length as u64;
    }
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    Ok(known)
}
