//! Directories and files that only we can read, and that are still there after a power loss.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{JournalError, fault};

/// Makes the journal's directory with all its parents, 0700, or checks the one that is there.
///
/// One that is there may belong to root as well, as a mounted volume does, and keeps its mode: what lies inside is
/// protected by modes of its own, and a mistyped path must not lock up `/var`.
///
/// # Errors
///
/// When it can't be made, is not a directory, is a symbolic link or belongs to somebody else.
pub(super) fn prepare(dir: &Path) -> Result<PathBuf, JournalError> {
    let unwritable = |source| JournalError::unwritable(dir, source);
    // Without the components a trailing slash would make the check follow a symbolic link.
    let dir: PathBuf = std::path::absolute(dir).map_err(unwritable)?.components().collect();
    let missing: Vec<&Path> = dir.ancestors().take_while(|part| part.symlink_metadata().is_err()).collect();
    for part in missing.into_iter().rev() {
        match make(part) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(unwritable(error)),
            _ => {}
        }
        if let Some(parent) = part.parent() {
            // A parent that we may write to but not read can't be synced, and is not ours to complain about.
            match sync(parent) {
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => {
                    return Err(unwritable(error));
                }
                _ => {}
            }
        }
    }
    check(&dir, true)?;
    Ok(dir)
}

/// Refuses a directory that is a symbolic link or belongs to somebody else.
pub(crate) fn check(dir: &Path, may_be_roots: bool) -> Result<(), JournalError> {
    let refuse = |why: String| Err(JournalError::Unsafe { dir: dir.to_owned(), why });
    let found = dir.symlink_metadata().map_err(|source| JournalError::unwritable(dir, source))?;
    if found.is_symlink() {
        return refuse("it is a symbolic link; name the directory itself".to_owned());
    }
    if !found.is_dir() {
        return refuse(
            "it is not a directory; set LODGER_JOURNAL_DIR to one, or to where one can be made".to_owned(),
        );
    }
    let us = rustix::process::geteuid().as_raw();
    if found.uid() != us && !(may_be_roots && found.uid() == 0) {
        return refuse(format!(
            "it belongs to user {} and this process runs as user {us}; change its owner, or set LODGER_JOURNAL_DIR \
             to a directory of its own",
            found.uid()
        ));
    }
    Ok(())
}

/// Makes a directory with mode 0700, whatever the umask.
pub(super) fn make(dir: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, Permissions::from_mode(0o700))
}

/// Makes a file for writing and reading with mode 0600, whatever the umask. Fails when it is there already.
pub(super) fn make_file(path: &Path) -> io::Result<File> {
    let file = options().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Opens for reading, and never through a symbolic link.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    options
}

/// Reads a whole file, and never through a symbolic link.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut options().open(path)?, &mut bytes)?;
    Ok(bytes)
}

/// Makes a file with this content, synced. The directory is not synced.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = make_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(file)
}

/// Makes what was created, renamed or removed in a directory durable.
pub(super) fn sync(dir: &Path) -> io::Result<()> {
    fault::sync_directory(&File::open(dir)?)
}

/// Which file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of an open file.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let found = file.metadata()?;
        Ok(Self { device: found.dev(), inode: found.ino() })
    }

    /// Of what has this name, never through a symbolic link.
    ///
    /// Its times are not asked for: a file whose times somebody has seen gets new ones with its next write (multigrain
    /// timestamps, Linux 6.13), and the sync after that has them to write as well, which takes a third longer.
    #[cfg(target_os = "linux")]
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
        use rustix::io::Errno;
        match statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::INO) {
            Ok(found) => {
                Ok(Self { device: makedev(found.stx_dev_major, found.stx_dev_minor), inode: found.stx_ino })
            }
            // Kernels before 4.11, and sandboxes that know no newer calls.
            Err(Errno::NOSYS | Errno::PERM) => Self::at_by_stat(path),
            Err(error) => Err(error.into()),
        }
    }

    /// Of what has this name, never through a symbolic link.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        Self::at_by_stat(path)
    }

    fn at_by_stat(path: &Path) -> io::Result<Self> {
        let found = path.symlink_metadata()?;
        Ok(Self { device: found.dev(), inode: found.ino() })
    }
}

/// Removes a file; one that is gone already is fine.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name_and_not_through_a_link_and_its_successor_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("file"), dir.path().join("link"));
        let file = make_file(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let id = FileId::of(&file).unwrap();
        assert_eq!((FileId::at(&path).unwrap(), FileId::at_by_stat(&path).unwrap()), (id, id));
        assert_ne!(FileId::at(&link).unwrap(), id);
        std::fs::rename(&path, dir.path().join("aside")).unwrap();
        assert_eq!(FileId::at(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        make_file(&path).unwrap();
        assert_ne!(FileId::at(&path).unwrap(), id);
    }
}
