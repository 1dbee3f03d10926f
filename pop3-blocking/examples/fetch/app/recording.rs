//! The files in which `--record` records sessions.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use pop3_blocking::Connector;
use pop3_blocking::record::Recorder;

use super::exit::{Exit, Failure};
use super::options::Options;

/// The recordings of a program run.
pub(super) struct Recording {
    recorder: Recorder,
    file: PathBuf,
    /// How many sessions were written.
    written: usize,
}

impl Recording {
    /// Starts recording, if `--record` is given.
    pub(super) fn new(
        options: &Options,
        connector: &mut Connector,
    ) -> Result<Option<Self>, Failure> {
        let Some(file) = options.record.clone() else {
            return Ok(None);
        };
        // It is checked again when the file is created, but then the mail was fetched already.
        if file.symlink_metadata().is_ok() {
            let why = format!(
                "--record: {} exists already, choose another name",
                file.display()
            );
            return Err(Failure::new(Exit::Local, why));
        }
        let recorder = Recorder::new();
        connector.record_with(&recorder);
        Ok(Some(Self {
            recorder,
            file,
            written: 0,
        }))
    }

    /// Writes the sessions since the last call, each to a file of its own. Returns the files.
    pub(super) fn write(&mut self) -> Result<Vec<PathBuf>, Failure> {
        let transcripts = self.recorder.take().into_iter();
        // All are written, even if one fails.
        let written: Vec<_> = transcripts
            .map(|transcript| {
                self.written += 1;
                let file = self.name();
                let text = transcript.to_string();
                match create(&file, text.as_bytes()) {
                    Ok(()) => Ok(file),
                    Err(error) => {
                        let why = format!("--record: cannot write {}: {error}", file.display());
                        Err(Failure::new(Exit::Local, why))
                    }
                }
            })
            .collect();
        written.into_iter().collect()
    }

    /// Returns the name of the file for the current session.
    fn name(&self) -> PathBuf {
        let mut name = OsString::from(&self.file);
        if self.written > 1 {
            name.push(format!(".{}", self.written));
        }
        name.into()
    }
}

fn create(file: &PathBuf, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // Only the user may read it, like the messages.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut created = options.open(file)?;
    created.write_all(text)?;
    created.sync_all()
}
