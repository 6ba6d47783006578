//! A journal looked at from outside.

use super::*;
use crate::journal::{InspectedWriter, inspect, record, segment};

fn identities() -> [Identity; 2] {
    [Identity::new("one", ""), Identity::new("two", "")]
}

#[test]
fn what_is_pending_is_seen_beside_a_live_writer_and_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut opened = open(&JournalConfig::at(dir.path()), &identities()).unwrap();
    for routes in [Routes::all(2), Routes::all(2), Routes::NONE.with(1)] {
        opened.writer.append(b"{}", routes).unwrap();
    }
    opened.writer.commit().unwrap();
    let first = opened.backlogs[0].next().unwrap().unwrap();
    opened.backlogs[0].settle(&[first.key]).unwrap();

    let look = || inspect(dir.path()).unwrap().writers.remove(0);
    let counted =
        |found: &InspectedWriter| -> Vec<u64> { found.destinations.iter().map(|one| one.pending).collect() };
    let live = look();
    assert_eq!((live.live, live.writer, live.pid), (true, opened.writer.id(), Some(std::process::id())));
    assert_eq!((live.records, counted(&live)), (3, vec![1, 3]));
    assert_eq!((live.damage, live.left_alone), (vec![], None));

    drop(opened);
    let dead = look();
    assert_eq!((dead.live, dead.records, counted(&dead)), (false, 3, vec![1, 3]));
    // Looking has changed nothing: who opens it now gets it all.
    let next = open(&JournalConfig::at(dir.path()), &identities()).unwrap();
    assert_eq!(next.backlogs.iter().map(Backlog::pending).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn damage_and_what_cannot_be_adopted_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut opened = open(&JournalConfig::at(dir.path()), &identities()).unwrap();
    for _ in 0..3 {
        opened.writer.append(b"0123456789", Routes::all(2)).unwrap();
    }
    opened.writer.commit().unwrap();
    let own = dir.path().join(opened.writer.id().to_string());
    drop(opened);
    let segment = segment::path(&own, 1);
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[record::HEADER_BYTES + 15 + record::HEADER_BYTES] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let found = inspect(dir.path()).unwrap().writers.remove(0);
    assert_eq!((found.records, found.damage.len(), found.left_alone), (2, 1, None));
    assert!(found.damage[0].starts_with("unreadable: "), "{:?}", found.damage);

    std::fs::write(own.join("journal.json"), "{}").unwrap();
    let why = inspect(dir.path()).unwrap().writers.remove(0).left_alone.unwrap();
    assert!(why.contains("restore that file"), "{why}");
    assert_eq!(std::fs::read(&segment).unwrap(), bytes);
}
