//! A scenario: what a history begins with, and everything that happens in it except the crashes.

use std::fmt;

use pop3_proto::sync::{Delete, Order, Rules};

use super::fault::{Event, Fault};
use super::left_out::LeftOut;
use super::mail::Population;

/// What a history begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) population: Population,
    pub(super) schedule: Schedule,
    pub(super) fault: Fault,
    /// Whether the fault lasts; otherwise it ends with the first run.
    pub(super) lasting: bool,
    pub(super) event: Event,
    /// How many days pass between two runs.
    pub(super) pause: u16,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.fault, self.event, self.schedule)
    }
}

/// The rules of the first run, and those of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schedule {
    Never,
    WhenStored,
    AfterDays,
    NeverThenWhenStored,
    NeverThenAfterDays,
    WhenStoredThenNever,
    /// First only the headers of large messages, and then everything.
    HeadersThenWhole,
    /// Headers of large messages, always.
    Headers,
    /// One message in each run.
    OneEach,
    NewestFirst,
}

impl Schedule {
    pub(super) const ALL: [Self; 10] = [
        Self::Never,
        Self::WhenStored,
        Self::AfterDays,
        Self::NeverThenWhenStored,
        Self::NeverThenAfterDays,
        Self::WhenStoredThenNever,
        Self::HeadersThenWhole,
        Self::Headers,
        Self::OneEach,
        Self::NewestFirst,
    ];
}

/// The number of days after which [`Schedule::AfterDays`] deletes.
pub(super) const DAYS: u16 = 2;

/// Above this size, only the header is fetched by the schedules that say so.
pub(super) const LARGE: u64 = 20;

impl Scenario {
    /// Returns the rules of a run. The first is number 1.
    pub(super) fn rules(&self, run: usize, left_out: Option<LeftOut>) -> Rules {
        let first = run == 1;
        let delete = match self.schedule {
            Schedule::Never => Delete::Never,
            Schedule::AfterDays => Delete::AfterDays(DAYS),
            Schedule::NeverThenWhenStored | Schedule::NeverThenAfterDays if first => Delete::Never,
            Schedule::NeverThenAfterDays => Delete::AfterDays(DAYS),
            Schedule::WhenStoredThenNever if !first => Delete::Never,
            _ => Delete::WhenStored,
        };
        let headers_above = match self.schedule {
            Schedule::Headers => Some(LARGE),
            Schedule::HeadersThenWhole if first => Some(LARGE),
            _ => None,
        };
        Rules {
            delete,
            headers_above,
            max_messages: (self.schedule == Schedule::OneEach).then_some(1),
            order: match self.schedule {
                Schedule::NewestFirst => Order::NewestFirst,
                _ => Order::OldestFirst,
            },
            sizes_are_advice: left_out == Some(LeftOut::SparesShort),
            ..Rules::default()
        }
    }

    /// Returns how the last runs delete.
    pub(super) fn last_delete(&self) -> Delete {
        self.rules(usize::MAX, None).delete
    }
}
