//! What is cut when nobody is there to be told.

mod bound;
mod clamp;
mod shrink;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::limits::{MARK, MAX_INTEGER, MAX_TRIMMED};
use super::path::{Path, truncated};
use super::{Event, limits, size};

pub use bound::bound;

/// What stands in place of a value that was cut, so that a missing value is never taken for an empty one.
pub const CUT: &str = "[trimmed]";

/// The name of the last mark when there are too many of them: it adds up what the others had.
const OTHERS: &str = "others";

/// A field that was cut, and how large it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trimmed {
    /// The field, as a path in the event's JSON.
    pub name: String,
    /// Its size before, in bytes of JSON. For a list that was too long, the size of what was left out.
    pub bytes: u64,
}

/// Cuts the event until it is acceptable, and marks what was cut in [`Event::trimmed`].
///
/// The way out of the middleware, which has nobody to return an error to: afterwards [`Event::validate`] succeeds,
/// whatever the event was. An event that is acceptable already stays as it is.
///
/// First each field is brought within its own limit: texts end in `…`; identifiers keep their beginning and get
/// `…sha256:` and 32 hexadecimal digits of the whole, so that two of them never become one; values that are nested
/// too deep become [`CUT`], numbers that JSON would change become texts. If the whole is still too large, it goes in
/// this order: description; the changes' values before and after, largest first; metadata, largest first; user
/// agent; members that this version doesn't know; and only then the rest, least important first. Id, action, the
/// actor's id and kind, target, outcome and time always stay.
pub fn trim(event: &mut Event) {
    if limits::check(event).is_ok() {
        return;
    }
    let marks = Marks::new(std::mem::take(&mut event.trimmed));
    event.trimmed = clamp::clamp(event, marks).marks;
    shrink::shrink(event);
}

/// The marks of one event, kept short enough to leave room for what they are about.
#[derive(Default)]
struct Marks {
    marks: Vec<Trimmed>,
    /// How often something was cut, also when it got no mark of its own.
    added: usize,
}

impl Marks {
    /// Continues these marks, which may be anybody's.
    fn new(earlier: Vec<Trimmed>) -> Self {
        let mut marks = Self::default();
        for mark in earlier {
            marks.push(mark);
        }
        marks
    }

    /// Marks that this field had `bytes` bytes before it was cut. Says how many the mark itself takes.
    fn add(&mut self, at: &Path<'_>, bytes: usize) -> usize {
        self.added += 1;
        // Without a place of its own the name isn't needed; there may be a million of them.
        let has_place = self.marks.len() < MAX_TRIMMED - 1;
        let name = if has_place { at.to_string() } else { OTHERS.to_owned() };
        let mark = Trimmed { name, bytes: u64::try_from(bytes).unwrap_or(MAX_INTEGER) };
        let cost = if self.marks.len() < MAX_TRIMMED { size::at_least(&mark) + 1 } else { 0 };
        self.push(mark);
        cost
    }

    /// The last place is for all that no longer has one of its own.
    fn push(&mut self, mark: Trimmed) {
        let marks = &mut self.marks;
        let bytes = mark.bytes.min(MAX_INTEGER);
        if marks.len() < MAX_TRIMMED - 1 {
            return marks.push(Trimmed { name: truncated(&mark.name, MARK.max), bytes });
        }
        match marks.get_mut(MAX_TRIMMED - 1) {
            Some(others) => others.bytes = others.bytes.saturating_add(bytes).min(MAX_INTEGER),
            None => marks.push(Trimmed { name: OTHERS.to_owned(), bytes }),
        }
    }
}
