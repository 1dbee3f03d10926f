//! Benchmarks of synchronisation in memory, with a million messages: reading the ledger, and making
//! the plan for a mailbox that is known, and for one that is new.
//!
//! The ledger must be read in 0.5 s, and the plan must not take longer than the listings do.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark may stop with a panic"
)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pop3_proto::{
    Channel, Config, Connection, Event, Instant, List, Login, Uidl,
    config::CapaPolicy,
    listing::{Listing, UidListing},
    reply::Reply,
    sync::{Day, Ledger, Mailbox, Plan, Rules},
};

const MESSAGES: u32 = 1_000_000;
const NOW: Instant = Instant::ORIGIN;
const TODAY: Day = Day::new(20_000);

fn id(n: u32) -> String {
    format!("5f3a1122{n:08x}")
}

fn size(n: u32) -> u32 {
    2000 + n % 70_000
}

/// Passes octets to the connection as a socket would, and returns the last reply.
fn read(connection: &mut Connection, mut source: &[u8]) -> Option<Reply> {
    let mut last = None;
    loop {
        while let Some(event) = connection.poll_event() {
            if let Event::Reply { result, .. } = event {
                last = Some(result.unwrap());
            }
        }
        let sent = connection.transmit().len();
        connection.transmitted(sent, NOW);
        let Some(room) = connection.recv_buffer().filter(|_| !source.is_empty()) else {
            return last;
        };
        let octets = room.len().min(source.len());
        let (now, later) = source.split_at(octets);
        room[..octets].copy_from_slice(now);
        connection.received(octets, NOW);
        source = later;
    }
}

fn mailbox() -> Mailbox {
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    config.limits.listing_entries = usize::MAX;
    config.limits.listing_octets = usize::MAX;
    let mut connection = Connection::new(config, Channel::TrustedByCaller, NOW);
    connection
        .submit(Login::new("alice", "secret").unwrap())
        .unwrap();
    for _ in 0..3 {
        read(&mut connection, b"+OK\r\n");
    }
    let (mut sizes, mut ids) = (String::from("+OK\r\n"), String::from("+OK\r\n"));
    for n in 1..=MESSAGES {
        write!(sizes, "{n} {}\r\n", size(n)).unwrap();
        write!(ids, "{n} {}\r\n", id(n)).unwrap();
    }
    connection.submit(List).unwrap();
    let sizes = read(&mut connection, (sizes + ".\r\n").as_bytes());
    connection.submit(Uidl).unwrap();
    let ids = read(&mut connection, (ids + ".\r\n").as_bytes());
    let sizes = match sizes {
        Some(Reply::Sizes(sizes)) => sizes,
        other => panic!("{other:?}"),
    };
    let ids = match ids {
        Some(Reply::UniqueIds(ids)) => ids,
        other => panic!("{other:?}"),
    };
    let mailbox = Mailbox {
        sizes: Some(sizes),
        unique_ids: Some(ids),
        ..Mailbox::default()
    };
    let lengths = (
        mailbox.sizes.as_ref().map(Listing::len),
        mailbox.unique_ids.as_ref().map(UidListing::len),
    );
    assert_eq!(lengths, (Some(MESSAGES as usize), Some(MESSAGES as usize)));
    mailbox
}

/// Returns a ledger that knows every message.
fn ledger() -> Ledger {
    let ids: Vec<_> = (1..=MESSAGES).map(id).collect();
    let mut ledger = Ledger::new();
    ledger.import_known(ids.iter().map(String::as_bytes), TODAY);
    ledger
}

fn read_ledger(text: &str) -> Ledger {
    let mut reader = Ledger::reader(text.len() as u64);
    for piece in text.as_bytes().chunks(64 << 10) {
        reader.feed(piece).unwrap();
    }
    reader.finish().unwrap().0
}

fn synchronisation(c: &mut Criterion) {
    let mut group = c.benchmark_group("synchronisation of 1e6 messages");
    group.sample_size(10);
    group.throughput(Throughput::Elements(MESSAGES.into()));
    let known = ledger();
    let text = known.to_lines();
    group.bench_function("read the ledger", |b| {
        b.iter(|| read_ledger(black_box(&text)))
    });
    let mailbox = mailbox();
    let rules = Rules::default();
    let plan = Plan::new(&mailbox, &known, &rules, TODAY);
    assert_eq!((plan.known(), plan.items().len()), (MESSAGES as usize, 0));
    group.bench_function("plan a known mailbox", |b| {
        b.iter(|| Plan::new(black_box(&mailbox), &known, &rules, TODAY));
    });
    let new = Ledger::new();
    group.bench_function("plan a new mailbox", |b| {
        b.iter(|| Plan::new(black_box(&mailbox), &new, &rules, TODAY));
    });
    group.finish();
}

criterion_group!(benches, synchronisation);
criterion_main!(benches);
