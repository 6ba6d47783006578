//! Where the next page begins.

use std::fmt;
use std::str::FromStr;

/// A place in a query's answer, for [`Query::after`](crate::Query::after). It stays valid while events are appended,
/// and after a restart. As text it is opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor(u64);

impl Cursor {
    pub(crate) fn behind(sequence: u64) -> Self {
        Self(sequence)
    }

    pub(crate) fn sequence(self) -> u64 {
        self.0
    }
}

/// The text is not a cursor.
#[derive(Debug, thiserror::Error)]
#[error("not a cursor: give back the text of a page's `next` as it came")]
pub struct InvalidCursor;

/// Says which form the rest has, should another be needed.
const FORM: &str = "s1";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM}{:016x}", self.0)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let digits = text.strip_prefix(FORM).ok_or(InvalidCursor)?;
        let cursor = u64::from_str_radix(digits, 16).map(Self).map_err(|_| InvalidCursor)?;
        // One text a cursor: no signs, no short or upper-case forms.
        if cursor.to_string() == text { Ok(cursor) } else { Err(InvalidCursor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_as_text() {
        let cursor = Cursor::behind(258);
        assert_eq!(cursor.to_string(), "s10000000000000102");
        assert_eq!("s10000000000000102".parse::<Cursor>().unwrap(), cursor);
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in ["", "s1", "s1102", "s1+000000000000102", "s1000000000000010G", "s100000000000001020", "é"]
        {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
