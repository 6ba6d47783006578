//! What stands between two slashes of a pattern.

use super::write_literal;

/// A segment: its parts in order, never two literals in a row. No parts: the empty segment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Segment {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Decoded text.
    Literal(String),
    /// At least one character, up to the next slash.
    Parameter(String),
    /// The rest of the path, at least one character. Only as the last part, alone or after one literal.
    Rest(String),
}

/// How specific a pattern is: comparable, the greater the more specific. See [`super::RoutePattern::specificity`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Specificity(Vec<Rank>);

/// How specific a segment is. The order of the variants is the order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// With the literal bytes in front.
    Rest(usize),
    Parameter,
    /// With its literal bytes.
    Parts(usize),
    Static,
}

impl FromIterator<Rank> for Specificity {
    fn from_iter<I: IntoIterator<Item = Rank>>(ranks: I) -> Self {
        Self(ranks.into_iter().collect())
    }
}

impl Segment {
    pub(super) fn push(&mut self, part: Part) {
        match (self.parts.last_mut(), part) {
            (Some(Part::Literal(text)), Part::Literal(more)) => text.push_str(&more),
            (_, part) => self.parts.push(part),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether a part that takes the rest may follow: at the start, or after one literal.
    pub(super) fn may_take_the_rest(&self) -> bool {
        matches!(self.parts.as_slice(), [] | [Part::Literal(_)])
    }

    pub(super) fn takes_the_rest(&self) -> bool {
        matches!(self.parts.last(), Some(Part::Rest(_)))
    }

    pub(super) fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_parameter(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Parameter(name)] => Some(name),
            _ => None,
        }
    }

    pub(super) fn rank(&self) -> Rank {
        let literal_bytes = || {
            let bytes = |part: &Part| if let Part::Literal(text) = part { text.len() } else { 0 };
            self.parts.iter().map(bytes).sum()
        };
        match self.parts.as_slice() {
            [] | [Part::Literal(_)] => Rank::Static,
            [.., Part::Rest(_)] => Rank::Rest(literal_bytes()),
            [Part::Parameter(_)] => Rank::Parameter,
            _ => Rank::Parts(literal_bytes()),
        }
    }

    /// Appends the segment in axum's syntax, with or without the names.
    pub(super) fn write(&self, text: &mut String, with_names: bool) {
        for part in &self.parts {
            match part {
                Part::Literal(literal) => write_literal(text, literal),
                Part::Parameter(name) => write_braces(text, "", name, with_names),
                Part::Rest(name) => write_braces(text, "*", name, with_names),
            }
        }
    }

    /// Whether the decoded text is one of this segment's; tells the parameters' names and values, in order.
    ///
    /// Each parameter takes as much as it can, the first one first, as in actix's expressions. That is found from the
    /// right without going back: the rightmost place for each literal leaves the most for everything before it.
    pub(super) fn capture<'p>(&'p self, text: &str, found: &mut dyn FnMut(&'p str, &str)) -> bool {
        let (prefix, parts) = match self.parts.as_slice() {
            [Part::Literal(prefix), parts @ ..] => (prefix.as_str(), parts),
            parts => ("", parts),
        };
        let Some(mut text) = text.strip_prefix(prefix) else { return false };
        let mut values = Vec::with_capacity(parts.len());
        let mut wanting: Option<&str> = None;
        for part in parts.iter().rev() {
            let taken = match (part, wanting) {
                (Part::Literal(literal), None) => {
                    text.strip_suffix(literal.as_str()).map(|before| (before, ""))
                }
                (Part::Literal(literal), Some(_)) => split_before_value(text, literal),
                (Part::Parameter(_) | Part::Rest(_), None) => Some((text, "")),
                (Part::Parameter(_) | Part::Rest(_), Some(_)) => split_before_value(text, ""),
            };
            let Some((before, value)) = taken else { return false };
            values.extend(wanting.map(|name| (name, value)));
            text = before;
            wanting = match part {
                Part::Literal(_) => None,
                Part::Parameter(name) | Part::Rest(name) => Some(name),
            };
        }
        // What is left belongs to the first parameter, and to nobody if there is none.
        if wanting.is_some() == text.is_empty() {
            return false;
        }
        values.extend(wanting.map(|name| (name, text)));
        values.into_iter().rev().for_each(|(name, value)| found(name, value));
        true
    }
}

/// What stands before the rightmost `literal` that is followed by something, and that something.
fn split_before_value<'t>(text: &'t str, literal: &str) -> Option<(&'t str, &'t str)> {
    let (last_char, _) = text.char_indices().next_back()?;
    let (searched, _) = text.split_at_checked(last_char)?;
    let at = searched.rfind(literal)?;
    Some((text.get(..at)?, text.get(at + literal.len()..)?))
}

fn write_braces(text: &mut String, star: &str, name: &str, with_names: bool) {
    text.push('{');
    text.push_str(star);
    text.push_str(if with_names { name } else { "" });
    text.push('}');
}
