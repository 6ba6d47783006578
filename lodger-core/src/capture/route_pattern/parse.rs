//! Reading a pattern.

use thiserror::Error;

use super::decode::decoded;
use super::segment::{Part, Segment};

/// The text is no route pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It doesn't start with a slash.
    #[error("`{pattern}` does not start with a slash: write the path alone, like `/members/{{id}}`")]
    NoLeadingSlash {
        /// The pattern as it was given.
        pattern: String,
    },
    /// A brace is open at the end.
    #[error("a `{{` is never closed in `{pattern}`: write `{{id}}`, or `{{{{` for the character itself")]
    Unclosed {
        /// The pattern as it was given.
        pattern: String,
    },
    /// A brace is closed that was never opened.
    #[error("a `}}` closes nothing in `{pattern}`: write `{{id}}`, or `}}}}` for the character itself")]
    Unopened {
        /// The pattern as it was given.
        pattern: String,
    },
    /// A parameter without a name, or with a name that isn't one.
    #[error(
        "`{parameter}` in `{pattern}` has no usable name: write `{{id}}`, or `{{*rest}}` for the rest of the path"
    )]
    Name {
        /// The pattern as it was given.
        pattern: String,
        /// The parameter as it was given.
        parameter: String,
    },
    /// Something stands beside the part that takes the rest of the path.
    #[error(
        "`{{*{name}}}` in `{pattern}` takes the rest of the path: it must come last, alone or after plain text in its segment"
    )]
    RestNotAlone {
        /// The pattern as it was given.
        pattern: String,
        /// The name of the parameter.
        name: String,
    },
    /// The syntax of older frameworks.
    #[error("`{segment}` in `{pattern}` is the syntax of older routers: write `{instead}`")]
    OldSyntax {
        /// The pattern as it was given.
        pattern: String,
        /// The segment as it was given.
        segment: String,
        /// What to write.
        instead: String,
    },
    /// A character that no path has.
    #[error(
        "`{pattern}` can never match, because no path has the character {character:?}: leave out the query, and percent-encode what belongs to the path"
    )]
    NotInPaths {
        /// The pattern as it was given.
        pattern: String,
        /// The character.
        character: char,
    },
}

/// The segments of a pattern. Slashes are found while reading: one inside an expression (`{id:[^/]+}`) is none.
pub(super) fn segments(pattern: &str) -> Result<Vec<Segment>, PatternError> {
    let owned = || pattern.to_owned();
    let Some(mut rest) = pattern.strip_prefix('/') else {
        return Err(PatternError::NoLeadingSlash { pattern: owned() });
    };
    let mut segments = Vec::new();
    let mut segment = Segment::default();
    while let Some(next) = rest.chars().next() {
        let after = rest.get(next.len_utf8()..).unwrap_or_default();
        rest = match next {
            '/' => {
                segments.push(std::mem::take(&mut segment));
                after
            }
            '{' | '}' if after.starts_with(next) => {
                segment.push(Part::Literal(next.into()));
                after.get(1..).unwrap_or_default()
            }
            '{' => {
                let (inside, after) =
                    split_at_closing(after).ok_or_else(|| PatternError::Unclosed { pattern: owned() })?;
                let (part, after) = parameter(pattern, inside, after, segment.may_take_the_rest())?;
                if let Part::Rest(name) = &part
                    && !(segment.may_take_the_rest() && after.is_empty())
                {
                    return Err(PatternError::RestNotAlone { pattern: owned(), name: name.clone() });
                }
                segment.push(part);
                after
            }
            '}' => return Err(PatternError::Unopened { pattern: owned() }),
            '?' | '#' | ' ' | '\0'..='\x1f' | '\x7f' => {
                return Err(PatternError::NotInPaths { pattern: owned(), character: next });
            }
            _ => {
                let (literal, after) = rest.split_at(rest.find(is_special).unwrap_or(rest.len()));
                if segment.is_empty() {
                    refuse_old_syntax(pattern, literal)?;
                }
                segment.push(Part::Literal(decoded(literal).into_owned()));
                after
            }
        };
    }
    segments.push(segment);
    Ok(segments)
}

fn is_special(char: char) -> bool {
    matches!(char, '/' | '{' | '}' | '?' | '#' | ' ' | '\0'..='\x1f' | '\x7f')
}

/// Splits at the brace that closes, counting the braces of expressions as actix does: `\d{1,9}}/x` gives `\d{1,9}`.
fn split_at_closing(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, char) in text.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The part that `{inside}` stands for, and what is left of `after`, of which actix's `*` is taken.
fn parameter<'a>(
    pattern: &str,
    inside: &str,
    after: &'a str,
    may_take_the_rest: bool,
) -> Result<(Part, &'a str), PatternError> {
    let (name, expression) = match inside.split_once(':') {
        Some((name, expression)) => (name, Some(expression)),
        None => (inside, None),
    };
    let (name, axum_rest) = match name.strip_prefix('*') {
        Some(name) => (name, true),
        None => (name, false),
    };
    if name.is_empty() || name.contains(['/', '*', '{', '}', ' ']) {
        return Err(PatternError::Name { pattern: pattern.to_owned(), parameter: format!("{{{inside}}}") });
    }
    let actix_rest = expression.is_none() && after == "*";
    // In the middle of a path actix may let such an expression span segments. Axum's syntax has no word for that.
    let any_text = may_take_the_rest && after.is_empty() && matches!(expression, Some(".*" | ".+"));
    let part = if axum_rest || actix_rest || any_text { Part::Rest } else { Part::Parameter };
    Ok((part(name.to_owned()), if actix_rest { "" } else { after }))
}

/// `:id` and `*rest` are ordinary text to the routers of today, so a pattern with one would silently match nothing.
fn refuse_old_syntax(pattern: &str, literal: &str) -> Result<(), PatternError> {
    let instead = match (literal.strip_prefix(':'), literal.strip_prefix('*')) {
        (Some(name), _) if !name.is_empty() => format!("{{{name}}}"),
        (_, Some("")) => "{*rest}".to_owned(),
        (_, Some(name)) => format!("{{*{name}}}"),
        _ => return Ok(()),
    };
    Err(PatternError::OldSyntax { pattern: pattern.to_owned(), segment: literal.to_owned(), instead })
}
