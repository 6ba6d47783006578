//! Appending: records are staged in memory and written at commit.

use std::sync::Arc;

use super::limits::Space;
use super::log::Log;
use super::record::{self, Decoded};
use super::routing::Routing;
use super::segment::SegmentFile;
use super::{Appended, JournalError, MAX_DESTINATIONS, Routes, Share, Usage};
use crate::event::WriterId;

/// Appends to the journal on disk.
#[derive(Debug)]
pub(super) struct Writer {
    log: Arc<Log>,
    segment_bytes: u64,
    next_sequence: u64,
    next_segment: u64,
    /// Where the next record goes: a segment and how much of it is used, staged records included.
    active: Option<(Arc<SegmentFile>, u64)>,
    /// The encoded records that are not committed.
    staged: Vec<u8>,
    /// Where they go, in order. Always covers all of `staged`, except after a failed commit.
    plan: Vec<Part>,
    /// The last commit failed; `plan` has to be made anew.
    failed: bool,
}

/// Consecutive staged records that go into one segment.
#[derive(Debug)]
struct Part {
    segment: Arc<SegmentFile>,
    /// Where in the segment.
    offset: u64,
    /// How many bytes.
    length: usize,
    first: u64,
    /// For whom the records from `first` on are.
    routing: Routing,
}

impl Writer {
    pub(super) fn new(log: Arc<Log>, segment_bytes: u64) -> Self {
        Self {
            log,
            segment_bytes,
            next_sequence: 1,
            next_segment: 1,
            active: None,
            staged: Vec::new(),
            plan: Vec::new(),
            failed: false,
        }
    }

