//! One writer's directory while this process holds it: what its writer and the backlogs share.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::Space;
use super::segment::{self, SegmentFile};
use super::sequences::Sequences;
use super::settle::SettleLog;
use super::{JournalError, directory, fault, record};
use crate::event::{Position, WriterId};

/// How many freed segments are kept for reuse: one for the next rotation and one for the next but one.
const MAX_SPARES: usize = 2;

/// Whose directory it is.
#[derive(Debug)]
pub(super) enum Ownership {
    /// This opening's own, with segments of this size, after this writer.
    Own { segment_bytes: u64, previous: Option<Position> },
    /// That of a dead process.
    Adopted,
}

/// One writer's directory.
///
/// The order of the two kinds of locks is settle log, then state; neither is held while files are made or removed.
#[derive(Debug)]
pub(super) struct Log {
    writer: WriterId,
    dir: PathBuf,
    seed: u32,
    pid: u32,
    ownership: Ownership,
    space: Arc<Space>,
    state: Mutex<State>,
    settle_logs: Vec<Mutex<SettleLog>>,
    /// Locked as long as this lives. Never unlocked by hand: a forked child would unlock it for its parent.
    _lock: File,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) segments: BTreeMap<u64, Segment>,
    /// The last committed sequence.
    pub(super) last: u64,
    /// By destination, as in `journal.json`.
    pub(super) settled: Vec<Sequences>,
    pub(super) spares: Vec<u64>,
}

/// A segment and the committed records in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The size of the file in bytes.
    pub(super) size: u64,
    /// Where the committed records end.
    pub(super) end: u64,
    /// The first and the last committed sequence; none yet when `last` is 0.
    pub(super) first: u64,
    pub(super) last: u64,
    /// Whether records may still be written to it.
    pub(super) open: bool,
    /// Whether something in it was unreadable: kept when it is freed.
    pub(super) damaged: bool,
    /// Whether it may be used again: not after a failed write or sync.
    pub(super) sound: bool,
}

impl Segment {
    pub(super) fn empty(size: u64) -> Self {
        Self { size, end: 0, first: 0, last: 0, open: true, damaged: false, sound: true }
    }
}

/// What there is to read in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    pub(super) number: u64,
    pub(super) end: u64,
}

impl Log {
    pub(super) fn new(
        (writer, dir, lock): (WriterId, PathBuf, File),
        ownership: Ownership,
        space: Arc<Space>,
        state: State,
        settle_logs: Vec<SettleLog>,
    ) -> Self {
        Self {
            writer,
            dir,
            seed: record::seed(writer),
            pid: fault::process_id(),
            ownership,
            space,
            state: Mutex::new(state),
            settle_logs: settle_logs.into_iter().map(Mutex::new).collect(),
            _lock: lock,
        }
    }

