//! Who may read and write the journal, seen from real processes; and directories that go away.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use lodger_tests::disk::Setup;
use lodger_tests::require::{self, Requirement};

use super::{program, recorder, verdict};

/// Not root, and nobody's either.
const SOMEBODY: u32 = 61_234;

#[test]
fn only_the_owner_can_read_anything_of_a_process_with_umask_0() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("deep/journal");
    let setup = recorder(&journal, dir.path()).with("--max-journal-bytes=524288").with("--bytes=4000");
    let mut busy = setup.under(&["sh", "-c", "umask 0 && exec \"$@\"", "sh"]).start();
    // More than the journal's limit: segments have been made, zeroed and used again.
    assert!(busy.hear(|heard| heard.ok.len() >= 300));
    let mut found = 0;
    let mut look = vec![dir.path().join("deep")];
    while let Some(path) = look.pop() {
        // Files come and go.
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(metadata.permissions().mode() & 0o777, expected, "{}", path.display());
        if let Ok(entries) = std::fs::read_dir(&path) {
            look.extend(entries.map(|entry| entry.unwrap().path()));
        }
        found += 1;
    }
    assert!(found >= 7, "only {found} files and directories");
    drop(busy);
}

#[test]
fn a_symbolic_link_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("real")).unwrap();
    symlink(dir.path().join("real"), dir.path().join("journal")).unwrap();
    for name in ["journal", "journal/"] {
        let failed = recorder(&dir.path().join(name), dir.path()).start().end().failed.unwrap();
        assert!(failed.contains("symbolic link"), "{failed}");
    }
}

/// A directory that everybody may enter, and a recorder in it that everybody may run, as somebody else than root.
fn as_somebody(journal: &str) -> (tempfile::TempDir, PathBuf, Setup) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    let copy = dir.path().join("recorder");
    std::fs::copy(&program()[0], &copy).unwrap();
    let (journal, recording) = (dir.path().join(journal), dir.path().join("recording"));
    let user = [format!("--reuid={SOMEBODY}"), format!("--regid={SOMEBODY}")];
    let setup = Setup::new(&[copy], &journal, &format!("recording:{}", recording.display()));
    let setup = setup.under(&["setpriv", &user[0], &user[1], "--clear-groups"]);
    (dir, journal, setup)
}

#[test]
fn somebody_elses_directory_is_refused_and_roots_is_taken() {
    if !require::all(&[Requirement::Root, Requirement::Setpriv]) {
        return;
    }
    let (_dir, journal, setup) = as_somebody("journal");
    std::fs::create_dir(&journal).unwrap();
    std::fs::set_permissions(&journal, Permissions::from_mode(0o777)).unwrap();

    chown(&journal, Some(SOMEBODY + 1), None).unwrap();
    let failed = setup.start().end().failed.unwrap();
    assert!(failed.contains("belongs to user 61235") && failed.contains("LODGER_JOURNAL_DIR"), "{failed}");

    // A mounted volume belongs to root.
    chown(&journal, Some(0), None).unwrap();
    _ = setup.drain();

    std::fs::set_permissions(&journal, Permissions::from_mode(0o755)).unwrap();
    let failed = setup.start().end().failed.unwrap();
    assert!(failed.contains("mount a writable volume") && failed.contains("LODGER_JOURNAL_DIR"), "{failed}");
}

#[test]
fn a_directory_that_is_closed_to_us_while_we_run_is_an_error_until_it_is_open_again() {
    if !require::all(&[Requirement::Root, Requirement::Setpriv]) {
        return;
    }
    let (dir, journal, setup) = as_somebody("journal");
    let mut busy = setup.clone().with("--max-journal-bytes=524288").with("--bytes=4000").start();
    assert!(busy.hear(|heard| heard.ok.len() >= 50));
    std::fs::set_permissions(&journal, Permissions::from_mode(0o000)).unwrap();
    assert!(busy.hear(|heard| heard.refused.len() + heard.unsure.len() >= 10));
    std::fs::set_permissions(&journal, Permissions::from_mode(0o700)).unwrap();
    let had = busy.heard.ok.len();
    assert!(busy.hear(|heard| heard.ok.len() >= had + 50));
    let heard = busy.kill();
    _ = setup.drain();
    verdict([&heard], dir.path()).assert_sound();
}

#[test]
fn a_journal_that_is_removed_under_a_running_process_acknowledges_nothing_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let mut busy = recorder(&journal, dir.path()).with("--stalled").start();
    assert!(busy.hear(|heard| heard.ok.len() >= 50));
    remove(&journal);
    // What was said before this answer was recorded before the end of the journal, but for one event of each task.
    busy.stats();
    let had = busy.heard.ok.len();
    assert!(busy.hear(|heard| heard.refused.len() + heard.unsure.len() >= 20 || heard.ok.len() > had + 4));
    assert!(busy.heard.ok.len() <= had + 4, "{} were acknowledged after it", busy.heard.ok.len() - had);
    let told = |why: &str| why.contains("removed or replaced") || why.contains("No such file");
    assert!(busy.heard.unsure.iter().all(|(_, why)| told(why)), "{:?}", busy.heard.unsure);
    _ = busy.kill();
}

/// As `rm -rf` does, also while somebody makes new files there.
fn remove(dir: &Path) {
    while dir.exists() {
        _ = std::fs::remove_dir_all(dir);
    }
}
