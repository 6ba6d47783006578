//! What a writer's directory holds and who has yet to do what with it: the book-keeping, without any file.
//!
//! A record is *pending* for a destination from its commit until it is settled, if it is for that destination at all.
//! What is not for it is never pending, and is filled in as settled when its neighbours are or when its segment goes,
//! so that the ranges of a destination that gets every third record are as few as those of one that gets all.

use std::collections::BTreeMap;

use super::Routes;
use super::routing::Routing;
use super::sequences::Sequences;

/// What a directory holds.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) segments: BTreeMap<u64, Segment>,
    /// The last committed sequence.
    pub(super) last: u64,
    /// By destination, as in `journal.json`.
    pub(super) slots: Vec<Slot>,
    /// The spare segments with their sizes in bytes.
    pub(super) spares: Vec<(u64, u64)>,
}

/// How far one destination is.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// What it has settled, and what was never for it as far as that is filled in.
    pub(super) settled: Sequences,
    /// How many records are pending.
    pub(super) pending: u64,
}

/// A segment and the committed records in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The size of the file in bytes.
    pub(super) size: u64,
    /// Where the committed records end.
    pub(super) end: u64,
    /// The first committed sequence; none yet when `routing` is empty.
    first: u64,
    /// Whom the records from `first` on are for. One that is gone is for nobody.
    routing: Routing,
    /// How many records are pending, by destination.
    pending: Vec<u64>,
    /// Whether records may still be written to it.
    pub(super) open: bool,
    /// Whether something in it was unreadable: kept when it is freed.
    pub(super) damaged: bool,
    /// Whether it may be used again: not after a failed write or sync.
    pub(super) sound: bool,
    /// Whether it counts for the limit: not when all that is pending in it is for destinations that are not here.
    pub(super) counted: bool,
}

/// Committed records that turned out to be unreadable for a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    /// The segment in which the first one is.
    pub(super) number: u64,
    /// The first and the last one, and how many there are: those in between may be for others.
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) records: u64,
}

impl Segment {
    /// The first and the last sequence, where there is one.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        (self.routing.len() > 0).then(|| (self.first, self.first + self.routing.len() - 1))
    }

    /// The destinations for which something is pending.
    pub(super) fn pending(&self) -> Routes {
        let pending = self.pending.iter().enumerate().filter(|&(_, &count)| count > 0);
        pending.fold(Routes::NONE, |routes, (slot, _)| routes.with(slot))
    }

    /// Where the records for a destination from one sequence to another are: first, last, how many.
    fn find(&self, slot: usize, first: u64, last: u64) -> Option<(u64, u64, u64)> {
        let last = last.checked_sub(self.first)?;
        let found = self.routing.find(slot, first.saturating_sub(self.first), last)?;
        Some((found.0 + self.first, found.1 + self.first, found.2))
    }
}

impl State {
    /// A directory of destinations that have settled this much.
    pub(super) fn new(settled: impl IntoIterator<Item = Sequences>) -> Self {
        let slots = settled.into_iter().map(|settled| Slot { settled, pending: 0 }).collect();
        Self { slots, ..Self::default() }
    }

    /// Adds an empty segment that is being written.
    pub(super) fn add_segment(&mut self, number: u64, size: u64) {
        let segment = Segment {
            size,
            end: 0,
            first: 0,
            routing: Routing::default(),
            pending: vec![0; self.slots.len()],
            open: true,
            damaged: false,
            sound: true,
            counted: true,
        };
        self.segments.insert(number, segment);
    }

    /// Adds a segment that an earlier process wrote, with what is intact in it.
    pub(super) fn add_found(&mut self, number: u64, size: u64, damaged: bool, records: (u64, u64, &Routing)) {
        self.add_segment(number, size);
        if let Some(segment) = self.segments.get_mut(&number) {
            (segment.open, segment.damaged, segment.sound) = (false, damaged, false);
        }
        let (end, first, routing) = records;
        self.publish(number, end, first, routing);
    }

