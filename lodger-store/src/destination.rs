//! The store as a destination: `LODGER_DESTINATION=store:./data`.

use lodger_core::destination::registry::{Scheme, Settings};
use lodger_core::destination::{self, Answer, BoxFuture, Delivery, Destination, Identity, Refusal};
use serde_json::json;

use crate::{Appended, Rejected, Store, StoreError};

/// The kind of this destination in identities and receipts.
const KIND: &str = "store";

/// How many events share one transaction, and so one sync of the disk.
const MAX_BATCH: usize = 512;

/// A [`Store`] that events are delivered to.
///
/// By name it is `store:` and a directory; `LODGER_WORKSPACE_ID` and `LODGER_PROJECT_ID` name workspace and project,
/// else they are `default` and `core`.
///
/// The registration of `store:` is in every program that names this crate somewhere, if only as
/// `pub use lodger_store as store;`. A dependency that no code names isn't linked.
///
/// # Durability
///
/// An event is settled when the transaction it is part of has been synced: it survives a power loss.
#[derive(Debug, Clone)]
pub struct StoreDestination {
    store: Store,
}

impl StoreDestination {
    /// Delivers to this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    fn answer(&self, batch: &[Delivery]) -> Vec<Answer> {
        let bytes: Vec<&[u8]> = batch.iter().map(|delivery| &*delivery.bytes).collect();
        match self.store.append(&bytes) {
            Ok(answers) => {
                let turns = batch.iter().zip(answers);
                turns.map(|(delivery, answer)| one(answer, delivery.is_awaited())).collect()
            }
            Err(error) => batch.iter().map(|_| all(&error)).collect(),
        }
    }
}

impl From<Store> for StoreDestination {
    fn from(store: Store) -> Self {
        Self::new(store)
    }
}

impl Destination for StoreDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, self.store.dir().display().to_string())
            .in_project(self.store.workspace(), self.store.project())
    }

    fn max_batch(&self) -> usize {
        MAX_BATCH
    }

    fn reads_events(&self) -> bool {
        // The store reads the bytes itself, and refuses what is not an event.
        false
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move { self.answer(batch) })
    }
}

/// What the store says about one event; in full where somebody may be waiting for it.
fn one(answer: Result<Appended, Rejected>, in_full: bool) -> Answer {
    match answer {
        Ok(Appended { receipt, repeated }) if in_full => {
            let detail = json!({
                "sequence": receipt.sequence,
                "eventHash": receipt.event_hash,
                "hash": receipt.hash,
                "previousHash": receipt.previous_hash,
            });
            let settled =
                destination::Receipt::new(receipt.event_id, KIND).with_id(receipt.id).with_detail(detail);
            Answer::Settled(if repeated { settled.as_repeat() } else { settled })
        }
        Ok(Appended { receipt, .. }) => Answer::Settled(destination::Receipt::new(receipt.event_id, KIND)),
        Err(rejected) => Answer::Refused(Refusal::new(rejected.to_string())),
    }
}

/// What a failure of the whole batch means for each event: nothing of it was taken, or nobody heard that it was, and
/// then the next try gets the original receipts.
fn all(error: &StoreError) -> Answer {
    let refusal = Refusal::new(error.in_full());
    if error.is_retryable() { Answer::Retry { refusal, after: None } } else { Answer::Pause(refusal) }
}

fn open(directory: &str, settings: Settings<'_>) -> Result<Box<dyn Destination>, String> {
    if directory.is_empty() {
        return Err("store: names no directory: write store:./data".into());
    }
    let mut options = Store::options();
    let setting = |name| settings(name).filter(|value| !value.is_empty());
    if let Some(workspace) = setting("LODGER_WORKSPACE_ID") {
        options = options.workspace(workspace);
    }
    if let Some(project) = setting("LODGER_PROJECT_ID") {
        options = options.project(project);
    }
    let store = options.open(directory).map_err(|error| error.in_full())?;
    Ok(Box::new(StoreDestination::new(store)))
}

lodger_core::inventory::submit! {
    Scheme { name: "store", usage: "store:./data", open }
}

#[cfg(test)]
mod tests;
