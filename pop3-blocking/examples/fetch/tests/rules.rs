//! The options about what to fetch, what to delete, and when to run again.

use std::ffi::OsString;
use std::time::Duration;

use pop3_blocking::sync::{Delete, Order, Rules};

use crate::app::options::{Command, Options, Server, parse};

fn parsed(line: &str) -> Result<Options, String> {
    let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    match parse(arguments) {
        Ok(Command::Fetch(options)) => Ok(*options),
        Ok(Command::Help) => panic!("{line}"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn rules_follow_the_options() {
    let rules = |line| parsed(line).unwrap().rules;
    assert_eq!(rules(""), Rules::default());
    let all = Rules {
        delete: Delete::AfterDays(30),
        max_size: Some(10 << 20),
        headers_above: Some(500 << 10),
        max_messages: Some(50),
        order: Order::NewestFirst,
        retries: 3,
        ..Rules::default()
    };
    let line =
        "--keep-days 30 --max-size 10M --headers-above 500k --limit 50 --newest-first --retries 3";
    assert_eq!(rules(line), all);
    assert_eq!(rules("--delete").delete, Delete::WhenStored);
    assert_eq!(rules("--keep-days 0").delete, Delete::AfterDays(0));
    assert!(rules("--adopt").adopt);
    assert!(rules("--dry-run --delete").dry_run);
}

#[test]
fn sizes_and_times_have_units() {
    for (text, size) in [
        ("0", 0),
        ("1500", 1500),
        ("2k", 2048),
        ("2K", 2048),
        ("3M", 3 << 20),
        ("4G", 4 << 30),
    ] {
        let rules = parsed(&format!("--max-size {text}")).unwrap().rules;
        assert_eq!(rules.max_size, Some(size), "{text}");
    }
    for (text, seconds) in [
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("2h", 7200),
        ("1d", 86_400),
    ] {
        let options = parsed(&format!("--poll {text}")).unwrap();
        assert_eq!(options.poll, Some(Duration::from_secs(seconds)), "{text}");
    }
}

#[test]
fn invalid_values_are_explained() {
    for (option, values, needs) in [
        (
            "--limit",
            &["0", "-1", "x", "4294967296"][..],
            "a number from 1",
        ),
        (
            "--keep-days",
            &["x", "65536"],
            "a number of days up to 65535",
        ),
        (
            "--max-size",
            &["x", "K", "1.5M", "99999999999G", "10X"],
            "a size such as 500K, 10M or 2G",
        ),
        ("--headers-above", &["-1"], "a size such as 500K, 10M or 2G"),
        ("--retries", &["x", "-1"], "a number"),
        (
            "--poll",
            &["0", "0m", "m", "5x", "99999999999999999999s"],
            "a time such as 30s, 5m or 1h",
        ),
    ] {
        for value in values {
            let text = parsed(&format!("{option}={value}")).unwrap_err();
            assert_eq!(
                text,
                format!("{option} needs {needs}, not \"{value}\"; see --help")
            );
        }
    }
    assert!(
        parsed("--limit")
            .unwrap_err()
            .starts_with("missing argument")
    );
}

#[test]
fn contradicting_options_are_rejected() {
    for (line, text) in [
        (
            "--delete --keep-days 3",
            "--delete contradicts --keep-days; see --help",
        ),
        (
            "--dry-run --poll 5m",
            "--dry-run contradicts --poll; see --help",
        ),
        (
            "--max-size 1M --headers-above 1M",
            "--headers-above must be less than --max-size; see --help",
        ),
    ] {
        assert_eq!(parsed(line).unwrap_err(), text);
    }
    for option in [
        "--delete",
        "--keep-days=3",
        "--limit=3",
        "--max-size=3",
        "--headers-above=3",
        "--newest-first",
        "--dry-run",
    ] {
        let name = option.split('=').next().unwrap();
        let text =
            format!("{name} contradicts --adopt, which fetches and deletes nothing; see --help");
        assert_eq!(parsed(&format!("--adopt {option}")).unwrap_err(), text);
    }
}

#[test]
fn several_urls_are_distinguished_by_user_and_server() {
    let options =
        parsed("pop3s://joe@mx pop://joe%40example.org@[::1]:1110 pop3s://ann@mx").unwrap();
    let urls: Vec<_> = options.servers.iter().map(Server::url).collect();
    assert_eq!(
        urls,
        [
            "pop3s://joe@mx:995",
            "pop3://joe%40example.org@[::1]:1110",
            "pop3s://ann@mx:995"
        ]
    );
    // One that is wrong is found before any is used.
    assert!(
        parsed("pop3s://joe@mx imap://joe@mx")
            .unwrap_err()
            .starts_with("not a POP3 URL")
    );
}
