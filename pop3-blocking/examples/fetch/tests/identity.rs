//! How `fetch` recognizes messages and accounts: unique-ids, ledgers, ports and host names.
use std::fs;
use std::path::Path;

use pop3_testkit::program::{Script, fetch, run, script, stored};
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn messages_without_distinct_unique_id_are_fetched_once() {
    let home = home();
    let server = Script::start(&[("UIDL", "+OK\r\n1 same\r\n2\r\n3 same\r\n.\r\n")]);
    for line in [
        "fetched 3 messages (24 octets), 0 already here, 0 deleted\n",
        "fetched 0 messages (0 octets), 3 already here, 0 deleted\n",
    ] {
        let outcome = run(fetch(&home), &["--plaintext", &server.url()]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        for text in [
            "2 messages (1, 3): another message has the same unique-id",
            "message 2: it has no unique-id",
        ] {
            assert!(outcome.stderr.contains(text), "{outcome:?}");
        }
        assert!(outcome.stdout.ends_with(line), "{outcome:?}");
    }
    let mail: [&[u8]; 3] = [b"mail 1\n", b"mail 2\n", b"mail 3\n"];
    assert_eq!(stored(home.path()), mail);
}

#[test]
fn unique_ids_do_not_become_paths() {
    let home = home();
    let uidl = "+OK\r\n1 ../../../../etc/passwd\r\n2 ..\r\n3 per%20cent:2,S\r\n.\r\n";
    let url = script(&[("UIDL", uidl)]);
    for line in [
        "fetched 3 messages (24 octets), 0 already here, 0 deleted",
        "fetched 0 messages (0 octets), 3 already here, 0 deleted",
    ] {
        let outcome = run(fetch(home.path().join("mail")), &["--plaintext", &url]);
        assert_eq!(outcome.success(), line);
    }
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut names: Vec<_> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(home.path()), ["mail"]);
    let mail = home.path().join("mail");
    let ledger = ".pop3-ledger-joe@127.0.0.1";
    assert_eq!(names(&mail), [ledger, ".pop3-lock", "cur", "new", "tmp"]);
    for name in names(&mail.join("new")) {
        assert!(!name.contains("passwd") && !name.contains(':'), "{name}");
    }
}

#[test]
fn message_missing_from_uidl_is_reported_as_failure() {
    let home = home();
    let url = script(&[("UIDL", "+OK\r\n1 a\r\n3 c\r\n.\r\n")]);
    let outcome = run(fetch(&home), &["--plaintext", &url]);
    let place = url.replace("joe@", "");
    let text = "message 2: listed by LIST but not by UIDL; not fetched";
    assert_eq!(outcome.failure(), format!("{place}: {text}"));
    let line = "fetched 2 messages (16 octets), 0 already here, 0 deleted\n";
    assert!(outcome.stdout.ends_with(line), "{outcome:?}");
    assert_eq!(stored(home.path()), [b"mail 1\n", b"mail 3\n"]);
}

#[test]
fn port_and_host_name_may_change() {
    let home = tempfile::tempdir().unwrap();
    let [one, other] = [(); 2].map(|()| Script::start(&[]).url());
    let fetched = |url: &str| run(fetch(&home), &["--plaintext", url]);
    assert!(fetched(&one).success().starts_with("fetched 3 "));
    for url in [
        other.as_str(),
        &one.replace("127.0.0.1", "localhost"),
        &other.replace("127.0.0.1", "LOCALHOST"),
    ] {
        let line = "fetched 0 messages (0 octets), 3 already here, 0 deleted";
        assert_eq!(fetched(url).success(), line, "{url}");
    }
}

#[test]
fn record_of_an_older_version_is_converted() {
    let home = tempfile::tempdir().unwrap();
    fs::write(
        home.path().join(".pop3-uids"),
        "joe@127.0.0.1:995 a\njoe@127.0.0.1:1 b\nann@127.0.0.1:1 c\n",
    )
    .unwrap();
    let outcome = run(
        fetch(&home),
        &["--plaintext", "--delete", &Script::start(&[]).url()],
    );
    let line = "fetched 1 messages (8 octets), 2 already here, 1 deleted";
    assert_eq!(outcome.success(), line);
    assert_eq!(stored(home.path()), [b"mail 3\n"]);
}

#[test]
fn damaged_ledger_is_reported_and_used() {
    let home = tempfile::tempdir().unwrap();
    let url = Script::start(&[]).url();
    run(fetch(&home), &["--plaintext", &url]).success();
    let ledger = home.path().join(".pop3-ledger-joe@127.0.0.1");
    let text = fs::read_to_string(&ledger).unwrap();
    fs::write(&ledger, text.replacen("S b", "S x", 1)).unwrap();
    let outcome = run(fetch(&home), &["--plaintext", &url]);
    assert!(outcome.stderr.contains("damaged lines"), "{outcome:?}");
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}
