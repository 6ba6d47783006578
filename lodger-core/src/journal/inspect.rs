//! Looking at a journal on disk from outside, beside the processes that use it.
//!
//! Nothing is written, made or removed. Whether a writer's process lives is asked of its lock, which is held shared
//! for that moment only: long enough that a process that starts in just that moment may leave the directory to the
//! next one that starts.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::manifest::Manifest;
use super::record;
use super::scan::Contents;
use super::settle::SettleLog;
use super::state::State;
use super::{directory, segment};
use crate::destination::Identity;
use crate::event::WriterId;

/// What lies in the directory of a journal, at about one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Inspection {
    /// The directory.
    pub dir: PathBuf,
    /// Every opening that has left something, the oldest first.
    pub writers: Vec<InspectedWriter>,
    /// Segments in which something was unreadable, kept for inspection in `damaged/`.
    pub damaged: Vec<KeptFile>,
}

/// One writer's directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InspectedWriter {
    /// The writer.
    pub writer: WriterId,
    /// Whether its process lives. What a dead one left is delivered by the next process that starts with the same
    /// destinations.
    pub live: bool,
    /// The process that opened it; ids repeat, in containers above all.
    pub pid: Option<u32>,
    /// Intact records, settled or not.
    pub records: u64,
    /// Bytes of its segments, spare ones included.
    pub bytes: u64,
    /// Its destinations, and how many events each has yet to get.
    pub destinations: Vec<Backlogged>,
    /// What in it can't be read, one sentence each.
    pub damage: Vec<String>,
    /// Why no process can deliver from it, and what to do.
    pub left_alone: Option<String>,
}

/// What one destination has yet to get from one writer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Backlogged {
    /// The destination.
    pub destination: Identity,
    /// Events that it doesn't have yet.
    pub pending: u64,
}

/// A file that is kept for inspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KeptFile {
    /// The file.
    pub file: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Why a journal can't be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// There is none.
    #[error(
        "there is no journal in {}: name the directory that LODGER_JOURNAL_DIR names, ./lodger-data/journal by default",
        dir.display()
    )]
    NoJournal {
        /// Where one was expected.
        dir: PathBuf,
    },
    /// It can't be read.
    #[error("can't read the journal in {}: run this as the user that the service runs as", dir.display())]
    Unreadable {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Looks at the journal in this directory. Processes that use it are not disturbed; what they do meanwhile may be seen
/// or not.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use lodger_core::destination::Identity;
/// use lodger_core::journal::{JournalConfig, Routes, inspect, open};
///
/// # let directory = tempfile::tempdir()?;
/// # let dir = directory.path();
/// let mut journal = open(&JournalConfig::at(dir), &[Identity::new("stdout", "")])?;
/// journal.writer.append(b"an event", Routes::all(1))?;
/// journal.writer.commit()?;
///
/// let found = inspect(dir)?;
/// assert!(found.writers[0].live);
/// assert_eq!(found.writers[0].destinations[0].pending, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When there is no journal, or the directory can't be read. What can't be read inside of it is in the [`Inspection`].
pub fn inspect(dir: impl AsRef<Path>) -> Result<Inspection, InspectError> {
    let dir = dir.as_ref();
    let unreadable = |source| InspectError::Unreadable { dir: dir.to_owned(), source };
    let names = match names(dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Err(InspectError::NoJournal { dir: dir.to_owned() });
        }
        names => names.map_err(unreadable)?,
    };
    let mut writers: Vec<WriterId> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let ours = |name: &String| matches!(name.as_str(), "dead" | "damaged" | "hash.key");
    if writers.is_empty() && !names.iter().any(ours) {
        return Err(InspectError::NoJournal { dir: dir.to_owned() });
    }
    writers.sort_unstable();
    let writers = writers.into_iter().filter_map(|writer| look(dir, writer)).collect();
    Ok(Inspection { dir: dir.to_owned(), writers, damaged: damaged(dir).map_err(unreadable)? })
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.file_name().into_string()));
    Ok(names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn damaged(dir: &Path) -> io::Result<Vec<KeptFile>> {
    let dir = dir.join("damaged");
    let mut names = match names(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names?,
    };
    names.sort_unstable();
    let files = names.into_iter().map(|name| {
        let file = dir.join(name);
        Ok(KeptFile { bytes: file.symlink_metadata()?.len(), file })
    });
    files.collect()
}

/// Looks at one writer's directory; `None` when it is gone by now.
fn look(root: &Path, writer: WriterId) -> Option<InspectedWriter> {
    let dir = root.join(writer.to_string());
    let mut found = InspectedWriter {
        writer,
        live: false,
        pid: None,
        records: 0,
        bytes: 0,
        destinations: Vec::new(),
        damage: Vec::new(),
        left_alone: None,
    };
    let read = is_live(&dir).and_then(|live| {
        found.live = live;
        read(&dir, &mut found)
    });
    match read {
        Err(_) if !dir.exists() => None,
        Err(why) => Some(InspectedWriter { left_alone: Some(why), ..found }),
        Ok(()) => Some(found),
    }
}

fn is_live(dir: &Path) -> Result<bool, String> {
    directory::check(dir, false).map_err(|error| error.to_string())?;
    let lock = directory::options().open(dir.join("lock"));
    let lock = lock.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            "its lock file is gone; if no process uses it, make an empty file `lock` in it".to_owned()
        }
        _ => format!("its lock file can't be opened: {error}"),
    })?;
    match lock.try_lock_shared() {
        // Let go with the file, at once.
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(format!("its lock file can't be locked: {error}")),
    }
}

fn read(dir: &Path, found: &mut InspectedWriter) -> Result<(), String> {
    let unreadable = |error: io::Error| format!("it can't be read: {error}");
    let manifest = Manifest::read(dir, found.writer)?;
    found.pid = Some(manifest.pid);
    let seed = record::seed(found.writer);

    // What is settled first: what is settled meanwhile then counts as pending, instead of the other way round.
    let mut settled = Vec::new();
    for slot in 0..manifest.destinations.len() {
        let (sequences, intact) = SettleLog::look(dir, slot, seed).map_err(unreadable)?;
        if !intact && !found.live {
            let file = SettleLog::path(dir, slot);
            found.damage.push(format!("{} can't be read in part", file.display()));
        }
        settled.push(sequences);
    }
    let mut state = State::new(settled);
    let (numbers, spares) = segment::list(dir).map_err(unreadable)?;
    for spare in spares {
        found.bytes += segment::spare_path(dir, spare).symlink_metadata().map_or(0, |found| found.len());
    }
    let contents = Contents::read(dir, &numbers, seed)?;
    found.records = contents.present.count();
    for (number, size, scan) in contents.segments {
        let path = segment::path(dir, number);
        // The end of what is being written looks like a torn one.
        for part in scan.unreadable.iter().filter(|part| !(part.is_tail && found.live)) {
            let (what, at) = (if part.is_tail { "torn" } else { "unreadable" }, part.offset);
            found.damage.push(format!("{what}: {} bytes at byte {at} of {}", part.length, path.display()));
        }
        found.bytes += size;
        state.add_segment(number, size);
        state.publish(number, scan.end as u64, scan.first, &scan.routing);
    }
    let slots = manifest.destinations.into_iter().enumerate();
    found.destinations =
        slots.map(|(slot, destination)| Backlogged { destination, pending: state.pending(slot) }).collect();
    Ok(())
}
