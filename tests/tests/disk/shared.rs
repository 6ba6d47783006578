//! Several processes, one directory; and copies of directories.

use std::path::Path;
use std::process::Command;

use lodger_tests::disk::Recorder;

use super::{recorder, verdict};

#[test]
fn two_processes_share_a_directory_and_of_many_that_start_at_once_one_adopts_what_they_left() {
    let dir = tempfile::tempdir().unwrap();
    let setup = recorder(&dir.path().join("journal"), dir.path());
    let mut both = [setup.clone().with("--stalled").start(), setup.clone().with("--stalled").start()];
    for recorder in &mut both {
        assert!(recorder.hear(|heard| heard.ok.len() >= 200));
    }
    let both = both.map(Recorder::kill);

    // Whoever owns a directory delivers it once; so nothing comes twice if each has one owner.
    let mut starters: Vec<_> = (0..6).map(|_| setup.clone().with("--events=10").start()).collect();
    for starter in &mut starters {
        assert!(starter.hear(|heard| heard.offered));
    }
    let starters: Vec<_> = starters.into_iter().map(Recorder::stop).collect();
    _ = setup.drain();
    let verdict = verdict(both.iter().chain(&starters), dir.path());
    verdict.assert_sound();
    assert_eq!(verdict.repeated, 0, "{verdict:?}");
    assert!(verdict.acknowledged >= 460, "{verdict:?}");
}

#[test]
fn a_live_processes_directory_is_left_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let setup = recorder(&dir.path().join("journal"), dir.path());
    let mut live = setup.clone().with("--stalled").with("--events=100").start();
    assert!(live.hear(|heard| heard.offered));
    _ = setup.drain();
    assert_eq!(verdict([], dir.path()).arrived, 0);
    live.say("deliver");
    let live = live.stop();
    let verdict = verdict([&live], dir.path());
    verdict.assert_sound();
    assert_eq!((verdict.arrived, verdict.repeated), (100, 0));
}

#[test]
fn yesterdays_volume_beside_the_live_one_loses_nothing_and_repeats_no_place() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, restored) = (dir.path().join("journal"), dir.path().join("restored"));
    let setup = recorder(&journal, dir.path());
    let mut live = setup.clone().with("--stalled").start();
    assert!(live.hear(|heard| heard.ok.len() >= 100));
    live.catch_up();
    let yesterday = live.heard.ok.clone();
    copy(&journal, &restored);
    let had = live.heard.ok.len();
    assert!(live.hear(|heard| heard.ok.len() >= had + 100));

    // The copy is delivered while the original lives.
    let mut beside = recorder(&restored, dir.path()).with("--events=100").start();
    assert!(beside.hear(|heard| heard.offered));
    let beside = beside.stop();
    let by_then = super::arrivals(&dir.path().join("recording"));
    assert!(yesterday.iter().all(|id| by_then.iter().any(|arrival| arrival.id == *id)));

    let live = live.kill();
    _ = setup.drain();
    let verdict = verdict([&live, &beside], dir.path());
    verdict.assert_sound();
    assert!(verdict.repeated >= 100, "what lay in both came from both: {verdict:?}");
}

#[test]
fn yesterdays_volume_in_place_of_todays_repeats_what_was_delivered_and_no_place() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, backup) = (dir.path().join("journal"), dir.path().join("backup"));
    let setup = recorder(&journal, dir.path());
    let mut first = setup.clone().with("--stalled").start();
    assert!(first.hear(|heard| heard.ok.len() >= 100));
    let first = first.kill();
    copy(&journal, &backup);
    let mut second = setup.clone().with("--events=100").start();
    assert!(second.hear(|heard| heard.offered));
    let second = second.stop();

    std::fs::remove_dir_all(&journal).unwrap();
    copy(&backup, &journal);
    let mut third = setup.clone().with("--events=100").start();
    assert!(third.hear(|heard| heard.offered));
    let third = third.stop();
    let verdict = verdict([&first, &second, &third], dir.path());
    verdict.assert_sound();
    assert!(verdict.repeated >= 100, "{verdict:?}");
}

/// With modes and times, as a backup does.
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}
