//! The files of ledgers: reading, appending, compaction, and files that are not ledgers.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use pop3_blocking::sync::{Day, Ledger};
use tempfile::TempDir;

use crate::app::maildir::{Maildir, canonical};

const ACCOUNT: &str = "joe@mail.example.org";
const TODAY: Day = Day::new(20_000);

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn path(home: &TempDir) -> PathBuf {
    home.path().join(".pop3-ledger-joe@mail.example.org")
}

/// Returns lines about messages with these unique-ids.
fn lines(unique_ids: &[&str]) -> String {
    let ids = unique_ids.iter().map(|id| id.as_bytes());
    Ledger::new().import_known(ids, TODAY)
}

/// Opens the Maildir, and returns the ledger of this account and the number of damaged lines.
fn ledger_of(home: &TempDir, account: &str) -> (Ledger, usize) {
    let maildir = Maildir::open(home.path()).unwrap();
    let opened = maildir.account(account, TODAY).unwrap();
    (opened.ledger, opened.damaged)
}

fn known(ledger: &Ledger) -> Vec<String> {
    let ids = ledger.entries().filter_map(|(id, _)| id);
    let mut ids: Vec<_> = ids
        .map(|id| String::from_utf8_lossy(id).into_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn recorded_lines_are_read_by_the_next_run() {
    let home = home();
    let maildir = Maildir::open(home.path()).unwrap();
    let mut opened = maildir.account(ACCOUNT, TODAY).unwrap();
    assert!(opened.ledger.is_empty());
    opened.store.record(&lines(&["one"])).unwrap();
    opened.store.record(&lines(&["two"])).unwrap();
    drop((opened, maildir));
    let text = fs::read_to_string(path(&home)).unwrap();
    assert!(text.starts_with(Ledger::HEADER), "{text}");
    assert_eq!(known(&ledger_of(&home, ACCOUNT).0), ["one", "two"]);
    assert!(ledger_of(&home, "ann@mail.example.org").0.is_empty());
}

#[test]
fn torn_last_line_is_closed_before_the_next_append() {
    let home = home();
    drop(ledger_of(&home, ACCOUNT));
    let one = lines(&["one"]);
    let text = [Ledger::HEADER, &one, &lines(&["two"])[..10]].concat();
    fs::write(path(&home), &text).unwrap();

    let maildir = Maildir::open(home.path()).unwrap();
    let mut opened = maildir.account(ACCOUNT, TODAY).unwrap();
    assert_eq!(known(&opened.ledger), ["one"]);
    opened.store.record(&lines(&["three"])).unwrap();
    opened.store.record(&lines(&["four"])).unwrap();
    drop((opened, maildir));
    let (ledger, damaged) = ledger_of(&home, ACCOUNT);
    assert_eq!(known(&ledger), ["four", "one", "three"]);
    assert_eq!(damaged, 1);
}

#[test]
fn file_that_a_crash_left_empty_is_replaced() {
    for written in [0, 5, Ledger::HEADER.len() - 1] {
        let home = home();
        drop(ledger_of(&home, ACCOUNT));
        fs::write(path(&home), &Ledger::HEADER[..written]).unwrap();
        let maildir = Maildir::open(home.path()).unwrap();
        let mut opened = maildir.account(ACCOUNT, TODAY).unwrap();
        opened.store.record(&lines(&["one"])).unwrap();
        drop((opened, maildir));
        assert_eq!(known(&ledger_of(&home, ACCOUNT).0), ["one"]);
    }
}

#[test]
fn file_that_is_not_a_ledger_is_not_changed() {
    for foreign in [
        "Dear diary,\n",
        "pop3-ledger 2\nS what\n",
        "x",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        let home = home();
        drop(ledger_of(&home, ACCOUNT));
        fs::write(path(&home), foreign).unwrap();
        let maildir = Maildir::open(home.path()).unwrap();
        let error = maildir.account(ACCOUNT, TODAY).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("pop3-ledger-joe"), "{error}");
        assert_eq!(fs::read_to_string(path(&home)).unwrap(), foreign);
    }
}

#[cfg(unix)]
#[test]
fn links_pipes_and_directories_are_rejected_unchanged() {
    use std::process::Command;

    for place in [
        ".pop3-ledger-joe@mail.example.org",
        ".pop3-lock",
        ".pop3-uids",
    ] {
        let home = home();
        let target = home.path().join("precious");
        fs::write(&target, "pop3-ledger 1\nprecious").unwrap();
        let path = home.path().join(place);
        for make in [
            &["ln", "-s", "precious"][..],
            &["ln", "-s", "/dev/zero"],
            &["ln", "-s", "nowhere"],
            &["mkfifo"],
            &["mkdir"],
        ] {
            let mut command = Command::new(make[0]);
            assert!(
                command
                    .args(&make[1..])
                    .arg(&path)
                    .status()
                    .unwrap()
                    .success()
            );
            let opened = Maildir::open(home.path())
                .and_then(|maildir| maildir.account(ACCOUNT, TODAY).map(drop));
            let text = opened.unwrap_err().to_string();
            assert!(
                text.contains("is not a regular file"),
                "{make:?} {place}: {text}"
            );
            assert!(text.contains(place), "{text}");
            let left = fs::symlink_metadata(&path).unwrap();
            assert!(!left.is_file(), "{make:?} {place}");
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        }
        assert_eq!(
            fs::read_to_string(&target).unwrap(),
            "pop3-ledger 1\nprecious"
        );
        assert!(!home.path().join("nowhere").exists());
    }
}

#[cfg(unix)]
#[test]
fn link_in_place_of_the_temporary_file_is_not_followed() {
    let home = home();
    let target = home.path().join("precious");
    fs::write(&target, "precious").unwrap();
    let temporary = path(&home).with_file_name(".pop3-ledger-joe@mail.example.org~");
    std::os::unix::fs::symlink(&target, temporary).unwrap();
    drop(ledger_of(&home, ACCOUNT));
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert!(fs::symlink_metadata(path(&home)).unwrap().is_file());
}

#[test]
fn outdated_lines_are_removed_from_a_ledger() {
    let home = home();
    drop(ledger_of(&home, ACCOUNT));
    let mut file = File::options().append(true).open(path(&home)).unwrap();
    for _ in 0..100 {
        file.write_all(lines(&["one"]).as_bytes()).unwrap();
    }
    file.write_all(lines(&["two"]).as_bytes()).unwrap();
    drop(file);
    assert_eq!(known(&ledger_of(&home, ACCOUNT).0), ["one", "two"]);
    let text = fs::read_to_string(path(&home)).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    let maildir = Maildir::open(home.path()).unwrap();
    let mut opened = maildir.account(ACCOUNT, TODAY).unwrap();
    opened.store.record(&lines(&["three"])).unwrap();
    drop((opened, maildir));
    assert_eq!(known(&ledger_of(&home, ACCOUNT).0), ["one", "three", "two"]);
}

#[test]
fn every_account_has_its_own_ledger() {
    let long = format!("{}@mail.example.org", "x".repeat(300));
    let longer = format!("{}@mail.example.org", "x".repeat(301));
    let accounts = [
        ACCOUNT,
        "Joe@mail.example.org",
        "joe%40mail.example.org",
        "../../../etc/passwd@mail.example.org",
        "joe@::1",
        "a:b c\n@mail.example.org",
        "jörg@mail.example.org",
        &long,
        &longer,
    ];
    let home = home();
    for account in accounts {
        let maildir = Maildir::open(home.path()).unwrap();
        let mut opened = maildir.account(account, TODAY).unwrap();
        assert!(opened.ledger.is_empty(), "{account}");
        opened.store.record(&lines(&[account])).unwrap();
    }
    let entries = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap());
    let names: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let ledgers: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with(".pop3-ledger-"))
        .collect();
    assert_eq!(ledgers.len(), accounts.len());
    for name in ledgers {
        // Some file systems do not distinguish upper and lower case, and all limit the length.
        let encoded = name.replace(|c: char| c.is_ascii_digit() || "ABCDEF".contains(c), "");
        assert_eq!(encoded, encoded.to_lowercase(), "{name}");
        assert!(name.len() < 250, "{name}");
    }
    for account in accounts {
        assert_eq!(known(&ledger_of(&home, account).0), [account]);
    }
}

