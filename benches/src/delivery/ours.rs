//! Ours: recorded, on disk, sent, acknowledged.

use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{Compression, HttpDestination, LodgerDestination, Route};
use lodger_core::service::lodger::LodgerApi;

use super::client::{Cost, Meter, WARM_UP, abreast};
use super::server::{Answers, Server};
use super::{BATCH, BATCHES_ABREAST, event};
use crate::report::scratch;

/// So many callers record at once: requests of a busy service. Each waits until its event is on disk.
const CALLERS: usize = 256;

/// How long it may take until everything is acknowledged.
const PATIENCE: Duration = Duration::from_secs(600);

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
    measured(events, LodgerDestination::new(api))
}

/// In batches to a collector.
pub(super) fn batches(events: usize, compressed: Compressed) -> Result<Cost, String> {
    let server = Server::start(Answers::Acknowledges)?;
    let collector = HttpDestination::builder(server.address())
        .max_events(BATCH)
        .max_in_flight(BATCHES_ABREAST)
        .compression(match compressed {
            Compressed::Not => Compression::None,
            Compressed::Gzip => Compression::Gzip,
            Compressed::Zstd => Compression::Zstd,
        });
    measured(events, collector.build().map_err(|error| error.to_string())?)
}

fn measured(events: usize, destination: impl Into<Route>) -> Result<Cost, String> {
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
            abreast(CALLERS, events, |times| record(lodger.clone(), times)).await?;
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
