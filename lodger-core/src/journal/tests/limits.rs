//! Full means refused, and settled means room again.

use super::*;
use crate::journal::{JournalError, Routes};

#[test]
fn a_full_journal_refuses_without_using_up_a_sequence_and_resumes_after_settling() {
    let dir = scratch();
    let config = JournalConfig { max_bytes: 1024, ..small(dir.path()) };
    let mut journal = opened(&config, &["a"]);
    // Four segments of eight records with ten bytes of payload: 8 * 32 <= 256.
    commit(&mut journal, 1, 32);
    let error = journal.writer.append(&payload(33), ALL).unwrap_err();
    assert!(matches!(error, JournalError::Full { used: 1024, max: 1024 }));
    assert!(error.to_string().contains("max_journal_bytes"), "{error}");
    assert_eq!(journal.writer.next_sequence(), 33);

    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records[..7])).unwrap();
    assert!(journal.writer.append(&payload(33), ALL).is_err(), "one record of the segment is still needed");
    journal.backlogs[0].settle(&keys(&records[7..8])).unwrap();
    commit(&mut journal, 33, 40);
    assert!(journal.writer.append(&payload(41), ALL).is_err());
    assert_eq!(texts(&mut journal.backlogs[0]), expected(33, 40));
}

#[test]
fn records_settled_out_of_order_free_the_segments_around_one_that_is_stuck() {
    let dir = scratch();
    let config = JournalConfig { max_bytes: 1024, ..small(dir.path()) };
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 8);
    let stuck = journal.backlogs[0].next().unwrap().unwrap();
    for n in (9..=200).step_by(8) {
        commit(&mut journal, n, n + 7);
        let records = drain(&mut journal.backlogs[0]);
        journal.backlogs[0].settle(&keys(&records)).unwrap();
    }
    assert_eq!(journal.backlogs[0].pending(), 1);
    journal.backlogs[0].settle(&[stuck.key]).unwrap();
    assert_eq!(journal.backlogs[0].pending(), 0);
}

#[test]
fn freed_segments_are_used_again_and_at_most_two_are_kept() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 80);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    let own = writer_dirs(&config).remove(0);
    let segments = |own: &Path| -> Vec<String> {
        files(own).into_iter().filter(|name| name.ends_with(".seg")).collect()
    };
    assert_eq!(segments(&own), ["00000010.seg", "spare-00000001.seg", "spare-00000002.seg"]);
    assert_eq!((journal.writer.usage().bytes, journal.writer.usage().segments), (3 * 256, 3));

    commit(&mut journal, 81, 88);
    assert_eq!(segments(&own), ["00000010.seg", "00000011.seg", "spare-00000001.seg"]);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(81, 88));
}

#[test]
fn the_last_segment_does_not_keep_a_journal_full_once_it_is_settled() {
    let dir = scratch();
    let config = JournalConfig { max_bytes: 1024, segment_bytes: 1024, ..small(dir.path()) };
    let mut journal = opened(&config, &["a"]);
    journal.writer.append(&[7; 900], ALL).unwrap();
    journal.writer.commit().unwrap();
    assert!(matches!(journal.writer.append(&[7; 200], ALL), Err(JournalError::Full { .. })));
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    assert_eq!(journal.writer.append(&[7; 200], ALL).unwrap().sequence, 2);
}

#[test]
fn a_record_larger_than_a_segment_gets_one_of_its_own_size() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    let large = vec![9; 5000];
    commit(&mut journal, 1, 1);
    journal.writer.append(&large, ALL).unwrap();
    commit(&mut journal, 3, 3);
    assert_eq!(journal.writer.usage().bytes, 256 + 5022 + 256);
    drop(journal);
    let mut journal = opened(&config, &["a"]);
    let records = drain(&mut journal.backlogs[0]);
    assert_eq!(records.iter().map(|record| record.payload.len()).collect::<Vec<_>>(), [10, 5000, 10]);
    assert!(journal.writer.append(&vec![0; 65 << 10], ALL).is_err_and(|error| error.kind() == "too_large"));
}

#[test]
fn below_the_free_space_floor_no_segment_is_made() {
    let dir = scratch();
    let huge = JournalConfig { max_bytes: u64::MAX, segment_bytes: 1 << 60, ..small(dir.path()) };
    let config = JournalConfig { min_free_bytes: u64::MAX, ..huge };
    let mut journal = opened(&config, &["a"]);
    assert!(matches!(journal.writer.append(&payload(1), ALL), Err(JournalError::DiskFull { .. })));
    assert_eq!(journal.writer.next_sequence(), 1);
}

#[test]
fn adopted_segments_count_and_are_given_back() {
    let dir = scratch();
    let config = JournalConfig { max_bytes: 1024, ..small(dir.path()) };
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 32);
    drop(journal);
    let mut journal = opened(&config, &["a"]);
    assert_eq!(journal.writer.usage().bytes, 1024);
    assert!(matches!(journal.writer.append(&payload(1), ALL), Err(JournalError::Full { .. })));
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    commit(&mut journal, 1, 32);
}

#[test]
fn an_empty_record_is_a_record() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    journal.writer.append(b"", ALL).unwrap();
    commit(&mut journal, 2, 2);
    drop(journal);
    assert_eq!(texts(&mut opened(&config, &["a"]).backlogs[0]), ["", "record 002"]);
}

#[test]
fn what_there_is_room_for_can_be_appended_whatever_the_sizes() {
    // Four segments of 256 bytes: of records with 100 bytes of payload each holds two.
    const LARGEST: u64 = 100;
    let patterns = [&[100_usize][..], &[1, 100], &[100, 100, 1], &[77, 99, 3, 50, 100], &[1]];
    for (names, segments) in [(&["a"][..], 4), (&["a", "b"], 8), (&["a", "stalled"], 8)] {
        for pattern in patterns {
            let dir = scratch();
            let config = JournalConfig { max_bytes: segments * 256, ..small(dir.path()) };
            let mut journal = opened(&config, names);
            let mut sizes = pattern.iter().copied().cycle();
            let all = Routes::all(names.len());
            assert_eq!(journal.writer.room(LARGEST, all), 8, "{names:?}: the share of each is four segments");
            let mut appended = 0;
            for turn in 0..40 {
                let room = journal.writer.room(LARGEST, all);
                for _ in 0..room {
                    journal.writer.append(&vec![b'x'; sizes.next().unwrap()], all).unwrap();
                }
                journal.writer.commit().unwrap();
                appended += room;
                // Some of what was read is settled, and what it frees is room again.
                for (backlog, name) in journal.backlogs.iter_mut().zip(names) {
                    let records = drain(backlog);
                    let settled = match *name {
                        "stalled" => 0,
                        _ if turn % 3 == 0 => records.len() / 2,
                        _ => records.len(),
                    };
                    backlog.settle(&keys(&records[..settled])).unwrap();
                }
            }
            assert!(appended >= 8);
        }
    }
}

#[test]
fn a_record_takes_the_room_of_one() {
    let dir = scratch();
    let config = JournalConfig { max_bytes: 1024, ..small(dir.path()) };
    let mut journal = opened(&config, &["a"]);
    let mut sizes = [77_usize, 99, 3, 50, 100, 1, 1, 100].into_iter().cycle();
    let all = Routes::all(1);
    let mut room = journal.writer.room(100, all);
    while room > 0 {
        journal.writer.append(&vec![b'x'; sizes.next().unwrap()], all).unwrap();
        let left = journal.writer.room(100, all);
        assert!(left + 1 >= room);
        room = left;
    }
}
