//! What an operator does with dead letters.

#![cfg(feature = "journal")]

use std::fs;
use std::path::Path;

use super::*;
use crate::client::{DeadLetterDirectory, DeadLetterQuery, detach_left_behind};
use crate::destination::Identity;
use crate::event::Timestamp;
use crate::journal::{JournalConfig, Routes, inspect};
use crate::pipeline::testing::{Act, Scripted};

fn open(journal: &Path, destinations: &[&Scripted]) -> Lodger {
    let with = |builder: LodgerBuilder, one: &&Scripted| builder.destination((*one).clone());
    destinations.iter().fold(builder(), with).journal_dir(journal).build().unwrap()
}

fn refuse(lodger: &Lodger, action: &'static str) -> EventId {
    let refused = event(action);
    let id = refused.id;
    assert_eq!(block_on(lodger.event(refused)).unwrap_err().kind(), "dead_letter");
    id
}

fn ids(list: impl IntoIterator<Item = std::io::Result<super::super::DeadLetter>>) -> Vec<EventId> {
    list.into_iter().map(|letter| letter.unwrap().id).collect()
}

/// Waits until so many dead letters are left.
fn wait_for(lodger: &Lodger, left: usize) {
    let deadline = std::time::Instant::now() + LONG;
    while lodger.dead_letters().unwrap().len() != left {
        assert!(std::time::Instant::now() < deadline, "{:?}", lodger.dead_letters());
        thread::yield_now();
    }
}

#[test]
fn dead_letters_are_found_by_event_destination_and_age() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (Scripted::new("one", |_| Act::refuse(422)), Scripted::new("two", |_| Act::refuse(400)));
    let lodger = open(dir.path(), &[&one, &two]);
    let (first, second) = (refuse(&lodger, "a.b"), refuse(&lodger, "c.d"));
    wait_for(&lodger, 4);
    let found = |query: DeadLetterQuery| ids(lodger.list_dead_letters(&query).unwrap());
    let of_two = || DeadLetterQuery::all().destination(Identity::new("two", ""));
    assert_eq!(found(of_two()), [first, second]);
    assert_eq!(found(DeadLetterQuery::ids([second])), [second, second]);
    assert_eq!(found(DeadLetterQuery::ids([second]).destination(Identity::new("three", ""))), []);
    let statuses: Vec<_> = lodger.dead_letter(first).unwrap().iter().map(|letter| letter.status).collect();
    assert_eq!(statuses.iter().flatten().sum::<u16>(), 822);
    let between = lodger.list_dead_letters(&of_two()).unwrap().nth(1).unwrap().unwrap().at;
    assert_eq!(found(of_two().before(between)), [first]);
    assert_eq!(found(of_two().before(Timestamp::from_micros(0).unwrap())), []);
}

#[test]
fn letters_that_are_sent_again_have_the_same_bytes_and_are_gone_when_they_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let lodger = open(dir.path(), &[&destination]);
    let refused = [refuse(&lodger, "a.b"), refuse(&lodger, "bad")];
    let first_try = destination.seen();
    destination.follow(|seen| if seen.action == "bad" { Act::refuse(400) } else { Act::Take });
    assert_eq!(lodger.retry_dead_letters(&DeadLetterQuery::all()).unwrap(), 2);
    wait_for(&lodger, 1);
    let deadline = std::time::Instant::now() + LONG;
    while lodger.dead_letters().unwrap()[0].status == Some(422) {
        assert!(std::time::Instant::now() < deadline);
    }
    let left = lodger.dead_letters().unwrap().remove(0);
    assert_eq!((left.id, left.status, left.tries), (refused[1], Some(400), 2));
    let [taken] = &destination.settled()[..] else { panic!("one") };
    assert_eq!((taken.id, &taken.bytes), (refused[0], &first_try[0].bytes));
    assert_eq!(lodger.purge_dead_letters(&DeadLetterQuery::all()).unwrap(), 1);
    assert_eq!(lodger.dead_letters().unwrap(), []);
    assert_eq!(lodger.stats().counts.purged_dead_letters, 1);
    assert_eq!(lodger.retry_dead_letters(&DeadLetterQuery::all()).unwrap(), 0);
}

