//! `record().await`, from callers that each wait for their last event, or at a pace that nobody holds up.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lodger_core::Lodger;
use lodger_core::client::RecordError;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::event;
use super::run::{Meter, Run};

/// What the destination does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivering {
    /// It takes large batches and only acknowledges.
    Acknowledging,
    /// An operator has paused it: nothing but the journal is at work.
    Paused,
}

/// Takes batches of 500 and only acknowledges.
#[derive(Debug)]
struct Acknowledges;

impl Destination for Acknowledges {
    fn identity(&self) -> Identity {
        Identity::new("acknowledges", "")
    }

    fn max_batch(&self) -> usize {
        500
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            batch.iter().map(|one| Answer::Settled(Receipt::new(one.id(), "acknowledges"))).collect()
        })
    }
}

/// A client and the application's runtime.
#[derive(Debug)]
pub(super) struct Ours {
    // Dropped first: it commits what is left.
    lodger: Lodger,
    runtime: Runtime,
}

impl Ours {
    pub(super) fn start(dir: &Path, delivering: Delivering) -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
        let lodger = Lodger::builder()
            .destination(Acknowledges)
            .journal_dir(dir)
            // Room for everything that a paused destination leaves there.
            .max_journal_bytes(4 << 30)
            .build()
            .map_err(|error| error.to_string())?;
        if delivering == Delivering::Paused {
            lodger.pause(&Acknowledges.identity()).map_err(|error| error.to_string())?;
        }
        Ok(Self { lodger, runtime })
    }

    /// So many callers record for this long, each its next event when the last one is durable.
    pub(super) fn run(&self, callers: u64, lasts: Duration) -> Result<Run, String> {
        let over = Arc::new(AtomicBool::new(false));
        let commits = self.commits();
        let meter = Meter::start();
        let waits = self.runtime.block_on(async {
            let mut all = JoinSet::new();
            for _ in 0..callers {
                all.spawn(caller(self.lodger.clone(), Arc::clone(&over)));
            }
            tokio::time::sleep(lasts).await;
            over.store(true, Ordering::Relaxed);
            gather(all).await
        })?;
        Ok(meter.stop(waits.len() as u64, self.commits() - commits, waits))
    }

    /// So many events a second for this long, evenly and whatever becomes of those before.
    pub(super) fn pace(&self, per_second: u32, lasts: Duration) -> Result<Run, String> {
        let interval = Duration::from_secs(1) / per_second;
        let commits = self.commits();
        let mut all = JoinSet::new();
        let meter = Meter::start();
        let begun = Instant::now();
        let mut due = Duration::ZERO;
        while due < lasts {
            let early = due.saturating_sub(begun.elapsed());
            if !early.is_zero() {
                std::thread::sleep(early);
            }
            all.spawn_on(one(self.lodger.clone(), begun + due), self.runtime.handle());
            due += interval;
        }
        let waits = self.runtime.block_on(gather(all))?;
        Ok(meter.stop(waits.len() as u64, self.commits() - commits, waits))
    }

    fn commits(&self) -> u64 {
        self.lodger.stats().counts.commits
    }
}

async fn caller(lodger: Lodger, over: Arc<AtomicBool>) -> Result<Vec<Duration>, RecordError> {
    let mut waits = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        lodger.record(event::new()).await?;
        waits.push(begun.elapsed());
    }
    Ok(waits)
}

/// The wait counts from when the event was due, so that a late pacer and a busy runtime are in it.
async fn one(lodger: Lodger, due: Instant) -> Result<Vec<Duration>, RecordError> {
    lodger.record(event::new()).await?;
    Ok(vec![due.elapsed()])
}

async fn gather(mut all: JoinSet<Result<Vec<Duration>, RecordError>>) -> Result<Vec<Duration>, String> {
    let mut waits = Vec::new();
    while let Some(ended) = all.join_next().await {
        let recorded = ended.map_err(|error| error.to_string())?;
        waits.append(&mut recorded.map_err(|error| error.to_string())?);
    }
    Ok(waits)
}
