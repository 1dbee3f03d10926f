//! Synchronisation proved by enumeration: every fault, every rule and every crash, with up to three
//! messages.
//!
//! A history is a sequence of runs against a model of a server, with a model of a store. The machine
//! stops at one point of it, or at none. Then follow runs without faults until nothing changes. The
//! checker says what must be true then, and what it excuses: see `check`. To show that it finds
//! something, rules are left out: see `left_out`.
//!
//! * `POP3_SYNC_CRASHES=2` stops the machine twice, at each pair of points.
//! * `POP3_SYNC_ALL=1` combines everything with everything.
//! * `POP3_SYNC_SHOW=TEXT` shows the history of a failure whose line contains this text.

#![allow(
    clippy::disallowed_methods,
    reason = "the environment selects the histories; the time is printed, never checked"
)]

mod check;
mod explore;
mod fault;
mod grid;
mod left_out;
mod mail;
mod maildrop;
mod scenario;
mod session;
mod store;
mod world;

use self::explore::{explore, trace};
use self::left_out::LeftOut;
use self::scenario::Scenario;

fn crashes() -> usize {
    std::env::var("POP3_SYNC_CRASHES").map_or(1, |crashes| crashes.parse().expect("a number"))
}

fn assert_safe(scenarios: &[Scenario]) {
    let start = std::time::Instant::now();
    let tally = explore(scenarios, None, crashes());
    println!(
        "{} scenarios, {} histories, {} failures, {:.1?}",
        scenarios.len(),
        tally.histories,
        tally.failures,
        start.elapsed()
    );
    for (kind, (count, _)) in &tally.kinds {
        println!("{count:>6} {}", kind.lines().next().unwrap_or_default());
    }
    let shown = std::env::var("POP3_SYNC_SHOW").unwrap_or_default();
    let mut kinds = tally.kinds.iter();
    if let Some((kind, (_, scenario))) = kinds.find(|(kind, _)| kind.contains(&shown)) {
        panic!(
            "{kind}, for example in {scenario:?}:\n{}",
            trace(*scenario, None, crashes())
        );
    }
    assert_eq!(tally.failures, 0);
}

#[test]
fn no_crash_loses_mail() {
    assert_safe(&grid::rules());
}

#[test]
fn no_fault_loses_mail() {
    assert_safe(&grid::faults());
}

#[test]
fn no_event_between_runs_loses_mail() {
    assert_safe(&grid::events());
}

/// The table of the rules, and how many histories fail without each.
#[test]
fn each_rule_is_needed() {
    let mut not_needed = Vec::new();
    for rule in LeftOut::ALL {
        // What a torn line spoils is lost in the next crash.
        let crashes = if rule == LeftOut::CloseTornLine { 2 } else { 1 };
        let tally = explore(&grid::of_rule(rule), Some(rule), crashes);
        let kind = tally.kinds.first_key_value();
        let kind = kind.map_or("", |(kind, _)| kind.lines().next().unwrap_or_default());
        println!(
            "without {rule:?}, {} of {} histories fail: {kind}",
            tally.failures, tally.histories
        );
        if tally.failures == 0 {
            not_needed.push(rule);
        }
    }
    assert_eq!(not_needed, []);
}
