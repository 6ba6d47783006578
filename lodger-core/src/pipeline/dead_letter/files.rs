//! Dead letters on disk: `<journal>/dead/<destination>/<writer>.jsonl`, one JSON line each.
//!
//! ```text
//! <journal>/dead/            0700
//!   <hash of the identity>/  0700
//!     destination.json       whose letters these are
//!     lock                   held by the one that tidies up
//!     <writer>.jsonl         locked as long as its process may append to it
//! ```
//!
//! A process appends to files of its own and reads all of them, so any number may use one journal. A file is replaced
//! only when its lock is free, that is, when nobody will ever append to it again.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::index::{self, Index};
use super::{DeadLetter, DeadLetterList, line, lock};
use crate::destination::Identity;
use crate::event::{EventId, WriterId};
use crate::journal::{directory, fault};

/// With more files than this they are put together.
pub(super) const MANY_FILES: usize = 16;

/// How often a list is begun anew because another process has replaced the files meanwhile.
const TRIES: u32 = 16;

/// The files of one destination. This process appends to a file of its own and reads them all.
#[derive(Debug)]
pub(crate) struct DeadLetterFiles {
    pub(super) dir: PathBuf,
    destination: Identity,
    writer: WriterId,
    /// Locked before `open`, where both are needed.
    index: Mutex<Known>,
    pub(super) open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Known {
    index: Index,
    /// How much damage was said.
    said: usize,
}

/// The file that is appended to.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) file: Option<(String, File)>,
    /// How many files this process has made so far.
    made: u32,
}

impl DeadLetterFiles {
    /// The files of this destination. Nothing is made before the first letter.
    pub(crate) fn new(journal: &Path, destination: &Identity, writer: WriterId) -> Self {
        let dir = journal.join("dead").join(directory_of(destination));
        let (index, open) = (Mutex::default(), Mutex::default());
        Self { dir, destination: destination.clone(), writer, index, open }
    }

