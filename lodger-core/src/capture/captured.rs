//! What a request or job leaves when its event is certain.

use crate::event::{Event, EventId, Timestamp, weight};

/// What a request or job leaves when its event is certain: everything that was said and seen of it, not looked at yet.
/// [`into_event`](Self::into_event) finds out the rest, which a sink may do on a thread of its own.
#[derive(Debug)]
pub struct Captured(Box<Event>);

impl Captured {
    /// An event of which everything is known.
    #[must_use]
    pub fn of(event: Event) -> Self {
        Self(Box::new(event))
    }

    /// The id of the event.
    #[must_use]
    pub fn id(&self) -> EventId {
        self.0.id
    }

    /// When it happened.
    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        self.0.occurred_at
    }

    /// The bytes of memory that it takes, give or take allocator overhead.
    #[must_use]
    pub fn weight(&self) -> usize {
        weight(&self.0)
    }

    /// The event: not redacted yet, and not within its limits.
    #[must_use]
    pub fn into_event(self) -> Event {
        *self.0
    }
}
