//! Which destinations a record is for.

use std::fmt;

/// The most destinations that a journal can have.
pub const MAX_DESTINATIONS: usize = 16;

/// Which of the opened destinations a record is for: a set of their places, from 0.
///
/// ```
/// use lodger_core::journal::Routes;
///
/// let routes = Routes::all(3).without(1);
/// assert_eq!(routes.iter().collect::<Vec<_>>(), [0, 2]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Routes(u16);

impl Routes {
    /// For nobody.
    pub const NONE: Self = Self(0);

    /// For the first so many destinations, at most [`MAX_DESTINATIONS`].
    #[must_use]
    pub const fn all(destinations: usize) -> Self {
        if destinations < MAX_DESTINATIONS { Self((1 << destinations) - 1) } else { Self(u16::MAX) }
    }

    /// For this destination too. A place that no destination can have adds nothing.
    #[must_use]
    pub const fn with(self, slot: usize) -> Self {
        Self(self.0 | Self::one(slot))
    }

    /// Not for this destination.
    #[must_use]
    pub const fn without(self, slot: usize) -> Self {
        Self(self.0 & !Self::one(slot))
    }

    /// For those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// For those that are in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Not for those of `other`.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether this destination is one of them.
    #[must_use]
    pub const fn contains(self, slot: usize) -> bool {
        self.0 & Self::one(slot) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Their places, in ascending order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self;
        std::iter::from_fn(move || {
            let first = (!left.is_empty()).then(|| left.0.trailing_zeros() as usize)?;
            left = left.without(first);
            Some(first)
        })
    }

    const fn one(slot: usize) -> u16 {
        if slot < MAX_DESTINATIONS { 1 << slot } else { 0 }
    }
}

#[cfg(feature = "journal")]
impl Routes {
    /// As it stands in a record.
    pub(super) const fn bits(self) -> u16 {
        self.0
    }

    /// Out of a record.
    pub(super) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_the_first_so_many() {
        assert_eq!(Routes::all(0), Routes::NONE);
        assert_eq!(Routes::all(2).iter().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(Routes::all(16).len(), 16);
        assert_eq!(Routes::all(17), Routes::all(16));
    }

    #[test]
    fn a_place_beyond_the_last_is_never_in() {
        assert_eq!(Routes::NONE.with(16), Routes::NONE);
        assert!(!Routes::all(16).contains(16));
        assert_eq!(Routes::all(16).without(16), Routes::all(16));
    }

    #[test]
    fn sets_are_joined_and_taken_away() {
        let (left, right) = (Routes::all(2), Routes::NONE.with(1).with(4));
        assert_eq!(left.union(right).iter().collect::<Vec<_>>(), [0, 1, 4]);
        assert_eq!(left.intersection(right), Routes::NONE.with(1));
        assert_eq!(left.minus(right), Routes::NONE.with(0));
        assert_eq!(format!("{right:?}"), "{1, 4}");
    }
}
