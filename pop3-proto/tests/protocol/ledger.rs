//! The ledger of a synchronisation: what its lines mean, and what happens to damaged ones.

use pop3_proto::sync::{Day, Delete, Kept, Ledger, LedgerError, Loaded, Presence, Rules};

/// The lines of two stored messages, one of which the server may be about to delete.
const LINES: &str = include_str!("ledger.txt");

fn read(text: &str) -> Result<(Ledger, Loaded), LedgerError> {
    let mut reader = Ledger::reader(text.len() as u64);
    reader.feed(text.as_bytes())?;
    reader.finish()
}

fn entries(ledger: &Ledger) -> Vec<String> {
    let entries = ledger.entries();
    let mut entries: Vec<_> = entries
        .map(|(id, entry)| format!("{:?} {entry:?}", id.map(String::from_utf8_lossy)))
        .collect();
    entries.sort();
    entries
}

#[test]
fn lines_say_what_is_known() {
    let (ledger, loaded) = read(LINES).unwrap();
    assert_eq!((loaded.damaged, loaded.torn), (0, false));
    assert_eq!(ledger.len(), 4);
    let first = ledger.get(b"first").unwrap();
    assert_eq!(first.kept, Kept::Whole);
    assert_eq!(first.presence, Presence::Deleting(Day::new(20_423)));
    assert_eq!(
        (first.listed, first.received, first.commits),
        (Some(1200), Some(1200), 1)
    );
    let second = ledger.get("zwei Wörter".as_bytes()).unwrap();
    assert_eq!((second.kept, second.received), (Kept::Short, Some(300)));
    assert_eq!(second.presence, Presence::Absent(Day::new(20_424)));
    let third = ledger.get(b"third").unwrap();
    assert_eq!(
        (third.kept, third.tries, third.tried),
        (Kept::Nothing, 2, Day::new(20_424))
    );
    let without_id: Vec<_> = ledger.entries().filter(|(id, _)| id.is_none()).collect();
    assert_eq!(without_id.len(), 1);
    let unpublished: Vec<_> = ledger
        .unpublished()
        .iter()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(unpublished, ["0123-7"]);
}

#[test]
fn compacted_ledger_knows_the_same() {
    let (ledger, _) = read(LINES).unwrap();
    let (again, loaded) = read(&ledger.to_lines()).unwrap();
    assert_eq!((loaded.damaged, loaded.torn), (0, false));
    assert_eq!(entries(&again), entries(&ledger));
    // A crash before the files are published must not lose them.
    assert_eq!(again.unpublished(), ledger.unpublished());
    assert!(ledger.to_lines().len() < LINES.len());
}

#[test]
fn partition_of_the_text_does_not_matter() {
    let (whole, _) = read(LINES).unwrap();
    for size in [1, 2, 3, 7, 64] {
        let mut reader = Ledger::reader(0);
        for piece in LINES.as_bytes().chunks(size) {
            reader.feed(piece).unwrap();
        }
        let (ledger, _) = reader.finish().unwrap();
        assert_eq!(entries(&ledger), entries(&whole));
    }
}

#[test]
fn torn_tail_is_closed_by_a_line_end() {
    for end in Ledger::HEADER.len()..LINES.len() {
        let Some(torn) = LINES.get(..end) else {
            continue;
        };
        let (before, loaded) = read(torn).unwrap();
        assert_eq!(loaded.damaged, 0, "{end}");
        assert_eq!(loaded.torn, !torn.ends_with('\n'), "{end}");
        // The next run appends a line end first. What was torn is damaged then, and skipped.
        let (closed, loaded) = read(&format!("{torn}\n")).unwrap();
        assert!(loaded.damaged <= 1 && !loaded.torn, "{end}");
        assert_eq!(entries(&closed), entries(&before), "{end}");
        assert_eq!(closed.unpublished(), before.unpublished(), "{end}");
    }
}

#[test]
fn stored_message_needs_the_name_of_its_file() {
    let damaged = LINES.replace("R 0123 2", "\0\0\0\0\0\0\0\0");
    let (ledger, loaded) = read(&damaged).unwrap();
    assert_eq!(loaded.damaged, 1);
    // Its file would be removed as unknown, so the message is fetched again.
    assert!(ledger.entries().all(|(id, _)| id.is_some()));
}

