//! The client behind our layer.

use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt};
use tempfile::TempDir;

/// A client with a journal on disk, whose destination only acknowledges.
pub(super) struct Ours {
    lodger: Lodger,
    expected: u64,
    _journal: TempDir,
}

impl Ours {
    pub(super) fn start() -> Result<Self, String> {
        let journal = tempfile::tempdir().map_err(|error| format!("a directory for the journal: {error}"))?;
        let lodger = Lodger::builder().destination(Acknowledges).journal_dir(journal.path()).build();
        Ok(Self { lodger: lodger.map_err(|error| error.to_string())?, expected: 0, _journal: journal })
    }

    pub(super) fn lodger(&self) -> Lodger {
        self.lodger.clone()
    }

    /// So many more events are to be delivered.
    pub(super) fn expect(&mut self, events: usize) {
        self.expected += events as u64;
    }

    /// Waits until everything is delivered. Events that were turned away would have cost less, so none may be missing.
    pub(super) async fn settle(&self) -> Result<(), String> {
        self.lodger.flush(Duration::from_secs(60)).await.map_err(|error| error.to_string())?;
        let delivered: u64 = self.lodger.stats().destinations.iter().map(|each| each.delivered).sum();
        if delivered == self.expected {
            Ok(())
        } else {
            Err(format!("{delivered} events were delivered, not {}", self.expected))
        }
    }
}

#[derive(Debug)]
struct Acknowledges;

impl Destination for Acknowledges {
    fn identity(&self) -> Identity {
        Identity::new("acknowledges", "")
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        let settled = |delivery: &Delivery| Answer::Settled(Receipt::new(delivery.id(), "acknowledges"));
        Box::pin(async move { batch.iter().map(settled).collect() })
    }
}
