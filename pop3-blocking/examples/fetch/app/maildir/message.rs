//! A message that is being written, with local line ends.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::files::{self, failed};

/// A staged file that is open. Each CRLF is written as LF. A lone CR and all other octets are
/// written unchanged.
#[derive(Debug)]
pub(super) struct Message {
    path: PathBuf,
    out: BufWriter<File>,
    /// The last octet was a CR. The next octet decides whether it is written.
    held_cr: bool,
}

impl Message {
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let file = files::create_new(&path).map_err(failed("create", &path))?;
        Ok(Self {
            out: BufWriter::with_capacity(64 << 10, file),
            held_cr: false,
            path,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the rest of the message. Returns the file, which is not synced yet.
    pub(super) fn finish(mut self) -> io::Result<File> {
        let held: &[u8] = if self.held_cr { b"\r" } else { b"" };
        let file = match self.out.write_all(held) {
            Ok(()) => self
                .out
                .into_inner()
                .map_err(io::IntoInnerError::into_error),
            Err(error) => Err(error),
        };
        file.map_err(failed("write", &self.path))
    }
}

impl Write for Message {
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
