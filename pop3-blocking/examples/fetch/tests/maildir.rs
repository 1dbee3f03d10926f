//! The Maildir: delivery, records, and recovery from crashes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::app::maildir::Maildir;

const ACCOUNT: &str = "joe@mail.example.org:995";

fn store(maildir: &mut Maildir, unique_id: &str, octets: &[u8]) {
    let mut delivery = maildir.begin().unwrap();
    delivery.write_all(octets).unwrap();
    delivery
        .commit(ACCOUNT, Some(unique_id.as_bytes()))
        .unwrap();
}

fn files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn record(home: &tempfile::TempDir) -> String {
    fs::read_to_string(home.path().join(".pop3-uids")).unwrap()
}

#[test]
fn missing_maildir_is_created_with_private_permissions() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("some/where/mail");
    let mut maildir = Maildir::open(&root).unwrap();
    store(&mut maildir, "one", b"Subject: Hello\r\n\r\nworld\r\n");
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
            &root.join(".pop3-uids"),
            &stored[0],
        ] {
            let mode = fs::metadata(private).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{private:?} is open to others");
        }
    }
}

#[test]
fn file_names_follow_the_maildir_convention() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    store(&mut maildir, "one", b"");
    store(&mut maildir, "two", b"");
    for path in files(home.path().join("new")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut parts = name.splitn(3, '.');
        assert!(parts.next().unwrap().parse::<u64>().is_ok(), "{name}");
        assert!(parts.next().unwrap().starts_with('M'), "{name}");
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
        let mut maildir = Maildir::open(home.path()).unwrap();
        let mut delivery = maildir.begin().unwrap();
        for piece in octets.chunks(size) {
            delivery.write_all(piece).unwrap();
            delivery.flush().unwrap();
        }
        delivery.commit(ACCOUNT, Some(b"one")).unwrap();
        let file = &files(home.path().join("new"))[0];
        assert_eq!(fs::read(file).unwrap(), stored, "in chunks of {size}");
    }
}

#[test]
fn dropped_delivery_leaves_no_file() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    let mut delivery = maildir.begin().unwrap();
    delivery.write_all(b"half a mess").unwrap();
    assert_eq!(files(home.path().join("tmp")).len(), 1);
    drop(delivery);
    assert!(files(home.path().join("tmp")).is_empty());
    assert!(files(home.path().join("new")).is_empty());
    assert!(!maildir.contains(ACCOUNT, b"one"));
}

#[test]
fn stored_ids_are_recorded_per_account() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    store(&mut maildir, "one", b"1\r\n");
    maildir.sync().unwrap();
    drop(maildir);

    let mut maildir = Maildir::open(home.path()).unwrap();
    assert!(maildir.contains(ACCOUNT, b"one"));
    assert!(!maildir.contains(ACCOUNT, b"two"));
    assert!(!maildir.contains("ann@mail.example.org:995", b"one"));
}

#[test]
fn message_without_unique_id_is_stored_unrecorded() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    maildir.begin().unwrap().commit(ACCOUNT, None).unwrap();
    assert!(!maildir.sync().unwrap().contains(ACCOUNT, b""));
    assert_eq!(files(home.path().join("new")).len(), 1);
    assert_eq!(record(&home), "");
}

#[test]
fn message_is_durable_only_after_sync() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    store(&mut maildir, "one", b"1\r\n");
    assert_eq!(record(&home), "");
    assert!(maildir.contains(ACCOUNT, b"one"));

    let durable = maildir.sync().unwrap();
    assert!(durable.contains(ACCOUNT, b"one"));
    assert!(!durable.contains(ACCOUNT, b"two"));
    assert_eq!(record(&home), "joe@mail.example.org:995 one\n");

    store(&mut maildir, "two", b"2\r\n");
    assert!(maildir.sync().unwrap().contains(ACCOUNT, b"two"));
    drop(maildir);
    let mut maildir = Maildir::open(home.path()).unwrap();
    assert!(maildir.sync().unwrap().contains(ACCOUNT, b"two"));
}

#[test]
fn unrecorded_message_is_recognised_after_a_crash() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    store(&mut maildir, "one", b"1\r\n");
    drop(maildir); // The crash: no sync.
    assert_eq!(record(&home), "");

    let mut maildir = Maildir::open(home.path()).unwrap();
    assert!(!maildir.sync().unwrap().contains(ACCOUNT, b"one"));
    assert!(maildir.contains(ACCOUNT, b"one"));
    assert!(maildir.contains(ACCOUNT, b"one"));
    assert!(maildir.sync().unwrap().contains(ACCOUNT, b"one"));
    assert_eq!(record(&home), "joe@mail.example.org:995 one\n");
}

#[test]
fn unrecorded_message_moved_to_cur_is_recognised() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    store(&mut maildir, "one", b"1\r\n");
    drop(maildir); // The crash: no sync.
    let new = files(home.path().join("new")).remove(0);
    let name = new.file_name().unwrap().to_str().unwrap();
    fs::rename(&new, home.path().join(format!("cur/{name},U=7:2,FRS"))).unwrap();

    let mut maildir = Maildir::open(home.path()).unwrap();
    assert!(maildir.contains(ACCOUNT, b"one"));
    assert!(maildir.sync().unwrap().contains(ACCOUNT, b"one"));
}