#[test]
fn letters_of_a_destination_that_was_detached_cannot_be_sent() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let lodger = open(dir.path(), &[&destination]);
    refuse(&lodger, "a.b");
    lodger.detach(&Identity::new("d", "")).unwrap();
    let error = lodger.retry_dead_letters(&DeadLetterQuery::all()).unwrap_err();
    assert!(error.to_string().contains("delivers to nothing any more"), "{error}");
    assert_eq!(lodger.dead_letters().unwrap().len(), 1);
}

#[test]
fn an_exported_letter_is_one_line_with_the_event_as_it_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", |_| {
        Act::Say(crate::destination::Answer::Refused(crate::destination::Refusal::http(
            422,
            "no\u{2028}\n\"way\"",
        )))
    });
    let lodger = open(dir.path(), &[&destination]);
    // Canonical JSON writes this number so, and orders these members by UTF-16 code units; a JSON value does neither.
    let refused = Event::builder("invoice.update")
        .metadata("\u{fb33}", 1e21)
        .metadata("\u{1f600}", "a\nb\u{202e}c")
        .build()
        .unwrap();
    let id = refused.id;
    block_on(lodger.event(refused)).unwrap_err();
    let mut out = Vec::new();
    assert_eq!(lodger.export_dead_letters(&DeadLetterQuery::all(), &mut out).unwrap(), 1);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches('\n').count(), 1);
    assert!(!text.contains(['\u{2028}', '\u{202e}']));
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["id"], id.to_string());
    assert_eq!((&line["status"], &line["tries"]), (&422.into(), &1.into()));
    assert_eq!(line["reason"], "no\u{2028}\n\"way\"");
    assert_eq!(line["destination"]["kind"], "d");
    let recorded = String::from_utf8(destination.seen()[0].bytes.to_vec()).unwrap();
    assert!(recorded.contains("{\"\u{1f600}\":") && recorded.contains("1e+21"), "{recorded}");
    let (_, event) = text.trim_end().split_once("\"event\":").unwrap();
    assert_eq!(event.replace("\\u202e", "\u{202e}"), format!("{recorded}}}"));

    let listed = lodger.dead_letters().unwrap()[0].to_string();
    assert!(listed.contains("422  \"no\\u{2028}\\n\\\"way\\\"\"  invoice.update"), "{listed}");
    assert_eq!(listed.lines().count(), 1);
}

#[test]
fn a_directory_knows_the_letters_of_destinations_that_nobody_has_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (Scripted::new("one", |_| Act::refuse(422)), Scripted::new("two", |_| Act::refuse(400)));
    let lodger = open(dir.path(), &[&one, &two]);
    let id = refuse(&lodger, "a.b");
    wait_for(&lodger, 2);
    let letters = DeadLetterDirectory::open(dir.path()).unwrap();
    let known: Vec<String> = letters.destinations().map(Identity::to_string).collect();
    assert_eq!(known, ["one", "two"]);
    let two = DeadLetterQuery::all().destination(Identity::new("two", ""));
    assert_eq!(ids(letters.list(&two).unwrap()), [id]);
    assert_eq!(letters.purge(&two).unwrap(), 1);
    let left: Vec<String> =
        lodger.dead_letters().unwrap().iter().map(|letter| letter.destination.kind.clone()).collect();
    assert_eq!(left, ["one"], "the running client sees it, too");
    block_on(lodger.shutdown(LONG));

    // Where the file that says so is gone, the letters say it.
    for entry in fs::read_dir(dir.path().join("dead")).unwrap() {
        fs::remove_file(entry.unwrap().path().join("destination.json")).unwrap();
    }
    let letters = DeadLetterDirectory::open(dir.path()).unwrap();
    assert_eq!(letters.destinations().map(Identity::to_string).collect::<Vec<_>>(), ["one"]);
    assert!(DeadLetterDirectory::open(dir.path().join("missing")).is_err());
}

