//! Events in memory, for tests and demonstrations.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt};
use crate::event::{Event, EventId};

const KIND: &str = "memory";

/// Keeps events in memory. Clones share them, so a test holds one and gives the other away.
///
/// It recognises repeats by the event's id, as a good destination does, and counts them.
///
/// ```
/// use lodger_core::destination::MemoryDestination;
///
/// let memory = MemoryDestination::new();
/// let seen = memory.clone();
/// // … `Lodger::builder().destination(memory)` …
/// assert!(seen.events().is_empty());
/// ```
///
/// # Durability
///
/// None: what it holds is gone with the process.
#[derive(Debug, Clone)]
pub struct MemoryDestination {
    name: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    kept: Mutex<Kept>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Kept {
    events: Vec<Event>,
    ids: HashSet<EventId>,
    repeats: u64,
}

impl MemoryDestination {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::named("")
    }

    /// An empty one with a name, to tell several apart in one program.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        let shared = Shared { kept: Mutex::default(), count: watch::Sender::new(0) };
        Self { name: name.into(), shared: Arc::new(shared) }
    }

    /// The events so far, in the order of their arrival.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.kept().events.clone()
    }

    /// How often an event arrived that was here already.
    #[must_use]
    pub fn repeats(&self) -> u64 {
        self.kept().repeats
    }

    /// Waits until at least this many events have arrived, and returns all of them.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken out; waiting again gives the same events.
    pub async fn wait_for(&self, count: usize) -> Vec<Event> {
        // The sender lives as long as `self`, so the wait can't fail.
        let _ = self.shared.count.subscribe().wait_for(|&arrived| arrived >= count).await;
        self.events()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, delivery: &Delivery) -> Answer {
        let mut kept = self.kept();
        let receipt = Receipt::new(delivery.id(), KIND);
        if !kept.ids.insert(delivery.id()) {
            kept.repeats += 1;
            return Answer::Settled(receipt.as_repeat());
        }
        kept.events.push(Event::clone(delivery.event()));
        let count = kept.events.len();
        drop(kept);
        self.shared.count.send_replace(count);
        Answer::Settled(receipt)
    }
}

impl Default for MemoryDestination {
    fn default() -> Self {
        Self::new()
    }
}

impl Destination for MemoryDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, &*self.name)
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move { batch.iter().map(|delivery| self.keep(delivery)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> Delivery {
        let event = Event::builder("invoice.update").build().unwrap();
        let bytes = event.to_canonical_json().unwrap();
        Delivery::new(Arc::new(event), bytes.into())
    }

    #[tokio::test]
    async fn a_repeat_is_recognised_and_counted() {
        let memory = MemoryDestination::new();
        let batch = [delivery(), delivery()];
        memory.deliver(&batch).await;
        let answers = memory.deliver(&batch[..1]).await;
        let repeat = Receipt::new(batch[0].id(), "memory").as_repeat();
        assert_eq!(answers, [Answer::Settled(repeat)]);
        assert_eq!((memory.events().len(), memory.repeats()), (2, 1));
    }

    #[tokio::test]
    async fn waiting_ends_with_the_last_event_waited_for() {
        let memory = MemoryDestination::new();
        let waiting = tokio::spawn({
            let memory = memory.clone();
            async move { memory.wait_for(2).await.len() }
        });
        memory.deliver(&[delivery()]).await;
        memory.deliver(&[delivery()]).await;
        assert_eq!(waiting.await.unwrap(), 2);
        assert_eq!(memory.wait_for(1).await.len(), 2);
    }
}
