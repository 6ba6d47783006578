//! Segment files: made of zeroes, written once, recycled.
//!
//! Appending to a file that already has its blocks and its length needs only the data to be flushed (fdatasync), not
//! the file system's journal; that halves the latency of a commit.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::directory::FileId;
use super::{JournalError, directory, fault};

/// How much zeroing writes at once.
static ZEROES: [u8; 64 << 10] = [0; 64 << 10];

/// The segment that is being written.
#[derive(Debug)]
pub(super) struct SegmentFile {
    file: File,
    id: FileId,
    path: PathBuf,
    /// Its number in the directory.
    pub(super) number: u64,
    /// Its size in bytes.
    pub(super) size: u64,
}

impl SegmentFile {
    /// Makes a segment of zeroes, durable in its directory.
    pub(super) fn create(dir: &Path, number: u64, size: u64) -> Result<Self, JournalError> {
        let path = path(dir, number);
        let made = directory::make_file(&path).and_then(|file| {
            zero(&file, size)?;
            directory::sync(dir)?;
            Ok((FileId::of(&file)?, file))
        });
        match made {
            Ok((id, file)) => Ok(Self { file, id, path, number, size }),
            Err(error) => {
                // What is left of it would only take room that is missing already.
                directory::remove(&path).map_err(|source| JournalError::io("remove", &path, source))?;
                Err(JournalError::io("make", &path, error))
            }
        }
    }

    /// Makes a spare segment the segment with this number.
    pub(super) fn reuse(dir: &Path, spare: u64, number: u64, size: u64) -> Result<Self, JournalError> {
        let (from, path) = (spare_path(dir, spare), path(dir, number));
        let reused = std::fs::rename(&from, &path).and_then(|()| {
            directory::sync(dir)?;
            let file = directory::options().write(true).open(&path)?;
            Ok((FileId::of(&file)?, file))
        });
        match reused {
            Ok((id, file)) => Ok(Self { file, id, path, number, size }),
            Err(source) => {
                // Under whichever name it is now, it must not stand in the way of the one that is made instead.
                for path in [&path, &from] {
                    directory::remove(path).map_err(|source| JournalError::io("remove", path, source))?;
                }
                Err(JournalError::io("reuse", &from, source))
            }
        }
    }

    /// Writes into it.
    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> Result<(), JournalError> {
        let written = fault::write().and_then(|()| self.file.write_all_at(bytes, offset));
        written.map_err(|source| JournalError::io("write", &self.path, source))
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    ///
    /// Also when the file no longer stands where it was made: a sync of a file that somebody has removed, moved away
    /// or mounted something over succeeds, and nobody would ever find it.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        let synced = fault::sync_data(&self.file).and_then(|()| self.is_in_place());
        synced.map_err(|source| JournalError::io("sync", &self.path, source))
    }

    fn is_in_place(&self) -> io::Result<()> {
        if FileId::at(&self.path)? == self.id {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "another file stands in its place"))
    }
}

/// Turns a segment that is no longer needed into a spare one of zeroes.
pub(super) fn recycle(dir: &Path, number: u64, size: u64) -> io::Result<()> {
    let spare = spare_path(dir, number);
    // The name first: nobody may find a segment that is half zeroed.
    std::fs::rename(path(dir, number), &spare)?;
    zero(&directory::options().write(true).open(spare)?, size)
}

fn zero(file: &File, size: u64) -> io::Result<()> {
    let mut offset = 0;
    while offset < size {
        let length = (size - offset).min(ZEROES.len() as u64);
        file.write_all_at(ZEROES.get(..length as usize).unwrap_or(&ZEROES), offset)?;
        offset += length;
    }
    fault::sync_all(file)
}

/// The file of a segment: `00000001.seg`.
pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.seg"))
}

/// The file of a spare segment: `spare-00000001.seg`.
pub(super) fn spare_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("spare-{number:08}.seg"))
}

/// The segments and the spare ones in a directory, by number, each in ascending order.
pub(super) fn list(dir: &Path) -> io::Result<(Vec<u64>, Vec<u64>)> {
    let (mut segments, mut spares) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".seg")) else { continue };
        let (list, digits) = match stem.strip_prefix("spare-") {
            Some(digits) => (&mut spares, digits),
            None => (&mut segments, stem),
        };
        if let Ok(number) = digits.parse() {
            list.push(number);
        }
    }
    segments.sort_unstable();
    spares.sort_unstable();
    Ok((segments, spares))
}
