//! Who may own what, and with which modes.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::journal::{JournalError, directory};

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn only_we_can_read_anything_even_under_umask_0() {
    let dir = scratch();
    let mut config = small(dir.path());
    config.dir = Some(dir.path().join("deep/journal"));
    let before = rustix::process::umask(rustix::fs::Mode::empty());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 20);
    let records = drain(&mut journal.backlogs[0]);
    journal.backlogs[0].settle(&keys(&records[..15])).unwrap();
    rustix::process::umask(before);

    for part in ["deep", "deep/journal"] {
        assert_eq!(mode(&dir.path().join(part)), 0o700, "{part}");
    }
    let own = writer_dirs(&config).remove(0);
    assert_eq!(mode(&own), 0o700);
    let files = files(&own);
    assert!(files.iter().any(|name| name.starts_with("spare-")), "{files:?}");
    for name in files {
        assert_eq!(mode(&own.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_symbolic_link_is_refused() {
    let dir = scratch();
    std::fs::create_dir(dir.path().join("real")).unwrap();
    symlink(dir.path().join("real"), dir.path().join("journal")).unwrap();
    for name in ["journal", "journal/", "journal/."] {
        let config = JournalConfig { dir: Some(dir.path().join(name)), ..small(dir.path()) };
        let error = open(&config, &[identity("a")]).unwrap_err();
        assert!(matches!(error, JournalError::Unsafe { .. }), "{name}: {error}");
        assert!(error.to_string().contains("symbolic link"), "{error}");
    }
}

#[test]
fn a_writers_directory_that_is_a_symbolic_link_is_left_alone() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 3);
    drop(journal);
    let own = writer_dirs(&config).remove(0);
    std::fs::rename(&own, dir.path().join("elsewhere")).unwrap();
    symlink(dir.path().join("elsewhere"), &own).unwrap();
    let mut journal = opened(&config, &["a"]);
    assert_eq!(texts(&mut journal.backlogs[0]), expected(1, 0));
    assert_eq!(journal.report.left_alone.len(), 1);
}

#[test]
fn somebody_elses_directory_is_refused() {
    let dir = scratch();
    // Root can give a directory away; anybody else finds one of root's.
    let foreign = if rustix::process::geteuid().is_root() {
        let stranger = Some(rustix::fs::Uid::from_raw(12345));
        rustix::fs::chown(dir.path(), stranger, None).unwrap();
        dir.path()
    } else {
        Path::new("/")
    };
    let error = directory::check(foreign, false).unwrap_err();
    assert!(error.to_string().contains("LODGER_JOURNAL_DIR"), "{error}");
}

#[test]
fn an_unwritable_place_says_what_to_mount_and_which_variable_to_set() {
    let dir = scratch();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let config = JournalConfig { dir: Some(dir.path().join("file/journal")), ..small(dir.path()) };
    let error = open(&config, &[identity("a")]).unwrap_err();
    assert!(matches!(error, JournalError::Unwritable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("mount") && text.contains("LODGER_JOURNAL_DIR"), "{text}");
}

#[test]
fn a_directory_that_was_there_keeps_its_mode() {
    let dir = scratch();
    let config = small(dir.path());
    let root = config.dir.clone().unwrap();
    std::fs::create_dir(&root).unwrap();
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o755)).unwrap();
    let _journal = opened(&config, &["a"]);
    assert_eq!(mode(&root), 0o755);
    assert_eq!(mode(&writer_dirs(&config)[0]), 0o700);
}

#[test]
fn nothing_is_acknowledged_that_went_into_a_file_that_was_removed_or_moved_away() {
    for fault in ["remove", "move", "replace"] {
        let dir = scratch();
        let config = small(dir.path());
        let mut journal = opened(&config, &["a"]);
        commit(&mut journal, 1, 1);
        let segment = writer_dirs(&config).remove(0).join("00000001.seg");
        let aside = dir.path().join("aside");
        match fault {
            "remove" => std::fs::remove_file(&segment).unwrap(),
            "move" => std::fs::rename(&segment, &aside).unwrap(),
            _ => std::fs::copy(&segment, &aside).and_then(|_| std::fs::rename(&aside, &segment)).unwrap(),
        }
        // The file is given up, and the record goes into the next one.
        commit(&mut journal, 2, 2);
        drop(journal);
        assert!(
            texts(&mut opened(&config, &["a"]).backlogs[0]).contains(&"record 002".to_owned()),
            "{fault}"
        );
    }
}

#[test]
fn a_directory_that_was_removed_under_us_is_an_error_at_every_commit() {
    let dir = scratch();
    let config = small(dir.path());
    let mut journal = opened(&config, &["a"]);
    commit(&mut journal, 1, 1);
    std::fs::remove_dir_all(config.dir.as_deref().unwrap()).unwrap();
    journal.writer.append(&payload(2), ALL).unwrap();
    for _ in 0..3 {
        let error = journal.writer.commit().unwrap_err();
        assert!(matches!(error, JournalError::Io { .. }), "{error:?}");
    }
}
