//! What events that strangers can cause may take up, wherever they are: a tenth of the intake's limits.
//!
//! An event holds its [`Permit`] from the door until every destination has settled it, in whatever way that ends. So
//! behind a destination that is down a flood fills neither the intake nor the journal, and nobody waits behind more of
//! it than this.

use super::intake::{Limits, Load};
use super::sync::{Arc, AtomicBool, Mutex, MutexGuard, Ordering, PoisonError};

/// The part of the intake's limits: a tenth.
const SHARE: usize = 10;

/// Counts what is under way. Its lock is the innermost one: nothing else is locked under it.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    load: Mutex<Load>,
    /// The journal is running out of room: what is left of it is for the others.
    shut: AtomicBool,
}

impl Budget {
    /// A share of these limits.
    pub(super) fn of(limits: Limits) -> Self {
        Self::whole(Limits { events: limits.events / SHARE, bytes: limits.bytes / SHARE })
    }

    /// All of these limits.
    pub(super) fn whole(limits: Limits) -> Self {
        Self { limits, load: Mutex::default(), shut: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for an event of this weight, if there is any.
    pub(super) fn permit(self: &Arc<Self>, weight: usize) -> Option<Permit> {
        if self.shut.load(Ordering::Relaxed) {
            return None;
        }
        let mut load = self.lock();
        if !load.fits(weight, self.limits) {
            return None;
        }
        load.add(weight);
        drop(load);
        Some(Permit { budget: Arc::clone(self), weight })
    }

    /// Says whether permits are given at all.
    pub(super) fn set_shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.lock().events
    }
}

/// Room that one event takes up. Dropping it gives the room back.
#[derive(Debug)]
pub(crate) struct Permit {
    budget: Arc<Budget>,
    weight: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.lock().subtract(Load { events: 1, bytes: self.weight });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Arc<Budget> {
        Arc::new(Budget::of(Limits { events: 30, bytes: 1_000 }))
    }

    #[test]
    fn it_is_a_tenth_of_the_events_and_of_the_bytes() {
        let by_events = budget();
        let permits: Vec<Permit> = std::iter::from_fn(|| by_events.permit(1)).collect();
        assert_eq!(permits.len(), 3);
        let by_bytes = budget();
        let permits: Vec<Permit> = std::iter::from_fn(|| by_bytes.permit(50)).collect();
        assert_eq!(permits.len(), 2);
        drop(permits);
        assert_eq!((by_bytes.taken(), by_bytes.permit(50).is_some()), (0, true));
        assert_eq!(Budget::of(Limits::default()).limits, Limits { events: 819, bytes: 3_355_443 });
    }

    #[test]
    fn nothing_is_given_while_the_journal_runs_out_of_room() {
        let budget = budget();
        budget.set_shut(true);
        assert!(budget.permit(1).is_none());
        budget.set_shut(false);
        assert!(budget.permit(1).is_some());
    }
}