#[test]
fn torn_header_is_no_damage() {
    for end in 0..Ledger::HEADER.len() {
        let torn = Ledger::HEADER.get(..end).unwrap();
        let (ledger, _) = read(torn).unwrap();
        assert!(ledger.is_empty());
        let (ledger, loaded) = read(&format!("{torn}\n{LINES}")).unwrap();
        assert_eq!((ledger.len(), loaded.damaged), (4, 0), "{end}");
        // The file is not empty, so the next run appends its lines without a header.
        let lines = LINES.strip_prefix(Ledger::HEADER).unwrap();
        let (ledger, loaded) = read(&format!("{torn}\n{lines}")).unwrap();
        assert_eq!((ledger.len(), loaded.damaged), (4, 0), "{end}");
    }
}

#[test]
fn ledger_torn_twice_can_be_read() {
    let lines = LINES.strip_prefix(Ledger::HEADER).unwrap();
    let first = lines.lines().next().unwrap();
    for end in 1..Ledger::HEADER.len() {
        let header = Ledger::HEADER.get(..end).unwrap().trim_end();
        for end in 1..=first.len() {
            let torn = format!("{header}\n{}", first.get(..end).unwrap());
            let (_, loaded) = read(&torn).unwrap();
            assert!(loaded.torn, "{torn:?}");
            let (ledger, _) = read(&format!("{torn}\n{lines}")).unwrap();
            assert_eq!(entries(&ledger), entries(&read(LINES).unwrap().0));
        }
    }
}

#[test]
fn each_changed_octet_is_noticed() {
    let (good, _) = read(LINES).unwrap();
    for at in Ledger::HEADER.len()..LINES.len() {
        let mut octets = LINES.as_bytes().to_vec();
        if octets[at] == b'\n' {
            continue;
        }
        octets[at] ^= 1;
        let mut reader = Ledger::reader(0);
        reader.feed(&octets).unwrap();
        let (ledger, loaded) = reader.finish().unwrap();
        assert!((1..=2).contains(&loaded.damaged), "{at}: {loaded:?}");
        assert!(ledger.len() <= good.len());
    }
}

#[test]
fn other_files_are_not_ledgers() {
    let error = read("Return-Path: <joe@example.org>\n").unwrap_err();
    assert!(matches!(error, LedgerError::NotALedger(_)), "{error}");
    let error = read("pop3-ledger 2\n").unwrap_err();
    assert!(error.to_string().contains("version 2"), "{error}");
    // A binary file without line ends.
    assert!(read(&"\0".repeat(10_000)).is_err());
}

#[test]
fn known_unique_ids_are_imported_once() {
    let mut ledger = Ledger::new();
    let ids: [&[u8]; 3] = [b"a", b"b", b"a"];
    let lines = ledger.import_known(ids, Day::new(100));
    assert_eq!(lines.lines().count(), 2);
    assert_eq!(ledger.get(b"a").unwrap().kept, Kept::Elsewhere);
    let (read, _) = read(&format!("{}{lines}", Ledger::HEADER)).unwrap();
    assert_eq!(entries(&read), entries(&ledger));
}

#[test]
fn ledger_of_another_name_counts_after_verification() {
    let (other, _) = read(LINES).unwrap();
    let mut ledger = Ledger::new();
    let lines = ledger.import_elsewhere(&other, Day::new(20_500));
    // The third message has no digests, so nothing could verify it.
    assert_eq!(ledger.len(), 3);
    for (_, entry) in ledger.entries() {
        assert_eq!(entry.presence, Presence::Absent(Day::new(20_500)));
    }
    let (read, _) = read(&format!("{}{lines}", Ledger::HEADER)).unwrap();
    assert_eq!(entries(&read), entries(&ledger));
}

#[test]
fn ledger_and_rules_survive_serde() {
    let (ledger, _) = read(LINES).unwrap();
    let json = serde_json::to_string(&ledger).unwrap();
    let again: Ledger = serde_json::from_str(&json).unwrap();
    assert_eq!(entries(&again), entries(&ledger));
    assert!(serde_json::from_str::<Ledger>("\"no ledger\\n\"").is_err());
    let rules = Rules {
        delete: Delete::AfterDays(30),
        ..Rules::default()
    };
    let json = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<Rules>(&json).unwrap(), rules);
    // A setting that a later version adds has its default in an old file.
    assert_eq!(
        serde_json::from_str::<Rules>("{}").unwrap(),
        Rules::default()
    );
}
