//! What the crates cost, beside what they are compared with, in the same run:
//! `cargo run --release -p lodger-bench -- compile [--json]`.
//!
//! | group | what it measures |
//! | --- | --- |
//! | `compile` | debug build, binary and futures of 300 annotated handlers, beside plain ones and `#[instrument]` |
//!
//! Every figure is a median over rounds in which the variants take turns, so that a busy machine is busy for all.

mod compile;
mod report;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::report::Report;

#[derive(Debug, Parser)]
#[command(about = "What the crates cost, measured beside their peers in the same run")]
struct Arguments {
    /// What to measure
    group: Group,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
    /// How often everything is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Group {
    /// What the attribute costs the compiler
    Compile,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let measured = match arguments.group {
        Group::Compile => compile::measure(arguments.rounds.max(1)),
    };
    match measured {
        Ok(report) => {
            say(&report, arguments.json);
            ExitCode::SUCCESS
        }
        Err(problem) => complain(&problem),
    }
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
