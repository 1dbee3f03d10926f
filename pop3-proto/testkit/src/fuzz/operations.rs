//! Runs any interleaving of the actions of an application, a socket and a clock.

use std::collections::VecDeque;

use arbitrary::{Arbitrary, Unstructured};
use pop3_proto::Event;

use super::driver::Driver;
use super::script::{Script, Step, said};
use super::setup::setup;
use super::{SECRET, contains};

/// An input: an octet for the setup, then a [script](super::script). The target does only what is
/// in the script.
#[derive(Debug, Arbitrary)]
pub struct Operations {
    setup: u8,
    script: Script,
}

impl Operations {
    /// Runs the script and checks the results.
    pub fn run(&self) -> usize {
        let (config, channel) = setup(self.setup);
        let steps = &self.script.0;
        let mut driver = Driver::new(config, channel);
        driver.ledger.secret_is_out = contains(&said(steps), SECRET.as_bytes());
        run(driver, steps)
    }
}

/// Runs any octets as operations.
pub fn operations(data: &[u8]) -> usize {
    let operations = Operations::arbitrary_take_rest(Unstructured::new(data));
    operations.map_or(0, |operations| operations.run())
}

fn run(mut driver: Driver, steps: &[Step]) -> usize {
    let mut events = Vec::new();
    // Octets that the server sent and that were not read.
    let mut wire = VecDeque::new();
    for step in steps {
        match step {
            Step::Server(segment) => wire.extend(segment),
            Step::Send(octets) => driver.send(*octets),
            Step::Poll => events.extend(driver.poll()),
            Step::PollAll => events.extend(std::iter::from_fn(|| driver.poll())),
            step => driver.happen(step),
        }
        read(&mut driver, &mut wire);
        driver.check();
    }
    let silent = events
        .iter()
        .all(|event| !matches!(event, Event::Closed(_)));
    assert_eq!(silent, !driver.ledger.closed);
    let shown = format!("{:?}", driver.connection);
    driver.ledger.assert_shows_no_secret(&shown);
    driver.finish(&mut events).ledger.events
}

/// Reads like an event loop that checks for room and for octets.
fn read(driver: &mut Driver, wire: &mut VecDeque<u8>) {
    while !wire.is_empty() {
        let taken = driver.receive(wire.make_contiguous());
        if taken == 0 {
            return;
        }
        wire.drain(..taken);
    }
}
