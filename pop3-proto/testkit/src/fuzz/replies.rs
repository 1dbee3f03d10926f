//! Checks the contents of replies: greeting, status lines, values, listings and capabilities. Each
//! is read with every accessor and compared with its text.

use std::collections::{BTreeMap, BTreeSet};

use pop3_proto::{
    Capabilities, Event, QuitOutcome, UniqueId,
    config::Leniency,
    listing::{Listing, UidListing},
    reply::{Greeting, MailboxStat, Reply, ResponseCode, Status},
};

use super::contains;
use super::driver::Driver;
use super::script::Step;
use super::setup::setup;
use super::text::{body, entry, lines, size, status};
use crate::naive::trimmed;

/// The commands whose replies are checked, as numbers for `commands`. The first entry selects the
/// greeting.
const COMMANDS: [u8; 10] = [255, 0, 6, 7, 8, 10, 11, 16, 19, 21];

/// Runs an input: an octet for leniency and limits, one for the command, then the reply.
pub fn replies(data: &[u8]) -> usize {
    let Some((&[bits, which], reply)) = data.split_first_chunk() else {
        return 0;
    };
    let (config, channel) = setup(bits & 3);
    let strict = config.leniency == Leniency::Strict;
    let mut driver = Driver::new(config, channel);
    driver.ledger.secret_is_out = true;
    let mut events = Vec::new();
    match COMMANDS[usize::from(which) % COMMANDS.len()] {
        255 => {}
        command => {
            log_in(&mut driver, &mut events);
            driver.happen(&Step::Submit(command));
            driver.settle(&mut events);
            events.clear();
        }
    }
    let mut rest = reply;
    let before = driver.ledger.events;
    loop {
        let taken = driver.receive(rest);
        while let Some(event) = driver.poll() {
            look_at(&event, reply, strict);
        }
        rest = &rest[taken..];
        if taken == 0 {
            break;
        }
    }
    let reported = driver.ledger.events - before;
    driver.finish(&mut events);
    reported
}

fn log_in(driver: &mut Driver, events: &mut Vec<Event>) {
    for user_or_pass in [3, 4] {
        driver.happen(&Step::Submit(user_or_pass));
    }
    for _ in 0..3 {
        assert_eq!(driver.receive(b"+OK\r\n"), 5);
        driver.settle(events);
    }
}

fn look_at(event: &Event, text: &[u8], strict: bool) {
    match event {
        Event::Greeting(greeting) => greeted(greeting, text, strict),
        Event::Reply {
            result: Ok(reply), ..
        } => match reply {
            Reply::Status(status) => said(status, text, strict),
            Reply::Stat(stat) => counted(stat, text),
            Reply::Size(entry) => {
                let octets = size(value(text, strict));
                assert_eq!((entry.number.get(), entry.octets), (1, octets));
                assert!(octets.is_some() || !strict);
            }
            Reply::UniqueId(entry) => {
                assert_eq!(entry.number.get(), 1);
                named(entry.unique_id.as_ref(), value(text, strict), strict);
            }
            Reply::Sizes(sizes) => listed_sizes(sizes, text, strict),
            Reply::UniqueIds(ids) => listed_ids(ids, text, strict),
            Reply::Capabilities(Some(capabilities)) => capable(capabilities, text, strict),
            Reply::Lines(raw) => {
                said(&raw.status, text, strict);
                let body = body(text, strict);
                assert_eq!(raw.octets, body);
                assert!(raw.iter().eq(lines(&body, strict)));
            }
            Reply::Quit(QuitOutcome::Committed(status)) => said(status, text, strict),
            Reply::Quit(QuitOutcome::Refused(_)) => assert!(starts_with(text, b"-ERR")),
            _ => {}
        },
        Event::Reply {
            result: Err(error), ..
        } if !error.is_fatal() => {
            let refused = error.refusal().is_some();
            assert_eq!(refused, starts_with(text, b"-ERR"), "{error}");
        }
        _ => {}
    }
}

/// Returns whether the text has this status indicator, possibly after octets that are tolerated
/// before it.
fn starts_with(text: &[u8], indicator: &[u8]) -> bool {
    let begin = text
        .iter()
        .position(|octet| !matches!(octet, b'\r' | b'\n'));
    let text = &text[begin.unwrap_or(0)..];
    text.len() >= indicator.len() && text[..indicator.len()].eq_ignore_ascii_case(indicator)
}