    /// Adds committed records to a segment, up to `end` in bytes. Answers for which destinations this segment had
    /// nothing pending before and has now.
    pub(super) fn publish(&mut self, number: u64, end: u64, first: u64, routing: &Routing) -> Routes {
        let Some(segment) = self.segments.get_mut(&number) else { return Routes::NONE };
        segment.end = end;
        let Some(last) = (first + routing.len()).checked_sub(1).filter(|_| routing.len() > 0) else {
            return Routes::NONE;
        };
        let before = segment.pending();
        if segment.routing.len() == 0 {
            segment.first = first;
        }
        segment.routing.extend(routing);
        self.last = self.last.max(last);
        for (slot, (here, there)) in self.slots.iter_mut().zip(&mut segment.pending).enumerate() {
            let new = here.settled.missing(first, last);
            let counted = new.filter_map(|(from, to)| routing.find(slot, from - first, to - first));
            let count: u64 = counted.map(|(.., count)| count).sum();
            here.pending += count;
            *there += count;
        }
        segment.pending().minus(before)
    }

    /// How many records are pending for a destination.
    pub(super) fn pending(&self, slot: usize) -> u64 {
        self.slots.get(slot).map_or(0, |slot| slot.pending)
    }

    /// Settles sequences for a destination. Answers how many bytes the segments have in which nothing is pending for
    /// it any more.
    pub(super) fn settle(&mut self, slot: usize, first: u64, last: u64) -> u64 {
        let Some(here) = self.slots.get_mut(slot) else { return 0 };
        let mut released = 0;
        for (from, to) in here.settled.missing(first, last) {
            for segment in self.segments.values_mut() {
                let Some((.., count)) = segment.find(slot, from, to) else { continue };
                let Some(there) = segment.pending.get_mut(slot) else { continue };
                here.pending -= count;
                *there -= count;
                if *there == 0 {
                    released += segment.size;
                }
            }
        }
        here.settled.insert(first, last);
        released
    }

    /// Those of these ranges that a destination has not settled yet, with the records around them that are not for
    /// it. The ranges are in ascending order.
    pub(super) fn fresh(&self, slot: usize, ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let Some(here) = self.slots.get(slot) else { return Vec::new() };
        let mut fresh: Vec<(u64, u64)> = Vec::new();
        for &(first, last) in ranges {
            if last > self.last || here.settled.covers(first, last) {
                continue;
            }
            let (first, last) = self.widened(slot, first, last);
            match fresh.last_mut() {
                Some((_, end)) if first <= *end + 1 => *end = last.max(*end),
                _ => fresh.push((first, last)),
            }
        }
        fresh
    }

    /// A range with the records around it that are not for this destination.
    fn widened(&self, slot: usize, first: u64, last: u64) -> (u64, u64) {
        let Some(here) = self.slots.get(slot) else { return (first, last) };
        let (mut first, mut last) = (first, last);
        // What is settled already needs no second look, so each record is passed over a few times in all.
        let floor = here.settled.before(first) + 1;
        for segment in self.segments.values().rev() {
            let Some((from, to)) = segment.range().filter(|&(from, _)| from < first) else { continue };
            if first <= floor || to + 1 < first {
                break;
            }
            let row = segment.routing.passed_over_before(slot, first - from);
            first = (first - row).max(floor);
            if first > from {
                break;
            }
        }
        let ceiling = here.settled.after(last).map_or(self.last, |next| next - 1);
        for segment in self.segments.values() {
            let Some((from, to)) = segment.range().filter(|&(_, to)| to > last) else { continue };
            if last >= ceiling || from > last + 1 {
                break;
            }
            let row = segment.routing.passed_over_from(slot, last + 1 - from);
            last = (last + row).min(ceiling);
            if last < to {
                break;
            }
        }
        (first, last)
    }

    /// What is pending for a destination among these sequences, which can't be read. Their segments count as damaged.
    pub(super) fn lose(&mut self, slot: usize, first: u64, last: u64) -> Option<Lost> {
        let here = self.slots.get(slot)?;
        let mut lost: Option<Lost> = None;
        for (from, to) in here.settled.missing(first, last) {
            for (&number, segment) in &mut self.segments {
                let Some((first, last, records)) = segment.find(slot, from, to) else { continue };
                segment.damaged = true;
                let lost = lost.get_or_insert(Lost { number, first, last, records: 0 });
                lost.last = last;
                lost.records += records;
            }
        }
        lost
    }

    /// Takes out the segments that are written and in which nothing is pending for anybody.
    pub(super) fn take_free(&mut self) -> Vec<(u64, Segment)> {
        let is_free = |segment: &Segment| !segment.open && segment.pending().is_empty();
        let numbers: Vec<u64> =
            self.segments.iter().filter(|(_, segment)| is_free(segment)).map(|(&number, _)| number).collect();
        numbers.into_iter().filter_map(|number| self.segments.remove_entry(&number)).collect()
    }
}
