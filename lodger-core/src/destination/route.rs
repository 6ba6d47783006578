//! A destination, and what it gets.

use std::sync::Arc;

use super::{Destination, Filter, Pacing};

/// A destination, and what it gets: which events, in which order, how fast.
///
/// ```
/// use lodger_core::destination::{Filter, MemoryDestination, Route};
/// use lodger_core::event::Outcome;
///
/// # fn main() -> Result<(), lodger_core::BuildError> {
/// let (all, refused) = (MemoryDestination::named("all"), MemoryDestination::named("refused"));
/// let lodger = lodger_core::Lodger::builder()
///     .destination(all)
///     .destination(Route::to(refused).only(Filter::any().outcome(Outcome::Denied)))
///     .in_memory_journal()
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Default
///
/// A destination given without a route gets every event, in an order of its own, as fast as it takes them.
#[derive(Debug, Clone)]
#[must_use = "give it to `LodgerBuilder::destination`"]
pub struct Route {
    pub(crate) destination: Arc<dyn Destination>,
    pub(crate) filter: Filter,
    pub(crate) ordered: bool,
    pub(crate) pacing: Option<Pacing>,
}

impl Route {
    /// Every event to this destination.
    pub fn to(destination: impl Destination) -> Self {
        Self::shared(Arc::new(destination))
    }

    pub(crate) fn shared(destination: Arc<dyn Destination>) -> Self {
        Self { destination, filter: Filter::any(), ordered: false, pacing: None }
    }

    /// Only the events that this filter takes. A filter that was set before is replaced.
    pub fn only(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Delivers in the order of the journal: one batch at a time, and an event that fails holds back those behind it
    /// until it is delivered or a dead letter. Default: out of order, so that one event can't hold up another.
    ///
    /// Whether it is the event or the destination that fails shows by the next event: once the first has failed ten times
    /// and for an hour, each further failure is followed by one try of the event behind it. When that one is taken and the
    /// first fails once more, the first is a dead letter; a destination that is down makes none. What was in one batch with
    /// an event that fails may be taken before it, and dead letters that are sent again have no place in the order.
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// Sends at most this much. Where the destination has a pace of its own, the stricter limit holds.
    pub fn paced(mut self, pacing: Pacing) -> Self {
        self.pacing = Some(pacing);
        self
    }

    /// What is wrong with it, with what to do.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = self.filter.problems();
        problems.extend(self.pacing.iter().flat_map(Pacing::problems));
        problems
    }
}

impl<D: Destination> From<D> for Route {
    fn from(destination: D) -> Self {
        Self::to(destination)
    }
}
