//! Fills the journal's disk, and prints one line of JSON about what became of the events:
//! `cargo run --release -p lodger-tests --bin disk-full`.
//!
//! Needs root, loop devices and e2fsprogs.

use std::process::ExitCode;

use lodger_tests::disk::{disk_full, recorder};

#[expect(clippy::print_stdout, reason = "it is a program")]
fn main() -> ExitCode {
    // It is its own recorder, so that one command builds all that it needs.
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("recorder").is_some() {
        recorder::main(arguments);
        return ExitCode::SUCCESS;
    }
    let Ok(program) = std::env::current_exe() else { return ExitCode::FAILURE };
    let report = disk_full::run(&[program, "recorder".into()]);
    println!("{}", serde_json::json!(report));
    let soon = report.resumed_after_delivery_ms.max(report.resumed_after_room_ms) <= 5_000;
    if report.lost == 0 && report.invented == 0 && soon { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
