//! The journal without a disk: the same types and limits, and nothing survives the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Appended, JournalError, Record, RecordKey, Routes, Share, Usage};
use crate::event::WriterId;

/// What a record costs besides its payload, in bytes: its place in the map, the reference counts, the allocation.
const OVERHEAD: u64 = 64;

/// Opens a journal in memory with this many destinations.
pub(super) fn open(max_bytes: u64, destinations: usize) -> (Writer, Vec<Backlog>) {
    let id = WriterId::mint();
    let state = State { max_bytes, slots: vec![Slot::default(); destinations], ..State::default() };
    let shared = Arc::new(Mutex::new(state));
    let backlogs = (0..destinations)
        .map(|slot| Backlog { id, shared: Arc::clone(&shared), slot, handed_out: 0 })
        .collect();
    let share = max_bytes / (destinations as u64).max(1);
    (Writer { id, shared, staged: Vec::new(), next_sequence: 1, share }, backlogs)
}

/// What writer and backlogs share.
#[derive(Debug, Default)]
struct State {
    max_bytes: u64,
    records: BTreeMap<u64, Kept>,
    /// What all records cost, staged ones included.
    bytes: u64,
    last: u64,
    slots: Vec<Slot>,
}

/// A record that somebody has not settled.
#[derive(Debug)]
struct Kept {
    payload: Arc<[u8]>,
    /// Who has not.
    pending: Routes,
}

/// What is left to do for one destination.
#[derive(Debug, Default, Clone)]
struct Slot {
    records: u64,
    /// What they cost, staged ones included.
    bytes: u64,
}

impl State {
    fn usage(&self) -> Usage {
        Usage { bytes: self.bytes, segments: 0, max_bytes: self.max_bytes }
    }

    fn share_of(&self, slot: usize) -> Share {
        let bytes = self.slots.get(slot).map_or(0, |slot| slot.bytes);
        Share { bytes, max_bytes: self.max_bytes / (self.slots.len() as u64).max(1) }
    }

