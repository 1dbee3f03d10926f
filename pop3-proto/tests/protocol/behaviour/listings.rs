//! Listings of sizes and unique-ids.

use pop3_proto::{
    Config, Error, List, MessageNumber, Stat, Uidl,
    command::{ListOne, UidlOne},
    config::Leniency,
    listing::{Listing, UidListing},
};
use pop3_testkit::conversation::{logged_in, logged_in_with};

fn number(n: u32) -> MessageNumber {
    MessageNumber::new(n).expect("a number")
}

fn numbers(listing: impl Iterator<Item = MessageNumber>) -> Vec<u32> {
    listing.map(MessageNumber::get).collect()
}

fn sizes(lines: &str) -> Listing {
    logged_in()
        .call(List, format!("+OK\r\n{lines}.\r\n"))
        .expect("a listing")
}

fn unique_ids(lines: &str) -> UidListing {
    logged_in()
        .call(Uidl, format!("+OK\r\n{lines}.\r\n"))
        .expect("a listing")
}

#[test]
fn for_loop_iterates_over_a_listing() {
    let listing = unique_ids("1 a\r\n3 c\r\n");
    let mut numbers = Vec::new();
    for entry in &listing {
        numbers.push(entry.number.get());
    }
    assert_eq!(numbers, [1, 3]);
}

#[test]
fn listing_keeps_the_servers_order() {
    let listing = sizes("3 30\r\n1 10\r\n7 70\r\n");
    assert_eq!(listing.len(), 3);
    assert!(!listing.is_empty() && !listing.is_after_dele());
    assert_eq!(numbers(listing.numbers()), [3, 1, 7]);
    assert_eq!(numbers(listing.iter().map(|entry| entry.number)), [3, 1, 7]);
    assert_eq!(listing.octets(), 110);
    let empty = sizes("");
    assert!(empty.is_empty() && empty.numbers().next().is_none());
    assert_eq!((empty.octets(), empty.get(number(1))), (0, None));
    assert_eq!(empty.by_index(10), []);
}

#[test]
fn entry_is_found_by_number_in_any_order() {
    let ascending: String = (1..500).map(|n| format!("{} {n}\r\n", n * 3)).collect();
    let descending: String = (1..500)
        .rev()
        .map(|n| format!("{} {n}\r\n", n * 3))
        .collect();
    for lines in [&ascending, &descending] {
        let listing = sizes(lines);
        for n in 1..1600 {
            let found = listing.get(number(n)).and_then(|entry| entry.octets);
            let expected = (n % 3 == 0 && n < 1500).then_some(u64::from(n / 3));
            assert_eq!(found, expected, "{n}");
        }
    }
}

#[test]
fn by_index_has_none_for_missing_numbers() {
    let listing = sizes("2 20\r\n4 40\r\n4000000000 1\r\n");
    let slots = listing.by_index(1000);
    let octets: Vec<Option<u64>> = slots
        .into_iter()
        .map(|slot| slot.and_then(|entry| entry.octets))
        .collect();
    assert_eq!(octets, [None, Some(20), None, Some(40)]);
    assert_eq!(listing.by_index(3).len(), 2);
    assert_eq!(listing.by_index(0), []);
}

#[test]
fn sum_of_huge_sizes_saturates() {
    let listing = sizes("1 18446744073709551615\r\n2 5\r\n");
    assert_eq!(listing.octets(), u64::MAX);
}

#[test]
fn find_returns_all_messages_with_a_unique_id() {
    let listing = unique_ids("1 a\r\n2 b\r\n5 a\r\n6 A\r\n7\r\n");
    assert_eq!(numbers(listing.find(b"a")), [1, 5]);
    assert_eq!(numbers(listing.find(b"b")), [2]);
    assert_eq!(numbers(listing.find(b"c")), [0; 0]);
    assert_eq!(numbers(listing.find(b"")), [0; 0]);
    assert_eq!(numbers(listing.numbers()), [1, 2, 5, 6, 7]);
    let entry = listing.get(number(7)).expect("listed");
    assert_eq!(entry.unique_id, None);
}

