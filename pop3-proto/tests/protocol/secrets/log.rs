//! Everything that an application, or a library that it uses, could log.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::{Debug, Display, Write as _};
use std::sync::Once;

use pop3_proto::{Connection, Event};

/// Everything that was logged in one session, and the last debug output of the connection.
#[derive(Default)]
pub(crate) struct Log(pub(crate) String, LastDebug);

/// The debug output of the connection when it was logged last.
type LastDebug = String;

impl Log {
    pub(crate) fn debug(&mut self, value: &impl Debug) {
        write!(self.0, "{value:?}\n{value:#?}\n").expect("writing to a String");
    }

    pub(crate) fn display(&mut self, value: &impl Display) {
        write!(self.0, "{value}\n{value:#}\n").expect("writing to a String");
    }

    /// Logs an error with its sources, advice and refusal.
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

    /// Logs everything that a connection shows.
    pub(crate) fn connection(&mut self, connection: &Connection) {
        let debug = format!("{connection:?}");
        if self.1 == debug {
            return;
        }
        self.1 = debug;
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
    /// The records of the `log` facade in this thread, at any level, from all libraries; none
    /// before [`capture`]. A connection logs in the thread that drives it, so other tests of this
    /// process do not interfere.
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
                    .expect("writing to a String");
            }
        });
    }

    fn flush(&self) {}
}

/// Starts to capture the records of the facade in this thread.
pub(crate) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        ::log::set_logger(&Capture).expect("no other logger is set");
        ::log::set_max_level(::log::LevelFilter::Trace);
    });
    FACADE.set(Some(String::new()));
}

/// Returns the captured records.
pub(crate) fn captured() -> String {
    FACADE.with_borrow(|caught| caught.clone().unwrap_or_default())
}