    /// The destinations of `routes` whose backlog may not take so many bytes more.
    fn over(&self, routes: Routes, bytes: u64, share: u64) -> Routes {
        let is_over = |&slot: &usize| self.slots.get(slot).is_none_or(|slot| slot.bytes + bytes > share);
        routes.iter().filter(is_over).fold(Routes::NONE, Routes::with)
    }
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cost(payload: &[u8]) -> u64 {
    payload.len() as u64 + OVERHEAD
}

#[derive(Debug)]
pub(super) struct Writer {
    id: WriterId,
    shared: Arc<Mutex<State>>,
    staged: Vec<(Routes, Arc<[u8]>)>,
    next_sequence: u64,
    /// What the backlog of each destination may cost.
    share: u64,
}

impl Writer {
    pub(super) fn id(&self) -> WriterId {
        self.id
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    pub(super) fn append(
        &mut self,
        routes: Routes,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Appended, JournalError> {
        let mut payload = Vec::new();
        write(&mut payload);
        let bytes = cost(&payload);
        if bytes > self.share {
            return Err(JournalError::TooLarge { bytes, max: self.share });
        }
        let mut state = lock(&self.shared);
        let routes = routes.intersection(Routes::all(state.slots.len()));
        let refused = self.refused(&state, routes, bytes)?;
        let routes = routes.minus(refused);
        for slot in routes.iter() {
            if let Some(slot) = state.slots.get_mut(slot) {
                slot.bytes += bytes;
            }
        }
        if !routes.is_empty() {
            state.bytes += bytes;
        }
        drop(state);
        self.staged.push((routes, payload.into()));
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        Ok(Appended { sequence, refused })
    }

    pub(super) fn make_room(&self, bytes: u64) -> Result<(), JournalError> {
        let state = lock(&self.shared);
        let bytes = (bytes + OVERHEAD).min(self.share / 4);
        self.refused(&state, Routes::all(state.slots.len()), bytes).map(drop)
    }

    /// The destinations that have no room for this; an error when that is all of them.
    fn refused(&self, state: &State, routes: Routes, bytes: u64) -> Result<Routes, JournalError> {
        let refused = state.over(routes, bytes, self.share);
        if !routes.is_empty() && refused == routes {
            let used = refused.iter().filter_map(|slot| state.slots.get(slot)).map(|slot| slot.bytes).sum();
            return Err(JournalError::Full { used, max: self.share * refused.len() as u64 });
        }
        Ok(refused)
    }

    pub(super) fn room(&self, bytes: u64, routes: Routes) -> u64 {
        let record = (bytes + OVERHEAD).clamp(1, (self.share / 4).max(1));
        let state = lock(&self.shared);
        let slots = routes.iter().filter_map(|slot| state.slots.get(slot));
        slots.map(|slot| self.share.saturating_sub(slot.bytes) / record).max().unwrap_or(0)
    }

    pub(super) fn commit(&mut self) -> Result<(), JournalError> {
        let mut state = lock(&self.shared);
        for (pending, payload) in self.staged.drain(..) {
            state.last += 1;
            for slot in pending.iter() {
                if let Some(slot) = state.slots.get_mut(slot) {
                    slot.records += 1;
                }
            }
            if !pending.is_empty() {
                let sequence = state.last;
                state.records.insert(sequence, Kept { payload, pending });
            }
        }
        Ok(())
    }

    pub(super) fn usage(&self) -> Usage {
        lock(&self.shared).usage()
    }

    pub(super) fn share(&self, destination: usize) -> Share {
        lock(&self.shared).share_of(destination)
    }
}

#[derive(Debug)]
pub(super) struct Backlog {
    id: WriterId,
    shared: Arc<Mutex<State>>,
    /// Which of the destinations this is.
    slot: usize,
    /// The last sequence that was handed out or passed over.
    handed_out: u64,
}

impl Backlog {
    pub(super) fn next(&mut self) -> Option<Record> {
        let state = lock(&self.shared);
        let found =
            state.records.range(self.handed_out + 1..).find(|(_, kept)| kept.pending.contains(self.slot));
        self.handed_out = found.map_or(state.last, |(&sequence, _)| sequence);
        let (&sequence, kept) = found?;
        let key = RecordKey { writer: self.id, sequence };
        Some(Record { key, payload: Arc::clone(&kept.payload) })
    }

    pub(super) fn settle(&mut self, keys: &[RecordKey]) {
        let mut state = lock(&self.shared);
        let State { records, bytes, slots, .. } = &mut *state;
        let Some(here) = slots.get_mut(self.slot) else { return };
        for key in keys.iter().filter(|key| key.writer == self.id && key.sequence <= self.handed_out) {
            let Some(kept) = records.get_mut(&key.sequence) else { continue };
            if !kept.pending.contains(self.slot) {
                continue;
            }
            kept.pending = kept.pending.without(self.slot);
            let cost = cost(&kept.payload);
            here.records -= 1;
            here.bytes -= cost;
            if kept.pending.is_empty() {
                records.remove(&key.sequence);
                *bytes -= cost;
            }
        }
    }

    pub(super) fn share(&self) -> Share {
        lock(&self.shared).share_of(self.slot)
    }

    pub(super) fn usage(&self) -> Usage {
        lock(&self.shared).usage()
    }

    pub(super) fn pending(&self) -> u64 {
        lock(&self.shared).slots.get(self.slot).map_or(0, |slot| slot.records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(writer: &mut Writer, payload: &[u8], routes: Routes) -> Result<Appended, JournalError> {
        writer.append(routes, |out| out.extend_from_slice(payload))
    }

    fn sequences(backlog: &mut Backlog) -> Vec<u64> {
        std::iter::from_fn(|| backlog.next()).map(|record| record.key.sequence()).collect()
    }

    #[test]
    fn what_is_not_committed_is_not_handed_out() {
        let (mut writer, mut backlogs) = open(1 << 20, 1);
        append(&mut writer, b"one", Routes::all(1)).unwrap();
        assert_eq!(backlogs[0].next(), None);
        writer.commit().unwrap();
        assert_eq!(&*backlogs[0].next().unwrap().payload, b"one");
        assert_eq!(backlogs[0].next(), None);
    }

    #[test]
    fn a_full_journal_refuses_without_using_up_a_sequence_and_resumes_after_settling() {
        let (mut writer, mut backlogs) = open(3 * (OVERHEAD + 10), 1);
        for sequence in 1..=3 {
            let appended = Appended { sequence, refused: Routes::NONE };
            assert_eq!(append(&mut writer, &[7; 10], Routes::all(1)).unwrap(), appended);
        }
        assert!(matches!(append(&mut writer, &[7; 10], Routes::all(1)), Err(JournalError::Full { .. })));
        writer.commit().unwrap();
        assert!(matches!(append(&mut writer, &[7; 10], Routes::all(1)), Err(JournalError::Full { .. })));

        let first = backlogs[0].next().unwrap().key;
        backlogs[0].settle(&[first, first]);
        assert_eq!(append(&mut writer, &[7; 10], Routes::all(1)).unwrap().sequence, 4);
    }

    #[test]
    fn a_destination_whose_share_is_used_up_misses_records_and_the_other_gets_them() {
        let (mut writer, mut backlogs) = open(4 * (OVERHEAD + 10), 2);
        let mut refused = Vec::new();
        for _ in 0..4 {
            refused.push(append(&mut writer, &[7; 10], Routes::all(2)).unwrap().refused);
            writer.commit().unwrap();
            let record = backlogs[0].next().unwrap();
            backlogs[0].settle(&[record.key]);
        }
        let stalled = Routes::NONE.with(1);
        assert_eq!(refused, [Routes::NONE, Routes::NONE, stalled, stalled]);
        assert!(matches!(
            append(&mut writer, &[7; 10], stalled),
            Err(JournalError::Full { used: 148, max: 148 })
        ));
        assert_eq!((backlogs[0].pending(), backlogs[1].pending()), (0, 2));
        assert_eq!(sequences(&mut backlogs[1]), [1, 2]);
    }

    #[test]
    fn a_record_is_handed_out_only_to_those_that_it_is_for() {
        let (mut writer, mut backlogs) = open(1 << 20, 2);
        for routes in [Routes::all(2), Routes::NONE.with(1), Routes::NONE, Routes::NONE.with(0).with(7)] {
            append(&mut writer, b"x", routes).unwrap();
        }
        writer.commit().unwrap();
        assert_eq!((backlogs[0].pending(), backlogs[1].pending()), (2, 2));
        assert_eq!(sequences(&mut backlogs[0]), [1, 4]);
        assert_eq!(sequences(&mut backlogs[1]), [1, 2]);
        let keys: Vec<_> = (1..=4).map(|sequence| RecordKey { writer: writer.id(), sequence }).collect();
        backlogs.iter_mut().for_each(|backlog| backlog.settle(&keys));
        assert_eq!((writer.usage().bytes, backlogs[0].pending(), backlogs[1].pending()), (0, 0, 0));
    }

    #[test]
    fn a_record_that_can_never_fit_says_so() {
        let (mut writer, _backlogs) = open(200, 2);
        let appended = append(&mut writer, &[7; 100], Routes::all(2));
        assert!(matches!(appended, Err(JournalError::TooLarge { bytes: 164, max: 100 })));
    }

    #[test]
    fn pending_counts_what_is_committed_and_not_settled_for_each_destination() {
        let (mut writer, mut backlogs) = open(1 << 20, 2);
        for _ in 0..4 {
            append(&mut writer, b"x", Routes::all(2)).unwrap();
        }
        assert_eq!(backlogs[0].pending(), 0);
        writer.commit().unwrap();
        assert_eq!(sequences(&mut backlogs[0]), [1, 2, 3, 4]);
        let key = |sequence| RecordKey { writer: writer.id(), sequence };
        backlogs[0].settle(&[key(4), key(2), key(2)]);
        assert_eq!((backlogs[0].pending(), backlogs[1].pending()), (2, 4));
    }
}
