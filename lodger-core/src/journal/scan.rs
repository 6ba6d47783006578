//! What stands in a writer's segments.
//!
//! Records stand in the order of their sequences, in segment after segment. After a failed sync they are written again,
//! into a new segment: what stands from there on in the one before is a copy that was given up. Mostly it is as good as
//! the one that was committed; but where it is damaged, it must not hide the good one.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::manifest::newer;
use super::record::{self, Decoded};
use super::routing::Routing;
use super::sequences::Sequences;
use super::{Routes, directory, segment};

/// All segments of a directory, each sequence in one of them.
#[derive(Debug)]
pub(super) struct Contents {
    /// Number, size in bytes, and what is in it.
    pub(super) segments: Vec<(u64, u64, Scan)>,
    /// The sequences that are there.
    pub(super) present: Sequences,
}

impl Contents {
    /// Reads the segments of these numbers, in ascending order. One that was freed meanwhile holds nothing.
    ///
    /// # Errors
    ///
    /// Says which one can't be read, or that a newer version wrote it.
    pub(super) fn read(dir: &Path, numbers: &[u64], seed: u32) -> Result<Self, String> {
        let contents = Self::read_up_to(dir, numbers, seed, &BTreeMap::new())?;
        match contents.given_up() {
            cuts if cuts.is_empty() => Ok(contents),
            cuts => Self::read_up_to(dir, numbers, seed, &cuts),
        }
    }

    /// `cuts` says by number from which sequence on a segment is not looked at.
    fn read_up_to(dir: &Path, numbers: &[u64], seed: u32, cuts: &BTreeMap<u64, u64>) -> Result<Self, String> {
        let mut contents = Self { segments: Vec::new(), present: Sequences::default() };
        for &number in numbers {
            let path = segment::path(dir, number);
            let bytes = match directory::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                read => read.map_err(|error| format!("{} can't be read: {error}", path.display()))?,
            };
            let (after, before) = (contents.present.last(), cuts.get(&number).copied().unwrap_or(u64::MAX));
            let scan = Scan::of(&bytes, seed, after, before).map_err(newer)?;
            for (first, last) in scan.sequences.ranges() {
                contents.present.insert(first, last);
            }
            contents.segments.push((number, bytes.len() as u64, scan));
        }
        Ok(contents)
    }

    /// From where on a segment holds nothing but copies that were given up, for each that lacks what a later one has.
    fn given_up(&self) -> BTreeMap<u64, u64> {
        let mut cuts = BTreeMap::new();
        let mut later = Sequences::default();
        for (number, _, scan) in self.segments.iter().rev() {
            let here = &scan.sequences;
            let lacks =
                |(first, last): (u64, u64)| here.missing(first, last.min(here.last())).next().is_some();
            let begin = later.ranges().next().map(|(first, _)| first).filter(|_| later.ranges().any(lacks));
            if let Some(begin) = begin {
                cuts.insert(*number, begin);
            }
            let end = begin.map_or(u64::MAX, |begin| begin - 1);
            for (first, last) in here.ranges().filter(|&(first, _)| first <= end) {
                later.insert(first, last.min(end));
            }
        }
        cuts
    }
}

/// What is in a segment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The first sequence that no earlier segment had; 0 when there is none.
    pub(super) first: u64,
    /// Whom the records from `first` on are for; nobody, where one is gone.
    pub(super) routing: Routing,
    /// All sequences in it, those that an earlier segment had too.
    sequences: Sequences,
    /// Where the last intact record ends.
    pub(super) end: usize,
    pub(super) unreadable: Vec<Unreadable>,
}

