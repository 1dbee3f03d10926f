//! The interface that the simulation drives. It is a `Connection`, with or without TLS, or a
//! `Caller` with a client's engine.

use pop3_proto::{Connection, Instant};

use super::app::App;
use super::caller::Caller;
use super::plan::Plan;

/// The part that the application uses. It contains a connection.
pub(crate) trait Machine {
    fn core(&self) -> &Connection;
    fn core_mut(&mut self) -> &mut Connection;

    /// Runs one step of the application.
    fn turn(&mut self, app: &mut App, plan: &Plan, now: Instant);

    /// Returns the numbers of completed helpers and of abandoned operations.
    fn counts(&self) -> (usize, usize) {
        (0, 0)
    }
}

impl Machine for Connection {
    fn core(&self) -> &Connection {
        self
    }

    fn core_mut(&mut self) -> &mut Connection {
        self
    }

    fn turn(&mut self, app: &mut App, plan: &Plan, now: Instant) {
        app.turn(self, plan, now);
    }
}

impl Machine for Caller {
    fn core(&self) -> &Connection {
        self.engine().connection()
    }

    fn core_mut(&mut self) -> &mut Connection {
        self.engine_mut().connection_mut()
    }

    fn turn(&mut self, app: &mut App, plan: &Plan, now: Instant) {
        self.turn(app, plan, now);
    }

    fn counts(&self) -> (usize, usize) {
        self.counts()
    }
}
