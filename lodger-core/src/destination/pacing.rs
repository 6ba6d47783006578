//! How fast a destination may be asked.

use std::time::Duration;

/// How much a destination is sent at most in any stretch of time: so many events, so many requests, or both.
///
/// ```
/// use std::time::Duration;
///
/// use lodger_core::destination::{MemoryDestination, Pacing, Route};
///
/// // A service that takes a hundred events a minute, for whomever they come from.
/// let route = Route::to(MemoryDestination::new()).paced(Pacing::per(Duration::from_secs(60)).events(80));
/// # let _ = route;
/// ```
///
/// Each process keeps to it for itself: divide what the service allows by the number of processes. Events that have to
/// wait do so in the journal.
///
/// # Default
///
/// Nothing is limited until it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    pub(crate) events: Option<u32>,
    pub(crate) requests: Option<u32>,
    pub(crate) window: Duration,
}

impl Pacing {
    /// Counts over any stretch of this length, wherever it begins.
    #[must_use]
    pub fn per(window: Duration) -> Self {
        Self { events: None, requests: None, window }
    }

    /// At most so many events, repeats of events included.
    #[must_use]
    pub fn events(mut self, events: u32) -> Self {
        self.events = Some(events);
        self
    }

    /// At most so many requests: batches, where the destination takes several events at once.
    #[must_use]
    pub fn requests(mut self, requests: u32) -> Self {
        self.requests = Some(requests);
        self
    }

    /// What is wrong with it, with what to do.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.window.is_zero() {
            problems
                .push("its pacing counts over no time at all: give a window, such as one second".to_owned());
        }
        if self.events == Some(0) || self.requests == Some(0) {
            problems
                .push("its pacing lets nothing through: allow at least 1, or leave the limit out".to_owned());
        }
        problems
    }
}
