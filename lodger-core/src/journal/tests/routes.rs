//! Records that are not for everybody.

use std::os::unix::fs::MetadataExt as _;

use super::*;

const A: Routes = Routes::NONE.with(0);
const B: Routes = Routes::NONE.with(1);

/// Appends record number `n` for these destinations.
fn append(journal: &mut Opened, n: u64, routes: Routes) {
    journal.writer.append(&payload(n), routes).unwrap();
}

/// The texts of the records with these numbers.
fn numbered(numbers: &[u64]) -> Vec<String> {
    numbers.iter().map(|n| format!("record {n:03}")).collect()
}

fn settle_all(journal: &mut Opened, slot: usize) {
    let records = drain(&mut journal.backlogs[slot]);
    journal.backlogs[slot].settle(&keys(&records)).unwrap();
}

/// Ten records over two segments: 1, 4, 7, 10 for both, 2, 5, 8 for `a`, 3, 6, 9 for `b`.
fn mixed(config: &JournalConfig) -> Opened {
    let mut journal = opened(config, &["a", "b"]);
    for n in 1..=10 {
        append(&mut journal, n, [B, A.union(B), A][n as usize % 3]);
    }
    journal.writer.commit().unwrap();
    journal
}

#[test]
fn a_record_is_handed_out_and_counted_only_where_it_is_for() {
    let dir = scratch();
    let mut journal = mixed(&small(dir.path()));
    assert_eq!((journal.backlogs[0].pending(), journal.backlogs[1].pending()), (7, 7));
    assert_eq!(texts(&mut journal.backlogs[0]), numbered(&[1, 2, 4, 5, 7, 8, 10]));
    assert_eq!(texts(&mut journal.backlogs[1]), numbered(&[1, 3, 4, 6, 7, 9, 10]));
}

#[test]
fn routes_survive_a_crash_and_follow_the_destination_to_another_place() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = mixed(&config);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records[1..3])).unwrap();
    drop(journal);
    let mut journal = opened(&config, &["c", "b", "a"]);
    assert!(journal.report.is_clean(), "{:?}", journal.report);
    assert_eq!(journal.report.adopted[0].pending, 12);
    let pending: Vec<u64> = journal.backlogs.iter().map(Backlog::pending).collect();
    assert_eq!(pending, [0, 7, 5]);
    assert_eq!(texts(&mut journal.backlogs[1]), numbered(&[1, 3, 4, 6, 7, 9, 10]));
    assert_eq!(texts(&mut journal.backlogs[2]), numbered(&[1, 5, 7, 8, 10]));
}

#[test]
fn keys_of_records_for_others_are_ignored() {
    let dir = scratch();
    let mut journal = mixed(&small(dir.path()));
    let all: Vec<RecordKey> =
        (1..=10).map(|sequence| RecordKey { writer: journal.writer.id(), sequence }).collect();
    journal.backlogs[0].settle(&all[1..3]).unwrap();
    assert_eq!((journal.backlogs[0].pending(), journal.backlogs[1].pending()), (6, 7));
    journal.backlogs[0].settle(&all).unwrap();
    assert_eq!((journal.backlogs[0].pending(), journal.backlogs[1].pending()), (0, 7));
}

#[test]
fn a_segment_with_nothing_for_a_stalled_destination_is_freed() {
    let dir = scratch();
    let mut journal = opened(&small(dir.path()), &["a", "b"]);
    for n in 1..=80 {
        append(&mut journal, n, if n == 1 { B } else { A });
    }
    journal.writer.commit().unwrap();
    settle_all(&mut journal, 0);
    // Of ten segments the first is `b`'s, the last is being written, and two are spare.
    assert_eq!(journal.writer.usage().segments, 4);
    assert_eq!(texts(&mut journal.backlogs[1]), numbered(&[1]));
}

