//! A choice of outcomes.

use std::fmt;

use crate::event::Outcome;

/// A choice of outcomes, as `on(success, denied)` or `.on([Outcome::Success, Outcome::Denied])` makes it.
///
/// ```
/// use lodger_core::capture::outcome::OutcomeSet;
/// use lodger_core::event::Outcome;
///
/// const REFUSALS_TOO: OutcomeSet = OutcomeSet::SUCCESS.with(OutcomeSet::DENIED);
/// assert!(REFUSALS_TOO.contains(Outcome::Denied));
/// assert_eq!(REFUSALS_TOO, OutcomeSet::from([Outcome::Denied, Outcome::Success]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct OutcomeSet(u8);

impl OutcomeSet {
    /// No outcome.
    pub const NONE: Self = Self(0);
    /// [`Outcome::Success`]; where it chooses what is recorded, also "function ok, response N".
    pub const SUCCESS: Self = Self(1);
    /// [`Outcome::Failure`].
    pub const FAILURE: Self = Self(1 << 1);
    /// [`Outcome::Denied`].
    pub const DENIED: Self = Self(1 << 2);
    /// [`Outcome::Unknown`].
    pub const UNKNOWN: Self = Self(1 << 3);
    /// Every outcome.
    pub const ALWAYS: Self = Self::SUCCESS.with(Self::FAILURE).with(Self::DENIED).with(Self::UNKNOWN);

    /// The outcomes of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set of this one outcome.
    #[must_use]
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::Failure => Self::FAILURE,
            Outcome::Denied => Self::DENIED,
            Outcome::Unknown => Self::UNKNOWN,
        }
    }

    /// Whether the outcome is in the set.
    #[must_use]
    pub const fn contains(self, outcome: Outcome) -> bool {
        self.intersects(Self::of(outcome))
    }

    /// Whether the sets have an outcome in common.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl From<Outcome> for OutcomeSet {
    fn from(outcome: Outcome) -> Self {
        Self::of(outcome)
    }
}

impl<const N: usize> From<[Outcome; N]> for OutcomeSet {
    fn from(outcomes: [Outcome; N]) -> Self {
        outcomes.into_iter().fold(Self::NONE, |set, outcome| set.with(Self::of(outcome)))
    }
}

impl fmt::Debug for OutcomeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [Outcome::Success, Outcome::Failure, Outcome::Denied, Outcome::Unknown];
        f.debug_set().entries(all.into_iter().filter(|outcome| self.contains(*outcome))).finish()
    }
}
