//! A destination that is down for 24 hours while 1,000,000 events (or so many as are given) are recorded:
//! `cargo run --release -p lodger-tests --bin outage`. Prints what the day was like, and ends with 1 unless memory stayed
//! flat and every event arrived once.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program whose results are read by people")]

use std::process::ExitCode;

use lodger_tests::live::Counting;
use lodger_tests::outage::{FLAT, day};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[tokio::main]
async fn main() -> ExitCode {
    let events = std::env::args().nth(1).map_or(Ok(1_000_000), |events| events.parse());
    let (Ok(events), Ok(dir)) = (events, tempfile::tempdir()) else {
        eprintln!("usage: outage [EVENTS], with room for a journal in the directory of temporary files");
        return ExitCode::from(2);
    };
    let day = day(events, dir.path()).await;
    println!("{day:?}");
    let good = day.arrived == events && day.delivered == events && (day.doubled, day.dead) == (0, 0);
    ExitCode::from(u8::from(!good || day.grown > FLAT))
}
