//! Dead letters on disk, with several processes and with crashes at every point.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::event::WriterId;
use crate::journal::fault;

fn destination() -> Identity {
    Identity::new("lodger", "https://x")
}

/// Another process, as far as files and their locks can tell.
fn process(journal: &Path) -> DeadLetters {
    DeadLetters::on_disk(journal, &destination(), WriterId::mint())
}

fn id(number: u32) -> EventId {
    format!("0199b1c0-0000-7000-8000-{number:012}").parse().unwrap()
}

fn payload(number: u32, note: &str) -> Arc<[u8]> {
    format!(r#"{{"id":"{}","note":"{note}"}}"#, id(number)).into_bytes().into()
}

fn letter_noted(number: u32, note: &str) -> DeadLetter {
    let at = Timestamp::from_micros(1_778_846_400_000_000 + i64::from(number)).unwrap();
    DeadLetter::new(at, &destination(), Refusal::http(422, "no such project"), 1, &payload(number, note))
}

fn letter(number: u32) -> DeadLetter {
    letter_noted(number, "")
}

fn keep(letters: &DeadLetters, numbers: impl IntoIterator<Item = u32>) {
    letters.keep(numbers.into_iter().map(letter).collect()).unwrap();
}

fn remove(letters: &DeadLetters, numbers: impl IntoIterator<Item = u32>) -> u64 {
    let ids: Vec<EventId> = numbers.into_iter().map(id).collect();
    letters.remove(&ids).unwrap()
}

fn kept(letters: &DeadLetters) -> Vec<DeadLetter> {
    letters.list().unwrap()
}

fn expected(numbers: impl IntoIterator<Item = u32>) -> Vec<DeadLetter> {
    numbers.into_iter().map(letter).collect()
}

fn dir_of(journal: &Path) -> PathBuf {
    fs::read_dir(journal.join("dead")).unwrap().next().unwrap().unwrap().path()
}

fn files(journal: &Path) -> Vec<PathBuf> {
    let dir = dir_of(journal);
    index::names(&dir).unwrap().into_iter().map(|name| dir.join(name)).collect()
}

#[test]
fn letters_survive_the_process_and_only_the_owner_can_read_them() {
    let journal = tempfile::tempdir().unwrap();
    let first = process(journal.path());
    assert_eq!(kept(&first), []);
    keep(&first, [1, 2]);
    keep(&first, [3]);
    assert_eq!(kept(&process(journal.path())), expected([1, 2, 3]));
    let other = DeadLetters::on_disk(journal.path(), &Identity::new("lodger", "https://y"), WriterId::mint());
    assert_eq!(kept(&other), []);

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = dir_of(journal.path());
    assert_eq!((mode(&journal.path().join("dead")), mode(&dir)), (0o700, 0o700));
    for file in fs::read_dir(&dir).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    let identity: Identity =
        serde_json::from_slice(&fs::read(dir.join("destination.json")).unwrap()).unwrap();
    assert_eq!(identity, destination());
}

#[test]
fn letters_whose_sync_failed_do_not_count_and_their_file_is_left_alone() {
    let journal = tempfile::tempdir().unwrap();
    let letters = process(journal.path());
    keep(&letters, [1]);
    fault::fail_syncs(1);
    letters.keep(expected([2])).unwrap_err();
    keep(&letters, [2]);
    assert_eq!(files(journal.path()).len(), 2);
    assert_eq!(kept(&letters), expected([1, 2]));
    assert_eq!(remove(&letters, [2]), 1, "both copies of it");
    assert_eq!(kept(&process(journal.path())), expected([1]));
}

#[test]
fn a_directory_that_is_a_symbolic_link_is_neither_written_nor_read() {
    for depth in 0..2 {
        let (journal, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = DeadLetterFiles::new(journal.path(), &destination(), WriterId::mint());
        let link = files.dirs()[depth];
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), link).unwrap();
        let refused = files.append(&[letter(1)]).unwrap_err();
        assert!(refused.to_string().contains("symbolic link"), "{refused}");
        files.list().unwrap_err();
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_torn_line_costs_no_other_and_is_no_damage() {
    let journal = tempfile::tempdir().unwrap();
    keep(&process(journal.path()), [1, 2]);
    let path = files(journal.path()).remove(0);
    let bytes = fs::read(&path).unwrap();
    for length in (0..bytes.len()).step_by(7) {
        fs::write(&path, &bytes[..length]).unwrap();
        let whole = bytes[..length].iter().filter(|byte| **byte == b'\n').count() as u32;
        let list = process(journal.path()).letters().unwrap();
        assert_eq!(list.damage(), []);
        assert_eq!(list.map(Result::unwrap).collect::<Vec<_>>(), expected(1..=whole), "{length} bytes");
    }
}

#[test]
fn a_damaged_line_is_said_and_its_bytes_stay() {
    let journal = tempfile::tempdir().unwrap();
    keep(&process(journal.path()), [1, 2, 3]);
    let path = files(journal.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    bytes[second + 40] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let next = process(journal.path());
    let list = next.letters().unwrap();
    let [damage] = list.damage() else { panic!("{list:?}") };
    assert_eq!((&damage.file, damage.offset, damage.newer), (&path, second as u64, false));
    assert_eq!(list.map(Result::unwrap).collect::<Vec<_>>(), expected([1, 3]));

    assert_eq!(remove(&next, [1, 2, 3]), 2);
    assert_eq!(kept(&process(journal.path())), []);
    assert_eq!(fs::read(&path).unwrap(), bytes, "kept for inspection");
}

#[test]
fn what_is_removed_stays_removed_for_every_process() {
    let journal = tempfile::tempdir().unwrap();
    let (first, second) = (process(journal.path()), process(journal.path()));
    keep(&first, [1, 2, 3]);
    keep(&second, [4, 5]);
    assert_eq!(remove(&second, [1, 4, 9]), 2);
    assert_eq!(remove(&second, [1, 4]), 0);
    assert_eq!(kept(&first), expected([2, 3, 5]));
    assert_eq!(first.still_kept(&[id(1), id(2)]).unwrap(), HashSet::from([id(2)]));
    drop((first, second));
    assert_eq!(kept(&process(journal.path())), expected([2, 3, 5]));
}

#[test]
fn letters_are_not_written_into_a_file_that_somebody_removed() {
    let journal = tempfile::tempdir().unwrap();
    let letters = process(journal.path());
    keep(&letters, [1]);
    fs::remove_dir_all(journal.path().join("dead")).unwrap();
    keep(&letters, [2]);
    assert_eq!(kept(&process(journal.path())), expected([2]));
}

#[test]
fn a_list_holds_an_index_and_no_letters() {
    let journal = tempfile::tempdir().unwrap();
    let long = "x".repeat(60_000);
    let letters = process(journal.path());
    letters.keep((1..=50).map(|number| letter_noted(number, &long)).collect()).unwrap();
    let list = letters.letters().unwrap();
    assert_eq!(list.len(), 50);
    assert!(size_of::<list::Found>() <= 64, "{} bytes for each", size_of::<list::Found>());
    assert!(list.map(Result::unwrap).all(|letter| letter.bytes.len() > 60_000));
}

#[test]
fn a_removal_that_could_not_be_synced_is_an_error_and_can_be_repeated() {
    let journal = tempfile::tempdir().unwrap();
    let letters = process(journal.path());
    keep(&letters, [1, 2]);
    fault::fail_syncs(1);
    letters.remove(&[id(1)]).unwrap_err();
    remove(&letters, [1]);
    assert_eq!(kept(&process(journal.path())), expected([2]));
}

#[test]
fn an_event_that_is_refused_again_has_one_letter_the_newest() {
    let journal = tempfile::tempdir().unwrap();
    let letters = process(journal.path());
    keep(&letters, [1, 2]);
    let again = DeadLetter { at: letter(9).at, tries: 7, reason: "still not".to_owned(), ..letter(1) };
    process(journal.path()).keep(vec![again.clone()]).unwrap();
    assert_eq!(kept(&letters), [letter(2), again]);
    assert_eq!(remove(&letters, [1]), 1);
    assert_eq!(kept(&letters), expected([2]));
}

#[test]
fn an_event_that_dies_again_after_its_letter_was_removed_is_back() {
    let journal = tempfile::tempdir().unwrap();
    let letters = process(journal.path());
    keep(&letters, [1]);
    remove(&letters, [1]);
    keep(&letters, [1]);
    assert_eq!(kept(&process(journal.path())), expected([1]));
}

#[test]
fn when_nothing_is_left_the_files_go() {
    let journal = tempfile::tempdir().unwrap();
    keep(&process(journal.path()), 1..=20);
    let letters = process(journal.path());
    remove(&letters, 1..=20);
    assert_eq!(files(journal.path()), [] as [PathBuf; 0]);
    assert_eq!(kept(&letters), []);
    keep(&letters, [21]);
    assert_eq!(kept(&process(journal.path())), expected([21]));
}

#[test]
fn garbage_is_freed_beside_a_process_that_keeps_its_file() {
    let journal = tempfile::tempdir().unwrap();
    let long = "x".repeat(2_000);
    let neighbour = process(journal.path());
    keep(&neighbour, [1, 2]);
    let before = files(journal.path()).remove(0);
    let many = (10..110).map(|number| letter_noted(number, &long)).collect();
    process(journal.path()).keep(many).unwrap();

    let tidying = process(journal.path());
    remove(&tidying, (10..100).chain([2]));
    let bytes = |path: &PathBuf| fs::metadata(path).unwrap().len();
    assert!(before.exists(), "somebody has it open");
    let rest: u64 = files(journal.path()).iter().filter(|file| **file != before).map(bytes).sum();
    assert!(rest < 30_000, "{rest} bytes for ten letters and a note");
    keep(&neighbour, [3]);

    let left: Vec<u32> = kept(&process(journal.path()))
        .iter()
        .map(|letter| letter.at.as_micros().rem_euclid(1_000) as u32)
        .collect();
    assert_eq!(left, [1, 3].into_iter().chain(100..110).collect::<Vec<_>>());
    drop(neighbour);
    remove(&tidying, (1..=3).chain(100..110));
    assert_eq!(files(journal.path()), [] as [PathBuf; 0], "it is gone, and so is its file");
}

#[test]
fn the_files_of_many_starts_are_put_together() {
    let journal = tempfile::tempdir().unwrap();
    for number in 1..=100 {
        keep(&process(journal.path()), [number]);
        assert!(files(journal.path()).len() <= files::MANY_FILES + 1);
    }
    assert_eq!(kept(&process(journal.path())), expected(1..=100));
}

#[test]
fn a_crash_at_any_step_of_putting_files_together_loses_and_revives_no_letter() {
    let long = "x".repeat(2_000);
    let many = |numbers: std::ops::Range<u32>| numbers.map(|number| letter_noted(number, &long)).collect();
    let numbers =
        |journal: &Path| -> Vec<EventId> { kept(&process(journal)).iter().map(|letter| letter.id).collect() };
    let mut crashes = 0;
    for step in 0.. {
        let journal = tempfile::tempdir().unwrap();
        let neighbour = process(journal.path());
        neighbour.keep(many(200..210)).unwrap();
        process(journal.path()).keep(many(10..110)).unwrap();
        keep(&process(journal.path()), [1, 2, 3]);
        // Notes that are not worth while yet, about letters in files that go and in one that stays.
        remove(&process(journal.path()), [2, 205]);
        compaction::crash_at(step);
        remove(&process(journal.path()), 10..110);
        let crashed = !compaction::survived();
        let left: Vec<EventId> =
            [1, 3].into_iter().chain((200..210).filter(|number| *number != 205)).map(id).collect();
        assert_eq!(numbers(journal.path()), left, "crash at step {step}");
        // Nor does what comes next: another removal, with the neighbour gone.
        drop(neighbour);
        remove(&process(journal.path()), [3]);
        process(journal.path()).keep(many(300..400)).unwrap();
        remove(&process(journal.path()), 300..400);
        assert_eq!(numbers(journal.path()), [&left[..1], &left[2..]].concat(), "after step {step}");
        let names = fs::read_dir(dir_of(journal.path())).unwrap().map(|entry| entry.unwrap().file_name());
        let unnamed = names.filter(|name| name.to_string_lossy().starts_with('.'));
        assert_eq!(unnamed.count(), 0, "what was half written is cleared away");
        if !crashed {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 7, "{crashes}: two files made, three removed, and then the notes");
}

#[test]
fn processes_that_keep_and_remove_at_once_lose_nothing_and_revive_nothing() {
    let journal = tempfile::tempdir().unwrap();
    let long = "x".repeat(1_500);
    std::thread::scope(|scope| {
        for worker in 0..4_u32 {
            let (journal, long) = (journal.path(), &long);
            scope.spawn(move || {
                for round in 0..6 {
                    let letters = process(journal);
                    let first = 1_000 * worker + 100 * round;
                    let batch = (first..first + 60).map(|number| letter_noted(number, long));
                    letters.keep(batch.collect()).unwrap();
                    // All but the first; by a process that begins to tidy up while others keep and remove.
                    assert_eq!(remove(&process(journal), first + 1..first + 60), 59);
                    let ids: HashSet<EventId> = kept(&letters).iter().map(|letter| letter.id).collect();
                    assert!(ids.contains(&id(first)));
                    assert!((first + 1..first + 60).all(|number| !ids.contains(&id(number))));
                }
            });
        }
    });
    let mut left: Vec<EventId> = kept(&process(journal.path())).iter().map(|letter| letter.id).collect();
    left.sort_unstable();
    let all = (0..4).flat_map(|worker| (0..6).map(move |round| id(1_000 * worker + 100 * round)));
    assert_eq!(left, all.collect::<Vec<_>>());
}

#[test]
fn in_memory_letters_are_removed_and_replaced_too() {
    let letters = DeadLetters::in_memory();
    keep(&letters, 1..=1_001);
    assert_eq!(kept(&letters), expected(2..=1_001), "the newest thousand");
    assert_eq!(remove(&letters, [1, 2, 3]), 2);
    let again = DeadLetter { at: letter(2_000).at, tries: 7, ..letter(4) };
    letters.keep(vec![again.clone()]).unwrap();
    assert_eq!(kept(&letters).last(), Some(&again));
    assert_eq!(kept(&letters).len(), 998);
    assert_eq!(letters.still_kept(&[id(3), id(4)]).unwrap(), HashSet::from([id(4)]));
}

#[test]
fn a_disk_that_keeps_failing_leaves_no_file_for_each_try() {
    let dir = tempfile::tempdir().unwrap();
    let letters = process(dir.path());
    fault::fail_syncs(5);
    for _ in 0..5 {
        letters.keep(vec![letter(1)]).unwrap_err();
    }
    assert_eq!(files(dir.path()), Vec::<PathBuf>::new());
    keep(&letters, [1]);
    assert_eq!((kept(&letters), files(dir.path()).len()), (expected([1]), 1));
    // Where something counts already, the file stays.
    fault::fail_syncs(1);
    letters.keep(vec![letter(2)]).unwrap_err();
    assert_eq!(files(dir.path()).len(), 1);
    keep(&letters, [2]);
    assert_eq!(kept(&letters), expected([1, 2]));
}
