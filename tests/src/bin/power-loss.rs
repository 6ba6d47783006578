//! Cuts the power of a disk again and again, and prints one line of JSON about what was lost:
//! `cargo run --release -p lodger-tests --bin power-loss -- --runs 200`.
//!
//! Needs root, loop devices and e2fsprogs. With `--control` no sync does anything (which needs strace): then something
//! must be lost, or the program would prove nothing.

use std::process::ExitCode;

use clap::Parser;
use lodger_tests::disk::{power_loss, recorder};

#[derive(Debug, Parser)]
struct Options {
    /// How many runs, each with a fresh disk and two power losses.
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// No sync does anything: events must be lost.
    #[arg(long)]
    control: bool,
}

#[expect(clippy::print_stdout, reason = "it is a program")]
fn main() -> ExitCode {
    // It is its own recorder, so that one command builds all that it needs.
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("recorder").is_some() {
        recorder::main(arguments);
        return ExitCode::SUCCESS;
    }
    let Options { runs, control } = Options::parse();
    let Ok(program) = std::env::current_exe() else { return ExitCode::FAILURE };
    let totals = power_loss::run(&[program, "recorder".into()], runs, !control);
    println!("{}", serde_json::json!(totals));
    let sound = totals.lost == 0 && totals.duplicated == 0;
    if sound != control { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
