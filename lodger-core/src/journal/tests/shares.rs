//! One destination that takes nothing does not cost another one a record.

use super::*;
use crate::journal::JournalError;

const A: Routes = Routes::NONE.with(0);
const B: Routes = Routes::NONE.with(1);

/// Shares of 1024 bytes: four segments of eight records each.
fn config(dir: &Path, destinations: u64) -> JournalConfig {
    JournalConfig { max_bytes: destinations * 1024, ..small(dir) }
}

/// Commits records numbered from `first` to `last` for these, which `a` takes at once. Answers the numbers of those
/// that `slot` was refused.
fn commit_refused(journal: &mut Opened, first: u64, last: u64, routes: Routes, slot: usize) -> Vec<u64> {
    let mut refused = Vec::new();
    for n in first..=last {
        let appended = journal.writer.append(&payload(n), routes).unwrap();
        assert!(!appended.refused.contains(0), "{n}");
        journal.writer.commit().unwrap();
        if appended.refused.contains(slot) {
            refused.push(n);
        }
        assert_eq!(texts(&mut journal.backlogs[0]), expected(n, n));
        settle(journal, 0, 1);
    }
    refused
}

/// Settles the next `count` records from the beginning of what is pending.
fn settle(journal: &mut Opened, slot: usize, count: u64) {
    let writer = journal.writer.id();
    let last = journal.writer.next_sequence() - 1;
    let keys: Vec<_> = (last + 1 - count..=last).map(|sequence| RecordKey { writer, sequence }).collect();
    journal.backlogs[slot].settle(&keys).unwrap();
}

#[test]
fn a_stalled_destination_misses_records_from_its_share_on_and_the_other_misses_none() {
    let dir = scratch();
    let config = config(dir.path(), 2);
    let mut journal = opened(&config, &["a", "b"]);
    let refused = commit_refused(&mut journal, 1, 100, ALL, 1);
    assert_eq!(refused, (33..=100).collect::<Vec<_>>());
    assert_eq!(journal.backlogs[1].pending(), 32);
    assert!(journal.writer.usage().bytes <= 2048);

    // One segment of its own settled is room for one more.
    let records = drain(&mut journal.backlogs[1]);
    journal.backlogs[1].settle(&keys(&records[..7])).unwrap();
    assert_eq!(commit_refused(&mut journal, 101, 101, ALL, 1), [101]);
    journal.backlogs[1].settle(&keys(&records[7..8])).unwrap();
    // The segment that is being written has room for three: with the first it holds something for `b`, and the rest
    // costs nothing more.
    assert_eq!(commit_refused(&mut journal, 102, 106, ALL, 1), [105, 106]);
    assert_eq!(texts(&mut journal.backlogs[1]), expected(102, 104));
}

#[test]
fn after_a_kill_nothing_accepted_is_missing_and_the_adopted_backlog_counts_for_the_share() {
    let dir = scratch();
    let config = config(dir.path(), 2);
    let mut journal = opened(&config, &["a", "b"]);
    commit_refused(&mut journal, 1, 40, ALL, 1);
    journal.writer.append(b"never committed", ALL).unwrap();
    journal.writer.tear(15);
    drop(journal);

    let mut journal = opened(&config, &["a", "b"]);
    assert_eq!((journal.backlogs[0].pending(), journal.backlogs[1].pending()), (0, 32));
    assert_eq!(commit_refused(&mut journal, 41, 60, ALL, 1), (41..=60).collect::<Vec<_>>());
    let old = drain(&mut journal.backlogs[1]);
    assert_eq!(
        old.iter().map(|record| record.key.sequence()).collect::<Vec<_>>(),
        (1..=32).collect::<Vec<_>>()
    );
    journal.backlogs[1].settle(&keys(&old[..9])).unwrap();
    assert_eq!(commit_refused(&mut journal, 61, 64, ALL, 1), [0_u64; 0]);
    assert_eq!(texts(&mut journal.backlogs[1]), expected(61, 64));
    drop(journal);

    let mut journal = opened(&config, &["b", "a"]);
    let left: Vec<String> = [expected(10, 32), expected(61, 64)].concat();
    assert_eq!(texts(&mut journal.backlogs[0]), left);
    assert_eq!(journal.backlogs[1].pending(), 0);
}

#[test]
fn of_three_destinations_each_has_its_own_share() {
    let dir = scratch();
    let mut journal = opened(&config(dir.path(), 3), &["a", "b", "c"]);
    let (mut b, mut c) = (Vec::new(), Vec::new());
    for n in 1..=128 {
        // `b` gets one segment out of four only, and nothing takes it.
        let routes = if (n - 1) / 8 % 4 == 0 { ALL } else { ALL.without(1) };
        let refused = journal.writer.append(&payload(n), routes).unwrap().refused;
        journal.writer.commit().unwrap();
        assert_eq!(texts(&mut journal.backlogs[0]), expected(n, n));
        settle(&mut journal, 0, 1);
        b.extend(refused.contains(1).then_some(n));
        c.extend(refused.contains(2).then_some(n));
    }
    assert_eq!((b, c), (vec![], (33..=128).collect::<Vec<_>>()));
    assert_eq!((journal.backlogs[1].pending(), journal.backlogs[2].pending()), (32, 32));
}

