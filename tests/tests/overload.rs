//! Ten times as many events as the destination takes: what is not accepted is refused to whoever offered it, memory stays
//! within its bound, and what was accepted arrives once.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt};
use lodger_core::event::{Event, EventId};
use lodger_tests::live::{Counting, live};
use tokio::sync::Semaphore;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const OFFERED: usize = 20_000;

/// How many are offered together.
const CHUNK: usize = 500;

/// The destination takes one event in so many.
const TIMES: usize = 10;

/// A tenth of what is offered has room.
const JOURNAL: u64 = 6 << 20;

/// What may be in memory, less than all that is offered: 32 MiB in the intake, 8 MiB in the worker's hands, and what the program takes up by itself.
const BOUND: usize = (32 + 8 + 8) << 20;

/// Bounds what a mistake can cost; no result depends on it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Takes an event for each permit.
#[derive(Debug, Clone)]
struct Slow {
    permits: Arc<Semaphore>,
    arrived: Arc<Mutex<BTreeMap<EventId, u64>>>,
}

impl Destination for Slow {
    fn identity(&self) -> Identity {
        Identity::new("slow", "")
    }

    fn max_batch(&self) -> usize {
        16
    }

    fn max_in_flight(&self) -> usize {
        4
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            self.permits.acquire_many(batch.len() as u32).await.unwrap().forget();
            let mut arrived = self.arrived.lock().unwrap();
            let settled = |delivery: &Delivery| {
                *arrived.entry(delivery.id()).or_default() += 1;
                Answer::Settled(Receipt::new(delivery.id(), "slow"))
            };
            batch.iter().map(settled).collect()
        })
    }
}

#[tokio::test]
async fn ten_times_the_drain_rate_is_accepted_or_refused_in_bounded_memory() {
    let dir = tempfile::tempdir().unwrap();
    let slow = Slow { permits: Arc::new(Semaphore::new(0)), arrived: Arc::default() };
    let lodger = Lodger::builder()
        .destination(slow.clone())
        .journal_dir(dir.path())
        .max_journal_bytes(JOURNAL)
        .build()
        .unwrap();
    let filler = "x".repeat(2_500);
    let event = || Event::builder("invoice.update").metadata("filler", &filler).build().unwrap();
    let (mut accepted, mut refused, mut most) = (BTreeMap::new(), 0, 0);
    for _ in 0..OFFERED / CHUNK {
        for offered in join_all((0..CHUNK).map(|_| lodger.record(event()))).await {
            match offered {
                Ok(id) => _ = accepted.insert(id, 1),
                Err(error) => {
                    assert!(["journal_full", "intake_full"].contains(&error.kind()), "{error}");
                    refused += 1;
                }
            }
        }
        slow.permits.add_permits(CHUNK / TIMES);
        most = most.max(live());
    }
    assert!(most < BOUND, "{most} bytes were in use");
    assert_eq!(accepted.len() + refused, OFFERED);
    assert!(refused > OFFERED / 2, "that was no overload: {refused} refused");
    let counts = lodger.stats().counts;
    assert_eq!(counts.offered, OFFERED as u64);
    assert_eq!(counts.journal_full + counts.refused_full, refused as u64);
    assert_eq!(counts.last_resort, 0, "whoever offered was told");

    slow.permits.add_permits(OFFERED);
    lodger.flush(PATIENCE).await.unwrap();
    assert_eq!(*slow.arrived.lock().unwrap(), accepted, "each once");
}
