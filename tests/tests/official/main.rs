//! The official clients of hosted services and ours, side by side: the same calls go to one recording server, and what
//! arrives there is compared: method, path, query, protocol headers, body.
//!
//! What we do otherwise on purpose stands in a table with its reason, and has to be so. Where an official client can't be
//! had, its test says so and does nothing; with `LODGER_REQUIRE_ALL=1`, as in CI, that is a failure.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod auditledge;
mod cases;
mod compare;
mod lodger;
#[path = "../../../lodger-core/tests/loopback/mod.rs"]
mod loopback;
mod wire;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use cases::Case;
use compare::compare;
use loopback::{Loopback, Recorded, Reply, Step};

/// The recording server, at which each case has a base of its own: its number is the first segment of the path.
async fn server(answer: impl Fn(&Recorded) -> Reply + Send + 'static) -> Loopback {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(move |request| Step::Reply(answer(request)));
    server
}

/// What each case put on the wire, and what became of it.
#[derive(Debug)]
struct Made {
    wire: Value,
    outcome: String,
}

/// Has the official client make the calls: a program that gets its entry, the server's address, and the cases on stdin,
/// and prints one text a case: `ok` or the error.
fn official(interpreter: &str, script: &str, entry: &Path, cases: &[Case], server: &Loopback) -> Vec<Made> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/official").join(script);
    let mut command = Command::new(interpreter);
    command.arg(script).arg(entry).arg(server.base()).stdin(Stdio::piped()).stdout(Stdio::piped());
    // The recording server goes on meanwhile.
    let output = tokio::task::block_in_place(|| {
        let mut child = command.spawn().unwrap();
        let calls = Value::from_iter(cases.iter().map(Case::json)).to_string();
        child.stdin.take().unwrap().write_all(calls.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{interpreter}: {}", output.status);
    let outcomes: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    made(cases, server, outcomes)
}

/// Sorts what arrived by case.
fn made(cases: &[Case], server: &Loopback, outcomes: Vec<String>) -> Vec<Made> {
    assert_eq!(outcomes.len(), cases.len());
    let requests = server.requests();
    let of_case = |number: usize| wire::of_case(&requests, number);
    outcomes
        .into_iter()
        .enumerate()
        .map(|(number, outcome)| Made { wire: of_case(number), outcome })
        .collect()
}
