//! Why a client could not be built.

use std::fmt;

use crate::destination::Identity;
use crate::destination::registry::DestinationError;
use crate::journal::JournalError;

/// Why a client could not be built: every problem at once, each with what to do about it.
///
/// Its `Debug` is its text: a `main` that returns it prints that.
pub struct BuildError {
    problems: Vec<BuildProblem>,
}

/// One reason why a client could not be built. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildProblem {
    /// There is no destination, or one can't be opened.
    #[error(transparent)]
    Destination(DestinationError),

    /// Two destinations lead to the same place, so every event would arrive there twice.
    #[error("two destinations lead to {identity}: remove one of them; one filter can take what both should")]
    SamePlace {
        /// The place.
        identity: Identity,
    },

    /// There are more destinations than a journal has places for.
    #[error(
        "{given} destinations are too many: a journal has places for {most}; give the others to a second client"
    )]
    TooManyDestinations {
        /// How many there are.
        given: usize,
        /// How many there may be.
        most: usize,
    },

    /// A destination's filter or pace can only be a mistake.
    #[error("the route to {destination}: {message}")]
    Route {
        /// The destination.
        destination: Identity,
        /// What is wrong and what to do.
        message: String,
    },

    /// A setting is wrong.
    #[error("{name}: {message}")]
    Setting {
        /// The environment variable or the builder's method.
        name: String,
        /// What is wrong and what to do.
        message: String,
    },

    /// The journal can't be opened.
    #[error(transparent)]
    Journal(JournalError),

    /// A thread could not be started.
    #[error("can't start the thread {name}: the process has too many, or too little memory")]
    Thread {
        /// The thread.
        name: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl BuildError {
    pub(super) fn unless_empty(problems: Vec<BuildProblem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// Every problem.
    #[must_use]
    pub fn problems(&self) -> &[BuildProblem] {
        &self.problems
    }
}

impl From<BuildProblem> for BuildError {
    fn from(problem: BuildProblem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the audit client can't be built")?;
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{} {problem}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The problems' own texts are in ours; what lies below them is not.
        self.problems.iter().find_map(std::error::Error::source)
    }
}
