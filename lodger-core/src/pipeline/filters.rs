//! Which destinations take an event, by their filters.

use crate::destination::Filter;
use crate::event::Event;
use crate::journal::Routes;

/// The filters of all destinations, in the order of the board. They never change.
#[derive(Debug, Clone)]
pub(crate) struct Filters(Vec<Filter>);

impl Filters {
    pub(crate) fn new(filters: impl IntoIterator<Item = Filter>) -> Self {
        Self(filters.into_iter().collect())
    }

    /// The destinations whose filter takes this event, as it is recorded.
    pub(crate) fn taking(&self, event: &Event) -> Routes {
        self.those(|filter| filter.takes(event))
    }

    /// The destinations that get every event.
    pub(crate) fn taking_all(&self) -> Routes {
        self.those(|filter| *filter == Filter::any())
    }

    fn those(&self, which: impl Fn(&Filter) -> bool) -> Routes {
        let chosen = self.0.iter().enumerate().filter(|(_, filter)| which(filter));
        chosen.fold(Routes::NONE, |routes, (slot, _)| routes.with(slot))
    }
}
