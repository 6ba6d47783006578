//! The open file.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::tail;
use crate::event::{EventId, Timestamp};

/// How many events are remembered to recognise repeats. More than what can be in flight when a process dies.
const REMEMBERED: usize = 8192;

/// A file can't be used for events. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is a symbolic link, which could lead anywhere.
    #[error("{} is a symbolic link; name the file itself", .0.display())]
    Symlink(PathBuf),
    /// It is a directory, a pipe or a device.
    #[error("{} is not a regular file; name another, or use the destination `stdout`", .0.display())]
    NotAFile(PathBuf),
    /// It holds something else.
    #[error("{} holds something else than events; name another file", .0.display())]
    NotEvents(PathBuf),
    /// Another destination writes to it.
    #[error("{} is in use by another process; give each process a file of its own", .0.display())]
    InUse(PathBuf),
    /// The operating system refused.
    #[error("can't {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl FileError {
    /// Tells what was tried with which file when the operating system refused.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

/// A file that ends with a whole line, locked for this process.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    /// `None` after a rotation that got no further than the renaming.
    file: Option<File>,
    /// How much of it is whole and on disk.
    length: u64,
    /// Whether a failed write or sync may have left something behind `length`.
    dirty: bool,
    remembered: Remembered,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let mut file = match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => return Err(FileError::Symlink(path.to_owned())),
            Ok(found) if !found.is_file() => return Err(FileError::NotAFile(path.to_owned())),
            Ok(_) => {
                OpenOptions::new().read(true).append(true).open(path).map_err(FileError::io("open", path))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path)?,
            Err(error) => return Err(FileError::io("open", path)(error)),
        };
        lock(&file, path)?;
        // Between the look and the opening somebody may have put a link there.
        if !is_at(&file, path) {
            return Err(FileError::Symlink(path.to_owned()));
        }
        let tail = tail::read(&mut file)
            .map_err(FileError::io("read", path))?
            .ok_or_else(|| FileError::NotEvents(path.to_owned()))?;
        let found = file.metadata().map_err(FileError::io("read", path))?.len();
        if found > tail.whole {
            tracing::warn!(
                file = %path.display(),
                bytes = found - tail.whole,
                "cut a line that a crash tore; its event was never settled and comes again"
            );
            file.set_len(tail.whole).map_err(FileError::io("repair", path))?;
        }
        let mut length = tail.whole;
        if tail.unfinished {
            file.write_all(b"\n").map_err(FileError::io("repair", path))?;
            length += 1;
        }
        // What was read may have been in memory only; a repeat must not be settled by that.
        file.sync_all().map_err(FileError::io("sync", path))?;
        let mut remembered = Remembered::default();
        remembered.extend(&tail.ids);
        Ok(Self { path: path.to_owned(), file: Some(file), length, dirty: false, remembered })
    }

    /// Opens the path again, after the file at it has changed. What was written before stays known.
    pub(super) fn reopen(self) -> Result<Self, FileError> {
        let Self { path, file, mut remembered, .. } = self;
        drop(file); // and its lock: it may still be the same file
        let mut lines = Self::open(&path)?;
        remembered.extend(&lines.remembered.order.iter().copied().collect::<Vec<_>>());
        lines.remembered = remembered;
        Ok(lines)
    }

    /// Whether this event is known to be in the file, on disk.
    pub(super) fn holds(&self, id: EventId) -> bool {
        self.remembered.ids.contains(&id)
    }

    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the path still leads to this file, and nobody else wrote to it or cut it.
    pub(super) fn is_current(&self) -> bool {
        self.file.as_ref().is_some_and(|file| {
            let untouched = || file.metadata().is_ok_and(|found| found.len() == self.length);
            is_at(file, &self.path) && (self.dirty || untouched())
        })
    }

    /// Appends whole lines and syncs them. They hold these events.
    ///
    /// After an error nothing of them counts: what reached the file is cut before the next lines.
    pub(super) fn append(&mut self, lines: &[u8], ids: &[EventId], rotate_at: u64) -> Result<(), FileError> {
        if lines.is_empty() {
            return Ok(());
        }
        let added = lines.len() as u64;
        if self.length > 0 && self.length + added > rotate_at {
            self.rotate()?;
        }
        let path = &self.path;
        let Some(file) = &mut self.file else {
            return Err(FileError::io("open", path)(io::ErrorKind::NotFound.into()));
        };
        // After a failed sync the kernel may call lost pages clean, so what is left is cut and the lines are written
        // anew: syncing the same pages again would prove nothing (Rebello et al., "Can Applications Recover from fsync
        // Failures?", USENIX ATC 2020).
        if self.dirty {
            file.set_len(self.length).map_err(FileError::io("repair", path))?;
        }
        self.dirty = true;
        file.write_all(lines).map_err(FileError::io("write", path))?;
        file.sync_data().map_err(FileError::io("sync", path))?;
        self.dirty = false;
        self.length += added;
        self.remembered.extend(ids);
        Ok(())
    }

    /// For tests: another file behind the same state.
    #[cfg(test)]
    pub(super) fn swap_file(&mut self, file: File) -> File {
        self.file.replace(file).unwrap()
    }

    fn rotate(&mut self) -> Result<(), FileError> {
        let path = &self.path;
        let Some(file) = &self.file else { return Ok(()) };
        // What failed to be written must not live on in the finished file.
        if self.dirty {
            file.set_len(self.length).map_err(FileError::io("repair", path))?;
            file.sync_all().map_err(FileError::io("sync", path))?;
            self.dirty = false;
        }
        let finished = free_name(path);
        fs::rename(path, &finished).map_err(FileError::io("rename", path))?;
        self.file = None;
        let file = create(path)?;
        lock(&file, path)?;
        self.file = Some(file);
        self.length = 0;
        Ok(())
    }
}

