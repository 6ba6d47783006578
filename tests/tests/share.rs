//! Two destinations, one on hold until its share of the journal is full; then the process is killed and starts again. The
//! other one never misses an event, and nothing that was recorded for the one on hold is lost.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// How often it is killed, each time with the share used up.
const KILLS: usize = 4;

fn start(what: &str, dir: &Path) -> Child {
    let stderr = OpenOptions::new().create(true).append(true).open(dir.join("stderr")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_share"))
        .args([what, dir.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap()
}

/// Lets it record until the share is full and some hundred more events are acknowledged, then kills it. Answers with what
/// was acknowledged.
fn until_killed(dir: &Path, more: usize) -> BTreeSet<String> {
    let mut child = start("load", dir);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut acknowledged: BTreeSet<String> = lines.by_ref().take_while(|line| line != "full").collect();
    acknowledged.extend(lines.by_ref().take(more));
    child.kill().unwrap();
    // What it said before it died counts, but for a line that was cut.
    acknowledged.extend(lines.filter(|line| line.len() == 36));
    child.wait().unwrap();
    acknowledged
}

/// The ids in a file of JSON lines; repeats are allowed: a file recognises none.
fn ids(path: &Path, id: impl Fn(&serde_json::Value) -> Option<String>) -> BTreeSet<String> {
    let lines = BufReader::new(File::open(path).unwrap()).lines().map(Result::unwrap);
    lines.filter_map(|line| id(&serde_json::from_str(&line).ok()?)).collect()
}

#[test]
fn a_full_share_and_a_kill_cost_the_other_destination_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        acknowledged.extend(until_killed(dir.path(), 150 * kill));
    }
    assert!(start("drain", dir.path()).wait().unwrap().success());

    let recorded = |event: &serde_json::Value| Some(event["id"].as_str()?.to_owned());
    let held = ids(&dir.path().join("held.jsonl"), recorded);
    let running = ids(&dir.path().join("running.jsonl"), recorded);
    let refused = ids(&dir.path().join("stderr"), |line| {
        let about = line["reason"].as_str()?.contains("held.jsonl, whose share of the journal is used up");
        about.then(|| recorded(&line["event"]))?
    });
    assert!(refused.len() > 100, "only {} did not fit", refused.len());
    assert_eq!(acknowledged.difference(&running).count(), 0, "of {}", acknowledged.len());
    let lost = acknowledged.iter().filter(|id| !held.contains(*id) && !refused.contains(*id)).count();
    assert_eq!(lost, 0, "of {}", acknowledged.len());
    assert_eq!(held.intersection(&refused).count(), 0, "what was refused is not delivered as well");
}
