//! How long to wait before another try, and when to stop trying.

use std::time::Duration;

use tokio::time::Instant;

use super::clock::Clock;

/// The first backoff is at most this long; each further one at most twice as long as the one before.
const BASE: Duration = Duration::from_millis(500);

/// No backoff is longer.
const CEILING: Duration = Duration::from_secs(60);

/// A destination can ask for a later try than our backoff, but not for a later one than this.
const RETRY_AFTER_CAP: Duration = Duration::from_secs(60 * 60);

/// An event has to fail so often …
pub(super) const PATIENCE_TRIES: u32 = 10;

/// … and for so long, before it is the event that is to blame.
const PATIENCE_TIME: Duration = Duration::from_secs(60 * 60);

/// Full jitter, `U(0, min(60 s, 0.5·2ⁿ s))` after `failures` earlier failures (0 after the first): of all the
/// ways to spread retries it keeps a herd of clients furthest apart (Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015).
pub(super) fn backoff(failures: u32, clock: &dyn Clock) -> Duration {
    let ceiling = 1u32.checked_shl(failures).and_then(|factor| BASE.checked_mul(factor)).unwrap_or(CEILING);
    clock.jitter(ceiling.min(CEILING))
}

/// What a destination asked for, as far as we obey.
pub(super) fn floor(retry_after: Option<Duration>) -> Duration {
    retry_after.unwrap_or_default().min(RETRY_AFTER_CAP)
}

/// Whether an event has failed so often and for so long that it may be to blame itself.
pub(super) fn is_stuck(tries: u32, failing_since: Instant, now: Instant) -> bool {
    tries >= PATIENCE_TRIES && now.duration_since(failing_since) >= PATIENCE_TIME
}

/// Whether an event has failed for so long, while others succeeded, that it will never get through.
pub(super) fn is_poison(
    tries: u32,
    failing_since: Instant,
    last_success: Option<Instant>,
    now: Instant,
) -> bool {
    is_stuck(tries, failing_since, now) && last_success.is_some_and(|success| success > failing_since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::testing::FixedClock;

    #[test]
    fn the_ceiling_of_the_backoff_doubles_from_half_a_second_to_a_minute() {
        let clock = FixedClock::with_jitter(1.0);
        let seconds = |failures| backoff(failures, &clock).as_secs_f64();
        let ceilings = [0, 1, 2, 3, 4, 5, 6, 7, 8, 31, 32, u32::MAX].map(seconds);
        assert_eq!(ceilings, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn full_jitter_reaches_down_to_zero() {
        assert_eq!(backoff(6, &FixedClock::with_jitter(0.0)), Duration::ZERO);
        assert_eq!(backoff(6, &FixedClock::with_jitter(0.25)), Duration::from_secs(8));
    }

    #[test]
    fn retry_after_is_capped_at_an_hour() {
        assert_eq!(floor(None), Duration::ZERO);
        assert_eq!(floor(Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(floor(Some(Duration::from_secs(1_000_000_000))), Duration::from_secs(3_600));
    }

    #[test]
    fn poison_needs_ten_tries_and_an_hour_and_the_success_of_others() {
        let start = Instant::now();
        let hour = start + Duration::from_secs(3_600);
        let success = Some(start + Duration::from_secs(1));
        assert!(is_poison(10, start, success, hour));
        assert!(!is_poison(9, start, success, hour));
        assert!(!is_poison(10, start, success, hour - Duration::from_secs(1)));
        assert!(!is_poison(10, start, None, hour));
        assert!(!is_poison(10, start, Some(start), hour));
    }
}
