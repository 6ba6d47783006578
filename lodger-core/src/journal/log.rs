//! One writer's directory while this process holds it: what its writer and the backlogs share.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::Space;
use super::routing::Routing;
use super::segment::{self, SegmentFile};
use super::sequences::Sequences;
use super::settle::SettleLog;
use super::state::{Lost, Segment, State};
use super::{JournalError, Routes, directory, fault, record};
use crate::event::{Position, WriterId};

/// How many freed segments are kept for reuse: one for the next rotation and one for the next but one.
const MAX_SPARES: usize = 2;

/// Whose directory it is.
#[derive(Debug)]
pub(super) enum Ownership {
    /// This opening's own, with segments of this size, after this writer.
    Own { segment_bytes: u64, previous: Option<Position> },
    /// That of a dead process, with the places that its destinations have among this opening's, where they have one.
    Adopted { places: Vec<Option<usize>> },
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
    lock: File,
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
        let log = Self {
            writer,
            dir,
            seed: record::seed(writer),
            pid: fault::process_id(),
            ownership,
            space,
            state: Mutex::new(state),
            settle_logs: settle_logs.into_iter().map(Mutex::new).collect(),
            lock,
        };
        for segment in log.state().segments.values_mut() {
            log.space.take(segment.size);
            log.hold(segment.pending(), segment.size);
            log.stop_counting(segment);
        }
        log
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

    /// Refuses to go on in a directory that is gone, or that another one has taken the place of, such as an older
    /// copy of it: what is written to our files would be found by nobody, and theirs are not ours to touch.
    pub(super) fn check_place(&self) -> Result<(), JournalError> {
        let named = self.dir.join("lock").symlink_metadata();
        let ours = match (named, self.lock.metadata()) {
            (Ok(named), Ok(locked)) => (named.dev(), named.ino()) == (locked.dev(), locked.ino()),
            (Err(error), _) => error.kind() != std::io::ErrorKind::NotFound,
            _ => true,
        };
        if ours {
            return Ok(());
        }
        let why = "it was removed or replaced while this process used it; start the process again".to_owned();
        Err(JournalError::Unsafe { dir: self.dir.clone(), why })
    }

    /// Which of this opening's destinations has this place in `journal.json`.
    fn place(&self, slot: usize) -> Option<usize> {
        match &self.ownership {
            Ownership::Own { .. } => Some(slot),
            Ownership::Adopted { places } => places.get(slot).copied().flatten(),
        }
    }

    /// Counts a segment for the shares of these destinations. With the state locked, as `let_go`.
    fn hold(&self, slots: Routes, bytes: u64) {
        slots.iter().filter_map(|slot| self.place(slot)).for_each(|place| self.space.hold(place, bytes));
    }

    /// Gives the room of an adopted segment back when nothing in it is pending for a destination that is here.
    fn stop_counting(&self, segment: &mut Segment) {
        if segment.counted && !segment.pending().iter().any(|slot| self.place(slot).is_some()) {
            segment.counted = false;
            self.space.release(segment.size);
        }
    }

    fn let_go(&self, slots: Routes, bytes: u64) {
        slots.iter().filter_map(|slot| self.place(slot)).for_each(|place| self.space.let_go(place, bytes));
    }

    // For the writer.

    /// Makes records that are durable in a segment visible to the backlogs.
    pub(super) fn publish(&self, number: u64, end: u64, first: u64, routing: &Routing) {
        let mut state = self.state();
        let new = state.publish(number, end, first, routing);
        if let Some(segment) = state.segments.get(&number) {
            self.hold(new, segment.size);
        }
    }

    /// Which of these destinations have no room in their shares for a record in `target`: a segment and its size,
    /// where it is there already. `staged` are the segments in which records wait for their commit, and for whom.
    pub(super) fn over_share<'a>(
        &self,
        routes: Routes,
        target: (Option<u64>, u64),
        staged: impl Iterator<Item = (u64, u64, &'a Routing)> + Clone,
    ) -> Routes {
        if self.space.destinations() < 2 {
            // The only one has all of it.
            return Routes::NONE;
        }
        let state = self.state();
        let holds = |number, slot| {
            state.segments.get(&number).is_some_and(|segment: &Segment| segment.pending().contains(slot))
        };
        let refuses = |&slot: &usize| {
            let staged = staged
                .clone()
                .filter(|(number, _, routing)| routing.any().contains(slot) && !holds(*number, slot));
            if target.0.is_some_and(|at| holds(at, slot) || staged.clone().any(|(number, ..)| number == at)) {
                return false;
            }
            let staged: u64 = staged.map(|(_, bytes, _)| bytes).sum();
            self.space.backlog(slot) + staged + target.1 > self.space.share()
        };
        routes.iter().filter(refuses).fold(Routes::NONE, Routes::with)
    }

