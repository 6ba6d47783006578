//! Files that were cut or flipped.

use std::collections::BTreeMap;

use super::reopening::copy_dir;
use super::*;
use crate::journal::{Damage, JournalError, fault};

/// A dead writer's directory: twenty records in three segments, of which destination `a` has settled two.
fn small_journal(dir: &Path) -> PathBuf {
    let config = small(dir);
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 20);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records[1..3])).unwrap();
    drop(journal);
    writer_dirs(&config).remove(0)
}

/// What is delivered by sequence, and whether the report says that something is wrong.
fn delivered(config: &JournalConfig) -> (BTreeMap<u64, String>, bool) {
    let mut journal = opened(config, &["a"]);
    let mut found = BTreeMap::new();
    for record in drain(&mut journal.backlogs[0]) {
        let text = String::from_utf8(record.payload.to_vec()).unwrap();
        assert_eq!(found.insert(record.key.sequence(), text), None, "twice: {:?}", record.key);
        journal.backlogs[0].settle(&[record.key]).unwrap();
    }
    assert_eq!(journal.backlogs[0].pending(), 0);
    (found, journal.report.is_clean())
}

/// Damages each file in every way that `damage` knows, and checks what comes out with `check`, which gets the file's
/// name, the place of the damage, and what was delivered.
fn each(
    mut damage: impl FnMut(&[u8], usize) -> Vec<u8>,
    check: impl Fn(&str, usize, &BTreeMap<u64, String>, bool),
) {
    let origin = scratch();
    let original = small_journal(origin.path());
    for name in files(&original) {
        let bytes = std::fs::read(original.join(&name)).unwrap();
        for place in 0..bytes.len() {
            let dir = scratch();
            let config = small(dir.path());
            let copy = config.dir.clone().unwrap().join(original.file_name().unwrap());
            copy_dir(&original, &copy);
            std::fs::write(copy.join(&name), damage(&bytes, place)).unwrap();
            let (found, clean) = delivered(&config);
            for (sequence, text) in &found {
                assert_eq!(text, &format!("record {sequence:03}"), "{name} at {place}");
            }
            check(&name, place, &found, clean);
        }
    }
}

