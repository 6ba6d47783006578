//! Stores and events for this crate's tests.

use lodger_core::event::{Actor, Event, Target};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{Receipt, Store};

/// A fresh store. Keep the directory alive.
pub(crate) fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("audit")).unwrap();
    (dir, store)
}

/// An event of Ada's about invoice 7.
pub(crate) fn event(action: &'static str) -> Event {
    Event::builder(action).actor(Actor::user("ada")).target(Target::new("invoice", 7)).build().unwrap()
}

/// Appends one event that must be new.
pub(crate) fn append(store: &Store, event: &Event) -> Receipt {
    append_bytes(store, &event.to_canonical_json().unwrap())
}

/// Appends one event that must be new.
pub(crate) fn append_bytes(store: &Store, bytes: &[u8]) -> Receipt {
    let answers = store.append(&[bytes]).unwrap();
    let appended = answers.into_iter().next().unwrap().unwrap();
    assert!(!appended.repeated);
    appended.receipt
}

/// A connection past this crate, which may do anything, also what the triggers forbid.
pub(crate) fn vandal(store: &Store) -> Connection {
    let connection = Connection::open(store.dir().join("events.db")).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER IF EXISTS entries_are_not_changed; DROP TRIGGER IF EXISTS entries_are_not_deleted;",
        )
        .unwrap();
    connection
}
