//! One pattern syntax for routes, axum's, whatever the framework writes.
//!
//! | written | means | in axum's syntax |
//! | --- | --- | --- |
//! | `{id}` | one segment, never empty | `{id}` |
//! | `{id:\d+}` (actix) | one segment; the expression is the framework's business | `{id}` |
//! | `v{n}`, `{id}.json`, `{a}-{b}` (actix) | a segment with parts | as written |
//! | `{*rest}` | the rest of the path, never empty | `{*rest}` |
//! | `{rest}*`, `{rest:.*}`, `{rest:.+}` at the end (actix) | the same | `{*rest}` |
//! | `{{`, `}}` | the characters `{` and `}` | as written |
//!
//! Slashes count, as in both frameworks: `/members` and `/members/` are two routes. Literals and paths are compared
//! percent-decoded, segment by segment, so `%6D` is `m` and a `%2F` never makes a segment more.

mod decode;
mod parse;
mod segment;

use std::fmt::{self, Write as _};

pub(super) use self::decode::DecodedPath;
pub use self::parse::PatternError;
use self::segment::Segment;
pub use self::segment::Specificity;

/// A route, in one syntax for both frameworks.
///
/// ```
/// use lodger_core::capture::route_pattern::RoutePattern;
///
/// let pattern = RoutePattern::parse("/orgs/{org}/members/{id}")?;
/// let found = pattern.params("/orgs/acme/%6Dembers/7%2F1").unwrap_or_default();
/// assert_eq!(found, [("org", "acme".to_owned()), ("id", "7/1".to_owned())]);
/// # Ok::<(), lodger_core::capture::route_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoutePattern {
    /// What stands between the slashes. The pattern `/` has one, which is empty.
    segments: Vec<Segment>,
}

impl RoutePattern {
    /// Reads a pattern in axum's or actix's syntax.
    ///
    /// # Errors
    /// When it is neither; the error says what to write.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        parse::segments(text).map(|segments| Self { segments })
    }

    /// The pattern without names: two patterns with equal keys match the same paths.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = String::new();
        for segment in &self.segments {
            key.push('/');
            segment.write(&mut key, false);
        }
        key
    }

    /// Whether this raw path (percent-encoded, without query) is one of the pattern's.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        DecodedPath::parse(path).is_some_and(|path| self.matches_decoded(&path))
    }

    /// The names and percent-decoded values of the parameters in this raw path, in order. None when it doesn't match.
    ///
    /// A decoded slash stays in its value. A segment that isn't UTF-8 when decoded is left encoded, since replacing
    /// what can't be read would make two different ids equal.
    #[must_use]
    pub fn params(&self, path: &str) -> Option<Vec<(&str, String)>> {
        let path = DecodedPath::parse(path)?;
        let mut params = Vec::new();
        self.capture(&path, &mut |name, value| params.push((name, value.to_owned()))).then_some(params)
    }

    /// How specific the pattern is. Of several patterns that match a path, the greatest is the one to use: segment by
    /// segment, static before a segment with parts before a parameter before the rest of the path.
    #[must_use]
    pub fn specificity(&self) -> Specificity {
        self.segments.iter().map(Segment::rank).collect()
    }

    /// The name of the parameter that is the last segment, and the literal that is the segment before it. One slash
    /// at the end doesn't count. None when the route ends otherwise.
    pub(super) fn final_parameter(&self) -> Option<(&str, &str)> {
        let segments = match self.segments.as_slice() {
            [segments @ .., end] if end.is_empty() => segments,
            segments => segments,
        };
        match segments {
            [.., before, last] => Some((before.as_literal()?, last.as_parameter()?)),
            _ => None,
        }
    }

    /// Whether it ends with the rest of the path, whatever that is: `{*rest}`.
    pub(super) fn has_rest(&self) -> bool {
        self.segments.last().is_some_and(Segment::takes_the_rest)
    }

    /// Whether the path has the literals that stand in front of the pattern's first parameter.
    fn begins(&self, path: &DecodedPath<'_>) -> bool {
        let literals = self.segments.iter().map_while(Segment::as_literal);
        literals.zip(&path.segments).all(|(literal, segment)| literal == segment)
    }

    pub(super) fn matches_decoded(&self, path: &DecodedPath<'_>) -> bool {
        self.capture(path, &mut |_, _| {})
    }

    fn capture<'p>(&'p self, path: &DecodedPath<'_>, found: &mut dyn FnMut(&'p str, &str)) -> bool {
        let Some((last, others)) = self.segments.split_last() else { return false };
        let Some((begin, end)) = path.segments.split_at_checked(others.len()) else { return false };
        if !others.iter().zip(begin).all(|(segment, text)| segment.capture(text, found)) {
            return false;
        }
        match end {
            [text] if !last.takes_the_rest() => last.capture(text, found),
            [_, ..] if last.takes_the_rest() => last.capture(&end.join("/"), found),
            _ => false,
        }
    }
}

/// The pattern with its names, in axum's syntax: what an event records as its route.
impl fmt::Display for RoutePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for segment in &self.segments {
            text.push('/');
            segment.write(&mut text, true);
        }
        f.write_str(&text)
    }
}

/// A framework's route template in axum's syntax, for recording. A template that can't be read stays as it is: it is
/// the framework's word for what ran.
///
/// ```
/// use lodger_core::capture::route_pattern::canonical_template;
///
/// assert_eq!(canonical_template(r"/invoices/{id:\d{1,9}}/files/{tail}*"), "/invoices/{id}/files/{*tail}");
/// ```
#[must_use]
pub fn canonical_template(template: &str) -> String {
    RoutePattern::parse(template).map_or_else(|_| template.to_owned(), |pattern| pattern.to_string())
}

/// Whether a framework's template can be the route of this raw path. actix reports the first pattern of a resource that
/// has several, whichever matched: recording it would invent a fact.
///
/// What an expression in the template matches is the framework's business, also how many segments it takes, so then
/// only the literals in front of the first parameter are compared. A template or a path that can't be read is believed.
pub(super) fn can_be_route_of(template: &str, path: &str) -> bool {
    let (Ok(pattern), Some(path)) = (RoutePattern::parse(template), DecodedPath::parse(path)) else {
        return true;
    };
    if template.contains([':', '*']) { pattern.begins(&path) } else { pattern.matches_decoded(&path) }
}

/// Writes a decoded literal so that it reads back as itself. `:` and `*` are encoded where bare they would mean
/// something: at the start of a segment (older routers) and, the star, behind a parameter (actix).
fn write_literal(text: &mut String, literal: &str) {
    for char in literal.chars() {
        match char {
            ':' if text.ends_with('/') => text.push_str("%3A"),
            '*' if text.ends_with(['/', '}']) => text.push_str("%2A"),
            '{' => text.push_str("{{"),
            '}' => text.push_str("}}"),
            '/' | '%' | '?' | '#' | ' ' | '\0'..='\x1f' | '\x7f' => {
                // Writing to a String can't fail.
                write!(text, "%{:02X}", u32::from(char)).unwrap_or_default();
            }
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