    pub(super) fn id(&self) -> WriterId {
        self.log.writer()
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    pub(super) fn usage(&self) -> Usage {
        self.log.space().usage()
    }

    pub(super) fn share(&self, destination: usize) -> Share {
        self.log.space().share_of(destination)
    }

    pub(super) fn append(
        &mut self,
        routes: Routes,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Appended, JournalError> {
        // Once a group: it is a system call. What a child appends to a group of its parent's stays in its memory.
        if self.staged.is_empty() {
            self.log.check_process()?;
        }
        if self.failed {
            return Err(JournalError::CommitPending);
        }
        let begin = self.staged.len();
        record::begin(&mut self.staged);
        write(&mut self.staged);
        let appended = self.place(begin, routes);
        if appended.is_err() {
            self.staged.truncate(begin);
        }
        appended
    }

    /// Finds a place for the record that begins here in `staged`, and completes it.
    fn place(&mut self, begin: usize, routes: Routes) -> Result<Appended, JournalError> {
        let (bytes, max) = ((self.staged.len() - begin) as u64, self.log.space().share());
        if bytes > max.min(record::MAX_BYTES) {
            let bytes = bytes - record::HEADER_BYTES as u64;
            return Err(JournalError::TooLarge { bytes, max });
        }
        let (routes, refused) = self.share_out(bytes, routes)?;
        let sequence = self.next_sequence;
        self.plan_record(sequence, routes, bytes, Space::reserve)?;
        record::finish(&mut self.staged, begin, self.log.seed(), sequence, routes);
        self.next_sequence += 1;
        Ok(Appended { sequence, refused })
    }

    /// For whom of these a record of this size can be, and for whom not, because their shares are used up.
    fn share_out(&self, bytes: u64, routes: Routes) -> Result<(Routes, Routes), JournalError> {
        let space = self.log.space();
        let routes = routes.intersection(Routes::all(space.destinations()));
        let (target, used) = match &self.active {
            Some((segment, used)) if used + bytes <= segment.size => (Some(segment.number), segment.size),
            _ => (None, self.segment_bytes.max(bytes)),
        };
        let staged = self.plan.iter().map(|part| (part.segment.number, part.segment.size, &part.routing));
        let refused = self.log.over_share(routes, (target, used), staged);
        if !routes.is_empty() && refused == routes {
            let used = refused.iter().map(|slot| space.backlog(slot)).sum();
            return Err(JournalError::Full { used, max: space.share() * refused.len() as u64 });
        }
        Ok((routes.minus(refused), refused))
    }

    pub(super) fn make_room(&mut self, bytes: u64) -> Result<(), JournalError> {
        self.log.check_process()?;
        if self.failed {
            return Err(JournalError::CommitPending);
        }
        let bytes = (bytes + record::HEADER_BYTES as u64).min(self.segment_bytes);
        self.share_out(bytes, Routes::all(MAX_DESTINATIONS))?;
        if self.active.as_ref().is_none_or(|(segment, used)| used + bytes > segment.size) {
            self.active = Some((self.rotate(bytes, Space::reserve)?, 0));
        }
        Ok(())
    }

    pub(super) fn room(&self, bytes: u64, routes: Routes) -> u64 {
        if self.failed || self.log.check_process().is_err() {
            return 0;
        }
        // A segment is left for the next one when a record doesn't fit any more, so it never holds fewer records than of
        // the largest.
        let record = (bytes + record::HEADER_BYTES as u64).clamp(1, self.segment_bytes.max(1));
        let a_segment = self.segment_bytes / record;
        let active = self.active.as_ref();
        let in_active = active.map_or(0, |(segment, used)| segment.size.saturating_sub(*used) / record);
        let segments = self.log.spares() + self.log.space().left(self.segment_bytes);
        // What is staged counts when it is committed.
        let share = |slot| match self.log.segments_of_share(slot, active.map(|(segment, _)| segment.number)) {
            None => u64::MAX,
            Some((left, _)) if active.is_none() => left * a_segment,
            Some((left, true)) => in_active + left * a_segment,
            // The first record for it charges it with the whole of the active segment.
            Some((left, false)) => left.checked_sub(1).map_or(0, |left| in_active + left * a_segment),
        };
        let shares = routes.intersection(Routes::all(self.log.space().destinations())).iter().map(share);
        shares.max().unwrap_or(0).min(in_active + segments * a_segment)
    }

    pub(super) fn commit(&mut self) -> Result<(), JournalError> {
        self.log.check_process()?;
        self.log.check_place()?;
        if self.failed {
            self.plan_again()?;
        }
        let Err(error) = self.write() else { return Ok(()) };
        tracing::warn!(%error, "a journal commit failed and is repeated in a new segment");
        self.failed = true;
        self.plan_again()?;
        self.write().inspect_err(|_| self.failed = true)
    }

    /// Writes and syncs what is planned, in order, and drops it from memory.
    fn write(&mut self) -> Result<(), JournalError> {
        let mut written = 0;
        let mut done = 0;
        let mut result = Ok(());
        for part in &self.plan {
            let bytes = self.staged.get(written..written + part.length).unwrap_or_default();
            result = part.segment.write(bytes, part.offset).and_then(|()| part.segment.sync());
            if result.is_err() {
                break;
            }
            let end = part.offset + part.length as u64;
            self.log.publish(part.segment.number, end, part.first, &part.routing);
            written += part.length;
            done += 1;
            if self.active.as_ref().is_some_and(|(active, _)| active.number != part.segment.number) {
                self.log.seal(part.segment.number, true);
            }
        }
        self.plan.drain(..done);
        self.staged.drain(..written);
        result
    }

    /// Gives up the segments in which uncommitted records were to go, and plans new ones.
    ///
    /// What stands in the old ones behind their committed records may reach the disk yet. A recovery that finds a
    /// sequence again in a later segment passes over it, and the bytes are the same in both.
    fn plan_again(&mut self) -> Result<(), JournalError> {
        for part in std::mem::take(&mut self.plan) {
            self.log.seal(part.segment.number, false);
        }
        if let Some((segment, _)) = self.active.take() {
            self.log.seal(segment.number, false);
        }
        let seed = self.log.seed();
        let mut rest = 0;
        let staged = std::mem::take(&mut self.staged);
        let mut result = Ok(());
        while let Some(Decoded::Record { sequence, routes, length, .. }) =
            staged.get(rest..).map(|bytes| record::decode(bytes, seed))
        {
            // The limits were asked when the records were appended; a full disk refuses by itself.
            let anyway = |space: &Space, bytes| {
                space.take(bytes);
                Ok(())
            };
            result = self.plan_record(sequence, routes, length as u64, anyway);
            if result.is_err() {
                break;
            }
            rest += length;
        }
        self.staged = staged;
        self.failed = result.is_err();
        if let Err(error) = self.log.reclaim() {
            tracing::warn!(%error, "a journal segment that was given up could not be removed");
        }
        result
    }

    /// Finds the place for the next staged record.
    fn plan_record(
        &mut self,
        sequence: u64,
        routes: Routes,
        bytes: u64,
        reserve: impl Fn(&Space, u64) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        if self.active.as_ref().is_none_or(|(segment, used)| used + bytes > segment.size) {
            self.active = Some((self.rotate(bytes, reserve)?, 0));
        }
        let Some((segment, used)) = &mut self.active else { return Ok(()) };
        let offset = std::mem::replace(used, *used + bytes);
        match self.plan.last_mut() {
            Some(part) if part.segment.number == segment.number => {
                part.length += bytes as usize;
                part.routing.push(routes);
            }
            _ => {
                let mut routing = Routing::default();
                routing.push(routes);
                let (segment, length) = (Arc::clone(segment), bytes as usize);
                self.plan.push(Part { segment, offset, length, first: sequence, routing });
            }
        }
        Ok(())
    }

    /// Makes the next segment, with room for a record of this size.
    fn rotate(
        &mut self,
        bytes: u64,
        reserve: impl Fn(&Space, u64) -> Result<(), JournalError>,
    ) -> Result<Arc<SegmentFile>, JournalError> {
        let size = self.segment_bytes.max(bytes);
        let number = self.next_segment;
        let make = |log: &Log| log.add_segment(number, size, |space| reserve(space, size));
        let mut made = make(&self.log);
        // What fills the journal may be segments that nobody needs any more, or spare ones.
        if matches!(made, Err(JournalError::Full { .. })) {
            self.free_settled()?;
            made = make(&self.log);
        }
        if matches!(made, Err(JournalError::Full { .. })) && self.log.drop_spares()? {
            made = make(&self.log);
        }
        let made = made?;
        self.next_segment += 1;
        if let Some((old, _)) = &self.active
            && self.plan.iter().all(|part| part.segment.number != old.number)
        {
            // With staged records it is sealed when they are written.
            self.log.seal(old.number, true);
        }
        Ok(Arc::new(made))
    }

    /// Frees the segments in which all is committed and settled, the active one included. Where the last record was
    /// settled before its segment was given up, nobody has done so.
    fn free_settled(&mut self) -> Result<(), JournalError> {
        if self.plan.is_empty()
            && let Some((active, _)) = self.active.take_if(|(active, _)| self.log.is_settled(active.number))
        {
            self.log.seal(active.number, true);
        }
        self.log.reclaim()
    }

    /// What a crash in the middle of a commit leaves: the first `length` staged bytes reach the file, and nobody
    /// learns of it.
    #[cfg(test)]
    pub(super) fn tear(&mut self, length: usize) {
        let mut written = 0;
        for part in &self.plan {
            let end = (written + part.length).min(length).max(written);
            part.segment.write(&self.staged[written..end], part.offset).unwrap();
            written += part.length;
        }
    }
}
