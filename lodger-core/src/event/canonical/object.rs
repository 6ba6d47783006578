//! One object with known members, and unknown ones merged in between.

use std::cmp::Ordering;

use serde::ser::Error as _;
use serde_json::{Error, Map, Value};

use super::value::{self, order};

/// The name of a known member, alone and as it is written behind another member.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// The [`Key`] of this name.
macro_rules! key {
    ($name:literal) => {
        $crate::event::canonical::object::Key { name: $name, text: concat!(",\"", $name, "\":") }
    };
}
pub(super) use key;

/// An object that is being written. Its members come in canonical order; one that is absent isn't written.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    /// Where it begins. Every member is written with a comma before it, the first one's becomes the brace.
    start: usize,
    /// The unknown members that are not written yet, the next one last.
    unknown: Vec<(&'o String, &'o Value)>,
}

impl<'o> Object<'o> {
    pub(super) fn begin(out: &'o mut Vec<u8>, unknown: &'o Map<String, Value>) -> Self {
        let start = out.len();
        let mut unknown = if unknown.is_empty() { Vec::new() } else { value::sorted(unknown) };
        unknown.reverse();
        Self { out, start, unknown }
    }

    /// Writes the name of a member, and leaves its value to the caller.
    #[inline]
    pub(super) fn value(&mut self, key: Key) -> Result<&mut Vec<u8>, Error> {
        if !self.unknown.is_empty() {
            self.unknown_before(key.name)?;
        }
        self.out.extend_from_slice(key.text.as_bytes());
        Ok(self.out)
    }

    /// Where a member of this name would be written.
    pub(super) fn offset_of(&mut self, name: &str) -> Result<usize, Error> {
        self.unknown_before(name)?;
        Ok(self.out.len())
    }

    #[inline]
    pub(super) fn text(&mut self, key: Key, text: &str) -> Result<(), Error> {
        value::text(self.value(key)?, text);
        Ok(())
    }

    #[inline]
    pub(super) fn optional(&mut self, key: Key, text: Option<&String>) -> Result<(), Error> {
        text.map_or(Ok(()), |text| self.text(key, text))
    }

    /// A text of ours, which needs no escape.
    #[inline]
    pub(super) fn word(&mut self, key: Key, word: &str) -> Result<(), Error> {
        value::word(self.value(key)?, word);
        Ok(())
    }

    #[inline]
    pub(super) fn integer(&mut self, key: Key, integer: Option<u64>) -> Result<(), Error> {
        if let Some(integer) = integer {
            value::integer(self.value(key)?, integer);
        }
        Ok(())
    }

    /// A list, unless it is empty.
    pub(super) fn list<T>(
        &mut self,
        key: Key,
        items: &[T],
        each: impl Fn(&mut Vec<u8>, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if items.is_empty() { Ok(()) } else { value::list(self.value(key)?, items, each) }
    }

    pub(super) fn texts(&mut self, key: Key, texts: &[String]) -> Result<(), Error> {
        self.list(key, texts, |out, text| {
            value::text(out, text);
            Ok(())
        })
    }

    pub(super) fn end(mut self) -> Result<(), Error> {
        while let Some((name, of)) = self.unknown.pop() {
            self.unknown_member(name, of)?;
        }
        match self.out.get_mut(self.start) {
            Some(comma) => *comma = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Writes the unknown members that stand before this name.
    fn unknown_before(&mut self, known: &str) -> Result<(), Error> {
        while let Some((name, of)) = self.unknown.last().copied() {
            match order(name, known) {
                Ordering::Less => self.unknown_member(name, of)?,
                Ordering::Equal => {
                    return Err(Error::custom(format_args!("two members of the name {known}")));
                }
                Ordering::Greater => break,
            }
            self.unknown.pop();
        }
        Ok(())
    }

    fn unknown_member(&mut self, name: &str, of: &Value) -> Result<(), Error> {
        self.out.push(b',');
        value::text(self.out, name);
        self.out.push(b':');
        value::value(self.out, of)
    }
}
