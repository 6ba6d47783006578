//! One rule: a method and a route pattern.

use thiserror::Error;

use crate::capture::route_pattern::{PatternError, RoutePattern};

/// The methods that a rule may name: those of RFC 9110 section 9.1 and PATCH (RFC 5789), which are also all that
/// axum's router knows. Others would be typing errors more often than not, and a rule that silently never matches is
/// a hole in the audit; `*` covers them.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];

/// A method and a route pattern: `DELETE /members/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    text: String,
    method: Option<&'static str>,
    pattern: RoutePattern,
}

/// The text is no rule, or covers what another one does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// There is no method in front of the pattern.
    #[error("rule `{rule}` has no method: write `DELETE {pattern}`, or `* {pattern}` for every method")]
    NoMethod {
        /// The rule as it was given.
        rule: String,
        /// What seems to be its pattern.
        pattern: String,
    },
    /// There is no pattern behind the method.
    #[error("rule `{rule}` has no path: write it behind the method, like `DELETE /members/{{id}}`")]
    NoPattern {
        /// The rule as it was given.
        rule: String,
    },
    /// The method is none.
    #[error(
        "`{method}` in rule `{rule}` is not a method: write GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT, TRACE, or `*` for every method"
    )]
    UnknownMethod {
        /// The rule as it was given.
        rule: String,
        /// What stands in place of the method.
        method: String,
    },
    /// The pattern can't be read.
    #[error("rule `{rule}`: {problem}")]
    Pattern {
        /// The rule as it was given.
        rule: String,
        /// What is wrong with it.
        problem: PatternError,
    },
    /// Two rules cover the same requests.
    #[error("rules `{first}` and `{second}` cover the same requests: remove one of them")]
    Duplicate {
        /// The rule that came first.
        first: String,
        /// The rule that came second.
        second: String,
    },
}

impl Rule {
    /// Reads a rule: a method or `*`, spaces, a route pattern.
    ///
    /// # Errors
    /// When it is something else; the error says what to write.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let rule = || text.to_owned();
        let (method, pattern) = match text.trim().split_once([' ', '\t']) {
            Some((method, pattern)) => (method, pattern.trim_start()),
            None if text.trim().starts_with('/') => {
                return Err(RuleError::NoMethod { rule: rule(), pattern: text.trim().to_owned() });
            }
            None => return Err(RuleError::NoPattern { rule: rule() }),
        };
        let method = match method {
            "*" => None,
            named => Some(
                METHODS
                    .into_iter()
                    .find(|known| *known == named)
                    .ok_or_else(|| RuleError::UnknownMethod { rule: rule(), method: named.to_owned() })?,
            ),
        };
        let pattern =
            RoutePattern::parse(pattern).map_err(|problem| RuleError::Pattern { rule: rule(), problem })?;
        Ok(Self { text: rule(), method, pattern })
    }

    /// The rule as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The method. None: every method ([`Rule::covers`]).
    #[must_use]
    pub fn method(&self) -> Option<&'static str> {
        self.method
    }

    /// The route pattern.
    #[must_use]
    pub fn pattern(&self) -> &RoutePattern {
        &self.pattern
    }

    /// How specifically the rule covers requests with this method: the greater the more. None: not at all.
    ///
    /// - `GET` covers HEAD as well, because axum runs the GET handler for it.
    /// - `*` covers every method but OPTIONS: a browser's preflight asks whether the act would be allowed and isn't
    ///   the act. `OPTIONS /…` covers it where it is meant.
    #[must_use]
    pub fn covers(&self, method: &str) -> Option<u8> {
        match self.method {
            Some(named) if named == method => Some(2),
            Some("GET") if method == "HEAD" => Some(1),
            None if method != "OPTIONS" => Some(0),
            _ => None,
        }
    }
}
