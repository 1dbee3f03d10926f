//! A Maildir that never loses a message and does not store one twice.
//!
//! A message is stored in these steps, so that a crash at any point is harmless:
//!
//! 1. It is written to `tmp/`, and that file is synced ([`Delivery::commit`]).
//! 2. It is linked into `new/`. The file name contains a hash of account and unique-id, so
//!    the next run recognizes the message even if nothing else was written.
//! 3. `new/` and `cur/` are synced, then a line for the message is appended to the [`record`], which
//!    is synced too. [`Maildir::sync`] does this for all messages committed since the last time.
//!    Only the [`Durable`] that it returns knows which messages the server may now delete.
//!
//! Mail tools expect local line ends in a Maildir, so each CRLF is stored as LF. A lone CR and
//! all other octets are stored unchanged.

mod files;
mod record;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use files::failed;
use record::{Entry, Record};

/// An open Maildir, locked against other runs until dropped.
///
/// Dropping it without [`sync`](Self::sync) loses nothing: the next run finds the files.
#[derive(Debug)]
pub(crate) struct Maildir {
    root: PathBuf,
    record: Record,
    host: String,
    /// The number of deliveries so far, which makes file names of this process unique.
    count: u64,
    /// A message without a unique-id was stored, and its directory is not synced yet.
    unnamed: bool,
    /// A sync failed. The system reports lost writes only once, so a second sync could succeed although
    /// data was lost.
    broken: bool,
}

impl Maildir {
    /// Opens the Maildir at `root`, creates missing directories, and locks it.
    pub(crate) fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        for folder in ["cur", "new", "tmp"] {
            files::create_dir(&root.join(folder))?;
        }
        let mut record = Record::open(&root)?;
        files::sync_dir(&root)?;
        files::remove_stale(&root.join("tmp"));
        // A mail reader may move messages from new to cur meanwhile: in this order none is missed.
        for folder in ["new", "cur"] {
            let folder = root.join(folder);
            for entry in fs::read_dir(&folder).map_err(failed("read", &folder))? {
                let name = entry.map_err(failed("read", &folder))?.file_name();
                if let Some(key) = name.to_str().and_then(key_in_name) {
                    record.found(key);
                }
            }
        }
        Ok(Self {
            root,
            record,
            host: host_name(),
            count: 0,
            unnamed: false,
            broken: false,
        })
    }

    /// Returns whether the message was fetched before, by this run or an earlier one.
    ///
    /// If the message was stored but not recorded, the next sync records it.
    pub(crate) fn contains(&mut self, account: &str, unique_id: &[u8]) -> bool {
        self.record.contains(Entry::new(account, unique_id))
    }

    /// Starts to store a message, whose octets are written to the returned value.
    pub(crate) fn begin(&mut self) -> io::Result<Delivery<'_>> {
        loop {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let (seconds, micros) = (now.as_secs(), now.subsec_micros());
            self.count += 1;
            let stem = format!(
                "{seconds}.M{micros:06}P{}_{}",
                std::process::id(),
                self.count
            );
            let path = self.root.join("tmp").join(format!("{stem}.{}", self.host));
            match files::create_new(&path) {
                Ok(file) => {
                    let out = BufWriter::with_capacity(64 * 1024, file);
                    return Ok(Delivery {
                        maildir: self,
                        stem,
                        path,
                        out,
                        held_cr: false,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed("create", &path)(error)),
            }
        }
    }

    /// Makes all committed messages durable. Call it before deleting on the server, and at the end.
    pub(crate) fn sync(&mut self) -> io::Result<Durable<'_>> {
        if self.broken {
            return Err(io::Error::other(format!(
                "an earlier sync of {:?} failed",
                self.root
            )));
        }
        if self.unnamed || self.record.has_pending() {
            self.broken = true;
            files::sync_dir(&self.root.join("new"))?;
            files::sync_dir(&self.root.join("cur"))?;
            self.record.catch_up()?;
            (self.unnamed, self.broken) = (false, false);
        }
        Ok(Durable(self))
    }
}

/// The proof that a [`Maildir::sync`] succeeded. While it exists, nothing more can be stored.
#[derive(Debug)]
pub(crate) struct Durable<'a>(&'a Maildir);

impl Durable<'_> {
    /// Returns whether the message survives a crash, so that the server may delete its copy.
    pub(crate) fn contains(&self, account: &str, unique_id: &[u8]) -> bool {
        self.0.record.is_durable(&Entry::new(account, unique_id))
    }
}

/// A message that is being stored. Dropping it without a commit deletes the partial file.
#[derive(Debug)]
pub(crate) struct Delivery<'a> {
    maildir: &'a mut Maildir,
    /// The file name up to the host.
    stem: String,
    path: PathBuf,
    out: BufWriter<File>,
    /// The last octet was a CR. The next octet decides whether it is stored.
    held_cr: bool,
}

impl Delivery<'_> {
    /// Moves the complete message to `new/`. It is durable after the next [`Maildir::sync`].
    ///
    /// A message with a known unique-id is stored, too: if a server gives two messages the same
    /// unique-id, neither is lost. A message without a unique-id is stored and not recorded.
    pub(crate) fn commit(mut self, account: &str, unique_id: Option<&[u8]>) -> io::Result<()> {
        let held: &[u8] = if self.held_cr { b"\r" } else { b"" };
        let written = self.out.write_all(held).and_then(|()| self.out.flush());
        let synced = written.and_then(|()| self.out.get_ref().sync_all());
        synced.map_err(failed("write", &self.path))?;

        let entry = unique_id.map(|unique_id| Entry::new(account, unique_id));
        let name = match &entry {
            Some(entry) => format!("{}U{:032x}.{}", self.stem, entry.key(), self.maildir.host),
            None => format!("{}.{}", self.stem, self.maildir.host),
        };
        let target = self.maildir.root.join("new").join(name);
        files::link(&self.path, &target).map_err(failed("create", &target))?;
        match entry {
            Some(entry) => self.maildir.record.add(entry),
            None => self.maildir.unnamed = true,
        }
        Ok(())
    }
}

impl Write for Delivery<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for piece in octets.split_inclusive(|&octet| octet == b'\r') {
            let held: &[u8] = if self.held_cr && !piece.starts_with(b"\n") {
                b"\r"
            } else {
                b""
            };
            let body = piece.strip_suffix(b"\r");
            self.held_cr = body.is_some();
            let written = self.out.write_all(held);
            let written = written.and_then(|()| self.out.write_all(body.unwrap_or(piece)));
            written.map_err(failed("write", &self.path))?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(failed("write", &self.path))
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        // After a commit this is only the second name of the file. If it cannot be removed, it becomes
        // stale and is removed later.
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns the key in the name of a file that this module stored. A reader may have added flags.
fn key_in_name(name: &str) -> Option<u128> {
    let (_, hex) = name.split('.').nth(1)?.rsplit_once('U')?;
    if hex.len() == 32 {
        u128::from_str_radix(hex, 16).ok()
    } else {
        None
    }
}

/// Returns the name of this host, with characters that a Maildir file name may contain.
fn host_name() -> String {
    let name = gethostname::gethostname().to_string_lossy().into_owned();
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-._".contains(c) {
            c
        } else {
            '_'
        }
    };
    name.chars().map(plain).take(64).collect()
}
