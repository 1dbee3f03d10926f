//! A Maildir that never loses a message and does not store one twice.
//!
//! What is stored, and in which order, is decided by [`Run`](pop3_blocking::sync::Run). This
//! module makes each of its steps durable: [`Store::keep`]. Each account has a ledger in the Maildir.
//!
//! Mail tools expect local line ends in a Maildir, so each CRLF is stored as LF. A lone CR and
//! all other octets are stored unchanged.

mod files;
mod imports;
mod ledger_file;
mod message;
mod names;
mod store;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use pop3_blocking::sync::{Day, FetchName, Ledger};

use files::failed;
pub(crate) use imports::canonical;
use ledger_file::LedgerFile;
use store::Folders;
pub(crate) use store::Store;

/// An open Maildir, locked against other runs until dropped.
#[derive(Debug)]
pub(crate) struct Maildir {
    root: PathBuf,
    _lock: File,
}

/// What a Maildir has of one account.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
    /// The number of lines of the ledger that were ignored because they are damaged.
    pub(crate) damaged: usize,
}

impl Maildir {
    /// Opens the Maildir at `root`, creates missing directories, and locks it.
    pub(crate) fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        for folder in ["cur", "new", "tmp"] {
            files::create_dir(&root.join(folder))?;
        }
        let lock = lock(&root)?;
        files::sync_dir(&root)?;
        files::remove_stale(&root.join("tmp"));
        Ok(Self { root, _lock: lock })
    }

    /// Opens the ledger of an account: `user@host` in its [`canonical`] form. Creates it if needed.
    pub(crate) fn account(&self, account: &str, today: Day) -> io::Result<Opened> {
        let path = self.root.join(names::ledger(account));
        let folders = Folders::new(&self.root, account);
        let (file, ledger, damaged) = match LedgerFile::open(path.clone())? {
            Some((file, ledger, damaged)) => {
                let file = if ledger.wants_compaction() {
                    // The new text does not name the files that may still be staged.
                    folders.recover(
                        &ledger
                            .unpublished()
                            .iter()
                            .map(FetchName::as_str)
                            .collect::<Vec<_>>(),
                    )?;
                    file.compact(&ledger)?
                } else {
                    file
                };
                (file, ledger, damaged)
            }
            None => {
                let (ledger, text) = imports::new_ledger(&self.root, account, today)?;
                (LedgerFile::replace(path, &text)?, ledger, 0)
            }
        };
        Ok(Opened {
            store: Store::new(folders, file),
            ledger,
            damaged,
        })
    }
}

/// Locks the Maildir with an advisory lock of the operating system, which is released when the process
/// ends, even by a crash.
fn lock(root: &Path) -> io::Result<File> {
    let path = root.join(".pop3-lock");
    match files::create_new(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(failed("create", &path)(error));
        }
        _ => {}
    }
    let file = files::open_regular(&path, OpenOptions::new().read(true).write(true))?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let text = format!("another run is storing into {root:?}: it has locked {path:?}");
            Err(io::Error::new(io::ErrorKind::WouldBlock, text))
        }
        Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
    }
}
