//! Time and chance, so that tests can hold both still.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::event::Timestamp;

/// The wall clock and the dice.
///
/// The wall clock only labels things (dead letters, the age of an event). Whatever waits, waits on a monotonic clock,
/// tokio's or this one's, so a wall clock that jumps by a year changes no order and stalls nothing.
pub(crate) trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// The time on a clock that nobody sets.
    fn instant(&self) -> Instant;

    /// A duration between zero and `max`, uniformly distributed.
    fn jitter(&self, max: Duration) -> Duration;
}

/// The system's clock.
#[derive(Debug, Default)]
pub(crate) struct SystemClock {
    // Keyed SipHash over a counter: as even as jitter needs, and no random number crate for it.
    dice: RandomState,
    throws: AtomicU64,
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn jitter(&self, max: Duration) -> Duration {
        let throw = self.dice.hash_one(self.throws.fetch_add(1, Ordering::Relaxed));
        // The upper 53 bits are all that an f64 in [0, 1) can hold.
        max.mul_f64((throw >> 11) as f64 / (1u64 << 53) as f64)
    }
}

/// The system's clock for tests of applications, which should not wait for the backoff of a busy production.
#[cfg(feature = "testing")]
#[derive(Debug, Default)]
pub(crate) struct ImpatientClock(SystemClock);

#[cfg(feature = "testing")]
impl Clock for ImpatientClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn instant(&self) -> Instant {
        self.0.instant()
    }

    fn jitter(&self, max: Duration) -> Duration {
        self.0.jitter(max / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_covers_the_whole_range_and_never_leaves_it() {
        let clock = SystemClock::default();
        let max = Duration::from_secs(8);
        let throws: Vec<Duration> = (0..1_000).map(|_| clock.jitter(max)).collect();
        assert!(throws.iter().all(|throw| *throw <= max));
        for eighth in 0..8 {
            let from = Duration::from_secs(eighth);
            let inside =
                throws.iter().filter(|throw| **throw >= from && **throw < from + Duration::from_secs(1));
            assert!(inside.count() > 60, "an eighth of 1,000 throws is 125");
        }
        assert_eq!(clock.jitter(Duration::ZERO), Duration::ZERO);
    }
}
