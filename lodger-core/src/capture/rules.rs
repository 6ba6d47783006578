//! The layer's rules: `DELETE /members/{id}` captures an event without touching the handler.

mod rule;

use std::collections::HashMap;

use thiserror::Error;

pub use self::rule::{Rule, RuleError};
use super::route_pattern::{DecodedPath, RoutePattern};

/// Rules, each with what it stands for (the layer keeps an action).
///
/// ```
/// use lodger_core::capture::rules::RuleSet;
///
/// let rules = RuleSet::build([
///     ("DELETE /members/{id}", "organization.member.removed"),
///     ("* /admin/{*rest}", "admin.access"),
/// ])?;
/// let (_, action) = rules.find("DELETE", None, "/%6Dembers/7").unwrap();
/// assert_eq!(*action, "organization.member.removed");
/// assert!(rules.find("GET", None, "/members/7").is_none());
/// # Ok::<(), lodger_core::capture::rules::InvalidRules>(())
/// ```
#[derive(Debug, Clone)]
pub struct RuleSet<A> {
    rules: Vec<Entry<A>>,
}

#[derive(Debug, Clone)]
struct Entry<A> {
    rule: Rule,
    key: String,
    value: A,
}

/// Some of the rules can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
#[non_exhaustive]
pub struct InvalidRules {
    /// Everything that is wrong, in the order of the rules.
    pub problems: Vec<RuleError>,
}

impl<A> Default for RuleSet<A> {
    fn default() -> Self {
        Self { rules: Vec::new() }
    }
}

impl<A> RuleSet<A> {
    /// Reads the rules.
    ///
    /// # Errors
    /// Reports every rule that can't be read, and every rule that covers exactly what an earlier one does: the same
    /// method, and a pattern that differs in names at most.
    pub fn build<T: AsRef<str>>(rules: impl IntoIterator<Item = (T, A)>) -> Result<Self, InvalidRules> {
        let mut entries: Vec<Entry<A>> = Vec::new();
        let mut problems = Vec::new();
        let mut seen: HashMap<(String, String), String> = HashMap::new();
        for (text, value) in rules {
            match Rule::parse(text.as_ref()) {
                Err(problem) => problems.push(problem),
                Ok(rule) => {
                    let key = rule.pattern().key();
                    let place = (rule.method().unwrap_or("*").to_owned(), key.clone());
                    let second = rule.text().to_owned();
                    match seen.get(&place).cloned() {
                        Some(first) => problems.push(RuleError::Duplicate { first, second }),
                        None => _ = seen.insert(place, second),
                    }
                    entries.push(Entry { rule, key, value });
                }
            }
        }
        if problems.is_empty() { Ok(Self { rules: entries }) } else { Err(InvalidRules { problems }) }
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rule for a request: its method, the framework's route template where it is known, and its raw path.
    ///
    /// A rule covers the request when its pattern equals the template (names aside) or matches the decoded path; the
    /// template alone would miss a handler reached as `/%6Dembers/7`, the path alone one below a nested service. Of
    /// several, the most specific pattern wins, then the most specific method ([`Rule::covers`]), then the one that
    /// equals the template, then the one given first.
    #[must_use]
    pub fn find(&self, method: &str, template: Option<&str>, path: &str) -> Option<(&Rule, &A)> {
        if self.rules.is_empty() {
            return None;
        }
        let template = template.and_then(|text| RoutePattern::parse(text).ok()).map(|route| route.key());
        let path = DecodedPath::parse(path);
        let ranked = self.rules.iter().filter_map(|entry| {
            let method = entry.rule.covers(method)?;
            let is_template = template.as_ref() == Some(&entry.key);
            let pattern = entry.rule.pattern();
            let matches = is_template || path.as_ref().is_some_and(|path| pattern.matches_decoded(path));
            matches.then(|| ((pattern.specificity(), method, is_template), entry))
        });
        // `max_by` would give the last of equals.
        let best = ranked.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, entry)| (&entry.rule, &entry.value))
    }
}

#[cfg(test)]
mod tests;
