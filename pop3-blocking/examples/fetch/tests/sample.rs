//! The contents of the sample mailbox.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::app::sample::sample_maildrop;

/// Generated once, because that takes a while without optimization.
static SAMPLE: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(sample_maildrop);

#[test]
fn sample_is_deterministic() {
    assert!(sample_maildrop() == *SAMPLE);
}

#[test]
fn sample_has_expected_message_count_and_size() {
    let messages = &*SAMPLE;
    assert_eq!(messages.len(), 300);
    let octets: usize = messages.iter().map(|(_, octets)| octets.len()).sum();
    assert!((10_000_000..20_000_000).contains(&octets), "{octets}");
    let largest = messages.iter().map(|(_, octets)| octets.len()).max();
    assert!(largest > Some(2_000_000), "{largest:?}");
}

#[test]
fn sample_unique_ids_are_valid_and_distinct() {
    let messages = &*SAMPLE;
    let unique_ids: HashSet<_> = messages.iter().map(|(id, _)| id).collect();
    assert_eq!(unique_ids.len(), messages.len());
    for id in unique_ids {
        assert!((1..=70).contains(&id.len()), "{id}");
        assert!(
            id.bytes().all(|octet| (0x21..=0x7e).contains(&octet)),
            "{id}"
        );
    }
}

#[test]
fn sample_messages_are_standard_conforming_mail() {
    for (id, octets) in &*SAMPLE {
        let text = std::str::from_utf8(octets).unwrap();
        let lines = text.strip_suffix("\r\n").expect("a line end at the end");
        for line in lines.split("\r\n") {
            assert!(line.len() <= 998, "{id}: {} octets in a line", line.len());
            assert!(!line.contains(['\r', '\n', '\0']), "{id}: {line:?}");
        }
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(headers.is_ascii(), "{id}");
        for name in [
            "Date",
            "From",
            "To",
            "Subject",
            "Message-ID",
            "MIME-Version",
        ] {
            let count = headers.matches(&format!("\r\n{name}: ")).count();
            assert_eq!(count, 1, "{id}: {name}");
        }
    }
}

#[test]
fn sample_contains_difficult_messages() {
    let messages = &*SAMPLE;
    for (what, least) in [
        ("\r\n.\r\n", 40),
        ("\r\n..\r\n", 40),
        ("format=flowed", 40),
        (" \r\n", 40),
        ("ü", 20),
        ("multipart/mixed", 40),
        ("multipart/alternative", 40),
        ("Content-Transfer-Encoding: base64", 40),
        ("In-Reply-To: <", 40),
    ] {
        let has = |octets: &[u8]| std::str::from_utf8(octets).unwrap().contains(what);
        let count = messages.iter().filter(|(_, octets)| has(octets)).count();
        assert!(count >= least, "{what:?} in only {count}");
    }
}

#[test]
fn first_message_has_the_expected_date() {
    let (_, first) = &SAMPLE[0];
    let text = std::str::from_utf8(first).unwrap();
    assert!(text.contains("\r\nDate: Mon, 03 Mar 2025 "), "{text}");
}