#[test]
fn listing_outlives_the_connection() {
    let mut session = logged_in();
    let listing = session
        .call(Uidl, "+OK\r\n1 a\r\n2 b\r\n.\r\n")
        .expect("a listing");
    drop(session);
    let clone = listing.clone();
    assert_eq!(clone, listing);
    let mut numbers = listing.numbers();
    drop(listing);
    assert_eq!(numbers.next(), Some(number(1)));
    let id = clone
        .get(number(2))
        .and_then(|entry| entry.unique_id)
        .expect("an id");
    let detached = id.detach();
    drop((clone, id));
    assert_eq!(detached.as_bytes(), b"b");
}

#[test]
fn listing_with_a_status_per_line_is_accepted() {
    let listing = unique_ids("+OK 1 a\r\n+ok 2 b\r\n");
    assert_eq!(numbers(listing.numbers()), [1, 2]);
    assert_eq!(numbers(listing.find(b"b")), [2]);
    assert_eq!(
        listing.get(number(2)).map(|entry| entry.number),
        Some(number(2))
    );
}

#[test]
fn to_file_name_escapes_unique_ids() {
    let listing = unique_ids("1 ../../etc/passwd\r\n2 a b\r\n3 .\r\n4 A_b-9\r\n5 a%b\r\n");
    let names: Vec<String> = listing
        .iter()
        .filter_map(|entry| entry.unique_id)
        .map(|id| id.to_file_name())
        .collect();
    assert_eq!(
        names,
        [
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "a%20b",
            "%2e",
            "A_b-9",
            "a%25b"
        ]
    );
    let conforming: Vec<bool> = listing
        .iter()
        .filter_map(|entry| entry.unique_id)
        .map(|id| id.is_conforming())
        .collect();
    assert_eq!(conforming, [true, false, true, true, true]);
}

#[test]
fn unique_id_is_limited_to_512_octets() {
    let id = "x".repeat(512);
    assert_eq!(unique_ids(&format!("1 {id}\r\n")).len(), 1);
    let mut session = logged_in();
    let refused = session.call(Uidl, format!("+OK\r\n1 x{id}\r\n.\r\n"));
    assert!(matches!(refused, Err(Error::Protocol(_))), "{refused:?}");
    let refused = session.call(UidlOne(number(1)), format!("+OK 1 x{id}\r\n"));
    assert!(
        matches!(&refused, Err(error) if !error.is_fatal()),
        "{refused:?}"
    );
    assert!(session.call(Stat, "+OK 1 1\r\n").is_ok());
}

#[test]
fn strict_unique_id_has_1_to_70_characters() {
    let mut config = Config::default();
    config.leniency = Leniency::Strict;
    for (id, accepted) in [
        ("x".repeat(70), true),
        ("x".repeat(71), false),
        ("a b".to_owned(), false),
        ("\u{e9}".to_owned(), false),
        ("!~".to_owned(), true),
        (String::new(), false),
    ] {
        let mut session = logged_in_with(config.clone());
        let read = session.call(Uidl, format!("+OK\r\n1 {id}\r\n.\r\n"));
        assert_eq!(read.is_ok(), accepted, "{id}");
        let read = session.call(UidlOne(number(1)), format!("+OK 1 {id}\r\n"));
        assert_eq!(read.is_ok(), accepted, "{id}");
    }
}

#[test]
fn size_of_one_message_is_parsed_leniently() {
    let mut session = logged_in();
    for (text, octets) in [
        ("1 120", Some(120)),
        ("1 120 and more", Some(120)),
        ("1\t120", Some(120)),
        ("1 18446744073709551615", Some(u64::MAX)),
        ("1 -1", None),
        ("1 12x", None),
        ("120", Some(120)),
    ] {
        let entry = session.call(ListOne(number(1)), format!("+OK {text}\r\n"));
        let entry = entry.expect("accepted by default");
        assert_eq!((entry.number, entry.octets), (number(1), octets), "{text}");
    }
    let refused = session.call(ListOne(number(1)), "+OK 1 18446744073709551616\r\n");
    assert!(matches!(refused, Err(error) if !error.is_fatal()));
}