#[test]
fn message_deleted_locally_is_not_fetched_again() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    store(&mut maildir, "one", b"1\r\n");
    maildir.sync().unwrap();
    drop(maildir);
    fs::remove_file(&files(home.path().join("new"))[0]).unwrap();
    assert!(
        Maildir::open(home.path())
            .unwrap()
            .contains(ACCOUNT, b"one")
    );
}

#[test]
fn truncated_record_line_is_ignored() {
    let home = tempfile::tempdir().unwrap();
    drop(Maildir::open(home.path()).unwrap());
    let torn = "joe@mail.example.org:995 one\njoe@mail.example.org:995 tw";
    fs::write(home.path().join(".pop3-uids"), torn).unwrap();

    let mut maildir = Maildir::open(home.path()).unwrap();
    assert!(maildir.contains(ACCOUNT, b"one"));
    assert!(!maildir.contains(ACCOUNT, b"tw"));
    assert!(!maildir.contains(ACCOUNT, b"two"));
    store(&mut maildir, "three", b"3\r\n");
    maildir.sync().unwrap();
    let whole = "joe@mail.example.org:995 one\njoe@mail.example.org:995 three\n";
    assert_eq!(record(&home), whole);
}

#[test]
fn damaged_record_lines_are_ignored() {
    let home = tempfile::tempdir().unwrap();
    drop(Maildir::open(home.path()).unwrap());
    let damaged = b"\0\0\0\0\n\n\xff\xfe \n   \njoe@mail.example.org:995 one\n\0\0";
    fs::write(home.path().join(".pop3-uids"), damaged).unwrap();
    assert!(
        Maildir::open(home.path())
            .unwrap()
            .contains(ACCOUNT, b"one")
    );
}

#[test]
fn unique_ids_are_escaped_in_paths_and_records() {
    let unique_ids: [&[u8]; 7] = [
        b"../../../etc/passwd",
        b"/",
        b"..",
        b"a:2,S",
        b"per%20cent",
        b"two words\r\nand a line",
        b"\xff\x00\x7f",
    ];
    let account = "joe o'hara\n%41@mail.example.org:110";
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    for unique_id in unique_ids {
        let delivery = maildir.begin().unwrap();
        delivery.commit(account, Some(unique_id)).unwrap();
    }
    let durable = maildir.sync().unwrap();
    assert!(unique_ids.iter().all(|id| durable.contains(account, id)));
    drop(maildir);
    assert_eq!(files(home.path().join("new")).len(), unique_ids.len());
    assert_eq!(record(&home).lines().count(), unique_ids.len());
    assert!(
        record(&home)
            .starts_with("joe%20o'hara%0A%2541@mail.example.org:110 ../../../etc/passwd\n")
    );
    let mut maildir = Maildir::open(home.path()).unwrap();
    assert!(unique_ids.iter().all(|id| maildir.contains(account, id)));
    assert!(!maildir.contains(account, b"per cent"));
}

#[test]
fn two_messages_with_one_unique_id_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    store(&mut maildir, "same", b"1\r\n");
    maildir.sync().unwrap();
    store(&mut maildir, "same", b"2\r\n");
    maildir.sync().unwrap();
    assert_eq!(files(home.path().join("new")).len(), 2);
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
fn old_files_in_tmp_are_removed() {
    let home = tempfile::tempdir().unwrap();
    drop(Maildir::open(home.path()).unwrap());
    for (name, hours) in [("stale", 37), ("fresh", 35)] {
        let file = File::create(home.path().join("tmp").join(name)).unwrap();
        let age = Duration::from_secs(hours * 60 * 60);
        file.set_modified(SystemTime::now() - age).unwrap();
    }
    drop(Maildir::open(home.path()).unwrap());
    assert_eq!(
        files(home.path().join("tmp")),
        [home.path().join("tmp/fresh")]
    );
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
fn missing_new_directory_fails_and_stores_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    let delivery = maildir.begin().unwrap();
    fs::remove_dir(home.path().join("new")).unwrap();
    let text = delivery
        .commit(ACCOUNT, Some(b"one"))
        .unwrap_err()
        .to_string();
    assert!(text.starts_with("cannot create \""), "{text}");
    assert!(files(home.path().join("tmp")).is_empty());
    assert!(!maildir.contains(ACCOUNT, b"one"));
}

#[cfg(unix)] // elsewhere directories are not synced
#[test]
fn sync_after_a_failed_sync_fails() {
    let home = tempfile::tempdir().unwrap();
    let mut maildir = Maildir::open(home.path()).unwrap();
    store(&mut maildir, "one", b"1\r\n");
    fs::rename(home.path().join("new"), home.path().join("away")).unwrap();
    assert!(
        maildir
            .sync()
            .unwrap_err()
            .to_string()
            .starts_with("cannot sync \"")
    );
    fs::rename(home.path().join("away"), home.path().join("new")).unwrap();
    assert!(
        maildir
            .sync()
            .unwrap_err()
            .to_string()
            .starts_with("an earlier sync of")
    );
    drop(maildir);
    // The next run checks again.
    let mut maildir = Maildir::open(home.path()).unwrap();
    assert!(maildir.contains(ACCOUNT, b"one"));
    assert!(maildir.sync().unwrap().contains(ACCOUNT, b"one"));
}
