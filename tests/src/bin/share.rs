//! A program with two destinations, to be killed: `share load DIR` records and says on stdout what is acknowledged, while
//! the first destination is on hold; `share drain DIR` delivers everything, and says what is missing.

use std::io::Write;
use std::time::Duration;

use futures_util::future::join_all;
use lodger_core::Lodger;
use lodger_core::destination::FileDestination;
use lodger_core::event::{Event, Target};

/// How many events wait for one commit.
const TOGETHER: u64 = 16;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, dir] = &arguments[..] else { return Err("usage: share load|drain DIR".into()) };
    let lodger = Lodger::builder()
        .destination(FileDestination::open(format!("{dir}/held.jsonl"))?)
        .destination(FileDestination::open(format!("{dir}/running.jsonl"))?)
        .journal_dir(format!("{dir}/journal"))
        .max_journal_bytes(2 << 20)
        .build()?;
    match what.as_str() {
        "load" => load(&lodger).await,
        "drain" => Ok(lodger.flush(Duration::from_secs(60)).await?),
        _ => Err("load or drain".into()),
    }
}

/// Records until it is killed. Says `full` once the share of the destination on hold is used up.
async fn load(lodger: &Lodger) -> Result<(), Failure> {
    let [held, running] = &lodger.stats().destinations[..] else { return Err("there are two".into()) };
    lodger.pause(&held.destination)?;
    let (filler, process) = ("x".repeat(1_000), std::process::id());
    let (mut out, mut full) = (std::io::stdout().lock(), false);
    for first in (0..).step_by(TOGETHER as usize) {
        let names = (first..first + TOGETHER).map(|number| format!("{process}-{number}"));
        let record = |name: String| {
            let target = Target::new("invoice", name);
            let event = Event::builder("invoice.update").target(target).metadata("filler", &filler).build();
            async move { Ok::<_, Failure>(lodger.record(event?).await?) }
        };
        for id in join_all(names.map(record)).await {
            writeln!(out, "{}", id?)?;
        }
        let stats = lodger.stats();
        if !std::mem::replace(&mut full, stats.destinations.first().is_some_and(|held| held.refused > 0))
            && full
        {
            writeln!(out, "full")?;
        }
        out.flush()?;
        // The one that runs must not run into its own share.
        while pending(lodger, &running.destination) > 64 {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

fn pending(lodger: &Lodger, destination: &lodger_core::destination::Identity) -> u64 {
    let stats = lodger.stats();
    let found = stats.destinations.iter().find(|one| one.destination == *destination);
    found.map_or(0, |one| one.pending + one.in_flight)
}
