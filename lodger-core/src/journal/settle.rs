//! The file in which one destination's settled records are noted: `settled-<n>.log`.
//!
//! Entries of twenty bytes, each a range of sequences: first u64, last u64, CRC32C u32 seeded with the writer id, all
//! little-endian. A range may cover records that are not for this destination. They are only ever appended, so that settling costs one small write and no sync, and the file is
//! rewritten when it has grown. Losing some of it means that a few records are delivered again.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::record::{self, u32_at, u64_at};
use super::sequences::Sequences;
use super::{JournalError, directory, fault};

const ENTRY_BYTES: usize = 20;

/// How many entries there may be before the file is rewritten, 80 KiB.
const COMPACT_AT: u64 = 4096;

#[derive(Debug)]
pub(super) struct SettleLog {
    path: PathBuf,
    file: File,
    seed: u32,
    entries: u64,
    compact_at: u64,
    /// Something was written and not synced.
    dirty: bool,
    /// A write failed: the file lacks something, and is replaced instead of written again.
    stale: bool,
}

/// A settle file as it was found.
pub(super) struct Loaded {
    pub(super) log: SettleLog,
    pub(super) settled: Sequences,
    /// Whether all of it could be read.
    pub(super) intact: bool,
}

impl SettleLog {
    /// The file of the destination with this place in `journal.json`.
    pub(super) fn path(dir: &Path, slot: usize) -> PathBuf {
        dir.join(format!("settled-{slot}.log"))
    }

    /// Makes an empty file.
    pub(super) fn create(dir: &Path, slot: usize) -> io::Result<()> {
        directory::make_file(&Self::path(dir, slot)).map(drop)
    }

    /// Opens a file and reads it; one that is missing is made.
    pub(super) fn open(dir: &Path, slot: usize, seed: u32) -> Result<Loaded, JournalError> {
        let path = Self::path(dir, slot);
        let opened = match directory::options().write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                directory::make_file(&path).map(|file| (file, false))
            }
            opened => opened.map(|file| (file, true)),
        };
        let read = opened.and_then(|(file, found)| Ok((file, directory::read(&path)?, found)));
        let (file, bytes, found) = read.map_err(|source| JournalError::io("read", &path, source))?;

        let (settled, readable) = decode_all(&bytes, seed);
        let intact = found && readable;
        let entries = (bytes.len() / ENTRY_BYTES) as u64;
        let mut log = Self { path, file, seed, entries, compact_at: COMPACT_AT, dirty: true, stale: false };
        if !intact || bytes.len() % ENTRY_BYTES != 0 {
            log.rewrite(&settled)?;
        }
        Ok(Loaded { log, settled, intact })
    }

    /// Reads a file without touching it: what is settled, and whether all of it could be read.
    pub(super) fn look(dir: &Path, slot: usize, seed: u32) -> io::Result<(Sequences, bool)> {
        match directory::read(&Self::path(dir, slot)) {
            Ok(bytes) => Ok(decode_all(&bytes, seed)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((Sequences::default(), false)),
            Err(error) => Err(error),
        }
    }

    /// Notes these ranges. `all` is what is settled with them included.
    pub(super) fn append(
        &mut self,
        ranges: &[(u64, u64)],
        all: impl FnOnce() -> Sequences,
    ) -> Result<(), JournalError> {
        if self.stale || self.entries + ranges.len() as u64 > self.compact_at {
            return self.rewrite(&all());
        }
        if ranges.is_empty() {
            return Ok(());
        }
        let bytes = encode(ranges.iter().copied(), self.seed);
        self.dirty = true;
        if let Err(source) = self.file.write_all_at(&bytes, self.entries * ENTRY_BYTES as u64) {
            self.stale = true;
            return Err(JournalError::io("write", &self.path, source));
        }
        self.entries += ranges.len() as u64;
        Ok(())
    }

    /// Makes what was noted durable.
    pub(super) fn sync(&mut self, all: impl FnOnce() -> Sequences) -> Result<(), JournalError> {
        if self.stale {
            return self.rewrite(&all());
        }
        if self.dirty {
            if let Err(source) = fault::sync_settled(&self.file) {
                self.stale = true;
                return Err(JournalError::io("sync", &self.path, source));
            }
            self.dirty = false;
        }
        Ok(())
    }

    /// Replaces the file by one that holds just this, durably.
    fn rewrite(&mut self, settled: &Sequences) -> Result<(), JournalError> {
        let next = self.path.with_extension("new");
        self.stale = true;
        let bytes = encode(settled.ranges(), self.seed);
        let replaced = directory::remove(&next)
            .and_then(|()| directory::write_file(&next, &bytes))
            .and_then(|file| std::fs::rename(&next, &self.path).map(|()| file))
            .and_then(|file| self.path.parent().map_or(Ok(()), directory::sync).map(|()| file));
        self.file = replaced.map_err(|source| JournalError::io("rewrite", &self.path, source))?;
        self.entries = (bytes.len() / ENTRY_BYTES) as u64;
        self.compact_at = COMPACT_AT.max(2 * self.entries);
        (self.stale, self.dirty) = (false, false);
        Ok(())
    }
}

