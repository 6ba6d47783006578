//! What of an event a destination can't carry.

use std::borrow::Cow;
use std::fmt;

/// A field of an event that does not fit a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// The field by its canonical name, with dots: `action`, `actor.email`, `metadata`.
    pub field: Cow<'static, str>,
    /// What becomes of it.
    pub effect: Effect,
    /// Why, and what to do. Never the value.
    pub reason: String,
}

/// What becomes of an event with a field that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The event is taken without this field: the destination has no place for it at all.
    LeftOut,
    /// The event is not taken. It becomes a dead letter, whole and with the reason.
    Refused,
}

impl Misfit {
    /// The destination has no place for this field.
    #[must_use]
    pub fn left_out(field: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), effect: Effect::LeftOut, reason: reason.into() }
    }

    /// The destination does not take an event with this field.
    #[must_use]
    pub fn refused(field: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), effect: Effect::Refused, reason: reason.into() }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = match self.effect {
            Effect::LeftOut => "is left out",
            Effect::Refused => "makes the event a dead letter",
        };
        write!(f, "`{}` {effect}: {}", self.field, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_becomes_of_the_event_and_why() {
        let refused = Misfit::refused("action", "it has 70 characters, of which Archiva takes 64");
        let left_out = Misfit::left_out("retention", "the plan decides");
        assert_eq!(
            [refused.to_string(), left_out.to_string()],
            [
                "`action` makes the event a dead letter: it has 70 characters, of which Archiva takes 64",
                "`retention` is left out: the plan decides",
            ]
        );
    }
}