impl Scan {
    /// Reads a segment: `first` and `routing` begin behind the sequence `after`, and nothing is read from `before` on. The
    /// error is a newer format's number.
    fn of(bytes: &[u8], seed: u32, after: u64, before: u64) -> Result<Self, u32> {
        let mut scan = Self::default();
        let mut offset = 0;
        while let Some(rest) = bytes.get(offset..) {
            match record::decode(rest, seed) {
                Decoded::Record { sequence, .. } if sequence >= before => break,
                Decoded::Record { sequence, routes, length, .. } if scan.may_hold(sequence, offset) => {
                    // A sequence that is there already was written again after a failed commit, with the same bytes.
                    if sequence > after.max(scan.sequences.last()) {
                        scan.add(sequence, routes);
                    }
                    scan.sequences.insert(sequence, sequence);
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

    /// What is in a segment, its sequences apart.
    fn scanned(bytes: &[u8]) -> (Scan, Vec<(u64, u64)>) {
        scanned_between(bytes, 0, u64::MAX)
    }

    fn scanned_between(bytes: &[u8], after: u64, before: u64) -> (Scan, Vec<(u64, u64)>) {
        let mut scan = Scan::of(bytes, SEED, after, before).unwrap();
        let sequences = std::mem::take(&mut scan.sequences);
        (scan, sequences.ranges().collect())
    }

    fn found(first: u64, records: &[(Routes, u64)], end: usize, unreadable: Option<Unreadable>) -> Scan {
        let unreadable = unreadable.into_iter().collect();
        Scan { first, routing: routing(records), end, unreadable, sequences: Sequences::default() }
    }

    #[test]
    fn an_intact_segment_ends_at_the_zeroes() {
        let expected = found(1, &[(Routes::all(1), 3)], 96, None);
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
        let expected = found(1, &[(Routes::all(1), 2)], 64, Some(tail));
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
        let records = [(Routes::all(1), 1), (Routes::NONE, 1), (Routes::all(1), 1)];
        let expected = found(1, &records, 96, Some(part));
        assert_eq!(scanned(&bytes), (expected, vec![(1, 1), (3, 3)]));
    }

    #[test]
    fn a_length_overwritten_with_zero_does_not_hide_what_follows() {
        let mut bytes = segment(&[1, 2, 3]);
        bytes[0..4].fill(0);
        let part = Unreadable { offset: 0, length: 32, is_tail: false };
        let expected = found(2, &[(Routes::all(1), 2)], 96, Some(part));
        assert_eq!(scanned(&bytes), (expected, vec![(2, 3)]));
    }

    #[test]
    fn a_sequence_that_an_earlier_segment_had_is_passed_over() {
        let expected = found(4, &[(Routes::all(1), 1)], 96, None);
        assert_eq!(scanned_between(&segment(&[2, 3, 4]), 3, u64::MAX), (expected, vec![(2, 4)]));
    }

    #[test]
    fn nothing_is_read_from_a_cut_on() {
        let expected = found(1, &[(Routes::all(1), 1)], 32, None);
        assert_eq!(scanned_between(&segment(&[1, 2, 3]), 0, 2), (expected, vec![(1, 1)]));
    }

    /// Segments of which only these sequences are intact, and which of them are cut where.
    fn cuts(segments: &[&[u64]]) -> Vec<(u64, u64)> {
        let scan = |intact: &&[u64]| {
            let all: Vec<u64> = (intact[0]..=intact[intact.len() - 1]).collect();
            let mut bytes = segment(&all);
            for (place, _) in all.iter().enumerate().filter(|(_, sequence)| !intact.contains(sequence)) {
                bytes[place * 32 + 31] ^= 1;
            }
            Scan::of(&bytes, SEED, 0, u64::MAX).unwrap()
        };
        let segments = (1..).zip(segments).map(|(number, sequences)| (number, 0, scan(sequences)));
        let contents = Contents { segments: segments.collect(), present: Sequences::default() };
        contents.given_up().into_iter().collect()
    }

    #[test]
    fn a_segment_is_cut_where_a_later_one_has_what_it_lacks() {
        assert_eq!(cuts(&[&[1, 2], &[3, 4]]), []);
        assert_eq!(cuts(&[&[1, 2, 3], &[2, 3, 4]]), [], "the copies are good");
        assert_eq!(cuts(&[&[1, 2, 4], &[5]]), [], "3 is nowhere");
        assert_eq!(cuts(&[&[1, 2, 3], &[3]]), [], "the committed 2 is damaged, not the copy");
        assert_eq!(cuts(&[&[1, 3], &[2, 3]]), [(1, 2)]);
        assert_eq!(cuts(&[&[1, 3], &[3], &[2, 3, 4]]), [(1, 2), (2, 2)], "given up twice");
        assert_eq!(cuts(&[&[1, 3], &[2, 3], &[2, 3, 4]]), [(1, 2)]);
        assert_eq!(cuts(&[]), []);
    }

    #[test]
    fn a_sequence_that_can_not_stand_where_it_stands_is_no_record() {
        let mut bytes = segment(&[1, 2]);
        bytes.truncate(64);
        bytes.extend(segment(&[1 << 40, 3]));
        let part = Unreadable { offset: 64, length: 32, is_tail: false };
        let expected = found(1, &[(Routes::all(1), 3)], 128, Some(part));
        assert_eq!(scanned(&bytes), (expected, vec![(1, 3)]));
    }
}