#[test]
fn what_waits_for_its_commit_counts_for_the_share() {
    let dir = scratch();
    let mut journal = opened(&config(dir.path(), 2), &["a", "b"]);
    commit_refused(&mut journal, 1, 24, ALL, 1);
    let mut refused = Vec::new();
    for n in 25..=40 {
        refused.extend(journal.writer.append(&payload(n), ALL).unwrap().refused.contains(1).then_some(n));
    }
    assert_eq!(refused, (33..=40).collect::<Vec<_>>());
    // A new segment after a failed sync does not change for whom the records are.
    crate::journal::fault::fail_syncs(1);
    journal.writer.commit().unwrap();
    assert_eq!(texts(&mut journal.backlogs[0]), expected(25, 40));
    assert_eq!(texts(&mut journal.backlogs[1]), expected(1, 32));
}

#[test]
fn a_record_that_has_room_at_none_of_its_destinations_is_refused_and_uses_up_no_sequence() {
    let dir = scratch();
    let mut journal = opened(&config(dir.path(), 2), &["a", "b"]);
    commit_refused(&mut journal, 1, 40, ALL, 1);
    let error = journal.writer.append(&payload(41), B).unwrap_err();
    assert!(matches!(error, JournalError::Full { used: 1024, max: 1024 }), "{error:?}");
    assert_eq!(journal.writer.next_sequence(), 41);
    journal.writer.make_room(10).unwrap();
    // Now `a` stalls too.
    for n in 41..=72 {
        assert_eq!(journal.writer.append(&payload(n), ALL).unwrap().refused, B, "{n}");
    }
    journal.writer.commit().unwrap();
    let error = journal.writer.append(&payload(73), ALL).unwrap_err();
    assert!(matches!(error, JournalError::Full { used: 2048, max: 2048 }), "{error:?}");
    assert!(matches!(journal.writer.make_room(10), Err(JournalError::Full { .. })));
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    journal.writer.make_room(10).unwrap();
    assert_eq!(journal.writer.append(&payload(73), A).unwrap().refused, Routes::NONE);
}

#[test]
fn the_only_destination_has_all_of_the_journal() {
    let dir = scratch();
    let mut journal = opened(&config(dir.path(), 1), &["a"]);
    for n in 1..=32 {
        assert_eq!(journal.writer.append(&payload(n), ALL).unwrap().refused, Routes::NONE);
    }
    assert!(matches!(
        journal.writer.append(&payload(33), ALL),
        Err(JournalError::Full { used: 1024, max: 1024 })
    ));
}

#[test]
fn a_record_larger_than_a_segment_takes_its_own_size_of_the_share() {
    let dir = scratch();
    let mut journal = opened(&config(dir.path(), 2), &["a", "b"]);
    commit_refused(&mut journal, 1, 8, ALL, 1);
    // With the header a segment of 922 bytes, beside the 256 that wait already.
    assert_eq!(journal.writer.append(&[7; 900], ALL).unwrap().refused, B);
    // One byte more than a share can never fit.
    let error = journal.writer.append(&[7; 1003], A).unwrap_err();
    assert!(matches!(error, JournalError::TooLarge { bytes: 1003, max: 1024 }), "{error:?}");
    journal.writer.commit().unwrap();
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    assert_eq!(journal.writer.append(&[7; 1002], A).unwrap().refused, Routes::NONE);
}

#[test]
fn spare_segments_give_way_to_a_record_that_needs_a_larger_one() {
    let dir = scratch();
    let mut journal = opened(&config(dir.path(), 1), &["a"]);
    commit(&mut journal, 1, 32);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    assert_eq!(journal.writer.usage().segments, 3, "the last and two spare ones");
    assert_eq!(journal.writer.append(&[7; 1002], A).unwrap().sequence, 33);
    assert_eq!(journal.writer.usage().bytes, 1024);
}

#[test]
fn what_lies_there_for_a_destination_that_is_gone_takes_no_room() {
    let dir = scratch();
    let both = config(dir.path(), 2);
    let mut journal = opened(&both, &["gone", "b"]);
    for n in 1..=32 {
        journal.writer.append(&payload(n), if n == 32 { ALL } else { A }).unwrap();
    }
    journal.writer.commit().unwrap();
    drop(journal);
    let mut journal = opened(&both, &["a", "b"]);
    assert_eq!((journal.writer.usage().bytes, journal.backlogs[1].pending()), (256, 1));
    assert_eq!(commit_refused(&mut journal, 33, 72, ALL, 1), (57..=72).collect::<Vec<_>>());
    let records = drain(&mut journal.backlogs[1]);
    journal.backlogs[1].settle(&keys(&records[..1])).unwrap();
    assert_eq!(commit_refused(&mut journal, 73, 80, ALL, 1), [0_u64; 0]);
    drop(journal);
    assert_eq!(texts(&mut opened(&both, &["gone", "b"]).backlogs[0]), expected(1, 32));
}

#[test]
fn a_backlog_from_before_there_were_others_leaves_the_others_their_share() {
    let dir = scratch();
    let config = config(dir.path(), 2);
    let mut journal = opened(&config, &["b"]);
    commit(&mut journal, 1, 64);
    drop(journal);
    let mut journal = opened(&config, &["a", "b"]);
    assert_eq!(journal.writer.usage().bytes, 2048, "all of the journal is for `b`");
    assert_eq!(journal.writer.room(10, A), 32);
    for n in 65..=96 {
        assert_eq!(journal.writer.append(&payload(n), ALL).unwrap().refused, B, "{n}");
    }
    assert!(matches!(journal.writer.append(&payload(97), ALL), Err(JournalError::Full { .. })));
    journal.writer.commit().unwrap();
    assert_eq!(texts(&mut journal.backlogs[0]), expected(65, 96));
    // What goes is not replaced, until there is no more than the limit.
    let old = drain(&mut journal.backlogs[1]);
    journal.backlogs[1].settle(&keys(&old)).unwrap();
    assert_eq!(journal.writer.usage().bytes, 1024);
}
