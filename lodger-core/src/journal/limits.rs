//! How much room the segments may take.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{JournalConfig, JournalError, Share, Usage};

/// The room that all segments of a journal share, adopted ones included.
#[derive(Debug)]
pub(super) struct Space {
    dir: PathBuf,
    max_bytes: u64,
    min_free_bytes: u64,
    bytes: AtomicU64,
    segments: AtomicU64,
    /// By destination: bytes of the segments in which something is pending for it.
    backlogs: Vec<AtomicU64>,
}

impl Space {
    pub(super) fn new(dir: PathBuf, config: &JournalConfig, destinations: usize) -> Self {
        Self {
            dir,
            max_bytes: config.max_bytes,
            min_free_bytes: config.min_free_bytes,
            bytes: AtomicU64::new(0),
            segments: AtomicU64::new(0),
            backlogs: (0..destinations).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The journal's directory.
    pub(super) fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    /// How many destinations share it.
    pub(super) fn destinations(&self) -> usize {
        self.backlogs.len()
    }

    /// How many bytes one destination's backlog may take.
    pub(super) fn share(&self) -> u64 {
        share(self.max_bytes, self.backlogs.len())
    }

    /// What a destination's backlog takes of its share.
    pub(super) fn share_of(&self, destination: usize) -> Share {
        Share { bytes: self.backlog(destination), max_bytes: self.share() }
    }

    /// How many bytes a destination's backlog takes.
    pub(super) fn backlog(&self, destination: usize) -> u64 {
        self.backlogs.get(destination).map_or(0, |bytes| bytes.load(Ordering::Relaxed))
    }

    /// Counts a segment in which something is pending for a destination now.
    pub(super) fn hold(&self, destination: usize, bytes: u64) {
        if let Some(backlog) = self.backlogs.get(destination) {
            backlog.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Takes back what was counted by [`hold`](Self::hold).
    pub(super) fn let_go(&self, destination: usize, bytes: u64) {
        if let Some(backlog) = self.backlogs.get(destination) {
            backlog.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Takes room for another segment, if it is there.
    pub(super) fn reserve(&self, bytes: u64) -> Result<(), JournalError> {
        let used = self.bytes.load(Ordering::Relaxed);
        if used.saturating_add(bytes) > self.limit() {
            return Err(JournalError::Full { used, max: self.max_bytes });
        }
        let found = rustix::fs::statvfs(&self.dir)
            .map_err(|errno| JournalError::io("ask for the free space of", &self.dir, errno.into()))?;
        if self.above_floor(&found) < bytes {
            return Err(JournalError::DiskFull { dir: self.dir.clone(), source: None });
        }
        self.take(bytes);
        Ok(())
    }

    /// How many more segments of this size there is room for.
    pub(super) fn left(&self, bytes: u64) -> u64 {
        let below_limit = self.limit().saturating_sub(self.bytes.load(Ordering::Relaxed));
        // A file system that doesn't answer takes nothing, as far as anybody can tell.
        let free = rustix::fs::statvfs(&self.dir).map_or(0, |found| self.above_floor(&found));
        below_limit.min(free) / bytes.max(1)
    }

    /// How many bytes the segments may take. What a destination has beyond its share was left by an earlier opening with
    /// fewer destinations or a larger limit: it goes with time, and does not cost the others their shares.
    fn limit(&self) -> u64 {
        let over = (0..self.backlogs.len()).map(|slot| self.backlog(slot).saturating_sub(self.share()));
        self.max_bytes.saturating_add(over.sum())
    }

    /// What a file system has left for us.
    ///
    /// The reserve is for others on the disk. On a small volume, which is most likely the journal's own, it would be
    /// all of it, so it is a sixteenth at most.
    fn above_floor(&self, found: &rustix::fs::StatVfs) -> u64 {
        let floor = self.min_free_bytes.min(found.f_blocks.saturating_mul(found.f_frsize) / 16);
        found.f_bavail.saturating_mul(found.f_frsize).saturating_sub(floor)
    }

    /// Counts a segment, whatever the limits.
    pub(super) fn take(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.segments.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives a segment's room back.
    pub(super) fn release(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.segments.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            bytes: self.bytes.load(Ordering::Relaxed),
            segments: self.segments.load(Ordering::Relaxed),
            max_bytes: self.max_bytes,
        }
    }
}

/// What each of the destinations may take of `max_bytes`.
pub(super) fn share(max_bytes: u64, destinations: usize) -> u64 {
    max_bytes / (destinations as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(max_bytes: u64, min_free_bytes: u64) -> Space {
        Space::new(
            std::env::temp_dir(),
            &JournalConfig { max_bytes, min_free_bytes, ..JournalConfig::default() },
            1,
        )
    }

    #[test]
    fn the_limit_refuses_until_room_is_released() {
        let space = space(100, 0);
        space.reserve(60).unwrap();
        assert!(matches!(space.reserve(41), Err(JournalError::Full { used: 60, max: 100 })));
        space.release(60);
        space.reserve(100).unwrap();
        assert_eq!(space.usage(), Usage { bytes: 100, segments: 1, max_bytes: 100 });
    }

    #[test]
    fn there_is_room_for_as_many_segments_as_can_be_taken_on_a_volume_of_any_size() {
        // The reserve is more than any volume has, so a sixteenth of this one is meant.
        let space = space(u64::MAX / 2, u64::MAX);
        assert!(space.left(1) > 0, "the temporary directory has more than a sixteenth left");
        space.reserve(1).unwrap();
    }

    #[test]
    fn the_free_space_floor_refuses_and_says_what_to_do() {
        let error = space(u64::MAX, u64::MAX).reserve(u64::MAX / 2).unwrap_err();
        assert!(matches!(error, JournalError::DiskFull { .. }));
        assert!(error.to_string().contains("LODGER_JOURNAL_DIR"), "{error}");
    }
}
