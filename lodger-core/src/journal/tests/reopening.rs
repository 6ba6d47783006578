//! What the next opening finds.

use super::*;
use crate::event::Position;

#[test]
fn what_was_committed_and_not_settled_is_handed_out_again() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 20);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records[..5])).unwrap();
    journal.writer.append(b"never committed", ALL).unwrap();
    drop(journal);

    let mut journal = opened(&config, &["a"]);
    assert!(journal.report.is_clean(), "{:?}", journal.report);
    assert_eq!((journal.report.adopted[0].records, journal.report.adopted[0].pending), (20, 15));
    assert_eq!(journal.backlogs[0].pending(), 15);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(6, 20));
}

#[test]
fn adopted_records_come_first_and_keep_their_writer_and_sequence() {
    let dir = scratch();
    let config = small(dir.path());
    let mut first = opened(&config, &["a"]);
    commit(&mut first, 1, 2);
    let first_writer = first.writer.id();
    drop(first);

    let mut second = opened(&config, &["a"]);
    commit(&mut second, 3, 3);
    let records = drain(&mut second.backlogs[0]);
    let places: Vec<_> = records.iter().map(|record| (record.key.writer(), record.key.sequence())).collect();
    assert_eq!(places, [(first_writer, 1), (first_writer, 2), (second.writer.id(), 1)]);
}

#[test]
fn settling_all_of_an_adopted_directory_removes_it() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a", "b"]);
    commit(&mut journal, 1, 20);
    drop(journal);

    let mut journal = opened(&config, &["a", "b"]);
    for backlog in 0..2 {
        assert_eq!(writer_dirs(&config).len(), 2);
        let records = drain(&mut journal.backlogs[backlog]);
        assert_eq!(records.len(), 20);
        journal.backlogs[backlog].settle(&keys(&records)).unwrap();
    }
    assert_eq!(writer_dirs(&config).len(), 1);
    assert_eq!(journal.writer.usage().bytes, 0);
}

#[test]
fn a_clean_end_leaves_one_small_directory_that_names_the_last_place() {
    let dir = scratch();
    let config = small(dir.path());
    for round in 0..3 {
        let mut journal = opened(&config, &["a"]);
        commit(&mut journal, 1, 20);
        let records = drain(&mut journal.backlogs[0]);
        journal.backlogs[0].settle(&keys(&records)).unwrap();
        journal.backlogs[0].sync().unwrap();
        let writer = journal.writer.id();
        drop(journal);
        let dirs = writer_dirs(&config);
        assert_eq!(dirs.len(), 1, "round {round}");
        assert_eq!(files(&dirs[0]), ["journal.json", "lock", "settled-0.log"]);

        let journal = opened(&config, &["a"]);
        assert_eq!(journal.previous, Some(Position { writer, sequence: 20 }));
        assert_eq!(journal.backlogs[0].pending(), 0);
    }
}

#[test]
fn an_opening_that_wrote_nothing_leaves_nothing() {
    let dir = scratch();
    let config = small(dir.path());
    drop(opened(&config, &["a"]));
    assert_eq!(files(config.dir.as_deref().unwrap()), Vec::<String>::new());
}

#[test]
fn an_opening_that_wrote_nothing_passes_the_last_place_on() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 3);
    let place = Some(Position { writer: journal.writer.id(), sequence: 3 });
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    drop(journal);
    for _ in 0..3 {
        assert_eq!(opened(&config, &["a"]).previous, place);
    }
}

#[test]
fn only_an_equal_identity_adopts() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 3);
    drop(journal);

    let mut other = opened(&config, &["b"]);
    assert_eq!(texts(&mut other.backlogs[0]), expected(1, 0));
    assert!(other.report.left_alone[0].why.contains("memory:a"), "{:?}", other.report);
    assert_eq!(writer_dirs(&config).len(), 2);

    // It let go of the lock, so one that has the destination may start beside it.
    let mut same = opened(&config, &["a"]);
    assert_eq!(texts(&mut same.backlogs[0]), expected(1, 3));
}

#[test]
fn a_destination_that_nobody_has_any_more_keeps_its_records() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a", "b"]);
    commit(&mut journal, 1, 20);
    drop(journal);

    let mut journal = opened(&config, &["b"]);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    drop(journal);

    let mut journal = opened(&config, &["b", "a"]);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 0), "settled before");
    assert_eq!(texts(&mut journal.backlogs[1]), expected(1, 20), "kept");
}

