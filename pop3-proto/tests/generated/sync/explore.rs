//! The enumeration: each scenario with each crash.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::left_out::LeftOut;
use super::scenario::Scenario;
use super::store::Crash;
use super::world::World;

/// How many runs without faults a history has at most.
const CLEAN: usize = 6;

/// What an enumeration has found.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) histories: usize,
    pub(super) failures: usize,
    /// The failures of each kind, with a scenario that shows it.
    pub(super) kinds: BTreeMap<String, (usize, Scenario)>,
    /// The history of the first failure, if histories are recorded.
    trace: Option<String>,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.failures += other.failures;
        for (kind, (count, scenario)) in other.kinds {
            self.kinds.entry(kind).or_insert((0, scenario)).0 += count;
        }
    }

    fn explore(&mut self, mut world: World, crashes: usize) {
        self.complete(&mut world, crashes);
        self.histories += 1;
        if let Some(violation) = &world.violation {
            self.failures += 1;
            let scenario = world.scenario;
            let kind = format!("{scenario}: {violation}");
            self.kinds.entry(kind).or_insert((0, scenario)).0 += 1;
            self.trace = self
                .trace
                .take()
                .or(world.trace.map(|trace| trace.join("\n")));
        }
    }

    fn complete(&mut self, world: &mut World, crashes: usize) {
        loop {
            let before = (world.store.published.len(), world.server.messages.len());
            let mut at = |world: &World, how: Crash| {
                if crashes > 0 {
                    let mut world = world.clone();
                    world.crash(how);
                    world.pause();
                    self.explore(world, crashes - 1);
                }
            };
            world.run(&mut at);
            if world.violation.is_some() {
                return;
            }
            let changed = before != (world.store.published.len(), world.server.messages.len());
            if world.runs > 1 || world.scenario.lasting {
                world.clean += 1;
            }
            if world.clean > 1 && !changed && (world.is_done() || world.clean > CLEAN) {
                return world.check();
            }
            if world.clean > 2 * CLEAN {
                return world.violate(|| "the runs do not come to an end".to_owned());
            }
            world.pause();
        }
    }
}

/// Explores these scenarios with each crash, on all processors.
pub(super) fn explore(scenarios: &[Scenario], left_out: Option<LeftOut>, crashes: usize) -> Tally {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::default();
        while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
            tally.explore(World::new(*scenario, left_out), crashes);
        }
        tally
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            tally.add(thread.join().expect("no panic"));
        }
    });
    tally
}

/// Explores one scenario and returns the history of its first failure.
pub(super) fn trace(scenario: Scenario, left_out: Option<LeftOut>, crashes: usize) -> String {
    let mut world = World::new(scenario, left_out);
    world.trace = Some(Vec::new());
    let mut tally = Tally::default();
    tally.explore(world, crashes);
    tally.trace.unwrap_or_default()
}