    /// No record will be written to this segment any more; `sound` tells whether all writes to it succeeded.
    pub(super) fn seal(&self, number: u64, sound: bool) {
        if let Some(segment) = self.state().segments.get_mut(&number) {
            segment.open = false;
            segment.sound &= sound;
        }
    }

    /// Whether nothing in this segment is pending for anybody.
    pub(super) fn is_settled(&self, number: u64) -> bool {
        self.state().segments.get(&number).is_some_and(|segment| segment.pending().is_empty())
    }

    /// Makes the segment with this number, out of a spare one if possible. Takes no room when it fails.
    pub(super) fn add_segment(
        &self,
        number: u64,
        size: u64,
        reserve: impl FnOnce(&Space) -> Result<(), JournalError>,
    ) -> Result<SegmentFile, JournalError> {
        self.check_process()?;
        self.check_place()?;
        let file = match self.reuse_spare(number, size) {
            Some(file) => file,
            None => {
                reserve(&self.space)?;
                SegmentFile::create(&self.dir, number, size).inspect_err(|_| self.space.release(size))?
            }
        };
        self.state().add_segment(number, size);
        Ok(file)
    }

    /// Gives the room of the spare segments back. Says whether there were any.
    pub(super) fn drop_spares(&self) -> Result<bool, JournalError> {
        let spares = std::mem::take(&mut self.state().spares);
        for &(spare, size) in &spares {
            let path = segment::spare_path(&self.dir, spare);
            directory::remove(&path).map_err(|source| JournalError::io("remove", &path, source))?;
            self.space.release(size);
        }
        Ok(!spares.is_empty())
    }

