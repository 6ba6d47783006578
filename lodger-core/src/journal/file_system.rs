//! What kind of file system the journal lies on, and whether its promises can be kept there.
//!
//! Everything rests on two calls: `fsync` puts a record on the disk, and `flock` tells whether the process that owns a
//! directory is alive. Over a network neither means what it says: servers and mounts exist that answer `fsync` from
//! memory, and a lock can be granted twice after a lost connection, which would let two processes deliver from, and
//! free, the same records.

use std::path::Path;

use rustix::process::Resource;

use super::{JournalConfig, JournalError};

/// What the journal may make of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A local one, or one that we know nothing bad of.
    Local,
    /// Its locks and syncs depend on a network and another machine.
    Network(&'static str),
    /// It keeps nothing, at least not for long: the warning says until when.
    Fleeting(&'static str, &'static str),
    /// A program behind it decides what a sync means: a virtual machine's host, an encrypted disk, or a network.
    Program,
}

/// Refuses a place where the journal's promises can't be kept, and warns where that can't be known.
pub(super) fn check(dir: &Path, config: &JournalConfig, segment_bytes: u64) -> Result<(), JournalError> {
    let refuse = |why| Err(JournalError::Unsafe { dir: dir.to_owned(), why });
    match kind(magic(dir)?) {
        Kind::Network(name) if !config.allow_network_file_system => {
            return refuse(format!(
                "it lies on {name}, where a file's lock and sync can't be relied upon; set LODGER_JOURNAL_DIR to a \
                 directory on a local disk, or, where this mount is known to keep both, set \
                 LODGER_JOURNAL_ALLOW_NETWORK_FS=1"
            ));
        }
        Kind::Network(name) => {
            tracing::warn!(
                dir = %dir.display(),
                "the journal lies on {name}, as was allowed: it is as durable as that mount's sync"
            );
        }
        Kind::Fleeting(name, until) => {
            tracing::warn!(dir = %dir.display(), "the journal lies on {name}: it is gone {until}");
        }
        Kind::Program => {
            tracing::warn!(
                dir = %dir.display(),
                "the journal lies on a file system in user space (FUSE, virtiofs): it is as durable as what is behind it"
            );
        }
        Kind::Local => {}
    }
    // Beyond this limit the system ends the process with SIGXFSZ.
    match rustix::process::getrlimit(Resource::Fsize).current {
        Some(limit) if limit < segment_bytes => refuse(format!(
            "this process may make files of {limit} bytes and the journal needs {segment_bytes}; raise the limit \
             (`ulimit -f`, LimitFSIZE in systemd), or lower max_journal_bytes to at most {} for \
             each destination",
            limit.saturating_mul(4)
        )),
        _ => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn magic(dir: &Path) -> Result<u32, JournalError> {
    let found = rustix::fs::statfs(dir)
        .map_err(|errno| JournalError::io("ask for the file system of", dir, errno.into()))?;
    // Its type differs by platform, and may be signed; the numbers have 32 bits.
    Ok(found.f_type as u32)
}

#[cfg(not(target_os = "linux"))]
fn magic(_: &Path) -> Result<u32, JournalError> {
    Ok(0)
}

/// By the number that statfs(2) gives. The numbers are those of Linux' `include/uapi/linux/magic.h`, of the page
/// statfs(2), and where neither has them of the file system's own headers.
fn kind(magic: u32) -> Kind {
    match magic {
        0x6969 => Kind::Network("NFS"),
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => Kind::Network("SMB/CIFS"),
        0x5346_414F | 0x6B41_4653 => Kind::Network("AFS"),
        0x00C3_6400 => Kind::Network("CephFS"),
        0x0102_1997 => Kind::Network("9p"),
        0x7375_7245 => Kind::Network("Coda"),
        0x564C => Kind::Network("NCP"),
        0x0116_1970 => Kind::Network("GFS2"),
        0x7461_636F => Kind::Network("OCFS2"),
        // lustre_user.h, and the numbers that GNU stat knows of GPFS, BeeGFS and PanFS.
        0x0BD0_0BD0 => Kind::Network("Lustre"),
        0x4750_4653 => Kind::Network("GPFS"),
        0x1983_0326 => Kind::Network("BeeGFS"),
        0xAAD7_AAEA => Kind::Network("PanFS"),
        // Folders of a virtual machine's host: vboxsf's super block and VMware's.
        0x786F_4256 => Kind::Network("a VirtualBox shared folder"),
        0xBACB_ACBC => Kind::Network("a VMware shared folder"),
        0x0102_1994 => Kind::Fleeting("tmpfs", "after a restart of the machine"),
        0x8584_58F6 => Kind::Fleeting("ramfs", "after a restart of the machine"),
        0x794C_7630 => {
            Kind::Fleeting("overlayfs, most likely a container's own layer", "with that container")
        }
        0x6573_5546 => Kind::Program,
        _ => Kind::Local,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        for (magic, name) in [
            (0x6969, "NFS"),
            (0xFF53_4D42, "SMB/CIFS"),
            (0xFE53_4D42, "SMB/CIFS"),
            (0x517B, "SMB/CIFS"),
            (0x5346_414F, "AFS"),
            (0x6B41_4653, "AFS"),
            (0x00C3_6400, "CephFS"),
            (0x0102_1997, "9p"),
            (0x0BD0_0BD0, "Lustre"),
            (0x0116_1970, "GFS2"),
            (0x7461_636F, "OCFS2"),
        ] {
            assert_eq!(kind(magic), Kind::Network(name));
        }
    }

    #[test]
    fn local_disks_are_fine_and_a_program_behind_a_mount_is_unknown() {
        // ext2 to ext4, xfs, btrfs, f2fs, zfs.
        for magic in [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0x2FC1_2FC1] {
            assert_eq!(kind(magic), Kind::Local);
        }
        assert_eq!(kind(0x6573_5546), Kind::Program);
        assert!(matches!(kind(0x0102_1994), Kind::Fleeting("tmpfs", _)));
    }

    #[test]
    fn a_limit_on_the_size_of_files_that_no_segment_fits_in_is_said_at_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let unlimited = JournalConfig { allow_network_file_system: true, ..JournalConfig::at(dir.path()) };
        check(dir.path(), &unlimited, 4 << 20).unwrap();
        let before = rustix::process::getrlimit(Resource::Fsize);
        if before.current.is_none() {
            // No file is limited to less than this, so the other tests of this process don't notice.
            let almost = rustix::process::Rlimit { current: Some(u64::MAX / 4), ..before };
            rustix::process::setrlimit(Resource::Fsize, almost).unwrap();
            let error = check(dir.path(), &unlimited, u64::MAX / 2).unwrap_err().to_string();
            rustix::process::setrlimit(Resource::Fsize, before).unwrap();
            assert!(error.contains("ulimit -f") && error.contains("max_journal_bytes"), "{error}");
        }
    }
}
