//! Durable `record().await` from 1, 16, 64 and 256 callers at once, to a real disk.
//!
//! Beside it, in turns: what a batch of as many events costs at least (write and fdatasync, into a file of zeroes and
//! into one that grows), and what people build such a queue on (redb, SQLite). Those are one thread that writes batches as
//! fast as it can and tells nobody; ours has the callers too, who build the events, are woken, and wait in turn.
//! While one of our groups syncs the next one gathers, so a group is smaller than the number of callers: the floor is
//! measured at both sizes.

mod databases;
mod disk;
mod event;
mod floor;
mod ours;
mod run;

use std::time::Duration;

use self::floor::Made;
use self::ours::{Delivering, Ours};
use self::run::Run;
use crate::options::Options;
use crate::report::{Figure, Report};
use crate::rounds::{Sample, take_turns};

/// How many callers there are at once.
const CALLERS: [u64; 4] = [1, 16, 64, 256];

/// The pace that is kept besides, in events a second.
const PACE: u32 = 10_000;

/// Measures all of it.
pub(crate) fn measure(options: &Options) -> Result<Report, String> {
    let lasts = Duration::from_millis(if options.quick { 40 } else { 500 });
    let file_system = disk::name(disk::directory()?.path())?;
    let mut report = Report::new("journal", "events_per_second").note(format!(
        "events of 600 bytes, on {file_system}; waits are those of a caller for its event, and of the others for a batch"
    ));
    for callers in CALLERS {
        at_once(callers, lasts, options)?.into_iter().for_each(|figure| report.add(figure));
    }
    let paced = format!("{PACE}/s: lodger");
    if options.wants(&paced) {
        report.add(at_pace(paced, lasts * 4, options)?);
    }
    Ok(report)
}

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variant {
    Ours(Delivering),
    /// The floor at the size that our groups had.
    FloorOfGroup,
    /// The floor at one event for each caller.
    Floor(Made),
    Redb,
    Sqlite,
}

impl Variant {
    /// Ours first: the size of its groups is asked for by one that follows.
    const ALL: [Self; 7] = [
        Self::Ours(Delivering::Acknowledging),
        Self::Ours(Delivering::Paused),
        Self::FloorOfGroup,
        Self::Floor(Made::Zeroed),
        Self::Floor(Made::Empty),
        Self::Redb,
        Self::Sqlite,
    ];

    fn name(self, callers: u64) -> String {
        let what = match self {
            Self::Ours(Delivering::Acknowledging) => "lodger",
            Self::Ours(Delivering::Paused) => "lodger, delivery paused",
            Self::FloorOfGroup => "pre-zeroed write + fdatasync, lodger's groups",
            Self::Floor(Made::Zeroed) => "pre-zeroed write + fdatasync",
            Self::Floor(Made::Empty) => "append + fdatasync",
            Self::Redb => "redb",
            Self::Sqlite => "SQLite (WAL, FULL)",
        };
        format!("{callers} at once: {what}")
    }

    /// Measures it once. `group` is the size of our groups.
    fn run(self, callers: u64, group: u64, lasts: Duration) -> Result<Run, String> {
        let directory = disk::directory()?;
        let dir = directory.path();
        match self {
            Self::Ours(delivering) => {
                let ours = Ours::start(dir, delivering)?;
                // The first segments are made, and every thread has run.
                ours.run(callers, lasts / 5)?;
                ours.run(callers, lasts)
            }
            Self::FloorOfGroup => floor::run(dir, Made::Zeroed, group, lasts),
            Self::Floor(made) => floor::run(dir, made, callers, lasts),
            Self::Redb => databases::redb(dir, callers, lasts),
            Self::Sqlite => databases::sqlite(dir, callers, lasts),
        }
    }
}

fn at_once(callers: u64, lasts: Duration, options: &Options) -> Result<Vec<Figure>, String> {
    let wanted = Variant::ALL.into_iter().filter(|variant| options.wants(&variant.name(callers)));
    let mut variants: Vec<Variant> = wanted.collect();
    let mut group = callers;
    let runs = take_turns(&mut variants, options.rounds(), |variant| {
        let run = variant.run(callers, group, lasts)?;
        if *variant == Variant::Ours(Delivering::Acknowledging) {
            group = run.events.div_ceil(run.commits.max(1));
        }
        Ok(run)
    })?;
    let mut figures: Vec<(Variant, Figure)> = variants
        .into_iter()
        .zip(runs)
        .map(|(variant, runs)| (variant, figure(variant.name(callers), &runs)))
        .collect();
    compare(callers, &mut figures);
    Ok(figures.into_iter().map(|(_, figure)| figure).collect())
}

/// The medians of some runs.
fn figure(name: String, runs: &[Run]) -> Figure {
    let median = |of: fn(&Run) -> f64| Sample::of(runs.iter().map(of)).median;
    Figure::new(name)
        .sample("events_per_second", Sample::of(runs.iter().map(Run::per_second)))
        .with("batch", median(Run::mean_batch))
        .with("p50_us", median(|run| run.wait_us(500)))
        .with("p99_us", median(|run| run.wait_us(990)))
        .with("cpu_seconds_per_100k", median(Run::cpu_per_100k))
}

/// Ours by the floor: the wait of one caller, the throughput of many, which is to be ahead of the databases, too.
fn compare(callers: u64, figures: &mut [(Variant, Figure)]) {
    let find = |variant| figures.iter().find(|(one, _)| *one == variant).map(|(_, figure)| figure.clone());
    let (zeroed, of_group) = (find(Variant::Floor(Made::Zeroed)), find(Variant::FloorOfGroup));
    let databases = [Variant::Redb, Variant::Sqlite].map(find);
    let fastest = databases.iter().flatten().filter_map(|figure| figure.value("events_per_second"));
    let fastest = fastest.fold(0.0, f64::max);
    for (variant, figure) in figures {
        let taken = figure.clone();
        *figure = match (*variant, &zeroed, &of_group) {
            (Variant::Ours(_), Some(floor), _) if callers == 1 => {
                taken.beside(floor, "p50_us").at_most("ratio", 1.5)
            }
            (Variant::Ours(Delivering::Acknowledging), _, Some(floor)) => {
                let compared = taken.beside(floor, "events_per_second");
                if callers < 64 {
                    compared
                } else {
                    compared.at_least("ratio", 0.5).at_least("events_per_second", fastest)
                }
            }
            (Variant::Redb | Variant::Sqlite, Some(floor), _) => taken.beside(floor, "events_per_second"),
            _ => taken,
        };
    }
}

/// Events that come evenly, however long those before them take.
fn at_pace(name: String, lasts: Duration, options: &Options) -> Result<Figure, String> {
    let mut runs = Vec::new();
    for _ in 0..options.rounds() {
        let directory = disk::directory()?;
        let ours = Ours::start(directory.path(), Delivering::Acknowledging)?;
        ours.pace(PACE, lasts / 10)?;
        runs.push(ours.pace(PACE, lasts)?);
    }
    let figure =
        figure(name, &runs).with("p99.9_us", Sample::of(runs.iter().map(|run| run.wait_us(999))).median);
    Ok(figure.at_most("p50_us", 300.0).at_most("p99_us", 1_500.0))
}
