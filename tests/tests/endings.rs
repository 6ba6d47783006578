//! How a process can end without a shutdown, and what is kept of what it acknowledged: everything, each time.
//!
//! | ending | kept | may be lost |
//! | --- | --- | --- |
//! | the runtime is dropped | all that was acknowledged, and it is delivered by the client's own threads | nothing |
//! | `main` returns while requests run | all that was acknowledged, and what was queued, up to a commit of 2 s where the last handle is dropped off a runtime | events queued in the last milliseconds |
//! | `process::exit`, `abort`, a panic with `panic = "abort"` | all that was acknowledged | events queued in the last milliseconds; the event of a change whose handler was still running |
//! | the last handle is dropped off a runtime | all that was queued | nothing, unless the disk takes longer than 2 s |
//! | the last handle is dropped on a runtime, and the process ends at once | all that was acknowledged | events queued in the last milliseconds |
//! | fork, while requests run | in the parent everything; the child is refused each event, with an error that says so, and delivers nothing | nothing |
//! | a forked child outlives its parent | all that was acknowledged; the journal's lock is the child's too, so it is adopted when that has ended | nothing |
//!
//! Delivered is what is left by the next start. SIGTERM is no such ending: `examples/tests/stopped.rs`.
//! `panic = "abort"` is played by a panic hook that aborts, which is what that setting compiles to: the hook runs, then
//! the process aborts without unwinding, so that no destructor speaks.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use lodger_tests::crash::{Clients, Recording, Report, Setup, Told, Weather, stored};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Enough requests for the server to be busy.
const BUSY: u64 = 200;

const SIGABRT: i32 = 6;

/// Each of them recorded before, and each only queued (`src/bin/endings.rs`).
const RECORDED: u64 = 50;
const QUEUED: u64 = 1_000;

#[test]
fn process_exit_loses_nothing_that_was_acknowledged() {
    let exited = |status: ExitStatus| status.success();
    loses_nothing("exit", "axum", exited);
    loses_nothing("exit", "actix", exited);
}

#[test]
fn abort_loses_nothing_that_was_acknowledged() {
    let aborted = |status: ExitStatus| status.signal() == Some(SIGABRT);
    loses_nothing("abort", "axum", aborted);
    loses_nothing("abort", "actix", aborted);
}

#[test]
fn a_panic_that_aborts_loses_nothing_that_was_acknowledged() {
    let aborted = |status: ExitStatus| status.signal() == Some(SIGABRT);
    loses_nothing("panic", "axum", aborted);
    loses_nothing("panic", "actix", aborted);
}

#[test]
fn a_main_that_returns_while_requests_run_loses_nothing_that_was_acknowledged() {
    let returned = |status: ExitStatus| status.success();
    loses_nothing("return", "axum", returned);
    loses_nothing("return", "actix", returned);
}

#[test]
fn a_dropped_runtime_stops_no_delivery() {
    for framework in ["axum", "actix"] {
        let (data, recording) = (tempfile::tempdir().unwrap(), Recording::start());
        let setup = setup(&data, &recording);
        let mut server = setup.start(&["runtime", framework]);
        let mut clients = Clients::start(server.address(), framework, None);
        clients.wait_for(BUSY);
        server.nudge();
        assert_eq!(server.line(), "delivered");
        assert!(server.end().success());
        let told = clients.end();
        // Without another start.
        assert_sound(framework, &told, &setup, &recording);
    }
}

#[test]
fn the_last_handle_dropped_off_a_runtime_commits_what_was_queued() {
    let stored = after("drop");
    assert_eq!(stored.len() as u64, QUEUED);
    assert!(stored.values().all(|times| *times == 1), "{stored:?}");
}

#[test]
fn the_last_handle_dropped_on_a_runtime_keeps_what_was_recorded() {
    let stored = after("drop-on-runtime");
    let lost: Vec<u64> = (0..RECORDED).filter(|number| !stored.contains_key(&number.to_string())).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(stored.values().all(|times| *times == 1), "{stored:?}");
}

/// How often the busy server is forked.
const FORKS: usize = 20;

#[test]
fn a_fork_under_load_loses_nothing_and_its_child_is_refused() {
    let (data, recording) = (tempfile::tempdir().unwrap(), Recording::start());
    let setup = setup(&data, &recording);
    let mut server = setup.start(&["fork"]);
    let mut clients = Clients::start(server.address(), "fork", None);
    clients.wait_for(BUSY);
    for _ in 0..FORKS {
        server.nudge();
        assert_eq!(server.line(), "refused");
        clients.wait_for(20);
    }
    server.kill();
    let told = clients.end();
    drain(&data, &recording);
    assert_sound("fork", &told, &setup, &recording);
}

#[test]
fn what_a_forked_child_holds_is_adopted_when_it_has_ended_and_not_before() {
    let (data, recording) = (tempfile::tempdir().unwrap(), Recording::start());
    recording.set(Weather::Hanging);
    let setup = setup(&data, &recording);
    let mut server = setup.start(&["fork-stays"]);
    let child = Pid::from_raw(server.line().parse().unwrap()).unwrap();
    let mut clients = Clients::start(server.address(), "fork", None);
    clients.wait_for(BUSY);
    server.kill();
    let told = clients.end();
    recording.set(Weather::Fair);
    drain(&data, &recording);
    assert!(recording.read(|arrivals| arrivals.orders.is_empty()), "the child's journal was adopted");

    kill_process(child, Signal::KILL).unwrap();
    // Its end is not ours to wait for: the start that finds the lock free is the one that counts.
    while recording.read(|arrivals| arrivals.orders.is_empty()) {
        drain(&data, &recording);
    }
    assert_sound("fork", &told, &setup, &recording);
}

fn assert_sound(what: &str, told: &[Told], setup: &Setup, recording: &Recording) {
    let stored = stored(&setup.store());
    let report = recording.read(|arrivals| Report::new(0, told, false, &stored, arrivals));
    assert!(report.broken.is_empty(), "{what}: {:#?}", report.broken);
}

/// Ends a server under load, starts another process that delivers what is left, and counts.
fn loses_nothing(way: &str, framework: &str, expected: impl Fn(ExitStatus) -> bool) {
    let (data, recording) = (tempfile::tempdir().unwrap(), Recording::start());
    let setup = setup(&data, &recording);
    let mut server = setup.start(&[way, framework]);
    let mut clients = Clients::start(server.address(), framework, None);
    clients.wait_for(BUSY);
    server.nudge();
    let status = server.end();
    assert!(expected(status), "{way}, {framework}: {status}");
    let told = clients.end();
    drain(&data, &recording);
    assert_sound(&format!("{way}, {framework}"), &told, &setup, &recording);
}

/// What the store has after a process that records by itself, and another one.
fn after(way: &str) -> HashMap<String, u64> {
    let (data, recording) = (tempfile::tempdir().unwrap(), Recording::start());
    let setup = setup(&data, &recording);
    let status = setup.start(&[way]).end();
    assert!(status.success(), "{status}");
    drain(&data, &recording);
    stored(&setup.store())
}

fn drain(data: &TempDir, recording: &Recording) {
    let drain = Setup::new(Path::new(env!("CARGO_BIN_EXE_crash")), data.path());
    let status = drain.sending_to(recording.address()).start(&["drain"]).end();
    assert!(status.success(), "what was left could not be delivered: {status}");
}

fn setup(data: &TempDir, recording: &Recording) -> Setup {
    Setup::new(Path::new(env!("CARGO_BIN_EXE_endings")), data.path()).sending_to(recording.address())
}
