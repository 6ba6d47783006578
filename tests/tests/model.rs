//! Intake, permits and shutdown under schedules that a machine by itself would seldom find: the short form of
//! `cargo run --release -p lodger-tests --bin model -- --schedules 100000`.

use std::process::Command;

#[test]
fn no_schedule_loses_an_event_a_place_a_permit_or_a_wake_up() {
    let run = Command::new(env!("CARGO_BIN_EXE_model")).args(["--schedules", "500"]).output().unwrap();
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(text.lines().count(), 6, "{text}");
}
