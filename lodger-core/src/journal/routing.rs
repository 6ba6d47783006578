//! The routes of many records, in little memory.

use super::Routes;

/// The routes of consecutive records: nothing but their number as long as all have the same, else two bytes a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Routing {
    len: u64,
    /// What all have, while `each` is empty.
    same: Routes,
    each: Vec<Routes>,
    /// All that any of them has.
    any: Routes,
}

impl Routing {
    /// How many records there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// All destinations that any of the records is for.
    pub(super) fn any(&self) -> Routes {
        self.any
    }

    /// Adds a record.
    pub(super) fn push(&mut self, routes: Routes) {
        self.push_many(routes, 1);
    }

    /// Adds the records of another one.
    pub(super) fn extend(&mut self, other: &Self) {
        if other.each.is_empty() {
            self.push_many(other.same, other.len);
        } else {
            other.each.iter().for_each(|&routes| self.push(routes));
        }
    }

    /// Adds so many records that have the same routes.
    pub(super) fn push_many(&mut self, routes: Routes, count: u64) {
        if count == 0 {
            return;
        }
        if self.len == 0 {
            self.same = routes;
        }
        if !self.each.is_empty() || routes != self.same {
            self.each.resize(self.len as usize, self.same);
            self.each.resize((self.len + count) as usize, routes);
        }
        self.len += count;
        self.any = self.any.union(routes);
    }

    /// The routes of the record at this place, from 0.
    fn get(&self, place: u64) -> Routes {
        self.each.get(place as usize).copied().unwrap_or(self.same)
    }

    /// Where the records for this destination are from `first` to `last`: the first place, the last one, how many.
    pub(super) fn find(&self, slot: usize, first: u64, last: u64) -> Option<(u64, u64, u64)> {
        let last = last.min(self.len.checked_sub(1)?);
        if first > last || !self.any.contains(slot) {
            return None;
        }
        if self.each.is_empty() {
            return Some((first, last, last - first + 1));
        }
        let mut places = (first..=last).filter(|&place| self.get(place).contains(slot));
        let first = places.next()?;
        Some(places.fold((first, first, 1), |(first, _, count), place| (first, place, count + 1)))
    }

    /// How many of the records from `first` on in a row are not for this destination.
    pub(super) fn passed_over_from(&self, slot: usize, first: u64) -> u64 {
        if !self.any.contains(slot) {
            return self.len.saturating_sub(first);
        }
        (first..self.len).take_while(|&place| !self.get(place).contains(slot)).count() as u64
    }

    /// How many of the records before `end` in a row are not for this destination.
    pub(super) fn passed_over_before(&self, slot: usize, end: u64) -> u64 {
        if !self.any.contains(slot) {
            return end.min(self.len);
        }
        (0..end.min(self.len)).rev().take_while(|&place| !self.get(place).contains(slot)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Routes = Routes::NONE.with(0);
    const B: Routes = Routes::NONE.with(1);

    fn routing(all: &[Routes]) -> Routing {
        let mut routing = Routing::default();
        all.iter().for_each(|&routes| routing.push(routes));
        routing
    }

    #[test]
    fn records_with_the_same_routes_take_no_memory() {
        let mut routing = routing(&[A; 1000]);
        assert_eq!((routing.len(), routing.each.capacity()), (1000, 0));
        routing.push_many(B, 0);
        assert_eq!(routing.each.capacity(), 0);
        routing.push(B);
        assert_eq!((routing.len(), routing.each.len()), (1001, 1001));
        assert_eq!((routing.get(0), routing.get(999), routing.get(1000)), (A, A, B));
    }

    #[test]
    fn one_may_be_added_to_another() {
        for (left, right) in
            [(vec![A, A], vec![A]), (vec![A], vec![B, B]), (vec![A, B], vec![A]), (vec![], vec![B, A])]
        {
            let mut joined = routing(&left);
            joined.extend(&routing(&right));
            assert_eq!(joined, routing(&[left, right].concat()));
        }
    }

    #[test]
    fn records_for_a_destination_are_found_and_counted() {
        let mixed = routing(&[A, B, A.union(B), A, B]);
        assert_eq!(mixed.find(0, 0, 4), Some((0, 3, 3)));
        assert_eq!(mixed.find(1, 2, 9), Some((2, 4, 2)));
        assert_eq!(mixed.find(1, 3, 3), None);
        assert_eq!(mixed.find(2, 0, 4), None);
        assert_eq!(routing(&[A; 4]).find(0, 1, 2), Some((1, 2, 2)));
        assert_eq!(routing(&[]).find(0, 0, 5), None);
    }

    #[test]
    fn rows_of_records_for_others_are_measured_both_ways() {
        let mixed = routing(&[B, B, A, B, B, B]);
        assert_eq!(
            (mixed.passed_over_from(0, 0), mixed.passed_over_from(0, 3), mixed.passed_over_from(0, 2)),
            (2, 3, 0)
        );
        assert_eq!(
            (mixed.passed_over_before(0, 2), mixed.passed_over_before(0, 6), mixed.passed_over_before(0, 3)),
            (2, 3, 0)
        );
        assert_eq!(
            (routing(&[B; 4]).passed_over_from(0, 1), routing(&[B; 4]).passed_over_before(0, 3)),
            (3, 3)
        );
        assert_eq!(
            (routing(&[A; 4]).passed_over_from(0, 1), routing(&[A; 4]).passed_over_before(0, 3)),
            (0, 0)
        );
    }
}
