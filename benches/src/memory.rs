//! What events hold while they wait: in the queue in memory, until the journal has them, and in the process while a
//! destination is down for a day and the journal holds them all.

mod event;
mod opentelemetry;
mod ours;
mod outage;

use crate::allocations::{self, InUse};
use crate::options::Options;
use crate::overhead;
use crate::report::{Figure, Report};

/// So much a queued event may hold.
const QUEUED: f64 = 1_024.0;

/// By so much the process may grow during an outage, whatever its length.
const FLAT: f64 = 10.0 * 1_024.0 * 1_024.0;

pub(crate) fn measure(options: &Options) -> Result<Report, String> {
    if options.counted().is_some() {
        return Err("nothing of this group is counted by callgrind".to_owned());
    }
    allocations::weigh();
    let events = if options.quick { 500 } else { 4_000 };
    let mut report = Report::new("memory", "bytes");
    let theirs = figure("OpenTelemetry: batch log processor", opentelemetry::queued(events)?, events);
    report.add(theirs.clone());
    let mut add = |name: &str, held: InUse| {
        report.add(figure(name, held, events).beside(&theirs, "bytes").at_most("bytes", QUEUED));
    };
    add("recorded: enqueue()", ours::queued(events)?);
    for app in ["axum PUT: audited", "actix PUT: audited"] {
        add(app, requests(app, events)?);
    }
    let day = outage::day(if options.quick { 20_000 } else { 1_000_000 })?;
    report.add(
        Figure::new(format!("a day's outage, {} events", day.events))
            .with("grown_bytes", number(day.grown))
            .with_some("grown_rss_bytes", day.grown_rss.map(number))
            .with("tries", number(day.tries))
            .at_most("grown_bytes", FLAT)
            .at_most("grown_rss_bytes", FLAT),
    );
    Ok(report
        .note(format!(
            "a queued event holds {} bytes of JSON; requests are those of the group overhead",
            event::BYTES
        ))
        .note("bytes as they were asked for; the allocator adds some 8 to 16 for each block")
        .note("the outage is measured from a twentieth of its events on"))
}

fn figure(name: &str, held: InUse, events: usize) -> Figure {
    let each = |sum: i64| number(sum) / number(i64::try_from(events).unwrap_or(i64::MAX));
    Figure::new(name).with("bytes", each(held.bytes)).with("blocks", each(held.blocks))
}

/// What so many requests leave in the queue.
fn requests(app: &str, events: usize) -> Result<InUse, String> {
    let mut app = overhead::app(app)?;
    app.run(200)?;
    app.settle()?;
    let held = held_by(|| app.run(events))?;
    app.settle()?;
    Ok(held)
}

/// What is in use after `work` that was not before, while no other thread takes anything away.
fn held_by(work: impl FnOnce() -> Result<(), String>) -> Result<InUse, String> {
    allocations::alone(|| {
        let before = allocations::in_use();
        work()?;
        let after = allocations::in_use();
        Ok(InUse { bytes: after.bytes - before.bytes, blocks: after.blocks - before.blocks })
    })
}

#[expect(clippy::cast_precision_loss, reason = "sums far below 2^52")]
fn number(sum: i64) -> f64 {
    sum as f64
}
