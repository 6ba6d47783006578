//! The format is what `docs/store-format.md` says: a verifier that shares no code with this crate agrees.

#![expect(clippy::unwrap_used, reason = "a test, also outside its function")]

use std::process::{Command, Output};

use lodger_core::event::{Actor, Change, Event, RequestInfo, Target};
use lodger_store::Store;
use serde_json::json;

const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verifier.py");

fn events() -> Vec<Event> {
    let mut full = Event::builder("invoice.update")
        .actor(
            Actor::user("ada").name("Ada \u{2028} \"L\"").on_behalf_of(Actor::service("bot")).tenant("acme"),
        )
        .target(Target::new("invoice", 7).name("INV-7"))
        .related(Target::new("customer", "c1"))
        .description("für Ünë\n\u{1f}")
        .reason("asked")
        .change(Change::new("/amount", Some(json!(0.1)), Some(json!(1e21))))
        .personal("a/b~c", json!({"street": [1, -2.5e-7, null, true]}))
        .metadata("plan", 0.300_000_000_000_000_04)
        .build()
        .unwrap();
    let mut request = RequestInfo::default();
    request.ip = Some("2001:db8::7".parse().unwrap());
    request.user_agent = Some("curl/8".into());
    full.request = Some(request);
    let bare = Event::builder("nightly").build().unwrap();
    vec![full, bare]
}

fn verifier(store: &Store) -> Output {
    Command::new("python3").arg(VERIFIER).arg(store.dir().join("events.db")).output().unwrap()
}

#[test]
fn an_independent_verifier_agrees_and_sees_a_change() {
    let probe = Command::new("python3")
        .args(["-c", "import sqlite3; assert sqlite3.sqlite_version_info >= (3, 37)"])
        .output();
    // STRICT tables need SQLite 3.37 on the Python side.
    if !probe.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var("LODGER_REQUIRE_ALL").as_deref() != Ok("1"),
            "python3 with SQLite 3.37 or later is needed"
        );
        println!("skipped: no python3 with SQLite 3.37 or later here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("audit")).unwrap();
    for event in events() {
        assert!(store.append(&[event.to_canonical_json().unwrap()]).unwrap()[0].is_ok());
    }
    let head = store.head().unwrap().unwrap();
    let output = verifier(&store);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text, format!("default 2 {}\n", head.hash), "{}", String::from_utf8_lossy(&output.stderr));

    let vandal = rusqlite::Connection::open(store.dir().join("events.db")).unwrap();
    vandal
        .execute_batch(
            "DROP TRIGGER entries_are_not_changed;
             UPDATE entries SET event = replace(event, 'nightly', 'daily') WHERE sequence = 2;",
        )
        .unwrap();
    let output = verifier(&store);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "default 2: event_hash\n");
    assert_eq!(output.status.code(), Some(1));
}
