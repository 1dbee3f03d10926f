//! What the simulation drives: a `Connection`, with or without TLS, or a `Caller` with a client's
//! engine on top.

use pop3_proto::{Connection, Instant};

use super::app::App;
use super::caller::Caller;
use super::plan::Plan;

/// What the application uses, with a connection inside.
pub(crate) trait Machine {
    fn core(&self) -> &Connection;
    fn core_mut(&mut self) -> &mut Connection;

    /// Gives the application one turn.
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