#[test]
fn a_destination_that_rests_in_a_freed_segment_loses_nothing_when_it_is_written_anew() {
    // A window of 64 KiB ends between two records of 32 KiB, and within the second one of 40 KiB.
    for record_bytes in [32 << 10, 40 << 10] {
        let dir = scratch();
        let config = JournalConfig {
            max_bytes: 64 * record_bytes,
            segment_bytes: 4 * record_bytes,
            ..small(dir.path())
        };
        let mut journal = opened(&config, &["a", "b"]);
        // Each segment holds one record for `a` and behind it three for `b`.
        let payload = vec![b'x'; record_bytes as usize - 22];
        let fill = |journal: &mut Opened| {
            for routes in [A, B, B, B] {
                journal.writer.append(&payload, routes).unwrap();
            }
            journal.writer.commit().unwrap();
        };
        let inode = |number: u64| {
            let file = writer_dirs(&config)[0].join(format!("{number:08}.seg"));
            std::fs::metadata(file).unwrap().ino()
        };
        fill(&mut journal);
        fill(&mut journal);
        let first = inode(1);
        let record = journal.backlogs[0].next().unwrap().unwrap();
        assert_eq!(record.key.sequence(), 1);
        settle_all(&mut journal, 1);
        journal.backlogs[0].settle(&[record.key]).unwrap();
        fill(&mut journal);
        assert_eq!(inode(3), first, "the freed file is the third segment");

        let sequences: Vec<u64> =
            drain(&mut journal.backlogs[0]).iter().map(|record| record.key.sequence()).collect();
        assert_eq!(sequences, [5, 9], "records of {record_bytes} bytes");
    }
}

#[test]
fn a_record_for_nobody_is_durable_and_holds_nothing() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    for n in 1..=20 {
        append(&mut journal, n, Routes::NONE);
    }
    journal.writer.commit().unwrap();
    assert_eq!((journal.backlogs[0].pending(), journal.backlogs[0].next().unwrap()), (0, None));
    append(&mut journal, 21, A);
    journal.writer.commit().unwrap();
    settle_all(&mut journal, 0);
    let writer = journal.writer.id();
    drop(journal);
    let journal = opened(&config, &["a"]);
    assert!(journal.report.is_clean(), "{:?}", journal.report);
    assert_eq!(journal.previous, Some(crate::event::Position { writer, sequence: 21 }));
}

#[test]
fn what_a_filtered_destination_has_settled_is_one_entry_and_not_one_for_each_record() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a", "b"]);
    let entries = |config: &JournalConfig, slot| {
        std::fs::metadata(writer_dirs(config)[0].join(format!("settled-{slot}.log"))).unwrap().len() / 20
    };
    for n in 1..=80 {
        append(&mut journal, n, if n % 3 == 0 { B } else { A });
    }
    journal.writer.commit().unwrap();
    settle_all(&mut journal, 0);
    settle_all(&mut journal, 1);
    // One call, one range: what was for the other stands between.
    assert_eq!((entries(&config, 0), entries(&config, 1)), (1, 1));
}

#[test]
fn the_same_routes_are_written_again_after_a_failed_sync() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a", "b"]);
    for n in 1..=10 {
        append(&mut journal, n, if n % 2 == 0 { A } else { B });
    }
    crate::journal::fault::fail_syncs(1);
    journal.writer.commit().unwrap();
    assert_eq!(texts(&mut journal.backlogs[0]), numbered(&[2, 4, 6, 8, 10]));
    assert_eq!((journal.backlogs[0].pending(), journal.backlogs[1].pending()), (5, 5));
    drop(journal);
    let mut journal = opened(&config, &["a", "b"]);
    assert_eq!(texts(&mut journal.backlogs[1]), numbered(&[1, 3, 5, 7, 9]));
}

#[test]
fn a_seventeenth_destination_is_refused() {
    let dir = scratch();
    let names: Vec<String> = (0..17).map(|n| n.to_string()).collect();
    let destinations: Vec<Identity> = names.iter().map(|name| identity(name)).collect();
    for config in [small(dir.path()), JournalConfig::in_memory()] {
        let error = open(&config, &destinations).unwrap_err();
        assert_eq!(error.kind(), "too_many_destinations");
        assert!(error.to_string().contains("at most 16 destinations, not 17"), "{error}");
        assert_eq!(open(&config, &destinations[..16]).unwrap().backlogs.len(), 16);
    }
}