fn greeted(greeting: &Greeting, text: &[u8], strict: bool) {
    assert!(starts_with(text, b"+OK"));
    let text = status(text, strict).0;
    assert_eq!(greeting.text.as_bytes(), text);
    if let Some(challenge) = &greeting.challenge {
        let challenge = challenge.as_bytes();
        assert!(contains(text, challenge), "{greeting:?}");
        assert!(challenge.starts_with(b"<") && challenge.ends_with(b">"));
        assert!(challenge.contains(&b'@'), "{greeting:?}");
    }
}

fn said(reported: &Status, text: &[u8], strict: bool) {
    assert!(starts_with(text, b"+OK"));
    let text = status(text, strict).0;
    // The reply echoed the secret, so its text was redacted and cannot be compared.
    if contains(reported.text.as_bytes(), b"<redacted>") {
        return;
    }
    assert_eq!(reported.text.as_bytes(), text);
    let code = reported.code();
    if let Some(ResponseCode::Other(code)) = &code {
        assert!(contains(text, code.as_bytes()));
    }
    assert!(code.is_none() || text.starts_with(b"["));
}

fn counted(stat: &MailboxStat, text: &[u8]) {
    let text = String::from_utf8_lossy(text).replace(['\r', '\n', '\t'], " ");
    let mut words = text.split(' ').filter(|word| !word.is_empty()).skip(1);
    let number = |word: &str| {
        let digits = word.chars().take_while(char::is_ascii_digit);
        digits.collect::<String>().parse::<u64>().ok()
    };
    let first = words.next().unwrap();
    assert_eq!(number(first), Some(u64::from(stat.messages)), "{text}");
    if let Some(octets) = stat.octets {
        // The size may directly follow the number of messages without a space.
        let sizes = [
            words.next(),
            first.split(|c: char| !c.is_ascii_digit()).nth(1),
        ];
        assert!(
            sizes
                .into_iter()
                .flatten()
                .any(|word| number(word) == Some(octets)),
            "{text}"
        );
    }
}

/// Returns the value for message 1 in a single-line reply, which may lack the number.
fn value(text: &[u8], strict: bool) -> &[u8] {
    let said = trimmed(status(text, strict).0);
    match entry(said) {
        Some((1, value)) => value,
        _ => {
            let word = !said.iter().any(|octet| matches!(octet, b' ' | b'\t'));
            assert!(word && !strict, "a different number, or none");
            said
        }
    }
}

/// Returns the numbers and values of a listing.
fn listed(text: &[u8], strict: bool) -> Vec<(u32, Vec<u8>)> {
    let body = body(text, strict);
    let lines = lines(&body, strict);
    let has_status = |line: &[u8]| {
        let head = line.get(..4);
        head.is_some_and(|head| head.eq_ignore_ascii_case(b"+OK "))
    };
    // Some servers write a status indicator on each line. An indicator on a single line is a stray
    // reply.
    let with_status = lines.iter().filter(|line| has_status(line)).count();
    assert!(with_status == 0 || with_status == lines.len() && !strict);
    let read = |line: &[u8]| {
        let line = if with_status == 0 { line } else { &line[4..] };
        let (number, value) = entry(line).expect("a number");
        (number, value.to_vec())
    };
    let entries: Vec<_> = lines.into_iter().map(read).collect();
    let values: BTreeMap<_, _> = entries.iter().cloned().collect();
    let one_each = entries
        .iter()
        .all(|(number, value)| values[number] == *value);
    assert!(one_each, "two values for one message");
    entries
}

fn listed_sizes(sizes: &Listing, text: &[u8], strict: bool) {
    let expected = listed(text, strict);
    let numbers = expected.iter().map(|(number, _)| *number);
    assert!(sizes.numbers().map(|n| n.get()).eq(numbers));
    assert_eq!(
        (sizes.len(), sizes.iter().count()),
        (expected.len(), expected.len())
    );
    let mut sum = 0;
    let slots = sizes.by_index(100);
    for (entry, (number, value)) in sizes.iter().zip(&expected) {
        assert_eq!((entry.number.get(), entry.octets), (*number, size(value)));
        assert!(entry.octets.is_some() || !strict);
        assert_eq!(sizes.get(entry.number), Some(entry), "name resolution");
        if *number <= 100 {
            assert_eq!(slots[*number as usize - 1], Some(entry));
        }
        sum += u128::from(entry.octets.unwrap_or(0));
    }
    assert_eq!(u128::from(sizes.octets()), sum.min(u128::from(u64::MAX)));
}

