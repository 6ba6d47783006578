//! The quickstarts under SIGKILL: each is killed ten times at random moments under load, over the same data, and
//! afterwards its store is read. What a client got a 201 for is there, and nothing is there twice.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

mod quickstart;

use std::path::Path;
use std::thread;
use std::time::Duration;

use lodger_tests::crash::up_to;
use quickstart::{Busy, quickstart, stored};

const KILLS: usize = 10;

#[test]
fn the_quickstart_on_axum_loses_nothing_that_it_acknowledged() {
    loses_nothing(env!("CARGO_BIN_EXE_quickstart"));
}

#[test]
fn the_quickstart_on_actix_loses_nothing_that_it_acknowledged() {
    loses_nothing(env!("CARGO_BIN_EXE_quickstart-actix"));
}

fn loses_nothing(program: &str) {
    let data = tempfile::tempdir().unwrap();
    let acknowledged: Vec<String> =
        (0..KILLS).flat_map(|round| until_killed(program, data.path(), round)).collect();
    // The next start delivers what the dead left, and waits for it before it shows its own events.
    assert!(quickstart(program, data.path()).arg("--once").status().unwrap().success());

    let stored = stored(data.path());
    let wrong: Vec<_> = acknowledged.iter().filter(|id| stored.get(*id) != Some(&1)).collect();
    assert!(wrong.is_empty(), "of {} acknowledged, lost or doubled: {wrong:?}", acknowledged.len());
    let doubled: Vec<_> = stored.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "more than once: {doubled:?}");
    // Without this, a service that acknowledges nothing would pass.
    assert!(acknowledged.len() >= KILLS, "only {} requests were acknowledged", acknowledged.len());
}

/// Starts the quickstart, loads it, kills it after a random time, and says what it acknowledged.
fn until_killed(program: &str, data: &Path, round: usize) -> Vec<String> {
    let mut busy = Busy::start(program, data, &round.to_string());
    thread::sleep(up_to(Duration::from_millis(200)));
    busy.child.kill().unwrap();
    busy.child.wait().unwrap();
    busy.end()
}
