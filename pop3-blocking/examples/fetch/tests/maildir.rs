//! The Maildir: staging and publishing, and recovery from crashes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pop3_blocking::sync::Day;

use crate::app::maildir::{Maildir, Store};

const ACCOUNT: &str = "joe@mail.example.org";

fn store(maildir: &Maildir) -> Store {
    maildir.account(ACCOUNT, Day::new(20_000)).unwrap().store
}

fn stage(store: &mut Store, fetch: &str, octets: &[u8]) {
    store.begin(fetch).unwrap().write_all(octets).unwrap();
    store.stage(&[fetch]).unwrap();
}

fn files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn missing_maildir_is_created_with_private_permissions() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("some/where/mail");
    let maildir = Maildir::open(&root).unwrap();
    let mut store = store(&maildir);
    stage(&mut store, "t-0", b"Subject: Hello\r\n\r\nworld\r\n");
    store.publish(&["t-0"]).unwrap();
    let stored = files(root.join("new"));
    assert_eq!(fs::read(&stored[0]).unwrap(), b"Subject: Hello\n\nworld\n");
    assert!(files(root.join("tmp")).is_empty());
    assert!(files(root.join("cur")).is_empty());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for private in [
            &root,
            &root.join("new"),
            &root.join(".pop3-lock"),
            &root.join(".pop3-ledger-joe@mail.example.org"),
            &stored[0],
        ] {
            let mode = fs::metadata(private).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{private:?} is open to others");
        }
    }
}

#[test]
fn staged_messages_are_invisible_until_published() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut store = store(&maildir);
    stage(&mut store, "t-0", b"0\r\n");
    stage(&mut store, "t-1", b"1\r\n");
    assert!(files(home.path().join("new")).is_empty());
    let staged = files(home.path().join("tmp"));
    assert_eq!(staged.len(), 2);
    store.publish(&["t-0", "t-1"]).unwrap();
    // A file keeps its name, as the rules for a Maildir demand.
    let names = |files: &[PathBuf]| -> Vec<_> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_owned();
        files.iter().map(name).collect()
    };
    let published = files(home.path().join("new"));
    assert_eq!(names(&published), names(&staged));
}

#[test]
fn file_names_follow_the_maildir_convention() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut store = store(&maildir);
    stage(&mut store, "752676128b8ca85e-17", b"");
    store.publish(&["752676128b8ca85e-17"]).unwrap();
    for path in files(home.path().join("new")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut parts = name.splitn(3, '.');
        assert!(parts.next().unwrap().parse::<u64>().is_ok(), "{name}");
        let unique = parts.next().unwrap();
        assert!(unique.starts_with("pop3-"), "{name}");
        assert!(unique.ends_with("-752676128b8ca85e-17"), "{name}");
        assert!(!parts.next().unwrap().is_empty(), "{name}");
        assert!(!name.contains([':', '/', ' ', ',']), "{name}");
    }
}

#[test]
fn crlf_becomes_lf_for_any_chunk_size() {
    let octets = b"a\r\nb\rc\n\r\r\nd\r\r\r\n\n\r";
    let stored = b"a\nb\rc\n\r\nd\r\r\n\n\r";
    for size in 1..=octets.len() {
        let home = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(home.path()).unwrap();
        let mut store = store(&maildir);
        let mut sink = store.begin("t-0").unwrap();
        for piece in octets.chunks(size) {
            sink.write_all(piece).unwrap();
            sink.flush().unwrap();
        }
        store.stage(&["t-0"]).unwrap();
        let file = &files(home.path().join("tmp"))[0];
        assert_eq!(fs::read(file).unwrap(), stored, "in chunks of {size}");
    }
}

#[test]
fn messages_that_are_only_looked_at_leave_no_file() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut store = store(&maildir);
    store
        .sink(None)
        .unwrap()
        .write_all(b"Subject: x\r\n")
        .unwrap();
    assert!(files(home.path().join("tmp")).is_empty());
}

