//! Where a lock or a sync can't be relied upon, the journal is not opened.
//!
//! statfs(2) really answers; strace puts another number into the first word of its answer, the kind of file system.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use lodger_tests::disk::Setup;
use lodger_tests::require::{self, Requirement};

use super::{recorder, verdict};

/// On a file system of this kind, its number's bytes from the lowest to the highest.
fn on(kind: &str, setup: &Setup) -> Setup {
    setup.clone().injected(&format!("statfs:poke_exit=@arg2={kind}00000000"))
}

#[test]
fn a_network_file_system_is_refused_unless_it_is_allowed() {
    if !require::all(&[Requirement::Strace]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let setup = recorder(&dir.path().join("journal"), dir.path()).with("--events=20");
    for (kind, name) in [("69690000", "NFS"), ("424d53ff", "SMB/CIFS"), ("97190201", "9p")] {
        let there = on(kind, &setup);
        let failed = there.start().end().failed.unwrap();
        assert!(failed.contains(name) && failed.contains("LODGER_JOURNAL_ALLOW_NETWORK_FS=1"), "{failed}");
        assert!(there.clone().env("LODGER_JOURNAL_ALLOW_NETWORK_FS", "0").start().end().failed.is_some());
    }
    let mut allowed = on("69690000", &setup).env("LODGER_JOURNAL_ALLOW_NETWORK_FS", "1").start();
    assert!(allowed.hear(|heard| heard.offered));
    let heard = allowed.stop();
    assert_eq!(heard.ok.len(), 20);
    verdict([&heard], dir.path()).assert_sound();
}

#[test]
fn tmpfs_overlayfs_and_fuse_are_taken() {
    if !require::all(&[Requirement::Strace]) {
        return;
    }
    for kind in ["94190201", "304c7679", "46557365"] {
        let dir = tempfile::tempdir().unwrap();
        let mut there =
            on(kind, &recorder(&dir.path().join("journal"), dir.path()).with("--events=20")).start();
        assert!(there.hear(|heard| heard.offered), "{kind}");
        assert_eq!(there.stop().ok.len(), 20);
    }
}