/// The sequences that stand in a segment, in records of 32 bytes.
fn in_segment(name: &str) -> Vec<u64> {
    match name {
        "00000001.seg" => (1..=8).collect(),
        "00000002.seg" => (9..=16).collect(),
        "00000003.seg" => (17..=20).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_flipped_byte_costs_at_most_the_record_it_is_in() {
    for mask in [0x01, 0xff] {
        let flip = |bytes: &[u8], place: usize| {
            let mut bytes = bytes.to_vec();
            bytes[place] ^= mask;
            bytes
        };
        each(flip, |name, place, found, clean| {
            let hit = in_segment(name).get(place / 32).copied();
            for sequence in
                (1..=20).filter(|&sequence| Some(sequence) != hit && sequence != 2 && sequence != 3)
            {
                let manifest_unreadable = name == "journal.json" && !clean;
                assert!(
                    found.contains_key(&sequence) || manifest_unreadable,
                    "{sequence}: {name} at {place}"
                );
            }
            if let Some(hit) = hit {
                assert!(!found.contains_key(&hit) && !clean, "{name} at {place}");
            } else if !name.starts_with("settled") {
                assert!(!found.contains_key(&2) && !found.contains_key(&3), "settled: {name} at {place}");
            }
        });
    }
}

#[test]
fn a_file_cut_at_any_place_costs_at_most_what_was_cut() {
    each(
        |bytes, place| bytes[..place].to_vec(),
        |name, place, found, clean| {
            let whole = in_segment(name);
            let lost: Vec<u64> = whole.iter().copied().skip(place / 32).collect();
            for sequence in (1..=20).filter(|sequence| !lost.contains(sequence) && ![2, 3].contains(sequence))
            {
                let manifest_unreadable = name == "journal.json" && !clean;
                assert!(
                    found.contains_key(&sequence) || manifest_unreadable,
                    "{sequence}: {name} at {place}"
                );
            }
            assert!(lost.iter().all(|sequence| !found.contains_key(sequence)), "{name} at {place}");
        },
    );
}

/// Takes and settles all that can be read; answers the lost ranges.
fn settle_all(journal: &mut Opened, slot: usize) -> Vec<(u64, u64, u64)> {
    let backlog = &mut journal.backlogs[slot];
    let (mut taken, mut lost) = (Vec::new(), Vec::new());
    loop {
        match backlog.next() {
            Ok(Some(record)) => taken.push(record.key),
            Ok(None) => break,
            Err(JournalError::Damaged { first, last, records, .. }) => lost.push((first, last, records)),
            Err(error) => panic!("{error}"),
        }
    }
    backlog.settle(&taken).unwrap();
    assert_eq!(backlog.pending(), 0);
    lost
}

/// The segments kept for inspection, by number.
fn kept(config: &JournalConfig) -> BTreeMap<String, Vec<u8>> {
    let dir = config.dir.as_ref().unwrap().join("damaged");
    if !dir.exists() {
        return BTreeMap::new();
    }
    let number = |name: &str| name.rsplit('-').next().unwrap().to_owned();
    files(&dir).into_iter().map(|name| (number(&name), std::fs::read(dir.join(name)).unwrap())).collect()
}

#[test]
fn every_kind_of_damage_found_at_the_start_keeps_its_bytes() {
    type Damage = fn(&mut Vec<u8>);
    let kinds: [(&str, Damage); 6] = [
        ("a flipped byte", |bytes| bytes[100] ^= 1),
        ("a length of zero", |bytes| bytes[64..68].fill(0)),
        ("a length beyond the end", |bytes| bytes[66] = 0xff),
        ("a torn tail", |bytes| bytes[240..].fill(0)),
        ("rubbish instead of everything", |bytes| bytes.fill(0x5a)),
        ("a file that was cut", |bytes| bytes.truncate(70)),
    ];
    for (kind, damage) in kinds {
        let dir = scratch();
        let config = small(dir.path());
        let path = small_journal(dir.path()).join("00000002.seg");
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        let mut journal = opened(&config, &["a"]);
        assert!(!journal.report.damage.is_empty(), "{kind}");
        assert_eq!(settle_all(&mut journal, 0), [], "{kind}: said at the start");
        assert_eq!(kept(&config), BTreeMap::from([("00000002.seg".to_owned(), bytes)]), "{kind}");
    }
}

#[test]
fn damage_found_from_the_segment_behind_keeps_the_bytes_of_the_right_one() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 20);
    // The last two records of the first segment: that they are gone shows at the first of the second one.
    let path = writer_dirs(&config)[0].join("00000001.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[192..].fill(0xee);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(settle_all(&mut journal, 0), [(7, 8, 2)]);
    assert_eq!(kept(&config), BTreeMap::from([("00000001.seg".to_owned(), bytes)]));
}

#[test]
fn a_record_that_rots_is_lost_only_where_it_was_for_and_frees_nothing_too_early() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a", "b", "c"]);
    // Record 3 is for `a` and `b`, 4 for `b`; `c` gets the others.
    for n in 1..=20 {
        let routes = if n == 3 { ALL.without(2) } else { Routes::NONE.with(if n == 4 { 1 } else { 2 }) };
        journal.writer.append(&payload(n), routes).unwrap();
    }
    journal.writer.commit().unwrap();
    let path = writer_dirs(&config)[0].join("00000001.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[64..128].fill(0xee);
    std::fs::write(&path, &bytes).unwrap();

    assert_eq!(settle_all(&mut journal, 2), [], "nothing of `c` is gone");
    assert_eq!(settle_all(&mut journal, 0), [(3, 3, 1)]);
    assert!(path.exists(), "`b` has not looked yet");
    assert_eq!(settle_all(&mut journal, 1), [(3, 4, 2)]);
    assert_eq!(kept(&config), BTreeMap::from([("00000001.seg".to_owned(), bytes)]));

    // After a crash nobody knows for whom they were: they are said once, and hold nothing.
    drop(journal);
    let journal = opened(&config, &["a", "b", "c"]);
    assert!(journal.report.is_clean(), "{:?}", journal.report);
}

#[test]
fn a_record_that_was_cut_off_is_missing_although_the_other_destination_has_settled_all_around() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a", "b"]);
    for n in 1..=20 {
        journal.writer.append(&payload(n), Routes::NONE.with(usize::from(n <= 8))).unwrap();
    }
    journal.writer.commit().unwrap();
    assert_eq!(settle_all(&mut journal, 0), []);
    let writer = journal.writer.id();
    drop(journal);
    let path = writer_dirs(&config)[0].join("00000001.seg");
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(224).unwrap();
    let mut journal = opened(&config, &["a", "b"]);
    assert_eq!(journal.report.damage, [Damage::Missing { writer, first: 8, last: 8 }]);
    assert_eq!(texts(&mut journal.backlogs[1]), expected(1, 7));
}

#[test]
fn after_a_crash_a_record_that_rotted_is_said_and_holds_nobody_up() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a", "b"]);
    for n in 1..=20 {
        journal.writer.append(&payload(n), Routes::NONE.with((n % 2) as usize)).unwrap();
    }
    journal.writer.commit().unwrap();
    let writer = journal.writer.id();
    let path = writer_dirs(&config)[0].join("00000001.seg");
    drop(journal);
    let mut bytes = std::fs::read(&path).unwrap();
    // The routes of record 3.
    bytes[84] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let mut journal = opened(&config, &["a", "b"]);
    let skipped = Damage::Skipped { segment: path, offset: 64, bytes: 32 };
    assert_eq!(journal.report.damage, [skipped, Damage::Missing { writer, first: 3, last: 3 }]);
    assert_eq!((journal.backlogs[0].pending(), journal.backlogs[1].pending()), (10, 9));
    assert_eq!((settle_all(&mut journal, 0), settle_all(&mut journal, 1)), (vec![], vec![]));
    assert_eq!(kept(&config), BTreeMap::from([("00000001.seg".to_owned(), bytes)]));
}

