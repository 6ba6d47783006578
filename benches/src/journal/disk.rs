//! Where the files of this group lie: on the disk that the target directory is on, which must be a real one.

use std::path::Path;

use tempfile::TempDir;

/// A new directory beside the program, removed when it is dropped.
///
/// # Errors
///
/// When it can't be made, or lies in memory: there a sync costs nothing and means nothing.
pub(super) fn directory() -> Result<TempDir, String> {
    let program = std::env::current_exe().map_err(|error| format!("can't find this program: {error}"))?;
    let target = program.ancestors().nth(2).ok_or("this program lies in no target directory")?;
    let below = target.join("bench");
    let made = std::fs::create_dir_all(&below).and_then(|()| tempfile::tempdir_in(&below));
    let directory =
        made.map_err(|error| format!("can't make a directory in {}: {error}", below.display()))?;
    match file_system(directory.path())? {
        FileSystem::InMemory(name) => {
            Err(format!("{} is {name}: build to a directory on a disk (CARGO_TARGET_DIR)", below.display()))
        }
        FileSystem::OnDisk(_) => Ok(directory),
    }
}

/// What a directory lies on, as statfs(2) tells.
#[derive(Debug, Clone, Copy)]
enum FileSystem {
    OnDisk(&'static str),
    InMemory(&'static str),
}

/// The name of the file system under a directory.
pub(super) fn name(directory: &Path) -> Result<&'static str, String> {
    match file_system(directory)? {
        FileSystem::OnDisk(name) | FileSystem::InMemory(name) => Ok(name),
    }
}

fn file_system(directory: &Path) -> Result<FileSystem, String> {
    let found = rustix::fs::statfs(directory).map_err(|error| format!("statfs: {error}"))?;
    // The numbers of Linux' include/uapi/linux/magic.h.
    Ok(match found.f_type {
        0xEF53 => FileSystem::OnDisk("ext4"),
        0x5846_5342 => FileSystem::OnDisk("xfs"),
        0x9123_683E => FileSystem::OnDisk("btrfs"),
        0xF2F5_2010 => FileSystem::OnDisk("f2fs"),
        0x0102_1994 => FileSystem::InMemory("tmpfs"),
        0x8584_58F6 => FileSystem::InMemory("ramfs"),
        _ => FileSystem::OnDisk("another file system"),
    })
}
