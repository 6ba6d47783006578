//! What the crates cost, beside what people run today and beside the floor, in the same run:
//! `cargo run --release -p lodger-bench -- overhead [--json]`. How to read it: `docs/performance.md`.
//!
//! | group | what it measures |
//! | --- | --- |
//! | `overhead` | what the layer adds to a request, beside request logging, request ids, error tracking and spans |
//! | `journal` | `record()` until it is on disk, beside an append with fdatasync, redb and SQLite |
//! | `delivery` | recorded to acknowledged, beside other SDKs |
//! | `store` | appending to the embedded store, its queries, verifying it |
//! | `memory` | what a queued event holds, and the process in a long outage |
//! | `all` | these five |
//! | `compile` | debug build, binary and futures of 300 annotated handlers, beside plain ones and `#[instrument]` |
//!
//! Every figure is a median over rounds in which the variants take turns, so that a busy machine is busy for all, or
//! a count that no other program can change: instructions and allocations.

mod allocations;
mod callgrind;
mod compile;
mod delivery;
mod document;
mod journal;
mod memory;
mod options;
mod overhead;
mod report;
mod rounds;
mod store;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::options::Options;
use crate::report::Report;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

#[derive(Debug, Parser)]
#[command(about = "What the crates cost, measured beside their peers in the same run")]
struct Arguments {
    /// What to measure
    group: Group,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// What the layer adds to a request
    Overhead,
    /// Recording until it is on disk
    Journal,
    /// Recorded to acknowledged
    Delivery,
    /// The embedded store
    Store,
    /// What queued events hold
    Memory,
    /// What the attribute costs the compiler
    Compile,
    /// Everything but compile, which builds programs
    All,
}

impl Group {
    const ALL: [Self; 5] = [Self::Overhead, Self::Journal, Self::Delivery, Self::Store, Self::Memory];

    fn measure(self, options: &Options) -> Result<Vec<Report>, String> {
        let report = match self {
            Self::Overhead => overhead::measure(options),
            Self::Journal => journal::measure(options),
            Self::Delivery => delivery::measure(options),
            Self::Store => store::measure(options),
            Self::Memory => memory::measure(options),
            Self::Compile => compile::measure(options),
            Self::All => {
                let reports = Self::ALL.into_iter().map(|group| group.measure(options));
                return Ok(reports.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect());
            }
        };
        Ok(vec![report?])
    }
}

fn main() -> ExitCode {
    let Arguments { group, options } = Arguments::parse();
    match group.measure(&options).and_then(|reports| publish(&reports, &options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => complain(&problem),
    }
}

/// Says what was measured, plots it, and puts it into a document where one is named. Of a run that callgrind counts,
/// nothing is said.
fn publish(reports: &[Report], options: &Options) -> Result<(), String> {
    if options.counted().is_some() {
        return Ok(());
    }
    for report in reports {
        say(report, options.json);
        report.plot()?;
    }
    options.into.as_deref().map_or(Ok(()), |document| document::fill(document, reports))
}

#[expect(clippy::print_stdout, reason = "a program's output")]
fn say(report: &Report, json: bool) {
    if json { print!("{}", report.lines()) } else { println!("{report}") }
}

#[expect(clippy::print_stderr, reason = "a program's complaint")]
fn complain(problem: &str) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::FAILURE
}
