//! How it ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How it ended. The rule that decides is [`crate::capture::outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was tried and not done.
    Failure,
    /// It was refused: the actor may not.
    Denied,
    /// Nobody can say: the work was cancelled or panicked before it returned.
    Unknown,
}

impl Outcome {
    /// The word for it: `success`, `failure`, `denied` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_printed_is_the_word_in_json() {
        for (outcome, word) in [
            (Outcome::Success, "success"),
            (Outcome::Failure, "failure"),
            (Outcome::Denied, "denied"),
            (Outcome::Unknown, "unknown"),
        ] {
            assert_eq!(outcome.to_string(), word);
            assert_eq!(serde_json::to_value(outcome).unwrap(), word);
            assert_eq!(serde_json::from_value::<Outcome>(word.into()).unwrap(), outcome);
        }
    }
}
