//! The journal without a disk: the same types and limits, and nothing survives the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sequences::Sequences;
use super::{JournalError, Record, RecordKey, Usage};
use crate::event::WriterId;

/// What a record costs besides its payload, in bytes: its place in the map, the reference counts, the allocation.
const OVERHEAD: u64 = 64;

/// Opens a journal in memory with this many destinations.
pub(super) fn open(max_bytes: u64, destinations: usize) -> (Writer, Vec<Backlog>) {
    let id = WriterId::mint();
    let state = State { settled: vec![Sequences::default(); destinations], ..State::default() };
    let shared = Arc::new(Mutex::new(state));
    let backlogs = (0..destinations)
        .map(|destination| Backlog { id, shared: Arc::clone(&shared), destination, handed_out: 0 })
        .collect();
    (Writer { id, shared, staged: Vec::new(), staged_bytes: 0, next_sequence: 1, max_bytes }, backlogs)
}

/// What writer and backlogs share.
#[derive(Debug, Default)]
struct State {
    records: BTreeMap<u64, Arc<[u8]>>,
    bytes: u64,
    last: u64,
    settled: Vec<Sequences>,
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
    staged: Vec<Arc<[u8]>>,
    staged_bytes: u64,
    next_sequence: u64,
    max_bytes: u64,
}

impl Writer {
    pub(super) fn id(&self) -> WriterId {
        self.id
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    pub(super) fn append(&mut self, payload: &[u8]) -> Result<u64, JournalError> {
        let bytes = cost(payload);
        if bytes > self.max_bytes {
            return Err(JournalError::TooLarge { bytes, max: self.max_bytes });
        }
        let used = lock(&self.shared).bytes + self.staged_bytes;
        if used + bytes > self.max_bytes {
            return Err(JournalError::Full { used, max: self.max_bytes });
        }
        self.staged.push(payload.into());
        self.staged_bytes += bytes;
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        Ok(sequence)
    }

    pub(super) fn make_room(&self, bytes: u64) -> Result<(), JournalError> {
        let bytes = (bytes + OVERHEAD).min(self.max_bytes / 4);
        let used = lock(&self.shared).bytes + self.staged_bytes;
        if used + bytes > self.max_bytes {
            return Err(JournalError::Full { used, max: self.max_bytes });
        }
        Ok(())
    }

    pub(super) fn room(&self, bytes: u64) -> u64 {
        let used = lock(&self.shared).bytes + self.staged_bytes;
        self.max_bytes.saturating_sub(used) / (bytes + OVERHEAD).clamp(1, (self.max_bytes / 4).max(1))
    }

    pub(super) fn commit(&mut self) -> Result<(), JournalError> {
        let mut state = lock(&self.shared);
        for payload in self.staged.drain(..) {
            state.last += 1;
            if !state.settled.is_empty() {
                let sequence = state.last;
                state.bytes += cost(&payload);
                state.records.insert(sequence, payload);
            }
        }
        self.staged_bytes = 0;
        Ok(())
    }

    pub(super) fn usage(&self) -> Usage {
        Usage { bytes: lock(&self.shared).bytes + self.staged_bytes, segments: 0, max_bytes: self.max_bytes }
    }
}

#[derive(Debug)]
pub(super) struct Backlog {
    id: WriterId,
    shared: Arc<Mutex<State>>,
    /// Which of the destinations this is.
    destination: usize,
    /// The last sequence that was handed out.
    handed_out: u64,
}

impl Backlog {
    pub(super) fn next(&mut self) -> Option<Record> {
        let state = lock(&self.shared);
        let (&sequence, payload) = state.records.range(self.handed_out + 1..).next()?;
        self.handed_out = sequence;
        Some(Record { key: RecordKey { writer: self.id, sequence }, payload: Arc::clone(payload) })
    }

    pub(super) fn settle(&mut self, keys: &[RecordKey]) {
        let mut state = lock(&self.shared);
        for key in keys.iter().filter(|key| key.writer == self.id && key.sequence <= self.handed_out) {
            if let Some(settled) = state.settled.get_mut(self.destination) {
                settled.insert(key.sequence, key.sequence);
            }
            if state.settled.iter().all(|settled| settled.contains(key.sequence))
                && let Some(payload) = state.records.remove(&key.sequence)
            {
                state.bytes -= cost(&payload);
            }
        }
    }

    pub(super) fn pending(&self) -> u64 {
        let state = lock(&self.shared);
        state.settled.get(self.destination).map_or(0, |settled| state.last - settled.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences(backlog: &mut Backlog) -> Vec<u64> {
        std::iter::from_fn(|| backlog.next()).map(|record| record.key.sequence()).collect()
    }

    #[test]
    fn what_is_not_committed_is_not_handed_out() {
        let (mut writer, mut backlogs) = open(1 << 20, 1);
        writer.append(b"one").unwrap();
        assert_eq!(backlogs[0].next(), None);
        writer.commit().unwrap();
        assert_eq!(&*backlogs[0].next().unwrap().payload, b"one");
        assert_eq!(backlogs[0].next(), None);
    }

    #[test]
    fn a_full_journal_refuses_without_using_up_a_sequence_and_resumes_after_settling() {
        let (mut writer, mut backlogs) = open(3 * (OVERHEAD + 10), 2);
        for sequence in 1..=3 {
            assert_eq!(writer.append(&[7; 10]).unwrap(), sequence);
        }
        assert!(matches!(writer.append(&[7; 10]), Err(JournalError::Full { .. })));
        writer.commit().unwrap();
        assert!(matches!(writer.append(&[7; 10]), Err(JournalError::Full { .. })));

        let first = backlogs[0].next().unwrap().key;
        backlogs[0].settle(&[first]);
        assert!(
            matches!(writer.append(&[7; 10]), Err(JournalError::Full { .. })),
            "one destination still needs it"
        );
        backlogs[1].next().unwrap();
        backlogs[1].settle(&[first]);
        assert_eq!(writer.append(&[7; 10]).unwrap(), 4);
    }

    #[test]
    fn a_record_that_can_never_fit_says_so() {
        let (mut writer, _backlogs) = open(100, 1);
        assert!(matches!(writer.append(&[7; 100]), Err(JournalError::TooLarge { .. })));
    }

    #[test]
    fn pending_counts_what_is_committed_and_not_settled_for_each_destination() {
        let (mut writer, mut backlogs) = open(1 << 20, 2);
        for _ in 0..4 {
            writer.append(b"x").unwrap();
        }
        assert_eq!(backlogs[0].pending(), 0);
        writer.commit().unwrap();
        assert_eq!(sequences(&mut backlogs[0]), [1, 2, 3, 4]);
        let key = |sequence| RecordKey { writer: writer.id(), sequence };
        backlogs[0].settle(&[key(4), key(2), key(2)]);
        assert_eq!((backlogs[0].pending(), backlogs[1].pending()), (2, 4));
    }
}
