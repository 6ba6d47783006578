//! Full means refused, with what to do; delivery goes on, and with it the room comes back.

use std::path::PathBuf;

use lodger_tests::disk::{Volume, disk_full};
use lodger_tests::require::{self, Requirement};

use super::{program, recorder, verdict};

#[test]
fn a_full_disk_refuses_delivers_and_resumes() {
    if !require::all(&[Requirement::LoopDevices]) {
        return;
    }
    let report = disk_full::run(&program());
    assert_eq!((report.lost, report.invented), (0, 0), "{report:?}");
    assert!(report.refusal.contains("free some space"), "{report:?}");
}

#[test]
fn a_process_that_starts_on_a_full_disk_says_what_to_do_and_starts_once_there_is_room() {
    if !require::all(&[Requirement::LoopDevices]) {
        return;
    }
    let (volume, elsewhere) = (Volume::ext4(48, &[]).unwrap(), tempfile::tempdir().unwrap());
    let setup = recorder(&volume.path().join("journal"), elsewhere.path());
    let mut first = setup.clone().with("--stalled").start();
    assert!(first.hear(|heard| heard.ok.len() >= 100));
    let first = first.kill();
    volume.fill(0);
    let mut second = setup.start();
    if !second.hear(|heard| heard.ready.is_some()) {
        let failed = second.end().failed.unwrap();
        assert!(failed.contains("free some space"), "{failed}");
        volume.empty();
    }
    _ = setup.drain();
    verdict([&first], elsewhere.path()).assert_sound();
}

#[test]
fn without_a_free_inode_events_are_refused_until_there_is_one() {
    if !require::all(&[Requirement::LoopDevices]) {
        return;
    }
    let (volume, elsewhere) = (Volume::ext4(48, &["-N", "64"]).unwrap(), tempfile::tempdir().unwrap());
    let setup = recorder(&volume.path().join("journal"), elsewhere.path());
    let mut busy =
        setup.clone().with("--stalled").with("--max-journal-bytes=4194304").with("--bytes=4000").start();
    assert!(busy.hear(|heard| !heard.ok.is_empty()));
    let filler = |number: usize| -> PathBuf { volume.path().join(format!("filler-{number}")) };
    let fillers = (0..).take_while(|&number| std::fs::File::create(filler(number)).is_ok()).count();
    assert!(busy.hear(|heard| heard.refused.len() >= 10));
    assert!(busy.heard.refused[0].1.contains("free some space"), "{:?}", busy.heard.refused[0]);
    (0..fillers).for_each(|number| std::fs::remove_file(filler(number)).unwrap());
    let had = busy.heard.ok.len();
    assert!(busy.hear(|heard| heard.ok.len() >= had + 10));
    let busy = busy.kill();
    _ = setup.drain();
    verdict([&busy], elsewhere.path()).assert_sound();
}

#[test]
fn a_disk_that_turns_read_only_is_an_error_and_loses_nothing() {
    if !require::all(&[Requirement::LoopDevices]) {
        return;
    }
    let (mut volume, elsewhere) = (Volume::ext4(48, &[]).unwrap(), tempfile::tempdir().unwrap());
    let setup = recorder(&volume.path().join("journal"), elsewhere.path());
    let mut busy = setup.clone().start();
    assert!(busy.hear(|heard| heard.ok.len() >= 100));
    volume.turn_read_only();
    assert!(busy.hear(|heard| heard.refused.len() + heard.unsure.len() >= 20));
    let had = busy.heard.ok.len();
    assert!(busy.hear(|heard| heard.refused.len() + heard.unsure.len() >= 40));
    assert_eq!(busy.heard.ok.len(), had, "nothing is acknowledged any more");
    let busy = busy.kill();
    volume.restart();
    _ = setup.drain();
    verdict([&busy], elsewhere.path()).assert_sound();
}

#[test]
fn a_limit_on_the_size_of_files_is_said_at_the_start_and_kills_nobody() {
    if !require::all(&[Requirement::Prlimit]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let setup = recorder(&dir.path().join("journal"), dir.path()).with("--events=500");
    let limited = setup.clone().under(&["prlimit", "--fsize=1048576"]);
    let failed = limited.start().end().failed.unwrap();
    assert!(failed.contains("ulimit -f") && failed.contains("max_journal_bytes"), "{failed}");

    // What that text proposes works.
    let mut smaller = limited.with("--max-journal-bytes=4194304").start();
    assert!(smaller.hear(|heard| heard.offered));
    let heard = smaller.stop();
    assert_eq!(heard.ok.len(), 500);
    verdict([&heard], dir.path()).assert_sound();
}
