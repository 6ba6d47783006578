//! Events in memory, which no other process finds.

use lodger_core::destination::{MemoryDestination, Repeats};
use lodger_core::event::EventId;
use lodger_tests::disk::Gated;

use crate::subject::{Place, Subject};

pub(crate) struct Memory(MemoryDestination);

impl Subject for Memory {
    const REPEATS: Repeats = Repeats::Recognised;
    const IN_ORDER: bool = true;

    async fn open() -> Self {
        Self(MemoryDestination::new())
    }

    fn place(&self) -> Option<Place> {
        None
    }

    fn stored(&self) -> Vec<EventId> {
        self.0.events().iter().map(|event| event.id).collect()
    }

    fn destination(&self) -> Gated {
        Gated::opened(Box::new(self.0.clone()))
    }
}

conforms!(Memory: everywhere);
