//! The file of a ledger: it is only appended to, and replaced when most of its lines are outdated.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use pop3_blocking::sync::Ledger;

use super::files::{self, failed};

/// An open file with a ledger.
#[derive(Debug)]
pub(super) struct LedgerFile {
    path: PathBuf,
    file: File,
    /// The last line has no line end, because a crash interrupted the last append.
    torn: bool,
}

impl LedgerFile {
    /// Opens and reads a ledger; `None` if there is none. Returns the number of damaged lines, too.
    pub(super) fn open(path: PathBuf) -> io::Result<Option<(Self, Ledger, usize)>> {
        let mut file = match open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let octets = file.metadata().map_err(failed("read", &path))?.len();
        let mut reader = Ledger::reader(octets);
        let mut buffer = vec![0; 64 << 10];
        let foreign = |error| io::Error::new(ErrorKind::InvalidData, format!("{path:?}: {error}"));
        loop {
            let read = file.read(&mut buffer).map_err(failed("read", &path))?;
            if read == 0 {
                break;
            }
            reader
                .feed(buffer.get(..read).unwrap_or_default())
                .map_err(foreign)?;
        }
        let (ledger, loaded) = reader.finish().map_err(foreign)?;
        if octets < Ledger::HEADER.len() as u64 {
            // The file is empty or ends within the first line, so nothing was recorded.
            return Ok(None);
        }
        let torn = loaded.torn;
        Ok(Some((Self { path, file, torn }, ledger, loaded.damaged)))
    }

    /// Creates or replaces a ledger.
    pub(super) fn replace(path: PathBuf, text: &str) -> io::Result<Self> {
        files::replace(&path, text.as_bytes())?;
        let file = open(&path)?;
        Ok(Self {
            path,
            file,
            torn: false,
        })
    }

    /// Replaces the text of the ledger.
    pub(super) fn compact(self, ledger: &Ledger) -> io::Result<Self> {
        Self::replace(self.path, &ledger.to_lines())
    }

    /// Appends lines, and syncs the file.
    pub(super) fn append(&mut self, lines: &str) -> io::Result<()> {
        let torn = if self.torn { "\n" } else { "" };
        let text = [torn, lines].concat();
        // If this fails, a part of the lines may be in the file.
        self.torn = true;
        let written = self.file.write_all(text.as_bytes());
        let synced = written.and_then(|()| self.file.sync_all());
        synced.map_err(failed("write", &self.path))?;
        self.torn = false;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    files::open_regular(path, OpenOptions::new().read(true).append(true))
}