/// The last events, bounded.
#[derive(Debug, Default)]
struct Remembered {
    ids: HashSet<EventId>,
    order: VecDeque<EventId>,
}

impl Remembered {
    fn extend(&mut self, ids: &[EventId]) {
        for &id in ids {
            if self.ids.insert(id) {
                self.order.push_back(id);
            }
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.ids.remove(&oldest);
            }
        }
    }
}

/// A new empty file, and its directory where there is none, both for the owner only.
fn create(path: &Path) -> Result<File, FileError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut making = fs::DirBuilder::new();
    making.recursive(true);
    let mut opening = OpenOptions::new();
    // `create_new` does not follow a symbolic link.
    opening.read(true).append(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        making.mode(0o700);
        opening.mode(0o600);
    }
    making.create(directory).map_err(FileError::io("make the directory of", path))?;
    let file = opening.open(path).map_err(FileError::io("make", path))?;
    // A name that is not synced may be gone after a power loss, and the synced lines with it.
    #[cfg(unix)]
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(FileError::io("sync the directory of", path))?;
    Ok(file)
}

fn lock(file: &File, path: &Path) -> Result<(), FileError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(FileError::InUse(path.to_owned())),
        // Some network file systems have no locks.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(FileError::io("lock", path)(error)),
    }
}

/// Whether the path itself, not through a link, is this file.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        match (file.metadata(), fs::symlink_metadata(path)) {
            (Ok(open), Ok(found)) => open.dev() == found.dev() && open.ino() == found.ino(),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
    }
}

/// The name that a finished file gets: with the time, and a number if that is taken.
fn free_name(path: &Path) -> PathBuf {
    let time: String = Timestamp::now().to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let stem = path.file_stem().unwrap_or_default();
    let name = |number: u32| {
        let mut name = stem.to_owned();
        name.push(format!(".{time}"));
        if number > 0 {
            name.push(format!("-{number}"));
        }
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    };
    // Only this process writes here, so what is free now stays free.
    (0..)
        .map(name)
        .find(|candidate| fs::symlink_metadata(candidate).is_err())
        .unwrap_or_else(|| name(u32::MAX))
}
