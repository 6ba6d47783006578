//! The canonical bytes of an event, and those of one that has no place in a journal yet.

use super::{Event, Position};

/// The canonical bytes of an event without its `previous`, `sequence` and `writer`, and where those go.
#[derive(Debug, Clone)]
pub(crate) struct Unplaced {
    bytes: Box<[u8]>,
    previous: usize,
    sequence: usize,
    writer: usize,
}

impl Event {
    /// The canonical bytes (RFC 8785): what the journal stores, what hashes are made of.
    ///
    /// # Errors
    ///
    /// When metadata holds a number that canonical JSON can't represent. [`validate`](Self::validate) finds that
    /// earlier, with the field's name.
    pub fn to_canonical_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json_canonicalizer::to_vec(self)
    }

    /// Everything of the event but its place, serialised once and for all.
    pub(crate) fn to_unplaced_json(&self) -> Result<Unplaced, serde_json::Error> {
        let unplaced = Self { position: None, previous: None, ..self.clone() };
        let bytes = unplaced.to_canonical_json()?.into_boxed_slice();
        let place_of = |name: &str| {
            let members = ends_of_members(&bytes);
            let before = members.into_iter().take_while(|(known, _)| known.as_slice() < name.as_bytes());
            before.last().map_or(1, |(_, end)| end)
        };
        let (previous, sequence, writer) = (place_of("previous"), place_of("sequence"), place_of("writer"));
        Ok(Unplaced { bytes, previous, sequence, writer })
    }
}

impl Unplaced {
    /// The bytes that the event has at this place.
    pub(crate) fn place(&self, out: &mut Vec<u8>, position: Position, previous: Option<Position>) {
        let part = |from: usize, to: usize| self.bytes.get(from..to).unwrap_or_default();
        let Position { writer, sequence } = position;
        out.extend_from_slice(part(0, self.previous));
        if let Some(Position { writer, sequence }) = previous {
            let text = format!(r#","previous":{{"sequence":{sequence},"writer":"{writer}"}}"#);
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(part(self.previous, self.sequence));
        out.extend_from_slice(format!(r#","sequence":{sequence}"#).as_bytes());
        out.extend_from_slice(part(self.sequence, self.writer));
        out.extend_from_slice(format!(r#","writer":"{writer}""#).as_bytes());
        out.extend_from_slice(part(self.writer, self.bytes.len()));
    }

    /// The bytes of an event that has no place.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The names of the members of a canonical object, each with the offset of its end.
fn ends_of_members(object: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let (mut ends, mut name, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    let (mut in_text, mut escaped, mut in_name) = (false, false, true);
    for (offset, &byte) in object.iter().enumerate() {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            if in_text && in_name {
                name.push(byte);
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b':' if depth == 1 => in_name = false,
            b',' if depth == 1 => {
                ends.push((std::mem::take(&mut name), offset));
                in_name = true;
            }
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    ends.push((std::mem::take(&mut name), offset));
                }
            }
            _ => {}
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placed_event_has_the_bytes_of_one_that_had_its_place_from_the_start() {
        let mut event = Event::builder("a.b").metadata("n", r#"{"zzz":"\"#).tag("x").build().unwrap();
        event.extra.insert("yonder".into(), 1.into());
        event.extra.insert("Zed".into(), 2.into());
        event.extra.insert("q".into(), serde_json::json!({"writer": "me"}));
        let position = Position { writer: crate::event::WriterId::from_bytes([7; 16]), sequence: 9 };
        for previous in [None, Some(Position { sequence: 3, ..position })] {
            let mut placed = Vec::new();
            event.to_unplaced_json().unwrap().place(&mut placed, position, previous);
            let event = Event { position: Some(position), previous, ..event.clone() };
            assert_eq!(
                String::from_utf8(placed).unwrap(),
                String::from_utf8(event.to_canonical_json().unwrap()).unwrap()
            );
        }
    }
}
