//! How a broken limit is told.

use std::fmt;

use crate::event::path::Path;

/// One broken limit: which field, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The field, as a path in the event's JSON: `actor.id`, `metadata.amount`, `related[3].id`.
    pub field: String,
    /// What is accepted and what was found. Never the value itself: it may be a secret.
    pub message: String,
}

impl Problem {
    pub(in crate::event) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    pub(in crate::event) fn not_json(name: &str, error: &serde_json::Error) -> Self {
        let field = Path::ROOT.name("metadata").name(name).to_string();
        Self::new(field, format!("can't become JSON: {error}"))
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
    pub(in crate::event) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// For an event of which no JSON can be made at all.
    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        Self { problems: vec![Problem::new("event", format!("can't become JSON: {error}"))] }
    }

    /// Every broken limit, up to 32; a 33rd entry for the field `event` says that there are more.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(in crate::event) fn into_problems(self) -> Vec<Problem> {
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
