//! Reading a dead writer's directory: what is intact, what is settled, what is damaged.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::limits::Space;
use super::log::{Log, Ownership};
use super::manifest::{Manifest, newer};
use super::record::{self, Decoded};
use super::routing::Routing;
use super::sequences::Sequences;
use super::settle::SettleLog;
use super::state::State;
use super::{Damage, Routes, directory, segment};

/// A dead writer's directory, ready to be delivered from.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) log: Log,
    /// How many intact records it holds, settled or not.
    pub(super) records: u64,
    pub(super) damage: Vec<Damage>,
}

/// Reads a directory whose lock we hold; `places` says which of this opening's destinations its destinations are.
/// The error says why it has to be left alone.
pub(super) fn recover(
    dir: PathBuf,
    lock: File,
    manifest: &Manifest,
    places: Vec<Option<usize>>,
    space: &Arc<Space>,
) -> Result<Recovered, String> {
    let seed = record::seed(manifest.writer);
    let unreadable = |error: std::io::Error| format!("it can't be read: {error}");
    let (numbers, spares) = segment::list(&dir).map_err(unreadable)?;
    let mut scans = Vec::new();
    let mut present = Sequences::default();
    let mut damage = Vec::new();
    for number in numbers {
        let path = segment::path(&dir, number);
        let bytes =
            directory::read(&path).map_err(|error| format!("{} can't be read: {error}", path.display()))?;
        let scan = scan(&bytes, seed, &mut present).map_err(newer)?;
        damage.extend(scan.unreadable.iter().map(|part| {
            let (segment, offset, bytes) = (path.clone(), part.offset as u64, part.length as u64);
            if part.is_tail {
                Damage::TornTail { segment, offset, bytes }
            } else {
                Damage::Skipped { segment, offset, bytes }
            }
        }));
        scans.push((number, bytes.len() as u64, scan));
    }

    // Now that it is known to be of a format that is ours to change.
    for spare in spares {
        directory::remove(&segment::spare_path(&dir, spare)).map_err(unreadable)?;
    }

    let (mut settle_logs, mut settled) = (Vec::new(), Vec::new());
    let mut last = present.last();
    let mut intact = true;
    for slot in 0..manifest.destinations.len() {
        let loaded = SettleLog::open(&dir, slot, seed).map_err(|error| error.to_string())?;
        if !loaded.intact {
            intact = false;
            damage.push(Damage::SettleFile { file: SettleLog::path(&dir, slot) });
        }
        last = last.max(loaded.settled.last());
        settle_logs.push(loaded.log);
        settled.push(loaded.settled);
    }
    // What was freed is noted as settled for every destination. For whom a record was that is gone, nobody knows: the
    // note of one destination may have filled it in as not for that one.
    let mut gone = Sequences::default();
    for (first, last) in present.missing(1, last) {
        let unsettled = settled.iter().flat_map(|settled: &Sequences| settled.missing(first, last));
        unsettled.for_each(|(first, last)| _ = gone.insert(first, last));
    }
    if intact {
        // With a settle file damaged, it may just as well have been settled and freed.
        let missing = |(first, last)| Damage::Missing { writer: manifest.writer, first, last };
        damage.extend(gone.ranges().map(missing));
    }
    // What is nowhere can't be delivered, and must not look as if it could.
    for (first, last) in present.missing(1, last) {
        settled.iter_mut().for_each(|settled| _ = settled.insert(first, last));
    }

    let mut state = State::new(settled);
    state.last = last;
    for (number, size, scan) in scans {
        let damaged = !scan.unreadable.is_empty();
        state.add_found(number, size, damaged, (scan.end as u64, scan.first, &scan.routing));
    }
    let ownership = Ownership::Adopted { places };
    let log = Log::new((manifest.writer, dir, lock), ownership, Arc::clone(space), state, settle_logs);
    if let Err(error) = log.reclaim() {
        tracing::warn!(%error, "settled journal segments could not be removed");
    }
    Ok(Recovered { log, records: present.count(), damage })
}

/// What is in a segment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The first sequence that no earlier segment had; 0 when there is none.
    pub(super) first: u64,
    /// Whom the records from `first` on are for; nobody, where one is gone.
    pub(super) routing: Routing,
    /// Where the last intact record ends.
    pub(super) end: usize,
    pub(super) unreadable: Vec<Unreadable>,
}

impl Scan {
    /// Whether there is room before this offset for all the records since the first one. One whose checksum is right
    /// by chance or malice must not make us count to its sequence.
    fn may_hold(&self, sequence: u64, offset: usize) -> bool {
        self.first == 0 || sequence.saturating_sub(self.first) <= (offset / record::HEADER_BYTES) as u64
    }

    fn add(&mut self, sequence: u64, routes: Routes) {
        if self.first == 0 {
            self.first = sequence;
        }
        self.routing.push_many(Routes::NONE, sequence - self.first - self.routing.len());
        self.routing.push(routes);
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) offset: usize,
    pub(super) length: usize,
    /// Whether nothing intact comes behind it.
    pub(super) is_tail: bool,
}

