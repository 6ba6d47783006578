//! Stopped under load by SIGTERM and SIGINT: the quickstarts, and the services that `docs/deploy.md` shows.
//!
//! A stop is not a crash: what was acknowledged is at its destination when the process ends, without another start.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

mod quickstart;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use lodger_tests::crash::{Clients, Recording, Report, Setup, Told, Weather, stored};
use quickstart::Busy;
use rustix::process::{Pid, Signal, kill_process};

/// Enough requests for the server to be busy.
const BUSY: u64 = 200;

const AXUM: &str = env!("CARGO_BIN_EXE_graceful");
const ACTIX: &str = env!("CARGO_BIN_EXE_graceful-actix");

#[test]
fn the_quickstart_on_axum_stops_on_either_signal() {
    stops_on_either_signal(env!("CARGO_BIN_EXE_quickstart"));
}

#[test]
fn the_quickstart_on_actix_stops_on_either_signal() {
    stops_on_either_signal(env!("CARGO_BIN_EXE_quickstart-actix"));
}

fn stops_on_either_signal(program: &str) {
    for signal in [Signal::TERM, Signal::INT] {
        let data = tempfile::tempdir().unwrap();
        let mut busy = Busy::start(program, data.path(), "stop");
        kill_process(Pid::from_child(&busy.child), signal).unwrap();
        let status = busy.child.wait().unwrap();
        assert!(status.success(), "{signal:?}: {status}");
        let acknowledged = busy.end();
        let stored = quickstart::stored(data.path());
        let wrong: Vec<_> = acknowledged.iter().filter(|id| stored.get(*id) != Some(&1)).collect();
        assert!(wrong.is_empty(), "of {} acknowledged, not there once: {wrong:?}", acknowledged.len());
    }
}

#[test]
fn axum_delivers_everything_before_it_ends() {
    delivers_everything(AXUM, Signal::TERM);
    delivers_everything(AXUM, Signal::INT);
}

#[test]
fn actix_delivers_everything_before_it_ends() {
    delivers_everything(ACTIX, Signal::TERM);
    delivers_everything(ACTIX, Signal::INT);
}

fn delivers_everything(program: &str, signal: Signal) {
    let data = tempfile::tempdir().unwrap();
    let recording = Recording::start();
    let setup = setup(program, data.path(), &recording);
    let mut server = setup.start(&[]);
    let mut clients = Clients::start(server.address(), "stop", None);
    clients.wait_for(BUSY);
    server.signal(signal);
    let status = server.end();
    assert!(status.success(), "{status}");
    let told = clients.end();
    let stored = stored(&setup.store());
    let report = recording.read(|arrivals| Report::new(0, &told, false, &stored, arrivals));
    assert!(report.broken.is_empty(), "{:#?}", report.broken);
}

#[test]
fn axum_ends_in_time_whatever_hangs_and_keeps_the_rest() {
    ends_in_time(AXUM);
}

#[test]
fn actix_ends_in_time_whatever_hangs_and_keeps_the_rest() {
    ends_in_time(ACTIX);
}

/// One client never sends its body, and one destination never answers: each is waited for a second, as told.
fn ends_in_time(program: &str) {
    let data = tempfile::tempdir().unwrap();
    let recording = Recording::start();
    recording.set(Weather::Hanging);
    let setup = setup(program, data.path(), &recording);
    let mut server = setup.start(&[]);
    let address = server.address();
    let mut slow = TcpStream::connect(address).unwrap();
    let head = "POST /orders/slow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n";
    slow.write_all(head.as_bytes()).unwrap();
    let mut clients = Clients::start(address, "stop", None);
    clients.wait_for(BUSY);

    let asked = Instant::now();
    server.signal(Signal::TERM);
    let status = server.end();
    let took = asked.elapsed();
    assert!(status.success(), "{status}");
    assert!(took <= Duration::from_secs(2 + 1), "the deadline is two seconds; it took {took:?}");
    assert_eq!(slow.read(&mut [0; 100]).unwrap_or(0), 0, "the slow request got an answer");

    let mut told = clients.end();
    told.push(Told { order: "slow".to_owned(), status: None, delivered: false });
    recording.set(Weather::Fair);
    let mut next = setup.start(&[]);
    next.address();
    next.signal(Signal::TERM);
    assert!(next.end().success());
    let stored = stored(&setup.store());
    let report = recording.read(|arrivals| Report::new(0, &told, false, &stored, arrivals));
    assert!(report.broken.is_empty(), "{:#?}", report.broken);
}

/// The page may leave lines out, and has none of its own.
#[test]
fn what_the_page_shows_is_what_is_tested_here() {
    let page = include_str!("../../docs/deploy.md");
    let mut blocks = page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next());
    let shown = [
        include_str!("../src/stop.rs"),
        include_str!("../src/bin/graceful.rs"),
        include_str!("../src/bin/graceful-actix.rs"),
    ];
    for program in shown {
        let mut lines = program.lines();
        for line in blocks.next().unwrap().lines() {
            assert!(lines.any(|other| other == line), "not in the program, or not there: {line}");
        }
    }
}

fn setup(program: &str, data: &Path, recording: &Recording) -> Setup {
    Setup::new(Path::new(program), data)
        .sending_to(recording.address())
        .with("LISTEN", "127.0.0.1:0")
        .with("STOP_REQUESTS_SECONDS", "1")
        .with("STOP_DELIVERY_SECONDS", "1")
}