pub(super) fn encode(ranges: impl Iterator<Item = (u64, u64)>, seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (first, last) in ranges {
        let mut range = [0; 16];
        let (low, high) = range.split_at_mut(8);
        low.copy_from_slice(&first.to_le_bytes());
        high.copy_from_slice(&last.to_le_bytes());
        bytes.extend_from_slice(&range);
        bytes.extend_from_slice(&crc32c::crc32c_append(seed, &range).to_le_bytes());
    }
    bytes
}

/// All that is settled, and whether everything could be read.
pub(super) fn decode_all(bytes: &[u8], seed: u32) -> (Sequences, bool) {
    let mut settled = Sequences::default();
    let mut intact = true;
    for entry in bytes.chunks(ENTRY_BYTES) {
        match decode(entry, seed) {
            Some((first, last)) => _ = settled.insert(first, last),
            // Zeroes are what a power loss leaves of entries that were never synced.
            None => intact &= entry.iter().all(|&byte| byte == 0),
        }
    }
    (settled, intact)
}

fn decode(entry: &[u8], seed: u32) -> Option<(u64, u64)> {
    let (first, last) = (u64_at(entry, 0)?, u64_at(entry, 8)?);
    let intact = u32_at(entry, 16)? == crc32c::crc32c_append(seed, entry.get(..16)?);
    (intact && 1 <= first && first <= last && last <= record::MAX_SEQUENCE).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u32 = 99;

    fn set(ranges: &[(u64, u64)]) -> Sequences {
        let mut set = Sequences::default();
        for &(first, last) in ranges {
            set.insert(first, last);
        }
        set
    }

    fn opened(dir: &Path) -> Loaded {
        SettleLog::open(dir, 0, SEED).unwrap()
    }

    #[test]
    fn what_was_noted_is_there_after_opening_again() {
        let dir = tempfile::tempdir().unwrap();
        SettleLog::create(dir.path(), 0).unwrap();
        let mut log = opened(dir.path()).log;
        log.append(&[(1, 2)], Sequences::default).unwrap();
        log.append(&[(5, 5), (9, 12)], Sequences::default).unwrap();
        let again = opened(dir.path());
        assert!(again.intact);
        assert_eq!(again.settled, set(&[(1, 2), (5, 5), (9, 12)]));
    }

    #[test]
    fn a_missing_file_is_made_and_said() {
        let dir = tempfile::tempdir().unwrap();
        let first = opened(dir.path());
        assert!(!first.intact);
        assert_eq!(first.settled, Sequences::default());
        assert!(opened(dir.path()).intact);
    }

    #[test]
    fn a_damaged_entry_is_skipped_and_said_and_the_file_repaired() {
        let dir = tempfile::tempdir().unwrap();
        SettleLog::create(dir.path(), 0).unwrap();
        opened(dir.path()).log.append(&[(1, 1), (2, 2), (3, 3)], Sequences::default).unwrap();
        let path = SettleLog::path(dir.path(), 0);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[25] ^= 1;
        std::fs::write(&path, bytes).unwrap();

        let damaged = opened(dir.path());
        assert!(!damaged.intact);
        assert_eq!(damaged.settled, set(&[(1, 1), (3, 3)]));
        assert!(opened(dir.path()).intact);
    }

    #[test]
    fn zeroes_at_the_end_are_not_damage() {
        let dir = tempfile::tempdir().unwrap();
        SettleLog::create(dir.path(), 0).unwrap();
        opened(dir.path()).log.append(&[(1, 1)], Sequences::default).unwrap();
        let path = SettleLog::path(dir.path(), 0);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&[0; 27]);
        std::fs::write(&path, bytes).unwrap();

        let mut found = opened(dir.path());
        assert!(found.intact);
        found.log.append(&[(3, 3)], || set(&[(1, 1), (3, 3)])).unwrap();
        assert_eq!(opened(dir.path()).settled, set(&[(1, 1), (3, 3)]));
    }

    #[test]
    fn the_file_is_rewritten_when_it_has_grown() {
        let dir = tempfile::tempdir().unwrap();
        SettleLog::create(dir.path(), 0).unwrap();
        let mut log = opened(dir.path()).log;
        let mut all = Sequences::default();
        for sequence in 1..=COMPACT_AT + 10 {
            all.insert(sequence, sequence);
            log.append(&[(sequence, sequence)], || all.clone()).unwrap();
        }
        let size = std::fs::metadata(SettleLog::path(dir.path(), 0)).unwrap().len();
        assert_eq!(size, 10 * ENTRY_BYTES as u64, "one entry for the first 4097, then nine");
        assert_eq!(opened(dir.path()).settled, all);
    }
}