    pub(super) fn writer(&self) -> WriterId {
        self.writer
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn seed(&self) -> u32 {
        self.seed
    }

    pub(super) fn space(&self) -> &Space {
        &self.space
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a process that inherited the journal by a fork: both would write the same place.
    pub(super) fn check_process(&self) -> Result<(), JournalError> {
        let (opened_by, used_by) = (self.pid, fault::process_id());
        if opened_by == used_by { Ok(()) } else { Err(JournalError::Forked { opened_by, used_by }) }
    }

    // For the writer.

    /// Makes records that are durable in a segment visible to the backlogs.
    pub(super) fn publish(&self, number: u64, end: u64, first: u64, last: u64) {
        let mut state = self.state();
        state.last = last;
        if let Some(segment) = state.segments.get_mut(&number) {
            segment.end = end;
            segment.last = last;
            if segment.first == 0 {
                segment.first = first;
            }
        }
    }

    /// No record will be written to this segment any more; `sound` tells whether all writes to it succeeded.
    pub(super) fn seal(&self, number: u64, sound: bool) {
        if let Some(segment) = self.state().segments.get_mut(&number) {
            segment.open = false;
            segment.sound &= sound;
        }
    }

    /// Whether all destinations have settled everything in this segment.
    pub(super) fn is_settled(&self, number: u64) -> bool {
        let state = self.state();
        state.segments.get(&number).is_some_and(|segment| all_settled(&state.settled, segment))
    }

    /// Makes the segment with this number, out of a spare one if possible. Takes no room when it fails.
    pub(super) fn add_segment(
        &self,
        number: u64,
        size: u64,
        reserve: impl FnOnce(&Space) -> Result<(), JournalError>,
    ) -> Result<SegmentFile, JournalError> {
        let file = match self.reuse_spare(number, size) {
            Some(file) => file,
            None => {
                reserve(&self.space)?;
                SegmentFile::create(&self.dir, number, size).inspect_err(|_| self.space.release(size))?
            }
        };
        self.state().segments.insert(number, Segment::empty(size));
        Ok(file)
    }

    fn reuse_spare(&self, number: u64, size: u64) -> Option<SegmentFile> {
        if !matches!(self.ownership, Ownership::Own { segment_bytes, .. } if segment_bytes == size) {
            return None;
        }
        let spare = self.state().spares.pop()?;
        match SegmentFile::reuse(&self.dir, spare, number, size) {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::warn!(%error, "a spare journal segment could not be reused");
                self.space.release(size);
                None
            }
        }
    }

    /// How many segments can be used again.
    pub(super) fn spares(&self) -> u64 {
        self.state().spares.len() as u64
    }

    // For the backlogs.

    /// What there is to read from this place on.
    pub(super) fn view(&self, number: u64, offset: u64) -> Option<View> {
        let state = self.state();
        let mut segments = state.segments.range(number..);
        segments
            .find(|&(&at, segment)| segment.end > if at == number { offset } else { 0 })
            .map(|(&number, segment)| View { number, end: segment.end })
    }

    /// Whether this segment is still there.
    pub(super) fn has(&self, number: u64) -> bool {
        self.state().segments.contains_key(&number)
    }

    /// Whether this destination has settled this sequence.
    pub(super) fn contains(&self, slot: usize, sequence: u64) -> bool {
        self.state().settled.get(slot).is_none_or(|settled| settled.contains(sequence))
    }

    /// How many committed records this destination has not settled.
    pub(super) fn pending(&self, slot: usize) -> u64 {
        let state = self.state();
        state.settled.get(slot).map_or(0, |settled| state.last.saturating_sub(settled.count()))
    }

    /// Settles ranges of sequences for a destination, and frees what all have settled.
    pub(super) fn settle(&self, slot: usize, ranges: &[(u64, u64)]) -> Result<(), JournalError> {
        self.check_process()?;
        let Some(settle_log) = self.settle_logs.get(slot) else { return Ok(()) };
        let mut written = {
            // The file before the state: once the state says settled, the other destinations' threads may free.
            let mut settle_log = settle_log.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh: Vec<(u64, u64)> = {
                let state = self.state();
                let settled = state.settled.get(slot);
                let is_fresh = |&(first, last): &(u64, u64)| {
                    last <= state.last && settled.is_some_and(|settled| !settled.covers(first, last))
                };
                ranges.iter().copied().filter(is_fresh).collect()
            };
            let written = settle_log.append(&fresh, || {
                let mut settled = self.settled(slot);
                fresh.iter().for_each(|&(first, last)| _ = settled.insert(first, last));
                settled
            });
            if let Some(settled) = self.state().settled.get_mut(slot) {
                fresh.iter().for_each(|&(first, last)| _ = settled.insert(first, last));
            }
            written
        };
        let reclaimed = self.reclaim();
        if written.is_err() {
            // On a full disk what was just freed may have made the room.
            let mut settle_log = settle_log.lock().unwrap_or_else(PoisonError::into_inner);
            written = settle_log.append(&[], || self.settled(slot));
        }
        written.and(reclaimed)
    }

    /// Makes what a destination has settled durable.
    pub(super) fn sync(&self, slot: usize) -> Result<(), JournalError> {
        let Some(settle_log) = self.settle_logs.get(slot) else { return Ok(()) };
        settle_log.lock().unwrap_or_else(PoisonError::into_inner).sync(|| self.settled(slot))
    }

    fn settled(&self, slot: usize) -> Sequences {
        self.state().settled.get(slot).cloned().unwrap_or_default()
    }

    /// Counts committed records that can't be read any more as settled for a destination, and keeps the segment for
    /// inspection. Says whether they were missing before this.
    pub(super) fn lose(&self, slot: usize, number: u64, first: u64, last: u64) -> bool {
        {
            let mut state = self.state();
            if last < first || state.settled.get(slot).is_none_or(|settled| settled.covers(first, last)) {
                return false;
            }
            if let Some(segment) = state.segments.get_mut(&number) {
                segment.damaged = true;
            }
        }
        if let Err(error) = self.settle(slot, &[(first, last)]) {
            tracing::warn!(%error, "the loss of journal records could not be noted and will be found again");
        }
        true
    }

    // Freeing.

    /// Frees the segments that all destinations have settled.
    pub(super) fn reclaim(&self) -> Result<(), JournalError> {
        let freed: Vec<(u64, Segment)> = {
            let mut state = self.state();
            let State { segments, settled, .. } = &mut *state;
            let is_free = |segment: &Segment| !segment.open && all_settled(settled, segment);
            let freed: Vec<_> = segments.iter().filter(|(_, segment)| is_free(segment)).collect();
            let freed: Vec<_> =
                freed.into_iter().map(|(&number, segment)| (number, segment.clone())).collect();
            freed.iter().for_each(|(number, _)| _ = segments.remove(number));
            freed
        };
        if freed.is_empty() {
            return Ok(());
        }
        // Before the records go: else a power loss could leave neither them nor the note that they are settled, and
        // the next opening would have to call them missing.
        let mut result = (0..self.settle_logs.len()).map(|slot| self.sync(slot)).fold(Ok(()), Result::and);
        // A full disk gets the room all the same: kept segments could keep it full for ever.
        if !matches!(result, Ok(()) | Err(JournalError::DiskFull { .. })) {
            self.state().segments.extend(freed);
            return result;
        }
        for (number, segment) in freed {
            if let Err(error) = self.free(number, &segment) {
                self.state().segments.insert(number, segment);
                result = result.and(Err(error));
            }
        }
        result
    }

    fn free(&self, number: u64, segment: &Segment) -> Result<(), JournalError> {
        let path = segment::path(&self.dir, number);
        if segment.damaged {
            keep_for_inspection(&path, self.space.dir(), self.writer, number)
                .map_err(|source| JournalError::io("move away", &path, source))?;
        } else if self.may_spare(segment) {
            match segment::recycle(&self.dir, number, segment.size) {
                Ok(()) => {
                    self.state().spares.push(number);
                    return Ok(());
                }
                // A file that could not be zeroed is no use any more.
                Err(_) => directory::remove(&segment::spare_path(&self.dir, number))
                    .and_then(|()| directory::remove(&path))
                    .map_err(|source| JournalError::io("remove", &path, source))?,
            }
        } else {
            directory::remove(&path).map_err(|source| JournalError::io("remove", &path, source))?;
        }
        self.space.release(segment.size);
        Ok(())
    }

    fn may_spare(&self, segment: &Segment) -> bool {
        segment.sound
            && matches!(self.ownership, Ownership::Own { segment_bytes, .. } if segment_bytes == segment.size)
            && self.state().spares.len() < MAX_SPARES
    }

    /// Leaves no garbage: what is settled by all goes; of our own directory the few bytes stay that tell the next
    /// writer where this one ended.
    fn retire(&mut self) -> Result<(), JournalError> {
        let done = {
            let mut state = self.state();
            state.segments.values_mut().for_each(|segment| segment.open = false);
            let last = state.last;
            state.settled.iter().all(|settled| settled.covers(1, last))
        };
        if !done {
            return Ok(());
        }
        let ownership = std::mem::replace(&mut self.ownership, Ownership::Adopted);
        self.reclaim()?;
        for spare in std::mem::take(&mut self.state().spares) {
            let path = segment::spare_path(&self.dir, spare);
            directory::remove(&path).map_err(|source| JournalError::io("remove", &path, source))?;
        }
        let tells_nothing = match ownership {
            Ownership::Own { previous, .. } => self.state().last == 0 && previous.is_none(),
            Ownership::Adopted => true,
        };
        if tells_nothing {
            remove_writer(&self.dir).map_err(|source| JournalError::io("remove", &self.dir, source))?;
        } else {
            (0..self.settle_logs.len()).map(|slot| self.sync(slot)).fold(Ok(()), Result::and)?;
        }
        Ok(())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.check_process().is_err() {
            return;
        }
        if let Err(error) = self.retire() {
            tracing::warn!(%error, dir = %self.dir.display(), "a settled journal directory could not be removed");
        }
        // A directory that is let go with records in it no longer counts.
        for segment in self.state().segments.values() {
            self.space.release(segment.size);
        }
    }
}

/// Whether all destinations have settled everything in a segment.
fn all_settled(settled: &[Sequences], segment: &Segment) -> bool {
    segment.last == 0 || settled.iter().all(|settled| settled.covers(segment.first, segment.last))
}

/// Moves a damaged segment to `<dir>/damaged/`.
fn keep_for_inspection(path: &Path, root: &Path, writer: WriterId, number: u64) -> std::io::Result<()> {
    let damaged = root.join("damaged");
    match directory::make(&damaged) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    std::fs::rename(path, damaged.join(format!("{writer}-{number:08}.seg")))?;
    directory::sync(&damaged)
}

/// Removes a writer's directory. The name goes first, so that nobody finds half of it.
fn remove_writer(dir: &Path) -> std::io::Result<()> {
    let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else { return Ok(()) };
    let old = parent.join(format!(".old-{}", name.to_string_lossy()));
    std::fs::rename(dir, &old)?;
    match std::fs::remove_dir_all(&old) {
        // Another process that is opening the journal may help.
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    directory::sync(parent)
}
