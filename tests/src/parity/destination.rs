//! A destination that keeps everybody waiting until the script lets it go on.

use std::sync::Arc;

use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, MemoryDestination};

use super::Gates;

/// Keeps events in memory, but stops at the gate `deliver` before it takes any.
#[derive(Debug)]
pub(super) struct GatedDestination {
    pub(super) memory: MemoryDestination,
    pub(super) gates: Arc<Gates>,
}

impl Destination for GatedDestination {
    fn identity(&self) -> Identity {
        self.memory.identity()
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            self.gates.pass("deliver").await;
            self.memory.deliver(batch).await
        })
    }
}
