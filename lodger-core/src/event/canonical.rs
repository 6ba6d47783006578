//! The canonical bytes of an event (RFC 8785), written in one pass.
//!
//! Every event becomes bytes once, so this is what recording costs. Known members are written in canonical order as the
//! code stands in [`parts`]; only what users name is sorted, and unknown members are merged in between. The tests
//! compare every byte with `serde_json_canonicalizer`.

mod object;
mod parts;
mod plain;
#[cfg(test)]
mod tests;
mod value;

use super::{Event, Position};
use object::key;
pub(super) use plain::is_plain;

/// Room for an ordinary event.
const ORDINARY: usize = 1024;

/// The canonical bytes of an event without its `previous`, `sequence` and `writer`, and where those go.
#[derive(Debug, Clone)]
pub(crate) struct Unplaced {
    bytes: Box<[u8]>,
    previous: usize,
    sequence: usize,
    writer: usize,
}

/// Members that the journal adds.
#[derive(Clone, Copy)]
enum Gap {
    Previous,
    Sequence,
    Writer,
}

impl Event {
    /// The canonical bytes (RFC 8785): what the journal stores, what hashes are made of.
    ///
    /// # Errors
    ///
    /// When metadata holds a number that canonical JSON can't represent, or an unknown member has the name of a known
    /// one. [`validate`](Self::validate) finds that earlier, with the field's name.
    pub fn to_canonical_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = Vec::with_capacity(ORDINARY);
        parts::event(&mut bytes, self, |object, gap| match (gap, self.previous, self.position) {
            (Gap::Previous, Some(previous), _) => {
                parts::position(object.value(key!("previous"))?, previous);
                Ok(())
            }
            (Gap::Sequence, _, Some(place)) => object.integer(key!("sequence"), Some(place.sequence)),
            (Gap::Writer, _, Some(place)) => object.word(key!("writer"), place.writer.encode(&mut [0; 36])),
            _ => Ok(()),
        })?;
        Ok(bytes)
    }

    /// Everything of the event but its place, serialised once and for all.
    ///
    /// # Errors
    ///
    /// As for [`to_canonical_json`](Self::to_canonical_json) of the event in a place.
    pub(crate) fn to_unplaced_json(&self) -> Result<Unplaced, serde_json::Error> {
        let mut bytes = Vec::with_capacity(ORDINARY);
        let (mut previous, mut sequence, mut writer) = (0, 0, 0);
        parts::event(&mut bytes, self, |object, gap| {
            match gap {
                Gap::Previous => previous = object.offset_of("previous")?,
                Gap::Sequence => sequence = object.offset_of("sequence")?,
                Gap::Writer => writer = object.offset_of("writer")?,
            }
            Ok(())
        })?;
        Ok(Unplaced { bytes: bytes.into_boxed_slice(), previous, sequence, writer })
    }
}

impl Unplaced {
    /// Appends the bytes that the event has at this place.
    pub(crate) fn place(&self, out: &mut Vec<u8>, place: Position, previous: Option<Position>) {
        let part = |from: usize, to: usize| self.bytes.get(from..to).unwrap_or_default();
        out.extend_from_slice(part(0, self.previous));
        // Members with other names stand before each of these: `action` at least.
        if let Some(previous) = previous {
            out.extend_from_slice(br#","previous":"#);
            parts::position(out, previous);
        }
        out.extend_from_slice(part(self.previous, self.sequence));
        out.extend_from_slice(br#","sequence":"#);
        value::integer(out, place.sequence);
        out.extend_from_slice(part(self.sequence, self.writer));
        out.extend_from_slice(br#","writer":"#);
        value::word(out, place.writer.encode(&mut [0; 36]));
        out.extend_from_slice(part(self.writer, self.bytes.len()));
    }

    /// The bytes of an event that has no place.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
