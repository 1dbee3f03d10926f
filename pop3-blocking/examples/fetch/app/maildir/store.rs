//! The messages and the ledger of one account: what a run asks to be stored, durably.
//!
//! A staged message is a file in `tmp/`, where no mail reader looks. Publishing moves it to `new/`
//! under the same name.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use pop3_blocking::sync::{FetchName, Keep, ToStore};

use super::files::{self, failed};
use super::ledger_file::LedgerFile;
use super::message::Message;
use super::names;

/// The store of one account in a Maildir.
#[derive(Debug)]
pub(crate) struct Store {
    folders: Folders,
    ledger: LedgerFile,
    /// The staged messages of this run, by the names of their fetches.
    staged: HashMap<String, Staged>,
    /// The message that is being written, and the name of its fetch.
    open: Option<(String, Message)>,
}

/// A staged message that is complete.
#[derive(Debug)]
struct Staged {
    /// Open until it is synced: an error of an earlier write is reported only to such a file.
    file: Option<File>,
    name: PathBuf,
}

impl Store {
    pub(super) fn new(folders: Folders, ledger: LedgerFile) -> Self {
        Self {
            folders,
            ledger,
            staged: HashMap::new(),
            open: None,
        }
    }

    /// Does what a run asks for. Everything is durable when this returns.
    pub(crate) fn keep(&mut self, what: &Keep) -> io::Result<()> {
        fn texts(names: &[FetchName]) -> Vec<&str> {
            names.iter().map(FetchName::as_str).collect()
        }
        match what {
            Keep::Recover(names) => self.recover(&texts(names)),
            Keep::Stage(names) => self.stage(&texts(names)),
            Keep::Discard(names) => self.discard(&texts(names)),
            Keep::Record(lines) => self.record(lines),
            Keep::Publish(names) => self.publish(&texts(names)),
        }
    }

    /// Returns where the next message is written to: a staged file, or nowhere if a run only looks at
    /// it.
    pub(crate) fn sink(&mut self, to_store: Option<ToStore>) -> io::Result<Sink<'_>> {
        match to_store {
            Some(to_store) => self.begin(to_store.name.as_str()),
            None => Ok(Sink(None)),
        }
    }

    /// Starts to write a message.
    pub(crate) fn begin(&mut self, fetch: &str) -> io::Result<Sink<'_>> {
        self.complete()?;
        let path = self.folders.tmp.join(self.folders.names.file(fetch));
        let (_, message) = self.open.insert((fetch.to_owned(), Message::create(path)?));
        Ok(Sink(Some(message)))
    }

    /// Ends the message that is being written, if there is one.
    fn complete(&mut self) -> io::Result<()> {
        if let Some((fetch, message)) = self.open.take() {
            let name = message.path().file_name().unwrap_or_default().into();
            let file = Some(message.finish()?);
            self.staged.insert(fetch, Staged { file, name });
        }
        Ok(())
    }

    /// Publishes these messages if they are staged, and removes all others of the account.
    pub(crate) fn recover(&mut self, fetches: &[&str]) -> io::Result<()> {
        self.folders.recover(fetches)
    }

    /// Appends lines to the ledger.
    pub(crate) fn record(&mut self, lines: &str) -> io::Result<()> {
        self.ledger.append(lines)
    }

    /// Makes staged messages durable.
    pub(crate) fn stage(&mut self, fetches: &[&str]) -> io::Result<()> {
        self.complete()?;
        for fetch in fetches {
            let staged = self.staged.get_mut(*fetch).ok_or_else(|| missing(fetch))?;
            if let Some(file) = staged.file.take() {
                let path = self.folders.tmp.join(&staged.name);
                file.sync_all().map_err(failed("write", &path))?;
            }
        }
        files::sync_dir(&self.folders.tmp)
    }

    /// Removes staged messages.
    pub(crate) fn discard(&mut self, fetches: &[&str]) -> io::Result<()> {
        self.complete()?;
        for staged in fetches
            .iter()
            .filter_map(|fetch| self.staged.remove(*fetch))
        {
            self.folders.remove(&staged.name)?;
        }
        files::sync_dir(&self.folders.tmp)
    }

    /// Shows staged messages to mail readers.
    pub(crate) fn publish(&mut self, fetches: &[&str]) -> io::Result<()> {
        self.complete()?;
        for fetch in fetches {
            let staged = self.staged.remove(*fetch).ok_or_else(|| missing(fetch))?;
            self.folders.publish(&staged.name)?;
        }
        self.folders.sync()
    }
}

fn missing(fetch: &str) -> io::Error {
    io::Error::new(
        ErrorKind::NotFound,
        format!("no message was staged as {fetch}"),
    )
}

/// Writes the octets of one message.
#[derive(Debug)]
pub(crate) struct Sink<'s>(Option<&'s mut Message>);

impl Write for Sink<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(message) => message.write(octets),
            None => Ok(octets.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), |message| message.flush())
    }
}

/// The folders of a Maildir, and the names of the files of one account.
#[derive(Debug, Clone)]
pub(super) struct Folders {
    tmp: PathBuf,
    new: PathBuf,
    names: names::Staged,
}

impl Folders {
    pub(super) fn new(root: &Path, account: &str) -> Self {
        Self {
            tmp: root.join("tmp"),
            new: root.join("new"),
            names: names::Staged::new(account),
        }
    }

    /// Publishes these messages if they are staged, and removes all others of the account.
    pub(super) fn recover(&self, fetches: &[&str]) -> io::Result<()> {
        for (fetch, name) in self.staged()? {
            if fetches.contains(&fetch.as_str()) {
                self.publish(&name)?;
            } else {
                self.remove(&name)?;
            }
        }
        self.sync()
    }

    /// Publishes these messages if they are staged.
    pub(super) fn publish_staged(&self, fetches: &[&str]) -> io::Result<()> {
        for (fetch, name) in self.staged()? {
            if fetches.contains(&fetch.as_str()) {
                self.publish(&name)?;
            }
        }
        self.sync()
    }

    /// Returns the staged messages of the account: fetches and file names.
    fn staged(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let mut staged = Vec::new();
        for entry in fs::read_dir(&self.tmp).map_err(failed("read", &self.tmp))? {
            let name = entry.map_err(failed("read", &self.tmp))?.file_name();
            let fetch = name.to_str().and_then(|name| self.names.fetch(name));
            if let Some(fetch) = fetch {
                staged.push((fetch.to_owned(), name.into()));
            }
        }
        Ok(staged)
    }

    fn publish(&self, name: &Path) -> io::Result<()> {
        let target = self.new.join(name);
        fs::rename(self.tmp.join(name), &target).map_err(failed("create", &target))
    }

    fn remove(&self, name: &Path) -> io::Result<()> {
        let path = self.tmp.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Makes the new names durable, and then that the old names are gone.
    fn sync(&self) -> io::Result<()> {
        files::sync_dir(&self.new)?;
        files::sync_dir(&self.tmp)
    }
}
