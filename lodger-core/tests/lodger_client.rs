//! A whole client that delivers to the Lodger API: killed after the service stored an event, and with another key.

#![cfg(all(feature = "http", feature = "journal"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::client::ReplaceKeyError;
use lodger_core::destination::{Identity, LodgerDestination, MemoryDestination};
use lodger_core::event::{Actor, Event, Target};
use lodger_core::service::lodger::LodgerApi;
use serde_json::json;

use loopback::{Loopback, Recorded, Reply, Step};

const CANARY: &str = "lodger_sk_canary_5d41402abc4b2a76";

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn destination(base: &str) -> LodgerDestination {
    LodgerDestination::new(
        LodgerApi::builder("org_1", "core").api_key("lodger_sk_1").api_base(base).build().unwrap(),
    )
}

fn accepted() -> Step {
    Step::Reply(Reply::json(202, &json!({"accepted": true, "receipt": "rcpt_1"})))
}

fn event(number: u64) -> Event {
    let event =
        Event::builder("invoice.update").actor(Actor::user("ada")).target(Target::new("invoice", number));
    event.build().unwrap()
}

/// Not a test of its own: the process that [`what_a_killed_process_sent_is_sent_again_byte_for_byte`] kills.
#[tokio::test]
async fn the_process_to_be_killed() {
    let (Ok(base), Ok(journal)) = (std::env::var("KILLED_BASE"), std::env::var("KILLED_JOURNAL")) else {
        return;
    };
    let lodger =
        Lodger::builder().destination(destination(&base)).journal_dir(Path::new(&journal)).build().unwrap();
    for number in 0..20 {
        lodger.record(event(number)).await.unwrap();
    }
    std::future::pending::<()>().await;
}

/// Bodies by idempotency key: what a service that hashes bodies compares.
fn by_key(requests: &[Recorded]) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
    let mut bodies: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for request in requests {
        bodies.entry(request.headers["idempotency-key"].clone()).or_default().insert(request.body.clone());
    }
    bodies
}

#[tokio::test]
async fn what_a_killed_process_sent_is_sent_again_byte_for_byte() {
    let journal = tempfile::tempdir().unwrap();
    // The service stores what it gets, and no answer ever arrives.
    let server = Loopback::start(Step::Hang).await;
    let mut killed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_process_to_be_killed"])
        .env("KILLED_BASE", server.base())
        .env("KILLED_JOURNAL", journal.path().join("journal"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let stored = tokio::time::timeout(LONG, server.wait_for(20)).await.unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();

    server.script([accepted()]);
    let lodger = Lodger::builder()
        .destination(destination(&server.base()))
        .journal_dir(journal.path().join("journal"))
        .build()
        .unwrap();
    lodger.flush(LONG).await.unwrap();
    let requests = server.requests();
    assert_eq!((stored.len(), requests.len()), (20, 40));
    let bodies = by_key(&requests);
    assert_eq!(bodies.len(), 20, "an event keeps its key");
    assert!(
        bodies.values().all(|bodies| bodies.len() == 1),
        "one body under one key, or the service says 409"
    );
    let headers = |requests: &[Recorded]| -> BTreeSet<BTreeMap<String, String>> {
        requests.iter().map(Recorded::protocol_headers).collect()
    };
    assert_eq!(headers(&requests[..20]), headers(&requests[20..]));
}

#[tokio::test]
async fn another_key_is_tried_at_once() {
    let server = Loopback::replying(Reply::json(401, &json!({"error": "unauthorized"}))).await;
    let lodger =
        Lodger::builder().destination(destination(&server.base())).in_memory_journal().build().unwrap();
    let there = lodger.stats().destinations[0].destination.clone();
    lodger.record(event(1)).await.unwrap();
    server.wait_for(1).await;
    while lodger.stats().destinations[0].last_error.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.script([accepted()]);
    lodger.replace_api_key(&there, CANARY).unwrap();
    // The next probe would be a minute later.
    lodger.flush(Duration::from_secs(30)).await.unwrap();
    let keys: Vec<String> =
        server.requests().iter().map(|request| request.headers["authorization"].clone()).collect();
    assert_eq!(keys, ["Bearer lodger_sk_1".to_owned(), format!("Bearer {CANARY}")]);
    assert!(!format!("{lodger:?}{:?}", lodger.stats()).contains(CANARY));
}

#[tokio::test]
async fn a_key_that_is_not_taken_is_not_told() {
    let server = Loopback::start(accepted()).await;
    let lodger = Lodger::builder()
        .destination(destination(&server.base()))
        .destination(MemoryDestination::named("m"))
        .in_memory_journal()
        .build()
        .unwrap();
    let there = lodger.stats().destinations[0].destination.clone();
    let split = lodger.replace_api_key(&there, format!("{CANARY}\r\nx: y")).unwrap_err();
    let keyless = lodger.replace_api_key(&Identity::new("memory", "m"), CANARY).unwrap_err();
    let unknown = lodger.replace_api_key(&Identity::new("memory", "n"), CANARY).unwrap_err();
    assert!(matches!(split, ReplaceKeyError::Refused(_)), "{split:?}");
    assert_eq!(keyless.to_string(), "this destination has no API key");
    assert!(unknown.to_string().contains("it delivers to lodger:http://127.0.0.1:"), "{unknown}");
    for error in [split, keyless, unknown] {
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    }
    lodger.event(event(1)).await.unwrap();
    assert_eq!(server.requests()[0].headers["authorization"], "Bearer lodger_sk_1");
}
