//! Every group runs and says what it measured. The figures themselves mean nothing here.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

/// What a figure can't be without one of.
const MEASURED: [&str; 6] =
    ["instructions", "ns", "allocations", "events_per_second", "bytes", "grown_bytes"];

/// The program, told to measure quickly and to put plots where nobody finds them.
fn bench(target: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lodger-bench"));
    command.args(arguments).args(["--quick", "--json"]).env("CARGO_TARGET_DIR", target.path());
    command
}

/// The objects that it printed, each with what every figure has.
fn figures(group: &str, output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{group}: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let figures: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for figure in &figures {
        assert_eq!(figure["group"], group);
        assert!(figure["name"].is_string(), "{figure}");
        assert_eq!(figure["peer"].is_string(), figure["ratio"].is_number(), "a ratio is to a peer: {figure}");
    }
    figures
}

fn run(group: &str) -> Vec<Value> {
    let target = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // Neither valgrind, which takes minutes, nor node: a peer that has to be fetched is no part of this.
    let output = bench(&target, &[group]).env("PATH", "").env_remove("LODGER_REQUIRE_ALL").output().unwrap();
    let figures = figures(group, &output);
    assert!(!figures.is_empty());
    for figure in &figures {
        assert!(MEASURED.iter().any(|member| figure[member].is_number()), "{figure}");
    }
    assert!(target.path().join(format!("bench/{group}.svg")).exists(), "its plot");
    figures
}

#[test]
fn journal_runs() {
    run("journal");
}

#[test]
fn delivery_runs() {
    run("delivery");
}

#[test]
fn store_runs() {
    run("store");
}

#[test]
fn memory_runs() {
    run("memory");
}

/// Under valgrind all of them take minutes here, so it is hidden from them.
#[test]
fn overhead_measures_ours_beside_the_floor_and_every_peer() {
    let target = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let output =
        bench(&target, &["overhead"]).env("PATH", "").env_remove("LODGER_REQUIRE_ALL").output().unwrap();
    let figures = figures("overhead", &output);
    let names: BTreeSet<&str> = figures.iter().map(|figure| figure["name"].as_str().unwrap()).collect();
    let layers =
        ["bare", "empty layer", "by hand", "audited", "not annotated", "logging", "sentry", "OpenTelemetry"];
    let expected =
        ["axum", "actix"].into_iter().flat_map(|app| layers.map(|layer| format!("{app} PUT: {layer}")));
    let others = ["axum PUT: request ids", "axum GET: not audited", "actix GET: not audited"];
    for name in expected.chain(others.map(str::to_owned)) {
        assert!(names.contains(name.as_str()), "{name} in {names:?}");
    }
    for figure in &figures {
        assert!(figure["ns"].as_f64() > Some(0.0) && figure["allocations"].as_f64() > Some(0.0), "{figure}");
        assert!(figure["instructions"].is_null(), "{figure}");
    }
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "valgrind is not installed: no instructions are counted\n");
}

#[test]
fn where_nothing_may_be_missing_a_missing_valgrind_is_an_error() {
    let target = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut bench = bench(&target, &["overhead", "--only", "axum GET: bare"]);
    let output = bench.env("PATH", "").env("LODGER_REQUIRE_ALL", "1").output().unwrap();
    assert!(!output.status.success());
}

#[test]
fn instructions_are_counted_thread_by_thread_and_kept_for_the_annotation() {
    let target = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let kept = target.path().join("kept");
    let mut bench = bench(&target, &["overhead", "--only", "axum PUT: bare", "--only", "axum PUT: by hand"]);
    let output = bench.arg("--keep").arg(&kept).output().unwrap();
    let figures = figures("overhead", &output);
    let [bare, by_hand] = figures.as_slice() else { panic!("{figures:?}") };
    if bare["instructions"].is_null() {
        eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    assert!(bare["instructions"].as_f64() > Some(1_000.0), "{bare}");
    assert_eq!(bare["other_threads_instructions"], 0);
    assert!(by_hand["other_threads_instructions"].as_f64() > Some(0.0), "{by_hand}");
    let over_bare = by_hand["instructions"].as_f64().unwrap() - bare["instructions"].as_f64().unwrap();
    assert!((by_hand["over_bare"].as_f64().unwrap() - over_bare).abs() <= 1.0, "{by_hand}");
    assert!(kept.join("overhead-axum-PUT--bare-01").exists());
}