#[test]
fn discarded_messages_leave_no_file() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut store = store(&maildir);
    stage(&mut store, "t-0", b"0\r\n");
    store
        .begin("t-1")
        .unwrap()
        .write_all(b"half a mess")
        .unwrap();
    // It need not be there.
    store.discard(&["t-0", "t-1", "t-2"]).unwrap();
    assert!(files(home.path().join("tmp")).is_empty());
    let missing = store.publish(&["t-0"]).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    assert!(store.stage(&["t-1"]).is_err());
}

#[test]
fn recovery_publishes_named_files_and_removes_others() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut crashed = store(&maildir);
    stage(&mut crashed, "t-0", b"recorded\r\n");
    stage(&mut crashed, "t-1", b"not recorded\r\n");
    stage(&mut crashed, "t-10", b"not recorded either\r\n");
    drop(crashed);

    // "t-2" was published before the crash.
    store(&maildir).recover(&["t-0", "t-2"]).unwrap();
    assert!(files(home.path().join("tmp")).is_empty());
    let published = files(home.path().join("new"));
    assert_eq!(published.len(), 1);
    assert_eq!(fs::read(&published[0]).unwrap(), b"recorded\n");
    store(&maildir).recover(&["t-0", "t-2"]).unwrap();
    assert_eq!(files(home.path().join("new")), published);
}

#[test]
fn recovery_leaves_files_of_other_accounts_and_programs() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut other = maildir
        .account("ann@mail.example.org", Day::new(20_000))
        .unwrap()
        .store;
    stage(&mut other, "t-0", b"for ann\r\n");
    drop(other);
    File::create(home.path().join("tmp/1796081683.M1P2.host")).unwrap();
    store(&maildir).recover(&["t-0"]).unwrap();
    assert_eq!(files(home.path().join("tmp")).len(), 2);
    assert!(files(home.path().join("new")).is_empty());
    let mut other = maildir
        .account("ann@mail.example.org", Day::new(20_000))
        .unwrap()
        .store;
    other.recover(&["t-0"]).unwrap();
    assert_eq!(files(home.path().join("new")).len(), 1);
}

#[test]
fn second_run_fails_while_the_first_is_running() {
    let home = tempfile::tempdir().unwrap();
    let first = Maildir::open(home.path()).unwrap();
    let refused = Maildir::open(home.path()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    let text = refused.to_string();
    assert!(text.starts_with("another run is storing into \""), "{text}");
    assert!(text.contains(home.path().to_str().unwrap()), "{text}");
    drop(first);
    Maildir::open(home.path()).unwrap();
}

#[test]
fn old_files_in_tmp_are_removed_unless_staged() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut store = store(&maildir);
    stage(&mut store, "t-0", b"recorded\r\n");
    let staged = files(home.path().join("tmp")).remove(0);
    drop((store, maildir));
    let [stale, fresh] = ["stale", "fresh"].map(|name| home.path().join("tmp").join(name));
    for (path, hours) in [(&staged, 3700), (&stale, 37), (&fresh, 35)] {
        let file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        let age = Duration::from_secs(hours * 60 * 60);
        file.set_modified(SystemTime::now() - age).unwrap();
    }
    drop(Maildir::open(home.path()).unwrap());
    assert_eq!(files(home.path().join("tmp")), [staged, fresh]);
}

#[test]
fn failure_to_create_the_maildir_names_the_path() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let text = Maildir::open(&file).unwrap_err().to_string();
    assert_eq!(text, format!("{file:?} is not a directory"));
}

#[test]
fn missing_new_directory_fails_and_keeps_the_staged_file() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut store = store(&maildir);
    stage(&mut store, "t-0", b"0\r\n");
    fs::remove_dir(home.path().join("new")).unwrap();
    let text = store.publish(&["t-0"]).unwrap_err().to_string();
    assert!(text.starts_with("cannot create \""), "{text}");
    assert_eq!(files(home.path().join("tmp")).len(), 1);
}
