//! Clocks and destinations that do as they are told.

use std::time::Duration;

use super::clock::Clock;
use crate::event::Timestamp;

/// A clock that stands still, and dice that always show the same.
#[derive(Debug)]
pub(crate) struct FixedClock {
    jitter: f64,
}

impl FixedClock {
    /// Jitter is always this part of its maximum.
    pub(crate) fn with_jitter(jitter: f64) -> Self {
        Self { jitter }
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_778_846_400_000_000).unwrap()
    }

    fn jitter(&self, max: Duration) -> Duration {
        max.mul_f64(self.jitter)
    }
}
