//! What an earlier client left on disk.

#![cfg(feature = "journal")]

use std::path::Path;

use super::*;
use crate::capture::{self, Captured, Class, Guarantee, Terms};
use crate::event::EventId;
use crate::pipeline::testing::{Act, Scripted, Seen};

fn open(journal: &Path, destination: &Scripted) -> Lodger {
    builder().destination(destination.clone()).journal_dir(journal).build().unwrap()
}

/// Drops the client as if its process had ended, and waits until its threads let go of the journal.
fn crash(lodger: Lodger) {
    let remains = lodger.pipeline().remains();
    drop(lodger);
    remains.wait_for_end();
}

/// What identifies a delivery: id, bytes, idempotency key.
fn identities(seen: &[Seen]) -> Vec<(EventId, Arc<[u8]>, String)> {
    let key = |seen: &Seen| serde_json::from_slice::<Event>(&seen.bytes).unwrap().idempotency_key;
    let mut identities: Vec<_> =
        seen.iter().map(|seen| (seen.id, Arc::clone(&seen.bytes), key(seen))).collect();
    identities.sort();
    identities.dedup();
    identities
}

#[test]
fn what_was_recorded_is_delivered_after_a_restart_with_the_same_id_bytes_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let down = Scripted::batched("d", 64, 1, |_| Act::Hang);
    let lodger = open(&journal, &down);
    let recorded = record_many(&lodger, 20);
    crash(lodger);
    let first_try = identities(&down.seen());
    assert!(!first_try.is_empty(), "it was tried, and nobody knows whether it arrived");

    let up = Scripted::new("d", |_| Act::Take);
    let lodger = open(&journal, &up);
    block_on(lodger.flush(LONG)).unwrap();
    let second_try = identities(&up.settled());
    assert_eq!(second_try.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), recorded);
    assert!(first_try.iter().all(|tried| second_try.contains(tried)));
    assert_eq!(lodger.stats().destinations[0].routed, 20);
    assert!(block_on(lodger.shutdown(LONG)).is_clean());
}

#[test]
fn what_was_only_enqueued_is_committed_by_the_last_drop() {
    let dir = tempfile::tempdir().unwrap();
    let lodger = open(dir.path(), &Scripted::new("d", |_| Act::Hang));
    enqueue_many(&lodger, 500);
    crash(lodger);
    let up = Scripted::batched("d", 64, 1, |_| Act::Take);
    let lodger = open(dir.path(), &up);
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!(up.settled().len(), 500);
}

#[test]
fn an_installed_client_ends_with_its_last_handle() {
    let dir = tempfile::tempdir().unwrap();
    let lodger = open(dir.path(), &Scripted::new("d", |_| Act::Hang));
    lodger.install();
    enqueue_many(&lodger, 5);
    crash(lodger);

    let orphans = capture::orphans();
    let terms = Terms { class: Class::Trusted, guarantee: Guarantee::Queued, place: None };
    capture::installed_or_orphanage().accept(Captured::of(event("a.b")), terms);
    assert!(capture::orphans() > orphans, "what comes later is printed and counted");
    let all = capture::orphans();

    let up = Scripted::new("d", |_| Act::Take);
    let lodger = open(dir.path(), &up);
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!(up.settled().len(), 5);
    assert!(lodger.stats().orphans >= all);
}

#[test]
fn what_was_delivered_is_not_delivered_again() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", |_| Act::Take);
    let lodger = open(dir.path(), &destination);
    block_on(lodger.event(event("a.b"))).unwrap();
    block_on(lodger.flush(LONG)).unwrap();
    crash(lodger);
    let lodger = open(dir.path(), &destination);
    block_on(lodger.event(event("c.d"))).unwrap();
    assert_eq!(destination.settled().len(), 2);
}

#[test]
fn the_first_event_of_a_writer_names_the_writer_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let down = Scripted::new("d", |_| Act::Hang);
    let lodger = open(dir.path(), &down);
    block_on(lodger.record(event("a.b"))).unwrap();
    block_on(lodger.record(event("a.b"))).unwrap();
    crash(lodger);

    let up = Scripted::new("d", |_| Act::Take);
    let lodger = open(dir.path(), &up);
    block_on(lodger.event(event("c.d"))).unwrap();
    block_on(lodger.event(event("e.f"))).unwrap();
    block_on(lodger.flush(LONG)).unwrap();
    let events: Vec<Event> =
        up.settled().iter().map(|seen| serde_json::from_slice(&seen.bytes).unwrap()).collect();
    let of = |action: &'static str| events.iter().filter(move |event| event.action == action);
    let last_before = of("a.b").map(|event| event.position.unwrap()).max_by_key(|position| position.sequence);
    let next = of("c.d").next().unwrap();
    assert_eq!(next.previous, last_before);
    assert_eq!(next.previous.unwrap().sequence, 2);
    assert_ne!(next.position.unwrap().writer, last_before.unwrap().writer);
    assert_eq!(next.position.unwrap().sequence, 1);
    assert_eq!(of("e.f").next().unwrap().previous, None);
}

#[test]
fn dead_letters_and_the_hash_key_outlive_the_client() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let lodger = open(dir.path(), &destination);
    let refused = event("a.b");
    let id = refused.id;
    assert_eq!(block_on(lodger.event(refused)).unwrap_err().kind(), "dead_letter");
    let hash = lodger.hash_key().hash("session", "s");
    crash(lodger);

    destination.follow(|_| Act::Take);
    let lodger = open(dir.path(), &destination);
    block_on(lodger.flush(LONG)).unwrap();
    let letters = lodger.dead_letters().unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].to_event().unwrap().id, letters[0].status), (id, Some(422)));
    assert_eq!(destination.settled().len(), 0, "a dead letter is not delivered again");
    assert_eq!(lodger.hash_key().hash("session", "s"), hash);
}

#[test]
fn another_destination_gets_nothing_of_what_was_left_for_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let lodger = open(dir.path(), &Scripted::new("first", |_| Act::Hang));
    block_on(lodger.record(event("a.b"))).unwrap();
    crash(lodger);
    let second = Scripted::new("second", |_| Act::Take);
    let lodger = open(dir.path(), &second);
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!(second.seen(), []);
    assert!(!lodger.recovery().is_clean(), "and it is said that something stays behind");
    block_on(lodger.shutdown(LONG));
}

#[test]
fn dropping_the_last_handle_on_a_runtime_does_not_block_it() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", |_| Act::Hang);
    let lodger = open(dir.path(), &destination);
    let remains = lodger.pipeline().remains();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async move {
        lodger.enqueue(event("a.b")).unwrap();
        drop(lodger);
    });
    remains.wait_for_end();
    let up = Scripted::new("d", |_| Act::Take);
    let lodger = open(dir.path(), &up);
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!(up.settled().len(), 1);
}
