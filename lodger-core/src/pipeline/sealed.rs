//! An event whose bytes are final but for its place in the journal.

use super::filters::Filters;
use crate::event::{Event, EventId, Position, Timestamp, Unplaced};
use crate::journal::Routes;

/// An event whose bytes are final but for its place in the journal: redacted, within its limits, serialised once.
#[derive(Debug)]
pub(crate) struct Sealed {
    bytes: Unplaced,
    occurred_at: Timestamp,
    /// The destinations whose filter takes it.
    takers: Routes,
}

impl Sealed {
    /// Seals an event.
    pub(crate) fn of(event: &Event, filters: &Filters) -> Result<Self, serde_json::Error> {
        let takers = filters.taking(event);
        Ok(Self { bytes: event.to_unplaced_json()?, occurred_at: event.occurred_at, takers })
    }

    /// The bytes that it has at this place.
    pub(crate) fn place(&self, out: &mut Vec<u8>, position: Position, previous: Option<Position>) {
        self.bytes.place(out, position, previous);
    }

    /// The destinations whose filter takes it.
    pub(crate) fn takers(&self) -> Routes {
        self.takers
    }

    /// When it happened.
    pub(crate) fn occurred_at(&self) -> Timestamp {
        self.occurred_at
    }

    /// The bytes of memory that it takes.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.bytes.bytes().len()
    }

    /// The event, for whoever has to hear of it: without a place.
    pub(crate) fn to_event(&self) -> Event {
        serde_json::from_slice(self.bytes.bytes()).unwrap_or_else(|error| {
            // We have written it ourselves, so this does not happen; if it does, it is not silent.
            let bytes = String::from_utf8_lossy(self.bytes.bytes());
            tracing::error!(%error, %bytes, "an audit event can't be read back");
            Event::bare(EventId::mint(), "unreadable".into())
        })
    }
}
