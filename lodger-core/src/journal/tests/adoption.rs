//! Who gets what dead processes left, copies included.

use std::collections::{BTreeMap, HashMap};

use super::reopening::copy_dir;
use super::*;
use crate::event::WriterId;
use crate::journal::{JournalError, record};

/// All files of a directory with their bytes.
fn bytes_of(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    files(dir).into_iter().map(|name| (name.clone(), std::fs::read(dir.join(name)).unwrap())).collect()
}

/// Copies a journal: its writers' directories and nothing else.
fn copy_root(config: &JournalConfig, to: &Path) {
    for dir in writer_dirs(config) {
        copy_dir(&dir, &to.join(dir.file_name().unwrap()));
    }
}

#[test]
fn of_many_starters_with_different_destinations_each_record_is_owned_once() {
    let dir = scratch();
    let config = small(dir.path());
    for round in 0..10 {
        // Six dead processes at once, each with thirty records: all for `a`, every other one for `b` too.
        let dead: Vec<Opened> = (0..6).map(|_| opened(&config, &["a", "b"])).collect();
        for mut journal in dead {
            for n in 1..=30 {
                journal.writer.append(&payload(n), ALL.without((n % 2) as usize)).unwrap();
            }
            journal.writer.commit().unwrap();
        }
        let starters: [&[&str]; 6] = [&["a"], &["b"], &["a", "b"], &["b", "a"], &["a"], &["b", "c"]];
        let deliver = |names: &[&'static str]| {
            let mut journal = opened(&config, names);
            let mut done = Vec::new();
            for (&name, backlog) in names.iter().zip(&mut journal.backlogs) {
                let records = drain(backlog);
                backlog.settle(&keys(&records)).unwrap();
                done.extend(records.into_iter().map(|record| (name, record.key)));
            }
            done
        };
        let mut done: Vec<(&str, RecordKey)> = std::thread::scope(|scope| {
            let threads = starters.map(|names| scope.spawn(move || deliver(names)));
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        // What one of them held for a destination that it doesn't have is there for the next.
        done.extend(deliver(&["a", "b"]));
        done.sort_unstable();
        assert_eq!(done.len(), 6 * 30, "round {round}");
        done.dedup();
        assert_eq!(done.len(), 6 * 30, "twice in round {round}");
    }
}

#[test]
fn yesterdays_copy_of_the_whole_journal_repeats_records_under_their_old_names_and_no_sequence() {
    let dir = scratch();
    let config = small(dir.path());
    let mut live = opened(&config, &["a"]);
    commit(&mut live, 1, 10);
    let copy = JournalConfig { dir: Some(dir.path().join("copy")), ..config.clone() };
    copy_root(&config, copy.dir.as_deref().unwrap());
    commit(&mut live, 11, 20);

    let mut restored = opened(&copy, &["a"]);
    commit(&mut restored, 21, 25);
    drop(restored);
    let mut restored = opened(&copy, &["a"]);
    commit(&mut restored, 26, 30);
    let mut said: HashMap<RecordKey, String> = HashMap::new();
    for record in [drain(&mut live.backlogs[0]), drain(&mut restored.backlogs[0])].concat() {
        let text = String::from_utf8(record.payload.to_vec()).unwrap();
        let before = said.insert(record.key, text.clone());
        assert!(before.is_none_or(|before| before == text), "{:?} says two things", record.key);
    }
    let mut all: Vec<String> = said.into_values().collect();
    all.sort_unstable();
    assert_eq!(all, expected(1, 30));
}

#[test]
fn a_copy_put_in_the_place_of_a_live_directory_stops_its_process_loudly() {
    let dir = scratch();
    let config = small(dir.path());
    let mut live = opened(&config, &["a"]);
    commit(&mut live, 1, 3);
    let own = writer_dirs(&config).remove(0);
    let copy = dir.path().join("copy");
    copy_dir(&own, &copy);
    commit(&mut live, 4, 5);
    let records = drain(&mut live.backlogs[0]);
    std::fs::remove_dir_all(&own).unwrap();
    copy_dir(&copy, &own);
    let before = bytes_of(&own);

    live.writer.append(&payload(6), ALL).unwrap();
    let error = live.writer.commit().unwrap_err();
    assert!(matches!(error, JournalError::Unsafe { .. }), "{error:?}");
    assert!(error.to_string().contains("start the process again"), "{error}");
    live.backlogs[0].settle(&keys(&records)).unwrap();
    drop(live);
    assert_eq!(bytes_of(&own), before, "the copy is not touched");
    assert_eq!(texts(&mut opened(&config, &["a"]).backlogs[0]), expected(1, 3));
}

#[test]
fn a_directory_that_is_gone_acknowledges_nothing() {
    let dir = scratch();
    let config = small(dir.path());
    let mut live = opened(&config, &["a"]);
    commit(&mut live, 1, 3);
    std::fs::remove_dir_all(config.dir.as_ref().unwrap()).unwrap();
    live.writer.append(&payload(4), ALL).unwrap();
    assert!(matches!(live.writer.commit(), Err(JournalError::Unsafe { .. })));
}

#[test]
fn a_copy_under_another_name_is_left_alone() {
    let dir = scratch();
    let config = small(dir.path());
    let mut live = opened(&config, &["a"]);
    commit(&mut live, 1, 3);
    let own = writer_dirs(&config).remove(0);
    let copy = own.with_file_name(WriterId::mint().to_string());
    copy_dir(&own, &copy);
    let before = bytes_of(&copy);
    let mut journal = opened(&config, &["a"]);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 0));
    assert!(journal.report.left_alone[0].why.contains("another writer"), "{:?}", journal.report);
    assert_eq!(bytes_of(&copy), before);
}

#[test]
fn a_record_of_a_newer_format_leaves_its_directory_alone_byte_for_byte() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 40);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records[..8])).unwrap();
    let seed = record::seed(journal.writer.id());
    drop(journal);
    let own = writer_dirs(&config).remove(0);
    let path = own.join("00000003.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    // Its fourth record, as a later version might write it: the same place for length, checksum and format.
    let newer = &mut bytes[96..128];
    newer[8] = 2;
    let checksum = crc32c::crc32c_append(crc32c::crc32c_append(seed, &newer[..4]), &newer[8..]);
    newer[4..8].copy_from_slice(&checksum.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let before = bytes_of(&own);
    assert!(before.keys().any(|name| name.starts_with("spare-")), "{:?}", before.keys());

    let mut journal = opened(&config, &["a"]);
    let why = &journal.report.left_alone[0].why;
    assert!(why.contains("journal format 2") && why.contains("reads format 1"), "{why}");
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 0));
    drop(journal);
    assert_eq!(bytes_of(&own), before);
}

#[test]
fn a_destination_may_go_and_come_back() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a", "b"]);
    commit(&mut journal, 1, 20);
    drop(journal);
    // Twice without `b`, once with another one beside `a`: each says what stays, and what to do.
    for names in [["a", "c"], ["c", "a"]] {
        let mut journal = opened(&config, &names);
        let why = &journal.report.left_alone[0].why;
        assert!(
            why.contains("20 of its records are for memory:b") && why.contains("start one that does"),
            "{why}"
        );
        for backlog in &mut journal.backlogs {
            let records = drain(backlog);
            backlog.settle(&keys(&records)).unwrap();
        }
    }
    let mut journal = opened(&config, &["b"]);
    assert!(journal.report.is_clean(), "{:?}", journal.report);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 20));
}
