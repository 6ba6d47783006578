//! Where a lock or a sync can't be relied upon, the journal is not opened.

use lodger_tests::require::{self, Requirement};

use super::{recorder, verdict};

/// Lets statfs(2) say NFS (0x6969, the first word of its answer).
const NFS: &str = "statfs:poke_exit=@arg2=6969000000000000";

#[test]
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn a_network_file_system_is_refused_unless_it_is_allowed() {
    if !require::all(&[Requirement::Strace]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let setup = recorder(&dir.path().join("journal"), dir.path()).with("--events=20").injected(NFS);
    let failed = setup.start().end().failed.unwrap();
    assert!(failed.contains("NFS") && failed.contains("LODGER_JOURNAL_ALLOW_NETWORK_FS=1"), "{failed}");
    assert!(setup.clone().env("LODGER_JOURNAL_ALLOW_NETWORK_FS", "0").start().end().failed.is_some());

    let mut allowed = setup.env("LODGER_JOURNAL_ALLOW_NETWORK_FS", "1").start();
    assert!(allowed.hear(|heard| heard.offered));
    let heard = allowed.stop();
    assert_eq!(heard.ok.len(), 20);
    verdict([&heard], dir.path()).assert_sound();
}
