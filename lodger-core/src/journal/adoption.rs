//! Opening a journal on disk: a directory of our own, and those of dead processes.
//!
//! A writer's directory appears under its name only when its lock is held, and loses that name before it is removed.
//! So whoever gets the lock of a named directory knows that its process is dead and that it is complete.

use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::limits::Space;
use super::log::{Log, Ownership};
use super::manifest::Manifest;
use super::reader::{Backlog, Reader};
use super::recovery::{Recovered, recover};
use super::sequences::Sequences;
use super::settle::SettleLog;
use super::state::State;
use super::writer::Writer;
use super::{Adopted, JournalConfig, JournalError, LeftAlone, RecoveryReport, directory, file_system};
use crate::destination::Identity;
use crate::event::{Position, WriterId};

/// How often a new directory is tried when others take it for a dead process's remains.
const TRIES: u32 = 16;

/// A journal opened on disk.
pub(super) struct OnDisk {
    pub(super) writer: Writer,
    pub(super) backlogs: Vec<Backlog>,
    pub(super) previous: Option<Position>,
    pub(super) report: RecoveryReport,
}

pub(super) fn open(
    dir: &Path,
    config: &JournalConfig,
    destinations: &[Identity],
) -> Result<OnDisk, JournalError> {
    let root = directory::prepare(dir)?;
    let space = Arc::new(Space::new(root.clone(), config, destinations.len()));
    let segment_bytes = config.segment_bytes.min(space.share() / 4).max(1);
    file_system::check(&root, config, segment_bytes)?;
    let mut report = RecoveryReport::default();
    let found = adopt(&root, destinations, &space, &mut report)?;

    // The dead first: on a full disk their spare segments are the room for our directory.
    let previous = found.iter().max_by_key(|(manifest, _)| manifest.writer).and_then(|(manifest, found)| {
        match found.log.state().last {
            0 => manifest.previous,
            sequence => Some(Position { writer: manifest.writer, sequence }),
        }
    });
    let ownership = Ownership::Own { segment_bytes, previous };
    let own = Arc::new(create(&root, ownership, destinations, &space)?);

    let mut adopted: Vec<VecDeque<Reader>> = destinations.iter().map(|_| VecDeque::new()).collect();
    for (manifest, recovered) in found {
        distribute(&manifest, recovered, destinations, &mut adopted, &mut report);
    }
    let own_reader = |slot| Reader::new(Arc::clone(&own), slot);
    let backlogs = adopted.into_iter().enumerate();
    Ok(OnDisk {
        backlogs: backlogs.map(|(slot, adopted)| Backlog::new(adopted, own_reader(slot))).collect(),
        writer: Writer::new(own, segment_bytes),
        previous,
        report,
    })
}

/// Takes over all directories whose processes are dead, in the order in which they were opened.
fn adopt(
    root: &Path,
    destinations: &[Identity],
    space: &Arc<Space>,
    report: &mut RecoveryReport,
) -> Result<Vec<(Manifest, Recovered)>, JournalError> {
    let unwritable = |source| JournalError::unwritable(root, source);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root).map_err(unwritable)? {
        names.extend(entry.map_err(unwritable)?.file_name().into_string());
    }
    names.sort_unstable();
    let mut found = Vec::new();
    for name in names {
        let dir = root.join(&name);
        if name.starts_with(".new-") || name.starts_with(".old-") {
            if let Err(error) = clear_away(&dir, name.starts_with(".old-")) {
                tracing::warn!(%error, dir = %dir.display(), "the remains of a journal could not be removed");
            }
            continue;
        }
        let Ok(writer) = name.parse::<WriterId>() else { continue };
        let claimed = claim(&dir).and_then(|lock| {
            let Some(lock) = lock else { return Ok(None) };
            let manifest = Manifest::read(&dir, writer)?;
            let places = manifest.places(destinations);
            let recovered = recover(dir.clone(), lock, &manifest, places, space)?;
            Ok(Some((manifest, recovered)))
        });
        match claimed {
            Ok(claimed) => found.extend(claimed),
            Err(why) => report.left_alone.push(LeftAlone { dir, why }),
        }
    }
    Ok(found)
}

/// Gets the lock of a dead process's directory; `None` when it is not dead, or somebody else was faster.
fn claim(dir: &Path) -> Result<Option<File>, String> {
    match directory::check(dir, false) {
        Err(JournalError::Unwritable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        checked => checked.map_err(|error| error.to_string())?,
    }
    let lock = match directory::options().write(true).open(dir.join("lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !dir.exists() => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(
                "its lock file is gone; if no process uses it, make an empty file `lock` in it".to_owned()
            );
        }
        Err(error) => return Err(format!("its lock file can't be opened: {error}")),
    };
    match try_lock(&lock, dir) {
        Ok(true) => Ok(Some(lock)),
        Ok(false) => Ok(None),
        Err(error) => Err(format!("its lock file can't be locked: {error}")),
    }
}