#[test]
fn case_of_host_names_does_not_matter() {
    for (account, name) in [
        ("joe@MX.Example.org", "joe@mx.example.org"),
        ("Joe@Example.ORG@MX", "Joe@example.org@mx"),
        ("joe@::1", "joe@::1"),
    ] {
        assert_eq!(canonical(account), name);
    }
}

#[test]
fn old_list_is_imported_for_any_port() {
    let home = home();
    drop(Maildir::open(home.path()).unwrap());
    let list = home.path().join(".pop3-uids");
    let text = "joe@mail.example.org:995 one\njoe@mail.example.org:110 two%20words\n\
        joe@other.example.org:995 other\nann@mail.example.org:995 hers\n\
        joe@mail.example.org:995 shared%0A2\n\0\0\n\n \n\
        sample@embedded sample\njoe@Example.ORG@mail.example.org:995 domain\n\
        joe@mail.example.org:995 torn";
    fs::write(&list, text).unwrap();
    assert_eq!(known(&ledger_of(&home, ACCOUNT).0), ["one", "two words"]);
    assert_eq!(known(&ledger_of(&home, "ann@mail.example.org").0), ["hers"]);
    assert_eq!(known(&ledger_of(&home, "sample@embedded").0), ["sample"]);
    let domain = ledger_of(&home, "joe@example.org@mail.example.org").0;
    assert_eq!(known(&domain), ["domain"]);
    assert_eq!(fs::read_to_string(&list).unwrap(), text);
    // The ledger exists now, so later changes of the list do not matter.
    fs::remove_file(&list).unwrap();
    assert_eq!(known(&ledger_of(&home, ACCOUNT).0), ["one", "two words"]);
}