    /// The files in a directory that is there, and whose they are; `None` where that is unknown and there are none.
    ///
    /// # Errors
    ///
    /// When it can't be told whose letters these are.
    pub(super) fn found(dir: PathBuf, writer: WriterId) -> io::Result<Option<(Identity, Self)>> {
        check(&dir)?;
        let (index, open) = (Mutex::default(), Mutex::default());
        let mut files = Self { dir, destination: Identity::new("", ""), writer, index, open };
        let path = files.dir.join(IDENTITY);
        let identity: Option<Identity> = match directory::read(&path) {
            Ok(text) => serde_json::from_slice(&text).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(identity) = identity {
            files.destination = identity.clone();
            return Ok(Some((identity, files)));
        }
        // Each letter says it, too.
        let mut list = files.list()?;
        match list.next().transpose()? {
            Some(letter) => {
                files.destination = letter.destination.clone();
                Ok(Some((letter.destination, files)))
            }
            None if list.damage().is_empty() => Ok(None),
            None => Err(io::Error::other(format!(
                "{} can't be read, and without it nobody knows whose letters lie beside it; move that directory \
                 elsewhere",
                path.display()
            ))),
        }
    }

    /// Appends and fsyncs, in one write. After an error nothing counts as kept; what was written nevertheless is
    /// recognised as a repeat when the file is read.
    pub(crate) fn append(&self, letters: &[DeadLetter]) -> io::Result<()> {
        let mut lines = Vec::new();
        for letter in letters {
            line::encode(&mut lines, letter)?;
        }
        if self.write(&lines)? && index::names(&self.dir)?.len() > MANY_FILES {
            self.tidy_up(&mut self.known()?.index);
        }
        Ok(())
    }

    /// Appends and fsyncs these lines, and says whether a file was made for them.
    fn write(&self, lines: &[u8]) -> io::Result<bool> {
        let mut open = lock(&self.open);
        let (made, (name, mut file)) = match open.file.take().filter(|(_, file)| is_named(file)) {
            Some(file) => (false, file),
            None => (true, self.create(&mut open.made)?),
        };
        if let Err(error) = file.write_all(lines).and_then(|()| fault::sync_data(&file)) {
            // Nothing counts that stands in a new file, and a disk that stays full must not get one a second.
            return if made { fs::remove_file(self.dir.join(name)).and(Err(error)) } else { Err(error) };
        }
        if !is_named(&file) {
            return Err(io::Error::other(format!("somebody removed {name} while it was written")));
        }
        // A file that failed once is never written again: the kernel may have dropped the pages and would report
        // success the next time, and a torn line must not swallow the next one.
        open.file = Some((name, file));
        Ok(made)
    }

    /// Makes a file of our own, locked.
    fn create(&self, made: &mut u32) -> io::Result<(String, File)> {
        for dir in self.dirs() {
            match DirBuilder::new().mode(0o700).create(dir) {
                Ok(()) => sync_dir(dir.parent().unwrap_or(dir))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check(dir)?,
                Err(error) => return Err(error),
            }
        }
        self.write_identity()?;
        loop {
            let name = match *made {
                0 => format!("{}.jsonl", self.writer),
                made => format!("{}-{made}.jsonl", self.writer),
            };
            *made += 1;
            let path = self.dir.join(&name);
            let file = match options().append(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // Between the two somebody may have taken it for a dead process's, and put it away.
            if try_lock(&file)? && path.symlink_metadata().is_ok_and(|named| named.nlink() == 1) {
                sync_dir(&self.dir)?;
                return Ok((name, file));
            }
        }
    }

    /// Says whose letters these are, for those who don't know the destination.
    fn write_identity(&self) -> io::Result<()> {
        let path = self.dir.join(IDENTITY);
        if path.symlink_metadata().is_ok() {
            return Ok(());
        }
        let new = self.dir.join(format!(".new-{}", EventId::mint()));
        let mut file = options().write(true).create_new(true).open(&new)?;
        serde_json::to_writer_pretty(&mut file, &self.destination)?;
        file.sync_all()?;
        fs::rename(new, path)
    }

    /// `dead` and the destination's directory in it.
    pub(super) fn dirs(&self) -> [&Path; 2] {
        [self.dir.parent().unwrap_or(&self.dir), &self.dir]
    }

    /// Everything in the files as it is now.
    fn known(&self) -> io::Result<std::sync::MutexGuard<'_, Known>> {
        for dir in self.dirs() {
            match dir.symlink_metadata() {
                Ok(_) => check(dir)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let mut known = lock(&self.index);
        known.index.refresh(&self.dir)?;
        let damage = known.index.damage.len();
        if damage > known.said {
            tracing::error!(destination = %self.destination, lines = damage, dir = %self.dir.display(),
                "dead letters can't be read; the files are kept");
        }
        known.said = known.said.max(damage);
        Ok(known)
    }

    /// Every letter of this destination that is not removed.
    pub(super) fn list(&self) -> io::Result<DeadLetterList> {
        for _ in 0..TRIES {
            if let Some(list) = self.known()?.index.list(&self.dir)? {
                return Ok(list);
            }
        }
        Err(io::Error::other(format!("other processes keep changing {}; try again", self.dir.display())))
    }

    /// Those of these events that have a letter.
    pub(super) fn still_kept(&self, events: &HashSet<EventId>) -> io::Result<HashSet<EventId>> {
        Ok(self.known()?.index.of(events).into_iter().map(|(_, event)| event).collect())
    }

    /// Removes the letters of these events, durably, and says of how many there were any.
    pub(super) fn remove(&self, events: &HashSet<EventId>) -> io::Result<u64> {
        let mut known = self.known()?;
        let (names, events): (Vec<_>, HashSet<_>) = known.index.of(events).into_iter().unzip();
        if !names.is_empty() {
            let mut notes = Vec::new();
            line::encode_removed(&mut notes, &names)?;
            self.write(&notes)?;
            known.index.removed.extend(names);
            self.tidy_up(&mut known.index);
        }
        Ok(events.len() as u64)
    }

    /// Frees room. It can wait: what counts is on disk already.
    fn tidy_up(&self, index: &mut Index) {
        if let Err(error) = self.compact(index) {
            tracing::warn!(destination = %self.destination, %error, dir = %self.dir.display(),
                "removed dead letters still take up room");
        }
    }
}

/// The file that says whose letters a directory holds.
const IDENTITY: &str = "destination.json";

/// Sixteen hexadecimal digits of the identity's hash: addresses hold characters that file names can't.
fn directory_of(destination: &Identity) -> String {
    let Identity { kind, address, workspace, project } = destination;
    let mut hash = Sha256::new();
    for part in [kind, address, workspace, project] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses a directory that somebody else may have put there: events are as secret here as in the journal.
fn check(dir: &Path) -> io::Result<()> {
    directory::check(dir, false).map_err(io::Error::other)
}

/// For files that only we can read, never through a symbolic link, and not waiting for who reads a pipe.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed());
    options
}

/// Opens a file for reading.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("{} can't be opened: {error}", path.display()))
    };
    let file = options().read(true).open(path).map_err(named)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(format!("{} is not a file; move it elsewhere", path.display())));
    }
    Ok(file)
}

/// Whether the file is still in a directory: what is written to one that somebody removed is lost with its process.
fn is_named(file: &File) -> bool {
    file.metadata().is_ok_and(|found| found.nlink() > 0)
}

/// False when another process holds the lock.
pub(super) fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(fs::TryLockError::WouldBlock) => Ok(false),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
