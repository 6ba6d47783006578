//! A destination that is down for a day: memory stays flat, and everything arrives once. The full form is
//! `cargo run --release -p lodger-tests --bin outage`.

use lodger_tests::live::Counting;
use lodger_tests::outage::{Day, FLAT, day};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[tokio::test]
async fn a_day_without_the_destination_costs_no_memory_and_no_event() {
    let dir = tempfile::tempdir().expect("a directory");
    let day = day(50_000, dir.path()).await;
    // A day of backoffs of up to a minute, thirty seconds in the mean.
    assert!((2_000..4_000).contains(&day.tries), "{day:?}");
    assert!(day.grown < FLAT, "{day:?}");
    let Day { recorded, arrived, doubled, delivered, dead, .. } = day;
    assert_eq!((recorded, arrived, doubled, delivered, dead), (50_000, 50_000, 0, 50_000, 0));
}
