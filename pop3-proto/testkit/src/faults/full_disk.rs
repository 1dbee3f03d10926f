//! Runs the example `fetch` on a full disk. The disk is a small file system in memory, so the user
//! must be allowed to mount one. (`fetch.rs` tests the limit of a file's size, which needs no
//! privileges.)

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use tempfile::TempDir;

use super::embedded;
use crate::dovecot::{attachment, corpus};
use crate::program::{Example, as_stored, run, stored};

/// A file system in memory, until it is dropped.
struct Disk(TempDir);

impl Disk {
    /// Mounts a file system. If that fails, prints a line on stderr and returns `None`. If
    /// `POP3_REQUIRE_MOUNT` is set in the environment, it panics instead, so that no test is
    /// skipped unnoticed.
    fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        match mount(options, folder.path()) {
            Ok(()) => Some(Self(folder)),
            Err(why) => {
                let required = std::env::var_os("POP3_REQUIRE_MOUNT").is_some();
                assert!(!required, "a disk cannot be mounted: {why}");
                let text = format!("a full disk is skipped, it cannot be mounted: {why}");
                writeln!(std::io::stderr(), "{}", text.trim()).expect("write to stderr");
                None
            }
        }
    }

    /// Makes the file system larger.
    fn grow(&self) {
        mount("remount,size=64m,nr_inodes=10k", self.path()).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Unmount lazily, because a run that was abandoned may have a file open there.
        let done = Command::new("umount").arg("-l").arg(self.path()).output();
        let done = done.is_ok_and(|output| output.status.success());
        assert!(done || thread::panicking(), "{:?} stays", self.path());
    }
}

fn mount(options: &str, path: &Path) -> Result<(), String> {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "tmpfs"]);
    match command.arg(path).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}

pub fn unstored_messages_are_kept_and_next_run_completes(example: Example) {
    // The messages exceed the first disk. No two are equal, so that duplicates are detected.
    let mut mail = corpus(33);
    mail.insert(20, attachment(2_000_000));
    mail.sort();
    mail.dedup();
    let home = tempfile::tempdir().unwrap();
    let ca = home.path().join("ca.pem");
    // The disk becomes full within a message, at the next file or folder, or in the record of
    // stored messages.
    for options in [
        "size=1m",
        "size=200k",
        "size=8k",
        "size=4k",
        "nr_inodes=4",
        "nr_inodes=6",
        "nr_inodes=9",
    ] {
        let Some(disk) = Disk::mount(options) else {
            return;
        };
        let server = embedded("joe", &mail);
        fs::write(&ca, server.ca_pem()).unwrap();
        let url = server.implicit_tls().to_string().replace("://", "://joe@");
        let arguments = ["--delete", "--ca", ca.to_str().unwrap(), &url];
        let first = run(example.into(disk.path()), &arguments);
        assert!(
            first.failure().contains("No space left on device"),
            "{options}: {first:?}"
        );
        assert_eq!(server.maildrop().len(), mail.len(), "{options}: {first:?}");
        let new = disk.path().join("new");
        let here = if new.exists() {
            stored(disk.path())
        } else {
            Vec::new()
        };
        assert!(
            here.iter()
                .all(|message| as_stored(&mail).contains(message))
        );
        assert!(here.len() < mail.len());

        disk.grow();
        let second = run(example.into(disk.path()), &arguments);
        let line = second.success();
        let (rest, all) = (mail.len() - here.len(), mail.len());
        assert!(
            line.starts_with(&format!("fetched {rest} messages (")),
            "{line}"
        );
        let end = format!("), {} already here, {all} deleted", here.len());
        assert!(line.ends_with(&end), "{options}: {line}");
        assert!(stored(disk.path()) == as_stored(&mail));
        assert!(server.maildrop().is_empty());
    }
}
