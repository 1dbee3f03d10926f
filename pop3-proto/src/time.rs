//! The time, as the state machine sees it.
//!
//! `std::time::Instant` needs `std`, and cannot be created for a given time. This type works without
//! `std`, and with the clocks of tests and runtimes.

use core::ops::Add;
use core::time::Duration;

/// A point in time on the caller's clock, as the time since an origin that the caller chose.
///
/// The state machine never reads a clock; it only compares the instants that are passed to it. Any
/// monotonic clock can be used, such as `std::time::Instant` in an adapter, or a counter in a
/// simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(Duration);

impl Instant {
    /// The origin of the clock.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// Returns the instant `elapsed` after the origin.
    pub const fn since_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Returns the time from `earlier` to this instant; zero if this instant is not later.
    pub const fn duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates instead of overflowing.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}
