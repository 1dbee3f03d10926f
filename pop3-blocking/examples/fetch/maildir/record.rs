//! The record of what was fetched: the text file `.pop3-uids` in the Maildir.
//!
//! One line is one message: the account, a space, the unique-id, both percent-encoded. Lines are
//! only ever added, so messages which the user has since moved or deleted are not fetched again.
//!
//! The file is also the lock: an advisory lock of the operating system, which ends with the
//! process, however that ends.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use sha2::{Digest, Sha256};

use super::files::{self, failed};

/// What is escaped, besides all that is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// A line for a message, and the key that stands for it in memory and in its file name.
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

/// Half of the SHA-256 of a line.
fn key(line: &[u8]) -> u128 {
    let digest = Sha256::digest(line);
    digest
        .iter()
        .take(16)
        .fold(0, |key, &octet| (key << 8) | u128::from(octet))
}

/// What is known of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its file is here, but an earlier run was cut off before it could record it.
    Found,
    /// To be recorded.
    Pending,
    /// Recorded: not even a crash of the machine undoes that.
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

    /// Notes that the file of a message is in the Maildir.
    pub(super) fn found(&mut self, key: u128) {
        self.known.entry(key).or_insert(State::Found);
    }

    /// Whether the message is known. One that was only found becomes one to be recorded.
    pub(super) fn contains(&mut self, entry: Entry) -> bool {
        match self.known.get(&entry.key) {
            None => return false,
            Some(State::Found) => self.add(entry),
            Some(State::Pending | State::Durable) => {}
        }
        true
    }

    /// Adds a message to those to be recorded.
    pub(super) fn add(&mut self, entry: Entry) {
        self.known.insert(entry.key, State::Pending);
        self.pending.push(entry);
    }

    /// Whether there is something to be recorded.
    pub(super) fn is_behind(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Records what is to be recorded, and syncs. Their files must be durable already.
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

    /// Whether the message is recorded and synced.
    pub(super) fn is_durable(&self, entry: &Entry) -> bool {
        self.known.get(&entry.key) == Some(&State::Durable)
    }
}

/// Reads all lines, and cuts off a last one which a crash has torn: half a unique-id might be the
/// whole unique-id of another message, which would then never be fetched.
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
