//! Random moments. Nothing here has to be repeatable: what a kill hits is up to the scheduler anyway.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// A number below `bound`.
#[must_use]
pub(super) fn below(bound: u64) -> u64 {
    RandomState::new().build_hasher().finish() % bound.max(1)
}

/// A time of at most this length.
#[must_use]
pub fn up_to(most: Duration) -> Duration {
    Duration::from_micros(below(u64::try_from(most.as_micros()).unwrap_or(u64::MAX)))
}

/// True once in so many throws, on average.
#[must_use]
pub fn chance(one_in: u64) -> bool {
    below(one_in) == 0
}
