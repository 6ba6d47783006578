//! A set of sequences: which records a destination has settled, or which a segment holds.

use std::collections::BTreeMap;

/// A set of sequences: a cursor and the ranges above it. Small as long as they come roughly in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sequences {
    /// Everything from 1 to here is in the set.
    cursor: u64,
    /// Ranges above the cursor, first to last, disjoint and not touching.
    above: BTreeMap<u64, u64>,
    /// How many sequences are in `above`.
    above_count: u64,
}

impl Sequences {
    /// Adds the sequences from `first` to `last`, both included, and says how many were new.
    pub(super) fn insert(&mut self, first: u64, last: u64) -> u64 {
        let before = self.count();
        let mut first = first.max(self.cursor + 1);
        let mut last = last;
        if first > last {
            return 0;
        }
        // A range that begins before and touches or overlaps is the only one on the left: they are disjoint.
        if let Some((&from, &to)) = self.above.range(..first).next_back()
            && to >= first - 1
        {
            first = from;
            last = last.max(to);
        }
        while let Some((&from, &to)) = self.above.range(first..=last.saturating_add(1)).next() {
            self.above.remove(&from);
            self.above_count -= to - from + 1;
            last = last.max(to);
        }
        if first == self.cursor + 1 {
            self.cursor = last;
        } else {
            self.above.insert(first, last);
            self.above_count += last - first + 1;
        }
        self.count() - before
    }

    /// Whether this sequence is in the set.
    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.covers(sequence, sequence)
    }

    /// Whether all sequences from `first` to `last` are in the set.
    pub(super) fn covers(&self, first: u64, last: u64) -> bool {
        last <= self.cursor
            || self.above.range(..=first.max(self.cursor + 1)).next_back().is_some_and(|(_, &to)| to >= last)
    }

    /// How many sequences are in the set.
    pub(super) fn count(&self) -> u64 {
        self.cursor + self.above_count
    }

    /// The largest sequence in the set, 0 when it is empty.
    pub(super) fn last(&self) -> u64 {
        self.above.last_key_value().map_or(self.cursor, |(_, &to)| to)
    }

    /// The parts of `first` to `last` that are not in the set, in ascending order.
    pub(super) fn missing(&self, first: u64, last: u64) -> impl Iterator<Item = (u64, u64)> {
        let mut next = first.max(self.cursor + 1);
        let begin = self.above.range(..=next).next_back().map_or(next, |(&from, _)| from);
        let ranges = self.above.range(begin..).map(|(&from, &to)| (from, to));
        let end = (last.saturating_add(1), u64::MAX);
        ranges.take_while(move |&(from, _)| from <= last).chain([end]).filter_map(move |(from, to)| {
            let gap = (next, from - 1);
            next = next.max(to.saturating_add(1));
            (gap.0 <= gap.1).then_some(gap)
        })
    }

    /// The largest sequence in the set that is below this one, 0 when there is none.
    pub(super) fn before(&self, sequence: u64) -> u64 {
        let below = self.above.range(..sequence).next_back().map_or(self.cursor, |(_, &to)| to);
        below.min(sequence.saturating_sub(1))
    }

    /// The smallest sequence in the set that is above this one.
    pub(super) fn after(&self, sequence: u64) -> Option<u64> {
        let next = sequence + 1;
        if self.contains(next) { Some(next) } else { self.above.range(next..).next().map(|(&from, _)| from) }
    }

    /// The set as disjoint ranges in ascending order.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        let below = (self.cursor > 0).then_some((1, self.cursor));
        below.into_iter().chain(self.above.iter().map(|(&from, &to)| (from, to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u64, u64)]) -> Sequences {
        let mut set = Sequences::default();
        for &(first, last) in ranges {
            set.insert(first, last);
        }
        set
    }

    #[test]
    fn adding_in_order_moves_the_cursor() {
        let mut settled = Sequences::default();
        assert_eq!(settled.insert(1, 1), 1);
        assert_eq!(settled.insert(2, 4), 3);
        assert_eq!(settled.ranges().collect::<Vec<_>>(), [(1, 4)]);
    }

    #[test]
    fn a_gap_keeps_a_range_above_the_cursor() {
        let settled = set(&[(1, 2), (4, 6)]);
        assert_eq!(settled.ranges().collect::<Vec<_>>(), [(1, 2), (4, 6)]);
        assert_eq!((settled.count(), settled.last()), (5, 6));
        assert!(!settled.contains(3) && settled.contains(4) && !settled.contains(7));
    }

    #[test]
    fn filling_the_gap_joins_the_ranges() {
        let settled = set(&[(1, 2), (4, 6), (8, 8), (3, 3), (7, 7)]);
        assert_eq!(settled, set(&[(1, 8)]));
        assert_eq!(settled.count(), 8);
    }

    #[test]
    fn adding_twice_counts_once() {
        let mut settled = set(&[(1, 2), (5, 9)]);
        assert_eq!(settled.insert(5, 9), 0);
        assert_eq!(settled.insert(2, 6), 2);
        assert_eq!(settled.count(), 9);
    }

    #[test]
    fn a_range_above_that_is_overlapped_on_both_sides_is_joined() {
        let settled = set(&[(4, 5), (9, 10), (3, 12)]);
        assert_eq!(settled.ranges().collect::<Vec<_>>(), [(3, 12)]);
        assert_eq!(settled.count(), 10);
    }

    #[test]
    fn a_range_is_covered_only_as_a_whole() {
        let settled = set(&[(1, 3), (5, 8)]);
        assert!(settled.covers(2, 3) && settled.covers(6, 8));
        assert!(!settled.covers(2, 5) && !settled.covers(6, 9) && !settled.covers(4, 4));
    }

    #[test]
    fn gaps_are_what_is_between_the_ranges_and_behind_the_last() {
        let gaps = |ranges: &[(u64, u64)], last| set(ranges).missing(1, last).collect::<Vec<_>>();
        assert_eq!(gaps(&[], 3), [(1, 3)]);
        assert_eq!(gaps(&[(1, 3)], 3), []);
        assert_eq!(gaps(&[(1, 2), (5, 5), (8, 9)], 11), [(3, 4), (6, 7), (10, 11)]);
        assert_eq!(gaps(&[(3, 9)], 6), [(1, 2)]);
        assert_eq!(gaps(&[(8, 9)], 6), [(1, 6)]);
        assert_eq!(gaps(&[(2, 2)], 0), []);
    }

    #[test]
    fn gaps_may_begin_anywhere() {
        let gaps = |first, last| set(&[(1, 2), (5, 6), (9, 9)]).missing(first, last).collect::<Vec<_>>();
        assert_eq!(gaps(2, 4), [(3, 4)]);
        assert_eq!(gaps(4, 10), [(4, 4), (7, 8), (10, 10)]);
        assert_eq!(gaps(5, 6), []);
        assert_eq!(gaps(6, 7), [(7, 7)]);
        assert_eq!(gaps(10, 12), [(10, 12)]);
    }

    #[test]
    fn neighbours_in_the_set_are_found_on_both_sides() {
        let settled = set(&[(1, 2), (5, 6), (9, 9)]);
        let before: Vec<u64> = [1, 2, 3, 5, 6, 7, 20].into_iter().map(|at| settled.before(at)).collect();
        assert_eq!(before, [0, 1, 2, 2, 5, 6, 9]);
        let after: Vec<Option<u64>> = [0, 1, 2, 5, 6, 9].into_iter().map(|at| settled.after(at)).collect();
        assert_eq!(after, [Some(1), Some(2), Some(5), Some(6), Some(9), None]);
    }
}