/// Reads a segment and adds its sequences to `present`. The error is a newer format's number.
pub(super) fn scan(bytes: &[u8], seed: u32, present: &mut Sequences) -> Result<Scan, u32> {
    let mut scan = Scan::default();
    let mut offset = 0;
    while let Some(rest) = bytes.get(offset..) {
        match record::decode(rest, seed) {
            Decoded::Record { sequence, routes, length, .. } if scan.may_hold(sequence, offset) => {
                // A sequence that is there already was written again after a failed commit, with the same bytes.
                if sequence > present.last() {
                    present.insert(sequence, sequence);
                    scan.add(sequence, routes);
                }
                offset += length;
                scan.end = offset;
            }
            Decoded::Newer(format) => return Err(format),
            _ => {
                // A length of zero ends the segment only if zeroes follow: it may be a damaged record's.
                let Some(last_byte) = rest.iter().rposition(|&byte| byte != 0) else { break };
                let next = record::resynchronise(rest, 0, seed);
                let length = next.unwrap_or(last_byte + 1);
                scan.unreadable.push(Unreadable { offset, length, is_tail: next.is_none() });
                if next.is_none() {
                    break;
                }
                offset += length;
            }
        }
    }
    Ok(scan)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u32 = 5;

    fn segment(sequences: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &sequence in sequences {
            record::encode(&mut bytes, SEED, sequence, Routes::all(1), b"0123456789");
        }
        bytes.extend_from_slice(&[0; 50]);
        bytes
    }

    fn routing(all: &[(Routes, u64)]) -> Routing {
        let mut routing = Routing::default();
        all.iter().for_each(|&(routes, count)| routing.push_many(routes, count));
        routing
    }

    fn scanned(bytes: &[u8]) -> (Scan, Vec<(u64, u64)>) {
        let mut present = Sequences::default();
        let scan = scan(bytes, SEED, &mut present).unwrap();
        (scan, present.ranges().collect())
    }

    #[test]
    fn an_intact_segment_ends_at_the_zeroes() {
        let expected =
            Scan { first: 1, routing: routing(&[(Routes::all(1), 3)]), end: 96, unreadable: vec![] };
        assert_eq!(scanned(&segment(&[1, 2, 3])), (expected, vec![(1, 3)]));
    }

    #[test]
    fn an_empty_segment_holds_nothing() {
        assert_eq!(scanned(&[0; 100]), (Scan::default(), vec![]));
        assert_eq!(scanned(&[]), (Scan::default(), vec![]));
    }

    #[test]
    fn a_torn_tail_is_cut() {
        let mut bytes = segment(&[1, 2, 3]);
        let tail = Unreadable { offset: 64, length: 13, is_tail: true };
        let routing = routing(&[(Routes::all(1), 2)]);
        let expected = Scan { first: 1, routing, end: 64, unreadable: vec![tail] };
        // The header's last non-zero byte is the lowest one of the sequence, at offset 12 of the record.
        assert_eq!(
            scanned(&{
                bytes[77..].fill(0);
                bytes
            }),
            (expected, vec![(1, 2)])
        );
    }

    #[test]
    fn a_damaged_record_is_skipped() {
        let mut bytes = segment(&[1, 2, 3]);
        bytes[60] ^= 1;
        let part = Unreadable { offset: 32, length: 32, is_tail: false };
        let routing = routing(&[(Routes::all(1), 1), (Routes::NONE, 1), (Routes::all(1), 1)]);
        let expected = Scan { first: 1, routing, end: 96, unreadable: vec![part] };
        assert_eq!(scanned(&bytes), (expected, vec![(1, 1), (3, 3)]));
    }

    #[test]
    fn a_length_overwritten_with_zero_does_not_hide_what_follows() {
        let mut bytes = segment(&[1, 2, 3]);
        bytes[0..4].fill(0);
        let part = Unreadable { offset: 0, length: 32, is_tail: false };
        let routing = routing(&[(Routes::all(1), 2)]);
        let expected = Scan { first: 2, routing, end: 96, unreadable: vec![part] };
        assert_eq!(scanned(&bytes), (expected, vec![(2, 3)]));
    }

    #[test]
    fn a_sequence_that_an_earlier_segment_had_is_passed_over() {
        let mut present = Sequences::default();
        scan(&segment(&[1, 2, 3]), SEED, &mut present).unwrap();
        let second = scan(&segment(&[2, 3, 4]), SEED, &mut present).unwrap();
        assert_eq!(
            second,
            Scan { first: 4, routing: routing(&[(Routes::all(1), 1)]), end: 96, unreadable: vec![] }
        );
        assert_eq!(present.ranges().collect::<Vec<_>>(), [(1, 4)]);
    }

    #[test]
    fn a_sequence_that_can_not_stand_where_it_stands_is_no_record() {
        let mut bytes = segment(&[1, 2]);
        bytes.truncate(64);
        bytes.extend(segment(&[1 << 40, 3]));
        let part = Unreadable { offset: 64, length: 32, is_tail: false };
        let expected =
            Scan { first: 1, routing: routing(&[(Routes::all(1), 3)]), end: 128, unreadable: vec![part] };
        assert_eq!(scanned(&bytes), (expected, vec![(1, 3)]));
    }
}
