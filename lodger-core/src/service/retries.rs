//! Making a direct call again.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// The first pause is at most this long; each further one at most twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How often a direct call is made again when the service or the way to it fails, and how long it waits before.
///
/// Only what can do no harm twice is made again: a read, a write under an idempotency key that the service knows, and any
/// call that certainly never left or was turned away before anything was done (429). Pauses are random between nothing and a bound that doubles from 250 ms on (full jitter:
/// Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A service that names a time (`Retry-After`)
/// is asked no earlier; if that is later than the longest pause, its answer is the call's.
///
/// Events that have to survive more than a few seconds of trouble belong behind the journal: see
/// [`Destination`](crate::destination::Destination).
///
/// ```
/// use std::time::Duration;
/// use lodger_core::service::Retries;
///
/// let patient = Retries::up_to(5).longest_pause(Duration::from_secs(30));
/// assert_eq!(Retries::default(), Retries::up_to(2));
/// ```
///
/// # Default
///
/// Up to 2 times, no pause longer than 5 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Retries {
    most: u32,
    longest_pause: Duration,
}

impl Retries {
    /// Every call is made once.
    pub const fn none() -> Self {
        Self::up_to(0)
    }

    /// A call is made again up to so many times.
    pub const fn up_to(times: u32) -> Self {
        Self { most: times, longest_pause: Duration::from_secs(5) }
    }

    /// No pause is longer. Default: 5 s.
    pub const fn longest_pause(mut self, pause: Duration) -> Self {
        self.longest_pause = pause;
        self
    }

    /// The longest pause.
    pub(crate) const fn longest(self) -> Duration {
        self.longest_pause
    }

    /// Calls until it is done. `again` says of an error whether the same call may be made again, and when at the earliest.
    pub(crate) async fn run<T, E, F: Future<Output = Result<T, E>>>(
        self,
        mut call: impl FnMut() -> F,
        again: impl Fn(&E) -> Option<Option<Duration>>,
    ) -> Result<T, E> {
        let mut repeats = 0;
        loop {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(earliest) = again(&error).filter(|_| repeats < self.most) else { return Err(error) };
            let earliest = earliest.unwrap_or_default();
            if earliest > self.longest_pause {
                return Err(error);
            }
            tokio::time::sleep(self.pause(repeats, random_fraction()).max(earliest)).await;
            repeats += 1;
        }
    }

    /// The pause after so many repeats.
    fn pause(self, repeats: u32, fraction: f64) -> Duration {
        let bound = 1_u32.checked_shl(repeats).and_then(|factor| FIRST_PAUSE.checked_mul(factor));
        bound.unwrap_or(self.longest_pause).min(self.longest_pause).mul_f64(fraction)
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self::up_to(2)
    }
}

/// Evenly between 0 and 1: the keys of a new SipHash are random, and no random number crate is needed for a pause.
fn random_fraction() -> f64 {
    let throw = RandomState::new().hash_one(0_u8);
    // The upper 53 bits are all that an f64 in [0, 1) can hold.
    (throw >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    /// How often it was called, how long it took, and what came of it, when each call fails.
    async fn failing(retries: Retries, again: Option<Option<Duration>>) -> (u32, Duration) {
        let (calls, start) = (Cell::new(0), Instant::now());
        let call = || {
            calls.set(calls.get() + 1);
            std::future::ready(Err::<(), _>(calls.get()))
        };
        let error = retries.run(call, |_| again).await.unwrap_err();
        assert_eq!(error, calls.get(), "the last error is the answer");
        (calls.get(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_made_again_as_often_as_was_said() {
        assert_eq!(failing(Retries::none(), Some(None)).await.0, 1);
        let (calls, took) = failing(Retries::default(), Some(None)).await;
        assert_eq!(calls, 3);
        assert!(took <= Duration::from_millis(250 + 500 + 5), "{took:?}");
        assert_eq!(failing(Retries::up_to(7), None).await.0, 1, "what must not be repeated");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_is_asked_no_earlier_than_it_wants() {
        let (calls, took) = failing(Retries::up_to(2), Some(Some(Duration::from_secs(3)))).await;
        assert_eq!(calls, 3);
        assert!(took >= Duration::from_secs(6), "{took:?}");
        assert_eq!(failing(Retries::up_to(2), Some(Some(Duration::from_secs(6)))).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_ends_it() {
        let calls = Cell::new(0);
        let call = || {
            calls.set(calls.get() + 1);
            std::future::ready(if calls.get() == 2 { Ok(7) } else { Err(()) })
        };
        assert_eq!(Retries::default().run(call, |()| Some(None)).await, Ok(7));
        assert_eq!(calls.get(), 2);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retries = Retries::up_to(99);
        let longest: Vec<u128> =
            [0, 1, 2, 4, 5, 40].map(|repeats| retries.pause(repeats, 1.0).as_millis()).into();
        assert_eq!(longest, [250, 500, 1_000, 4_000, 5_000, 5_000]);
        assert_eq!(retries.pause(3, 0.0), Duration::ZERO);
        assert!((0.0..1.0).contains(&random_fraction()));
    }
}
