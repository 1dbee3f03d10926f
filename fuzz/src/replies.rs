//! What replies say: greeting, status lines, values, listings and capabilities, each looked at in
//! every way that there is and compared with the text it came from.

use std::collections::BTreeSet;

use pop3_proto::{
    Capabilities, DropListing, Event, Greeting, Leniency, Listing, QuitOutcome, Reply,
    ResponseCode, Status, UidListing, UniqueId,
};

use super::driver::Driver;
use super::holds;
use super::script::Step;
use super::setup::setup;

/// The commands whose replies say something, by their numbers in `commands`; first the greeting.
const COMMANDS: [u8; 10] = [255, 0, 6, 7, 8, 10, 11, 16, 19, 21];

/// An octet for strict and small, one for the command, then its reply.
pub fn replies(data: &[u8]) {
    let Some((&[bits, which], reply)) = data.split_first_chunk() else {
        return;
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
    driver.finish(&mut events);
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
        Event::Greeting(greeting) => greeted(greeting),
        Event::Reply {
            result: Ok(reply), ..
        } => match reply {
            Reply::Status(status) => said(status, text),
            Reply::Stat(stat) => counted(stat, text),
            Reply::Size(entry) => assert_eq!(entry.number.get(), 1),
            Reply::UniqueId(entry) => {
                assert_eq!(entry.number.get(), 1);
                entry.unique_id.iter().for_each(|id| named(id, strict));
            }
            Reply::Sizes(sizes) => listed_sizes(sizes, text, strict),
            Reply::UniqueIds(ids) => listed_ids(ids, text, strict),
            Reply::Capabilities(Some(capabilities)) => capable(capabilities, strict),
            Reply::Lines(lines) => {
                let octets: usize = lines.iter().map(<[u8]>::len).sum();
                assert!(octets <= lines.octets.len());
            }
            Reply::Quit(QuitOutcome::Committed) => assert!(starts_with(text, b"+OK")),
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

/// Whether the text has this status indicator, behind what is borne before it.
fn starts_with(text: &[u8], indicator: &[u8]) -> bool {
    let begin = text
        .iter()
        .position(|octet| !matches!(octet, b'\r' | b'\n'));
    let text = &text[begin.unwrap_or(0)..];
    text.len() >= indicator.len() && text[..indicator.len()].eq_ignore_ascii_case(indicator)
}

fn greeted(greeting: &Greeting) {
    let text = greeting.text.as_bytes();
    let msg_id = [b'<', b'@', b'>'].iter().all(|part| text.contains(part));
    assert!(!greeting.apop || msg_id, "{greeting:?}");
}

fn said(status: &Status, text: &[u8]) {
    assert!(starts_with(text, b"+OK"));
    assert!(holds(text, status.text.as_bytes()));
    let code = status.code();
    if let Some(ResponseCode::Other(code)) = &code {
        assert!(holds(status.text.as_bytes(), code.as_bytes()));
    }
    assert!(code.is_none() || status.text.as_bytes().starts_with(b"["));
}

fn counted(stat: &DropListing, text: &[u8]) {
    let text = String::from_utf8_lossy(text).replace(['\r', '\n', '\t'], " ");
    let mut words = text.split(' ').filter(|word| !word.is_empty()).skip(1);
    let number = |word: &str| {
        let digits = word.chars().take_while(char::is_ascii_digit);
        digits.collect::<String>().parse::<u64>().ok()
    };
    let first = words.next().unwrap();
    assert_eq!(number(first), Some(u64::from(stat.messages)), "{text}");
    if let Some(octets) = stat.octets {
        // What is glued to the number of messages may be the size.
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

/// The lines of a reply behind its status line, without line ends.
fn lines(text: &[u8], strict: bool) -> impl Iterator<Item = &[u8]> {
    let end: &[u8] = if strict { b"\r\n" } else { b"\n" };
    let mut rest = text;
    let lines = std::iter::from_fn(move || {
        let at = rest.windows(end.len()).position(|window| window == end)?;
        let (line, behind) = rest.split_at(at);
        rest = &behind[end.len()..];
        Some(line.strip_suffix(b"\r").filter(|_| !strict).unwrap_or(line))
    });
    lines.skip_while(|line| line.is_empty()).skip(1)
}

/// The numbers that the lines of a listing begin with.
fn numbers(text: &[u8], strict: bool) -> Vec<u32> {
    let number = |line: &[u8]| {
        let status = line.get(4..).filter(|_| starts_with(line, b"+OK "));
        let digits = status.unwrap_or(line).iter().copied();
        let digits: Vec<u8> = digits.take_while(u8::is_ascii_digit).collect();
        str::from_utf8(&digits).unwrap().parse().expect("a number")
    };
    let lines = lines(text, strict).take_while(|line| *line != b".");
    lines
        .map(|line| number(line.strip_prefix(b".").unwrap_or(line)))
        .collect()
}

fn listed_sizes(sizes: &Listing, text: &[u8], strict: bool) {
    let expected = numbers(text, strict);
    assert_eq!(
        sizes.numbers().map(|n| n.get()).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(sizes.len(), expected.len());
    let mut sum = 0;
    let slots = sizes.by_index(100);
    for (entry, number) in sizes.iter().zip(&expected) {
        assert_eq!(entry.number.get(), *number);
        assert_eq!(sizes.get(entry.number), Some(entry), "looked up");
        if *number <= 100 {
            assert_eq!(slots[*number as usize - 1], Some(entry));
        }
        sum += u128::from(entry.octets.unwrap_or(0));
    }
    assert_eq!(u128::from(sizes.octets()), sum.min(u128::from(u64::MAX)));
}

fn listed_ids(ids: &UidListing, text: &[u8], strict: bool) {
    let expected = numbers(text, strict);
    assert_eq!(ids.numbers().map(|n| n.get()).collect::<Vec<_>>(), expected);
    assert_eq!(ids.len(), expected.len());
    for (entry, number) in ids.iter().zip(&expected) {
        assert_eq!(entry.number.get(), *number);
        assert_eq!(ids.get(entry.number).as_ref(), Some(&entry), "looked up");
        let Some(id) = &entry.unique_id else {
            assert!(!strict);
            continue;
        };
        named(id, strict);
        assert!(ids.find(id.as_bytes()).any(|number| number == entry.number));
    }
    let distinct = ids.iter().filter_map(|entry| entry.unique_id);
    let distinct: BTreeSet<_> = distinct.collect();
    let files: BTreeSet<_> = distinct.iter().map(UniqueId::to_file_name).collect();
    assert_eq!(distinct.len(), files.len(), "two unique-ids, one file");
}

fn named(id: &UniqueId, strict: bool) {
    assert!(!id.as_bytes().iter().any(u8::is_ascii_control));
    assert!((1..=512).contains(&id.as_bytes().len()));
    assert!(id.is_conforming() || !strict);
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_%".contains(c);
    assert!(id.to_file_name().chars().all(safe) && !id.to_string().contains(char::is_control));
}

fn capable(capabilities: &Capabilities, strict: bool) {
    let tags: BTreeSet<Vec<u8>> = capabilities
        .lines()
        .filter_map(|line| {
            line.split(|c| matches!(c, b' ' | b'\t'))
                .find(|word| !word.is_empty())
        })
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
    // Some servers write `SASL=PLAIN`.
    let glued = tags.iter().any(|tag| tag.starts_with(b"SASL="));
    assert!(capabilities.sasl().is_some() == has("SASL") || glued);
    for line in capabilities.lines() {
        let end: &[u8] = if strict { b"\r\n" } else { b"\n" };
        assert!(!line.is_empty() && !holds(line, end));
    }
}
