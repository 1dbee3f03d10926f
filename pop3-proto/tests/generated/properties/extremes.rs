//! I12: no panic and no overflow, at the ends of every range that a server or a caller can reach.
//! All other properties check this for ordinary values, because tests are built with overflow
//! checks.

use core::time::Duration;

use pop3_proto::{
    Channel, Config, Connection, Dele, Event, Instant, List, MessageNumber, Retr, Secret, Stat,
    Top, Uidl, Username,
    command::{ListOne, Pass, User},
    config::{Limits, Pipelining},
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::check;
use super::strategies::octets;

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![0..4usize, Just(usize::MAX), Just(usize::MAX / 2 + 1)]
}

fn span() -> impl Strategy<Value = Duration> {
    let ends = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_secs(u64::MAX),
        Duration::MAX,
    ];
    select(ends.to_vec())
}

/// Limits that do not size a buffer: these can be arbitrarily large.
fn limits() -> impl Strategy<Value = Limits> {
    vec(size(), 8).prop_map(|sizes| {
        let mut limits = Limits::default();
        let fields = [
            &mut limits.capability_lines,
            &mut limits.capability_octets,
            &mut limits.listing_entries,
            &mut limits.listing_line,
            &mut limits.listing_octets,
            &mut limits.challenge_octets,
            &mut limits.challenges,
        ];
        for (field, size) in fields.into_iter().zip(sizes) {
            *field = size;
        }
        limits
    })
}

fn config() -> impl Strategy<Value = Config> {
    let spans = vec(span(), 8);
    (limits(), spans, any::<bool>()).prop_map(|(limits, spans, keep_alive)| {
        let mut config = Config::default();
        config.limits = limits;
        config.pipelining = Pipelining::Always;
        let timeouts = &mut config.timeouts;
        let fields = [
            &mut timeouts.greeting,
            &mut timeouts.first_octet,
            &mut timeouts.stall,
            &mut timeouts.send,
            &mut timeouts.quit,
        ];
        for (field, span) in fields.into_iter().zip(&spans) {
            *field = *span;
        }
        timeouts.total = spans.get(5).copied();
        config.keep_alive = spans.get(6).copied().filter(|_| keep_alive);
        config
    })
}

/// Numbers at the ends of their ranges, in replies about messages.
fn numbers() -> impl Strategy<Value = Vec<u8>> {
    let number = select(
        &[
            "0",
            "1",
            "4294967295",
            "4294967296",
            "18446744073709551615",
            "18446744073709551616",
            "-1",
            "99999999999999999999999999999999",
            "+1",
            "007",
        ][..],
    );
    let numbers = vec(number, 0..3).prop_map(|numbers| numbers.join(" "));
    (numbers.clone(), vec(numbers, 0..6), any::<bool>()).prop_map(|(first, rest, many)| {
        let list = format!("{}\r\n.\r\n", rest.join("\r\n"));
        format!("+OK {first}\r\n{}", if many { &list } else { "" }).into_bytes()
    })
}

fn fill(connection: &mut Connection, octets: &[u8]) {
    if let Some(room) = connection.recv_buffer() {
        room.iter_mut()
            .zip(octets)
            .for_each(|(room, octet)| *room = *octet);
    }
}

#[test]
fn i12_extreme_numbers_and_times_never_panic() {
    let moves = vec(
        (0..9usize, size(), span(), prop_oneof![octets(), numbers()]),
        0..40,
    );
    check(300, (config(), moves), |(config, moves)| {
        let mut connection = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
        let user = Username::new("alice").expect("a name");
        let secret = Secret::new("secret").expect("a password");
        let _ = connection.submit(User(user));
        let _ = connection.submit(Pass(secret));
        for _ in ["greeting", "USER", "PASS"] {
            fill(&mut connection, b"+OK\r\n");
            connection.received(5, Instant::ORIGIN);
            while connection.poll_event().is_some() {}
            connection.transmitted(usize::MAX, Instant::ORIGIN);
        }
        let last = MessageNumber::try_from(u32::MAX).unwrap_or(MessageNumber::FIRST);
        for (which, size, span, octets) in moves {
            let now = Instant::since_origin(span);
            match which {
                0 => drop(connection.submit(Stat)),
                1 => {
                    let _ = connection.submit(List);
                    let _ = connection.submit(Uidl);
                    let _ = connection.submit(ListOne(last));
                }
                2 => {
                    let _ = connection.submit(Retr(last));
                    let _ = connection.submit(Top {
                        number: last,
                        lines: u32::MAX,
                    });
                    let _ = connection.submit(Dele(last));
                }
                3 => connection.transmitted(size, now),
                4 => {
                    fill(&mut connection, &octets);
                    connection.received(octets.len(), now);
                }
                5 => connection.handle_timeout(now),
                6 => drop(connection.poll_timeout()),
                7 => connection.received(size, now),
                _ => while connection.poll_event().is_some() {},
            }
        }
        Ok(())
    });
}

/// A regression test. The sum of the buffered and the new octets overflowed, and without overflow
/// checks a received octet was lost.
#[test]
fn i12_received_count_is_capped_at_the_buffer() {
    let mut connection =
        Connection::new(Config::default(), Channel::TrustedByCaller, Instant::ORIGIN);
    fill(&mut connection, b"+");
    connection.received(1, Instant::ORIGIN);
    fill(&mut connection, b"OK ready\r\n");
    connection.received(usize::MAX, Instant::ORIGIN);
    assert!(matches!(connection.poll_event(), Some(Event::Greeting(_))));
}
