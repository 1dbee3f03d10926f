//! Everything that an application, or a library below this one, could log.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::{Debug, Display, Write as _};
use std::sync::Once;

use pop3_proto::{Connection, Event};

/// What was logged in one session.
#[derive(Default)]
pub(crate) struct Log(pub(crate) String, Looks);

/// What a connection looked like at the last look.
type Looks = String;

impl Log {
    pub(crate) fn debug(&mut self, value: &impl Debug) {
        write!(self.0, "{value:?}\n{value:#?}\n").expect("a String takes all");
    }

    pub(crate) fn display(&mut self, value: &impl Display) {
        write!(self.0, "{value}\n{value:#}\n").expect("a String takes all");
    }

    /// An error with all that is behind it.
    pub(crate) fn error(&mut self, error: &pop3_proto::Error) {
        self.debug(error);
        self.display(error);
        let mut cause = error.source();
        while let Some(error) = cause {
            self.debug(&error);
            self.display(&error);
            cause = error.source();
        }
        self.debug(&error.advice());
        if let Some(advice) = error.advice() {
            self.display(&advice);
        }
        if let Some(refusal) = error.refusal() {
            self.debug(refusal);
            self.display(refusal);
            self.display(&refusal.text);
            self.display(&String::from_utf8_lossy(refusal.text.as_bytes()));
        }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        self.debug(event);
        if let Event::Reply {
            result: Err(error), ..
        }
        | Event::BodyEnd {
            result: Err(error), ..
        }
        | Event::Closed(Err(error)) = event
        {
            self.error(error);
        }
    }

    /// All that a connection tells of itself.
    pub(crate) fn connection(&mut self, connection: &Connection) {
        let look = format!("{connection:?}");
        if self.1 == look {
            return;
        }
        self.1 = look;
        self.debug(connection);
        self.debug(&connection.capabilities());
        self.debug(&connection.greeting());
        self.debug(&connection.tls());
        self.debug(&connection.login_plan());
        if let Some(plan) = connection.login_plan() {
            self.display(plan);
        }
        if let Some(error) = connection.error() {
            self.error(error);
        }
    }
}

thread_local! {
    /// What came by the `log` facade in this thread, from whatever library, at any level; nothing
    /// before [`capture`]. A connection logs in the thread that drives it, so that other tests of
    /// this process do not matter.
    static FACADE: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Capture;

impl ::log::Log for Capture {
    fn enabled(&self, _metadata: &::log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &::log::Record<'_>) {
        FACADE.with_borrow_mut(|caught| {
            if let Some(caught) = caught {
                writeln!(caught, "{} {}", record.target(), record.args())
                    .expect("a String takes all");
            }
        });
    }

    fn flush(&self) {}
}

/// Begins to catch what comes by the facade in this thread.
pub(crate) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        ::log::set_logger(&Capture).expect("there is no other");
        ::log::set_max_level(::log::LevelFilter::Trace);
    });
    FACADE.set(Some(String::new()));
}

/// All that came by the facade so far.
pub(crate) fn captured() -> String {
    FACADE.with_borrow(|caught| caught.clone().unwrap_or_default())
}