#[test]
fn letters_that_are_sent_again_by_one_and_purged_by_another_are_lost_by_neither() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let one = open(dir.path(), &[&destination]);
    let refused: Vec<EventId> = (0..8).map(|_| refuse(&one, "a.b")).collect();
    let (purged, asked) = refused.split_at(4);
    assert_eq!(one.purge_dead_letters(&DeadLetterQuery::ids(purged.to_vec())).unwrap(), 4);

    // Two clients on one directory send everything that is left, at once.
    destination.follow(|_| Act::Take);
    let two = open(dir.path(), &[&destination]);
    thread::scope(|scope| {
        for lodger in [&one, &two] {
            scope.spawn(|| {
                lodger.retry_dead_letters(&DeadLetterQuery::all()).unwrap();
                wait_for(lodger, 0);
            });
        }
    });
    let taken: std::collections::HashSet<EventId> =
        destination.settled().iter().map(|seen| seen.id).collect();
    assert_eq!(taken, asked.iter().copied().collect(), "each that was not purged, and none that was");
}

#[test]
fn what_was_left_behind_for_a_destination_becomes_dead_letters() {
    let dir = tempfile::tempdir().unwrap();
    let (gone, stays) = (Identity::new("gone", ""), Identity::new("stays", ""));
    let mut left =
        crate::journal::open(&JournalConfig::at(dir.path()), &[gone.clone(), stays.clone()]).unwrap();
    let events: Vec<Event> = (0..3).map(|_| event("a.b")).collect();
    for (event, routes) in events.iter().zip([Routes::all(2), Routes::NONE.with(0), Routes::NONE.with(1)]) {
        left.writer.append(&event.to_canonical_json().unwrap(), routes).unwrap();
    }
    left.writer.commit().unwrap();
    // One that lives has its own.
    let mut live = crate::journal::open(&JournalConfig::at(dir.path()), std::slice::from_ref(&gone)).unwrap();
    live.writer.append(&event("c.d").to_canonical_json().unwrap(), Routes::all(1)).unwrap();
    live.writer.commit().unwrap();
    drop(left);

    let pending = |of: &Identity, living: bool| -> u64 {
        let writers = inspect(dir.path()).unwrap().writers.into_iter().filter(|writer| writer.live == living);
        let backlogs = writers.flat_map(|writer| writer.destinations);
        backlogs.filter(|one| one.destination == *of).map(|one| one.pending).sum()
    };
    assert_eq!((pending(&gone, false), pending(&stays, false), pending(&gone, true)), (2, 2, 1));
    let done = detach_left_behind(dir.path(), &gone, false).unwrap();
    assert_eq!((done.dead_letters, done.unreadable), (2, 0));
    assert_eq!((pending(&gone, false), pending(&stays, false), pending(&gone, true)), (0, 2, 1));
    let letters: Vec<_> = DeadLetterDirectory::open(dir.path())
        .unwrap()
        .list(&DeadLetterQuery::all())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut ids: Vec<EventId> = letters.iter().map(|letter| letter.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [events[0].id, events[1].id]);
    assert!(
        letters
            .iter()
            .all(|letter| letter.reason == "the destination was detached" && letter.destination == gone)
    );
    assert_eq!(detach_left_behind(dir.path(), &gone, false).unwrap().dead_letters, 0);
}

#[test]
fn a_wrong_directory_never_becomes_a_journal() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let error = detach_left_behind(&missing, &Identity::new("d", ""), false).unwrap_err();
    assert!(error.to_string().contains("LODGER_JOURNAL_DIR"), "{error}");
    detach_left_behind(dir.path(), &Identity::new("d", ""), false).unwrap_err();
    inspect(dir.path()).unwrap_err();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
