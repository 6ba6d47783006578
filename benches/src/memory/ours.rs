//! Ours: recorded, and not yet taken by the journal thread.

use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt};

use super::{event, held_by};
use crate::allocations::InUse;
use crate::report::scratch;

/// What so many events hold in the queue.
pub(super) fn queued(events: usize) -> Result<InUse, String> {
    let directory = scratch()?;
    let lodger = Lodger::builder().service("bench").destination(Acknowledges).journal_dir(directory.path());
    let lodger = lodger.build().map_err(|error| error.to_string())?;
    let description = event::description()?;
    let record = |events: usize| {
        (0..events).try_for_each(|_| {
            lodger.enqueue(event::ours(&description)?).map(drop).map_err(|error| error.to_string())
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("a runtime: {error}"))?;
    let settle =
        || runtime.block_on(lodger.flush(Duration::from_secs(60))).map_err(|error| error.to_string());
    // The queue has its size then.
    record(events)?;
    settle()?;
    let held = held_by(|| record(events))?;
    settle()?;
    Ok(held)
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

    fn reads_events(&self) -> bool {
        false
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        let settled = |delivery: &Delivery| Answer::Settled(Receipt::new(delivery.id(), "acknowledges"));
        Box::pin(async move { batch.iter().map(settled).collect() })
    }
}