#[test]
fn a_damaged_segment_is_kept_for_inspection_when_all_else_is_settled() {
    let dir = scratch();
    let config = small(dir.path());
    let own = small_journal(dir.path());
    let path = own.join("00000002.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[37] ^= 1;
    std::fs::write(&path, &bytes).unwrap();

    let mut journal = opened(&config, &["a"]);
    let writer: crate::event::WriterId = own.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let skipped = Damage::Skipped { segment: path, offset: 32, bytes: 32 };
    assert_eq!(journal.report.damage, [skipped, Damage::Missing { writer, first: 10, last: 10 }]);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records)).unwrap();
    let kept = config.dir.as_ref().unwrap().join("damaged").join(format!("{writer}-00000002.seg"));
    assert_eq!(std::fs::read(kept).unwrap(), bytes);
    assert!(!own.exists());
}

#[test]
fn a_missing_segment_is_said() {
    let dir = scratch();
    let config = small(dir.path());
    let own = small_journal(dir.path());
    std::fs::remove_file(own.join("00000002.seg")).unwrap();
    let journal = opened(&config, &["a"]);
    let writer = own.file_name().unwrap().to_str().unwrap().parse().unwrap();
    assert_eq!(journal.report.damage, [Damage::Missing { writer, first: 9, last: 16 }]);
}

#[test]
fn segments_that_were_settled_and_freed_are_not_missing() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 20);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records[8..16])).unwrap();
    drop(journal);
    let mut journal = opened(&config, &["a"]);
    assert!(journal.report.is_clean(), "{:?}", journal.report);
    let left: Vec<String> = expected(1, 8).into_iter().chain(expected(17, 20)).collect();
    assert_eq!(texts(&mut journal.backlogs[0]), left);
}

#[test]
fn a_record_that_rots_while_the_journal_is_open_is_named_once_and_never_handed_out() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 20);
    let path = writer_dirs(&config)[0].join("00000001.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[67] ^= 1;
    std::fs::write(&path, &bytes).unwrap();

    let backlog = &mut journal.backlogs[0];
    let mut records = Vec::new();
    let mut lost = Vec::new();
    loop {
        match backlog.next() {
            Ok(Some(record)) => records.push(record),
            Ok(None) => break,
            Err(JournalError::Damaged { first, last, .. }) => lost.push((first, last)),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(lost, [(3, 3)]);
    assert_eq!(records.len(), 19);
    backlog.settle(&keys(&records)).unwrap();
    assert_eq!(backlog.pending(), 0);
    assert_eq!(files(&config.dir.as_ref().unwrap().join("damaged")).len(), 1);
}

#[test]
fn a_segment_cut_while_the_journal_is_open_loses_what_was_cut() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 20);
    let path = writer_dirs(&config)[0].join("00000003.seg");
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(70).unwrap();
    let backlog = &mut journal.backlogs[0];
    let mut texts = Vec::new();
    let error = loop {
        match backlog.next() {
            Ok(record) => texts.push(record.unwrap().key.sequence()),
            Err(error) => break error,
        }
    };
    assert_eq!(texts, (1..=18).collect::<Vec<_>>());
    assert!(matches!(error, JournalError::Damaged { first: 19, last: 20, .. }), "{error}");
    assert_eq!(backlog.next().unwrap(), None);
}

/// A dead writer's directory: record 1, and 2 and 3, whose first two syncs failed. The second segment was given up empty
/// or with copies of them, as the first one was.
fn written_again(dir: &Path) -> (JournalConfig, PathBuf) {
    let config = small(dir);
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 1);
    for n in 2..=3 {
        journal.writer.append(&payload(n), ALL).unwrap();
    }
    fault::fail_syncs(2);
    journal.writer.commit().unwrap_err();
    journal.writer.commit().unwrap();
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 3));
    drop(journal);
    let own = writer_dirs(&config).remove(0);
    (config, own)
}

fn flip(own: &Path, segment: &str, place: usize) {
    let path = own.join(segment);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[place] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_copy_that_was_given_up_hides_no_record_that_was_committed_behind_it() {
    for place in 32..96 {
        let dir = scratch();
        let (config, own) = written_again(dir.path());
        flip(&own, "00000001.seg", place);
        let mut journal = opened(&config, &["a"]);
        assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 3), "byte {place}");
        let missing = |damage: &Damage| matches!(damage, Damage::Missing { .. });
        assert!(!journal.report.damage.iter().any(missing), "byte {place}: {:?}", journal.report);
    }
}

#[test]
fn a_copy_that_was_given_up_stands_in_for_a_committed_record_that_is_damaged() {
    let dir = scratch();
    let (config, own) = written_again(dir.path());
    let last = files(&own).into_iter().rfind(|name| name.ends_with(".seg")).unwrap();
    for place in [0, 32] {
        flip(&own, &last, place);
    }
    let mut journal = opened(&config, &["a"]);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 3));
}
