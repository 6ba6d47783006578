//! Ours: recorded, on disk, sent, acknowledged.

use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::client::RecordError;
use lodger_core::destination::{Compression, HttpDestination, LodgerDestination, Route};
use lodger_core::service::lodger::LodgerApi;

use super::client::{Cost, Meter, WARM_UP, abreast};
use super::server::{Answers, Server};
use super::{BATCH, BATCHES_ABREAST, event};
use crate::report::scratch;

/// So many callers record at once where each waits until its event is on disk: requests of a busy service.
const CALLERS: usize = 256;

/// So long the caller who waits for nothing stands back when the intake is full: a part of what it takes to empty it.
const STAND_BACK: Duration = Duration::from_millis(5);

/// How long it may take until everything is acknowledged.
const PATIENCE: Duration = Duration::from_secs(600);

/// How events come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callers {
    /// One thread queues them as fast as they are taken. All are on disk before they are sent: the worker sees no others.
    Queue,
    /// Each of many callers waits until its event is on disk before it records the next one.
    Wait,
}

/// How batches are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compressed {
    Not,
    Gzip,
    Zstd,
}

/// To the Lodger API.
pub(super) fn one_a_request(events: usize) -> Result<Cost, String> {
    let server = Server::start(Answers::Receipts)?;
    let api = LodgerApi::builder("org_1", "core").api_key("lodger_sk_bench").api_base(server.address());
    let api = api.build().map_err(|error| error.to_string())?;
    measured(events, LodgerDestination::new(api), Callers::Queue)
}

/// In batches to a collector.
pub(super) fn batches(events: usize, callers: Callers, compressed: Compressed) -> Result<Cost, String> {
    let server = Server::start(Answers::Acknowledges)?;
    let collector = HttpDestination::builder(server.address())
        .max_events(BATCH)
        .max_in_flight(BATCHES_ABREAST)
        .compression(match compressed {
            Compressed::Not => Compression::None,
            Compressed::Gzip => Compression::Gzip,
            Compressed::Zstd => Compression::Zstd,
        });
    measured(events, collector.build().map_err(|error| error.to_string())?, callers)
}

fn measured(events: usize, destination: impl Into<Route>, callers: Callers) -> Result<Cost, String> {
    let directory = scratch()?;
    let lodger = Lodger::builder()
        .service("bench")
        .destination(destination)
        .journal_dir(directory.path())
        .max_journal_bytes(8 << 30)
        .build()
        .map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let deliver = |events: usize| {
        runtime.block_on(async {
            match callers {
                Callers::Queue => queue(&lodger, events)?,
                Callers::Wait => abreast(CALLERS, events, |times| record(lodger.clone(), times)).await?,
            }
            lodger.flush(PATIENCE).await.map_err(|error| error.to_string())
        })
    };
    deliver(WARM_UP)?;
    let meter = Meter::start();
    deliver(events)?;
    let cost = meter.stop(events);
    let delivered: u64 = lodger.stats().destinations.iter().map(|destination| destination.delivered).sum();
    if delivered != (WARM_UP + events) as u64 {
        return Err(format!("{delivered} of {} events are acknowledged", WARM_UP + events));
    }
    runtime.block_on(lodger.shutdown(PATIENCE));
    Ok(cost)
}

async fn record(lodger: Lodger, times: usize) -> Result<(), String> {
    for _ in 0..times {
        lodger.record(event::ours()?).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// What the intake gives back, because the disk is slower, is offered again.
fn queue(lodger: &Lodger, times: usize) -> Result<(), String> {
    for _ in 0..times {
        let mut event = event::ours()?;
        loop {
            match lodger.enqueue(event) {
                Ok(_) => break,
                Err(RecordError::Full { event: given_back }) => event = *given_back,
                Err(error) => return Err(error.to_string()),
            }
            std::thread::sleep(STAND_BACK);
        }
    }
    Ok(())
}