    fn reuse_spare(&self, number: u64, size: u64) -> Option<SegmentFile> {
        if !matches!(self.ownership, Ownership::Own { segment_bytes, .. } if segment_bytes == size) {
            return None;
        }
        let (spare, _) = self.state().spares.pop()?;
        match SegmentFile::reuse(&self.dir, spare, number, size) {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::warn!(%error, "a spare journal segment could not be reused");
                self.space.release(size);
                None
            }
        }
    }

    /// How many more segments of our size the share of this destination has room for, and whether this one counts for it
    /// already. `None` where it has the whole journal.
    pub(super) fn segments_of_share(&self, slot: usize, number: Option<u64>) -> Option<(u64, bool)> {
        let Ownership::Own { segment_bytes, .. } = self.ownership else { return Some((0, false)) };
        if self.space.destinations() < 2 {
            return None;
        }
        let left = self.space.share().saturating_sub(self.space.backlog(slot)) / segment_bytes.max(1);
        let state = self.state();
        let segment = number.and_then(|number| state.segments.get(&number));
        Some((left, segment.is_some_and(|segment| segment.pending().contains(slot))))
    }

    /// How many segments can be used again.
    pub(super) fn spares(&self) -> u64 {
        self.state().spares.len() as u64
    }

    // For the backlogs.

    /// What there is to read for a destination from this place on.
    pub(super) fn view(&self, slot: usize, number: u64, offset: u64) -> Option<View> {
        let state = self.state();
        let mut segments = state.segments.range(number..);
        segments
            .find(|&(&at, segment)| {
                segment.pending().contains(slot) && segment.end > if at == number { offset } else { 0 }
            })
            .map(|(&number, segment)| View { number, end: segment.end })
    }

    /// Whether this segment is still there. One that is freed is not, even before its file is touched.
    pub(super) fn has(&self, number: u64) -> bool {
        self.state().segments.contains_key(&number)
    }

    /// Whether this destination has settled this sequence.
    pub(super) fn contains(&self, slot: usize, sequence: u64) -> bool {
        self.state().slots.get(slot).is_none_or(|slot| slot.settled.contains(sequence))
    }

    /// How many committed records are for this destination and not settled.
    pub(super) fn pending(&self, slot: usize) -> u64 {
        self.state().pending(slot)
    }

    /// Settles ranges of sequences for a destination, in ascending order, and frees what all have settled.
    pub(super) fn settle(&self, slot: usize, ranges: &[(u64, u64)]) -> Result<(), JournalError> {
        self.check_process()?;
        let mut noted = self.note(slot, ranges);
        let reclaimed = self.reclaim();
        if noted.is_err() {
            // On a full disk what was just freed may have made the room.
            noted = self.note(slot, &[]);
        }
        noted.and(reclaimed)
    }

    /// Notes ranges as settled, in the file and then in memory.
    fn note(&self, slot: usize, ranges: &[(u64, u64)]) -> Result<(), JournalError> {
        let Some(settle_log) = self.settle_logs.get(slot) else { return Ok(()) };
        // The file before the state: once the state says settled, the other destinations' threads may free.
        let mut settle_log = settle_log.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = self.state().fresh(slot, ranges);
        let noted = settle_log.append(&fresh, || {
            let mut settled = self.settled(slot);
            fresh.iter().for_each(|&(first, last)| _ = settled.insert(first, last));
            settled
        });
        let mut state = self.state();
        for (first, last) in fresh {
            let released = state.settle(slot, first, last);
            self.let_go(Routes::NONE.with(slot), released);
        }
        if matches!(self.ownership, Ownership::Adopted { .. }) {
            state.segments.values_mut().for_each(|segment| self.stop_counting(segment));
        }
        noted
    }

    /// Makes what a destination has settled durable.
    pub(super) fn sync(&self, slot: usize) -> Result<(), JournalError> {
        let Some(settle_log) = self.settle_logs.get(slot) else { return Ok(()) };
        settle_log.lock().unwrap_or_else(PoisonError::into_inner).sync(|| self.settled(slot))
    }

    fn settled(&self, slot: usize) -> Sequences {
        self.state().slots.get(slot).map(|slot| slot.settled.clone()).unwrap_or_default()
    }

    /// Counts committed records that can't be read any more as settled for a destination, and keeps their segments
    /// for inspection. Answers what was pending there until now.
    pub(super) fn lose(&self, slot: usize, first: u64, last: u64) -> Option<Lost> {
        let lost = self.state().lose(slot, first, last)?;
        if let Err(error) = self.settle(slot, &[(lost.first, lost.last)]) {
            tracing::warn!(%error, "the loss of journal records could not be noted and will be found again");
        }
        Some(lost)
    }

    // Freeing.

    /// Frees the segments that all destinations have settled.
    pub(super) fn reclaim(&self) -> Result<(), JournalError> {
        let freed = self.state().take_free();
        if freed.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.check_place() {
            self.state().segments.extend(freed);
            return Err(error);
        }
        // Before the records go: else a power loss could leave neither them nor the note that they are settled, and
        // the next opening would have to call them missing.
        // With them goes the knowledge of whom they were for: what was for others is filled in.
        let ranges: Vec<(u64, u64)> = freed.iter().filter_map(|(_, segment)| segment.range()).collect();
        let note = |slot| self.note(slot, &ranges).and_then(|()| self.sync(slot));
        let mut result = (0..self.settle_logs.len()).map(note).fold(Ok(()), Result::and);
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
                    self.state().spares.push((number, segment.size));
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
        if segment.counted {
            self.space.release(segment.size);
        }
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
            state.slots.iter().all(|slot| slot.pending == 0)
        };
        if !done {
            // So that only a power loss before this delivers again what is settled here.
            return (0..self.settle_logs.len()).map(|slot| self.sync(slot)).fold(Ok(()), Result::and);
        }
        let places = Vec::new();
        let ownership = std::mem::replace(&mut self.ownership, Ownership::Adopted { places });
        self.reclaim()?;
        self.drop_spares()?;
        let tells_nothing = match ownership {
            Ownership::Own { previous, .. } => self.state().last == 0 && previous.is_none(),
            Ownership::Adopted { .. } => true,
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
        if let Err(error) = self.check_place().and_then(|()| self.retire()) {
            tracing::warn!(%error, dir = %self.dir.display(), "a settled journal directory could not be removed");
        }
        // A directory that is let go with records in it no longer counts.
        for segment in self.state().segments.values() {
            if segment.counted {
                self.space.release(segment.size);
            }
            self.let_go(segment.pending(), segment.size);
        }
    }
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