#[test]
fn a_live_writers_directory_is_not_adopted() {
    let dir = scratch();
    let config = small(dir.path());
    let mut first = opened(&config, &["a"]);
    commit(&mut first, 1, 3);
    let mut second = opened(&config, &["a"]);
    assert_eq!(texts(&mut second.backlogs[0]), expected(1, 0));
    assert_ne!(first.writer.id(), second.writer.id());
    assert_eq!(texts(&mut first.backlogs[0]), expected(1, 3));
}

#[test]
fn of_many_that_start_at_once_exactly_one_adopts() {
    let dir = scratch();
    let config = small(dir.path());
    for round in 0..20 {
        let mut journal = opened(&config, &["a"]);
        commit(&mut journal, 1, 30);
        drop(journal);
        let delivered = std::thread::scope(|scope| {
            let open_and_drain = || {
                let mut journal = opened(&config, &["a"]);
                let records = drain(&mut journal.backlogs[0]);
                journal.backlogs[0].settle(&keys(&records)).unwrap();
                records.len()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(open_and_drain)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(delivered, 30, "round {round}");
    }
}

#[test]
fn a_directory_restored_beside_the_live_one_is_delivered_under_its_own_writer() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 3);
    let (live, copy) = (writer_dirs(&config).remove(0), dir.path().join("copy"));
    copy_dir(&live, &copy);
    let old_writer = journal.writer.id();
    drop(journal);
    std::fs::remove_dir_all(&live).unwrap();

    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 4, 5);
    copy_dir(&copy, &live);
    let mut beside = opened(&config, &["a"]);
    let writers: Vec<_> = drain(&mut beside.backlogs[0]).iter().map(|record| record.key.writer()).collect();
    assert_eq!(writers, [old_writer; 3]);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(4, 5));
}

#[test]
fn a_torn_tail_is_cut_and_said() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 2);
    for n in 3..=5 {
        journal.writer.append(&payload(n), ALL).unwrap();
    }
    journal.writer.tear(47);
    drop(journal);

    let mut journal = opened(&config, &["a"]);
    // Two records before, the third whole, of the fourth fifteen bytes.
    let segment = writer_dirs(&config)[0].join("00000001.seg");
    assert_eq!(journal.report.damage, [crate::journal::Damage::TornTail { segment, offset: 96, bytes: 13 }]);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 3));
}

#[test]
fn remains_of_an_interrupted_opening_are_removed() {
    let dir = scratch();
    let config = small(dir.path());
    drop(opened(&config, &["a"]));
    let root = config.dir.clone().unwrap();
    std::fs::create_dir(root.join(".new-empty")).unwrap();
    std::fs::create_dir(root.join(".new-unlocked")).unwrap();
    std::fs::write(root.join(".new-unlocked/lock"), "").unwrap();
    std::fs::create_dir(root.join(".old-without-lock")).unwrap();
    std::fs::write(root.join(".old-without-lock/00000001.seg"), "").unwrap();
    drop(opened(&config, &["a"]));
    assert_eq!(files(&root), Vec::<String>::new());
}

#[test]
fn a_newer_format_is_left_alone_by_name() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 3);
    drop(journal);
    let manifest = writer_dirs(&config)[0].join("journal.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"format\": 1", "\"format\": 7, \"novelty\": []")).unwrap();

    let mut journal = opened(&config, &["a"]);
    assert!(journal.report.left_alone[0].why.contains("format 7"), "{:?}", journal.report);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 0));
    drop(journal);
    std::fs::write(&manifest, text).unwrap();
    assert_eq!(texts(&mut opened(&config, &["a"]).backlogs[0]), expected(1, 3));
}

#[test]
fn a_directory_without_its_lock_file_is_left_alone() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 3);
    let lock = writer_dirs(&config)[0].join("lock");
    std::fs::remove_file(&lock).unwrap();
    let mut second = opened(&config, &["a"]);
    assert_eq!(texts(&mut second.backlogs[0]), expected(1, 0), "its process lives");
    assert!(second.report.left_alone[0].why.contains("lock"), "{:?}", second.report);
}

pub(super) fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in files(from) {
        std::fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}