fn listed_ids(ids: &UidListing, text: &[u8], strict: bool) {
    let expected = listed(text, strict);
    let numbers = expected.iter().map(|(number, _)| *number);
    assert!(ids.numbers().map(|n| n.get()).eq(numbers));
    assert_eq!(
        (ids.len(), ids.iter().count()),
        (expected.len(), expected.len())
    );
    for (entry, (number, value)) in ids.iter().zip(&expected) {
        assert_eq!(entry.number.get(), *number);
        assert_eq!(
            ids.get(entry.number).as_ref(),
            Some(&entry),
            "name resolution"
        );
        named(entry.unique_id.as_ref(), value, strict);
        let Some(id) = &entry.unique_id else {
            continue;
        };
        assert!(ids.find(id.as_bytes()).any(|number| number == entry.number));
    }
    let distinct = ids.iter().filter_map(|entry| entry.unique_id);
    let distinct: BTreeSet<_> = distinct.collect();
    let files: BTreeSet<_> = distinct.iter().map(UniqueId::to_file_name).collect();
    assert_eq!(distinct.len(), files.len(), "two unique-ids, one file");
}

/// Checks that a unique-id is the unchanged value, or is missing if the value is empty.
fn named(id: Option<&UniqueId>, value: &[u8], strict: bool) {
    let Some(id) = id else {
        assert!(value.is_empty() && !strict);
        return;
    };
    assert_eq!(id.as_bytes(), value);
    assert!(!id.as_bytes().iter().any(u8::is_ascii_control));
    assert!((1..=512).contains(&id.as_bytes().len()));
    assert!(id.is_conforming() || !strict);
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_%".contains(c);
    assert!(id.to_file_name().chars().all(safe) && !id.to_string().contains(char::is_control));
}

fn capable(capabilities: &Capabilities, text: &[u8], strict: bool) {
    let body = body(text, strict);
    let expected = lines(&body, strict).into_iter();
    let blank = |c: &u8| matches!(c, b' ' | b'\t');
    let expected: Vec<&[u8]> = expected.filter(|line| !line.iter().all(blank)).collect();
    assert!(capabilities.lines().eq(expected.iter().copied()));
    assert_eq!(capabilities.iter().count(), expected.len());
    for (capability, line) in capabilities.iter().zip(&expected) {
        let mut words = line.split(blank).filter(|word| !word.is_empty());
        let tag = words.next().expect("a line that is not blank");
        if strict || !tag.to_ascii_uppercase().starts_with(b"SASL") {
            assert_eq!(capability.tag(), tag);
            assert!(capability.parameters().eq(words));
        }
    }
    let tags: BTreeSet<Vec<u8>> = expected
        .iter()
        .filter_map(|line| line.split(blank).find(|word| !word.is_empty()))
        .map(<[u8]>::to_ascii_uppercase)
        .collect();
    let has = |tag: &str| tags.contains(tag.as_bytes());
    assert_eq!(capabilities.stls(), has("STLS"));
    assert_eq!(capabilities.pipelining(), has("PIPELINING"));
    assert_eq!(capabilities.top(), has("TOP"));
    assert_eq!(capabilities.uidl(), has("UIDL"));
    assert_eq!(capabilities.user(), has("USER"));
    assert_eq!(capabilities.response_codes(), has("RESP-CODES"));
    assert!(has("UTF8") || !capabilities.utf8_user());
    assert!(has("EXPIRE") || capabilities.expire().is_none());
    assert!(has("LOGIN-DELAY") || capabilities.login_delay().is_none());
    assert_eq!(
        capabilities.implementation().is_some(),
        has("IMPLEMENTATION")
    );
    // Some servers write `SASL=PLAIN`, so `=` separates words as a space does.
    let first =
        |tag: &[u8]| tag.split(|c| *c == b'=').find(|word| !word.is_empty()) == Some(b"SASL");
    let glued = tags.iter().any(|tag| first(tag));
    assert!(capabilities.sasl().is_some() == has("SASL") || glued);
}
