//! Disks that fail, processes that fork.

use super::*;
use crate::journal::{JournalError, fault};

#[test]
fn every_file_and_every_name_is_synced_before_anything_counts_on_it() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = None;
    let made = fault::calls(|| journal = Some(opened(&config, &["a"])));
    assert_eq!(
        made, ["sync directory"; 3],
        "the journal in its parent, the files in the writer's, that in the journal"
    );
    let mut journal = journal.unwrap();

    let new = ["sync", "sync directory", "write", "sync"];
    assert_eq!(fault::calls(|| commit(&mut journal, 1, 1)), new, "a segment of zeroes, its name, the record");
    assert_eq!(fault::calls(|| commit(&mut journal, 2, 8)), ["write", "sync"]);
    assert_eq!(fault::calls(|| commit(&mut journal, 9, 16)), new);

    let records = drain(&mut journal.backlogs[0]);
    let freed = fault::calls(|| journal.backlogs[0].settle(&keys(&records)).unwrap());
    assert_eq!(
        freed,
        ["sync settled", "sync"],
        "the note before the records go, then the zeroes of a spare segment"
    );
    let again = ["sync directory", "write", "sync"];
    assert_eq!(fault::calls(|| commit(&mut journal, 17, 17)), again, "a spare segment under its new name");
}

#[test]
fn after_a_failed_sync_the_records_go_into_a_new_segment() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 2);
    fault::fail_syncs(1);
    commit(&mut journal, 3, 4);
    commit(&mut journal, 5, 5);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 5));
    let own = writer_dirs(&config).remove(0);
    let old = std::fs::read(own.join("00000001.seg")).unwrap();
    assert_eq!(old.windows(6).filter(|part| part == b"record").count(), 4, "the failed write stands there");
    assert!(old[128..].iter().all(|&byte| byte == 0), "and nothing was written behind it");
    drop(journal);

    // The old segment's tail and the new segment both hold records 3 and 4.
    let mut journal = opened(&config, &["a"]);
    assert!(journal.report.is_clean(), "{:?}", journal.report);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 5));
}

#[test]
fn after_a_failed_write_the_records_go_into_a_new_segment() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    fault::fail_writes(1);
    commit(&mut journal, 1, 20);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 20));
    drop(journal);
    assert_eq!(texts(&mut opened(&config, &["a"]).backlogs[0]), expected(1, 20));
}

#[test]
fn a_failed_segment_is_never_used_again() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    for n in 1..=11 {
        journal.writer.append(&payload(n), ALL).unwrap();
    }
    // Records 1 to 8 were to go into the first segment, 9 to 11 into the second.
    fault::fail_syncs(1);
    commit(&mut journal, 12, 12);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    let own = writer_dirs(&config).remove(0);
    let segments: Vec<_> = files(&own).into_iter().filter(|name| name.ends_with(".seg")).collect();
    assert_eq!(segments, ["00000004.seg", "spare-00000003.seg"]);
}

#[test]
fn when_the_new_segment_fails_too_the_records_stay_staged() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 2);
    journal.writer.append(&payload(3), ALL).unwrap();
    fault::fail_syncs(2);
    assert!(matches!(journal.writer.commit(), Err(JournalError::Io { .. })));
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 2), "nothing unsynced is handed out");
    assert!(matches!(journal.writer.append(&payload(4), ALL), Err(JournalError::CommitPending)));
    journal.writer.commit().unwrap();
    commit(&mut journal, 4, 4);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(3, 4));
}

#[test]
fn every_number_of_failures_in_a_row_ends_with_each_record_once() {
    for failures in 0..12 {
        let dir = scratch();
        let config = small(dir.path());
        let mut journal = opened(&config, &["a"]);
        commit(&mut journal, 1, 3);
        for n in 4..=20 {
            journal.writer.append(&payload(n), ALL).unwrap();
        }
        fault::fail_syncs(failures);
        while journal.writer.commit().is_err() {}
        assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 20), "{failures} failures");
        drop(journal);
        let mut journal = opened(&config, &["a"]);
        assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 20), "{failures} failures, reopened");
    }
}

#[test]
fn a_crash_after_a_failed_commit_delivers_nothing_twice() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 2);
    journal.writer.append(&payload(3), ALL).unwrap();
    fault::fail_syncs(2);
    journal.writer.commit().unwrap_err();
    drop(journal);
    // Record 3 was never acknowledged, but it stands in the file.
    assert_eq!(texts(&mut opened(&config, &["a"]).backlogs[0]), expected(1, 3));
}

#[test]
fn a_forked_child_is_refused_and_cleans_nothing_up() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 1);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();

    fault::fork();
    assert!(matches!(journal.writer.append(b"x", ALL), Err(JournalError::Forked { .. })));
    assert!(matches!(journal.writer.commit(), Err(JournalError::Forked { .. })));
    assert!(matches!(journal.backlogs[0].next(), Err(JournalError::Forked { .. })));
    assert!(matches!(journal.backlogs[0].settle(&keys(&records)), Err(JournalError::Forked { .. })));
    drop(journal);
    assert_eq!(files(&writer_dirs(&config)[0]), ["00000001.seg", "journal.json", "lock", "settled-0.log"]);
}

#[test]
fn an_adopted_log_that_can_not_be_read_holds_up_no_other() {
    let dir = scratch();
    let config = small(dir.path());
    let mut first = opened(&config, &["a"]);
    commit(&mut first, 1, 2);
    let unreadable = writer_dirs(&config).remove(0).join("00000001.seg");
    drop(first);
    let mut second = opened(&config, &["a"]);
    commit(&mut second, 3, 4);
    drop(second);

    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 5, 6);
    let aside = dir.path().join("aside");
    std::fs::rename(&unreadable, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &unreadable).unwrap();
    let mut found = Vec::new();
    let error = loop {
        match journal.backlogs[0].next() {
            Ok(record) => found.push(String::from_utf8(record.unwrap().payload.to_vec()).unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!(found, expected(3, 6));
    assert!(matches!(error, JournalError::Io { .. }), "{error:?}");
    assert_eq!(journal.backlogs[0].pending(), 6);

    std::fs::rename(&aside, &unreadable).unwrap();
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 2));
}

#[test]
fn a_segment_is_freed_only_when_the_note_that_it_is_settled_is_on_disk() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    // Eight records to a segment: the first is full.
    commit(&mut journal, 1, 9);
    let own = writer_dirs(&config).remove(0);
    let records = drain(&mut journal.backlogs[0]);
    fault::fail_settles(1);
    assert!(matches!(journal.backlogs[0].settle(&keys(&records[..8])), Err(JournalError::Io { .. })));
    assert!(own.join("00000001.seg").exists());
    journal.backlogs[0].settle(&keys(&records[8..])).unwrap();
    assert!(!own.join("00000001.seg").exists());
}
