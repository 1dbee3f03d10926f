//! The calendar of the ledger: it counts days, because deletion rules and retention do.

use core::fmt;

/// A day, counted from 1970-01-01 in UTC.
///
/// The crate has no clock, so the application passes the day to each run. A day that is wrong by
/// one does no harm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Day(u16);

impl Day {
    /// Creates a day from its number: day 0 is 1970-01-01.
    pub const fn new(days: u16) -> Self {
        Self(days)
    }

    /// Returns the day of a Unix time in seconds. It saturates in the year 2149.
    pub fn from_unix(seconds: u64) -> Self {
        Self(u16::try_from(seconds / 86_400).unwrap_or(u16::MAX))
    }

    /// Returns the number of days since 1970-01-01.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Returns how many days after `earlier` this day is; 0 if it is before.
    pub const fn since(self, earlier: Self) -> u16 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