/// Locks `<dir>/lock`. False when another process holds it, or when it is no longer the file with that name: its
/// directory was removed between opening and locking.
fn try_lock(lock: &File, dir: &Path) -> io::Result<bool> {
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(false),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    match dir.join("lock").symlink_metadata() {
        Ok(named) => {
            let locked = lock.metadata()?;
            Ok((named.dev(), named.ino()) == (locked.dev(), locked.ino()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes what a process left that died while it made or removed its directory.
fn clear_away(dir: &Path, is_old: bool) -> io::Result<()> {
    let lock = match directory::options().write(true).open(dir.join("lock")) {
        Ok(lock) => lock,
        // An old one has lost its lock file on the way; a new one may get it in a moment, if it is not removed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let removed = if is_old { std::fs::remove_dir_all(dir) } else { std::fs::remove_dir(dir) };
            return match removed {
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) =>
                {
                    Ok(())
                }
                removed => removed,
            };
        }
        Err(error) => return Err(error),
    };
    if try_lock(&lock, dir)? { std::fs::remove_dir_all(dir) } else { Ok(()) }
}

/// Makes a directory of our own.
fn create(
    root: &Path,
    ownership: Ownership,
    destinations: &[Identity],
    space: &Arc<Space>,
) -> Result<Log, JournalError> {
    let previous = match ownership {
        Ownership::Own { previous, .. } => previous,
        Ownership::Adopted { .. } => None,
    };
    let unwritable = |source| JournalError::unwritable(root, source);
    let mut tries = 0;
    let (writer, dir, lock) = loop {
        let writer = WriterId::mint();
        tries += 1;
        match create_directory(root, &Manifest::new(writer, previous, destinations)) {
            Ok(Some((dir, lock))) => break (writer, dir, lock),
            Ok(None) if tries < TRIES => {}
            Ok(None) => {
                return Err(unwritable(io::Error::other("others keep removing new directories there")));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {}
            Err(error) => return Err(unwritable(error)),
        }
    };
    let seed = super::record::seed(writer);
    let open = |slot| SettleLog::open(&dir, slot, seed).map(|loaded| loaded.log);
    let settle_logs = (0..destinations.len()).map(open).collect::<Result<_, _>>()?;
    let state = State::new(destinations.iter().map(|_| Sequences::default()));
    Ok(Log::new((writer, dir, lock), ownership, Arc::clone(space), state, settle_logs))
}

/// Makes a writer's directory, locked before it has its name. `None` when another process took it for remains.
fn create_directory(root: &Path, manifest: &Manifest) -> io::Result<Option<(PathBuf, File)>> {
    let new = root.join(format!(".new-{}", manifest.writer));
    directory::make(&new)?;
    let lock = directory::make_file(&new.join("lock"))?;
    if !try_lock(&lock, &new)? {
        return Ok(None);
    }
    manifest.write(&new)?;
    for slot in 0..manifest.destinations.len() {
        SettleLog::create(&new, slot)?;
    }
    directory::sync(&new)?;
    let dir = root.join(manifest.writer.to_string());
    std::fs::rename(new, &dir)?;
    directory::sync(root)?;
    Ok(Some((dir, lock)))
}

/// Gives an adopted log to the backlogs of the destinations that it has records for.
fn distribute(
    manifest: &Manifest,
    recovered: Recovered,
    destinations: &[Identity],
    backlogs: &mut [VecDeque<Reader>],
    report: &mut RecoveryReport,
) {
    let Recovered { log, records, damage } = recovered;
    report.damage.extend(damage);
    let log = Arc::new(log);
    let mut pending = 0;
    for (slot, place) in manifest.places(destinations).into_iter().enumerate() {
        let here = log.pending(slot);
        match (place.and_then(|place| backlogs.get_mut(place)), manifest.destinations.get(slot)) {
            _ if here == 0 => {}
            (Some(backlog), _) => {
                backlog.push_back(Reader::new(Arc::clone(&log), slot));
                pending += here;
            }
            (None, Some(identity)) => {
                let why = format!(
                    "{here} of its records are for {identity}, which this process doesn't have; start one that does"
                );
                report.left_alone.push(LeftAlone { dir: log.dir().to_owned(), why });
            }
            (None, None) => {}
        }
    }
    if pending > 0 {
        report.adopted.push(Adopted { writer: manifest.writer, records, pending });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let lock = directory::make_file(&dir.path().join("lock")).unwrap();
        assert!(try_lock(&lock, dir.path()).unwrap());
        assert!(claim(dir.path()).unwrap().is_none());
        drop(lock);
        assert!(claim(dir.path()).unwrap().is_some());
    }

    #[test]
    fn a_lock_file_that_lost_its_name_before_it_was_locked_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let opened = directory::make_file(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(!try_lock(&opened, dir.path()).unwrap(), "removed");
        let _other = directory::make_file(&path).unwrap();
        assert!(!try_lock(&opened, dir.path()).unwrap(), "replaced");
    }
}
