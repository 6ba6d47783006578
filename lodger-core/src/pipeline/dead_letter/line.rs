//! One line in a file of dead letters: a letter, or the note that some are removed.
//!
//! ```text
//! {"crc":"0a1b2c3d","format":1,"letter":…,"id":…,"at":…,"destination":{…},"status":422,"reason":…,"tries":1,"bytes":512,"event":{…}}
//! {"crc":"4e5f6071","format":1,"removed":["0199b1c0-…",…]}
//! ```
//!
//! Every line is JSON, to be looked at with what is at hand. The checksum, CRC32C, is over everything behind it. The
//! event is the last member and stands there byte for byte, `bytes` long. With characters in it that could break a line
//! or turn it around these are escaped, and `"escaped":true` says so: its canonical form are the bytes again. What is
//! no JSON on one line stands there as `"hex":"…"` instead. Letters have names of their own, `letter`, because an event may die again after its
//! letter was removed.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::DeadLetter;
use crate::destination::Identity;
use crate::event::{EventId, Timestamp, one_line};

/// The format that this version writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// How long `{"crc":"0a1b2c3d"` is.
const SEAL_BYTES: usize = 17;

/// At most so many names stand in one note.
const NAMES_IN_NOTE: usize = 500;

/// A letter's own name, minted when it is written; a copy keeps it.
pub(super) type LetterName = EventId;

/// What stands in a line.
pub(super) enum Line {
    /// A letter: its name, and all of it.
    Letter(LetterName, DeadLetter),
    /// These are removed.
    Removed(Vec<LetterName>),
    /// Written by a newer version.
    Newer,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    format: u32,
    letter: LetterName,
    id: EventId,
    at: Timestamp,
    destination: Identity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    reason: String,
    tries: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    may_be_there: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    escaped: bool,
    /// How long the event is; as it stands in the line, unless that is `hex`.
    bytes: usize,
}

#[derive(Serialize, Deserialize)]
struct Note {
    format: u32,
    removed: Vec<LetterName>,
}

/// Appends a letter under a new name.
pub(super) fn encode(out: &mut Vec<u8>, letter: &DeadLetter) -> io::Result<()> {
    let DeadLetter { id, at, destination, status, reason, tries, may_be_there, bytes } = letter;
    let text = json_on_one_line(bytes);
    let head = Head {
        format: FORMAT,
        letter: LetterName::mint(),
        id: *id,
        at: *at,
        destination: destination.clone(),
        status: *status,
        reason: reason.clone(),
        tries: *tries,
        may_be_there: *may_be_there,
        escaped: matches!(text, Some(Cow::Owned(_))),
        bytes: text.as_deref().map_or(bytes.len(), str::len),
    };
    let mut sealed = one_line::json(&serde_json::to_string(&head)?).into_owned().into_bytes();
    sealed.pop();
    if let Some(text) = text {
        sealed.extend_from_slice(b",\"event\":");
        sealed.extend_from_slice(text.as_bytes());
        sealed.push(b'}');
    } else {
        let mut hex = String::with_capacity(2 * bytes.len());
        for byte in bytes.iter() {
            // Writing to a String can't fail.
            let _ = write!(hex, "{byte:02x}");
        }
        sealed.extend_from_slice(format!(",\"hex\":\"{hex}\"}}").as_bytes());
    }
    seal(out, &sealed);
    Ok(())
}

/// Appends notes that these are removed.
pub(super) fn encode_removed(out: &mut Vec<u8>, names: &[LetterName]) -> io::Result<()> {
    for names in names.chunks(NAMES_IN_NOTE) {
        seal(out, &serde_json::to_vec(&Note { format: FORMAT, removed: names.to_vec() })?);
    }
    Ok(())
}

/// Puts the checksum in front of the first member.
pub(super) fn seal(out: &mut Vec<u8>, object: &[u8]) {
    let members = object.strip_prefix(b"{").unwrap_or(object);
    let covered = crc32c::crc32c_append(crc32c::crc32c(b","), members);
    out.extend_from_slice(format!("{{\"crc\":\"{covered:08x}\",").as_bytes());
    out.extend_from_slice(members);
    out.push(b'\n');
}

/// Reads a line without its end. `None` when it is not what was written.
pub(super) fn decode(line: &[u8]) -> Option<Line> {
    let (seal, covered) = line.split_at_checked(SEAL_BYTES)?;
    let stated = std::str::from_utf8(seal).ok()?.strip_prefix("{\"crc\":\"")?.strip_suffix('"')?;
    if u32::from_str_radix(stated, 16).ok()? != crc32c::crc32c(covered) {
        return None;
    }
    let Format { format } = serde_json::from_slice(line).ok()?;
    if format != FORMAT {
        return Some(Line::Newer);
    }
    if let Ok(Note { removed, .. }) = serde_json::from_slice(line) {
        return Some(Line::Removed(removed));
    }
    let head: Head = serde_json::from_slice(line).ok()?;
    let bytes = event(line, head.bytes)?;
    let bytes = if head.escaped { canonical(&bytes)?.into() } else { bytes };
    let Head { letter, id, at, destination, status, reason, tries, may_be_there, .. } = head;
    let letter_of = DeadLetter { id, at, destination, status, reason, tries, may_be_there, bytes };
    Some(Line::Letter(letter, letter_of))
}

/// The event at the end of a line.
fn event(line: &[u8], length: usize) -> Option<Arc<[u8]>> {
    if let Some(hex) = line.strip_suffix(b"\"}") {
        let begin = hex.len().checked_sub(2 * length)?;
        let (before, hex) = hex.split_at_checked(begin)?;
        if before.ends_with(b",\"hex\":\"") {
            let hex = std::str::from_utf8(hex).ok()?;
            let byte = |place| u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok();
            return (0..length).map(byte).collect();
        }
    }
    let object = line.strip_suffix(b"}")?;
    let (before, event) = object.split_at_checked(object.len().checked_sub(length)?)?;
    before.ends_with(b",\"event\":").then(|| event.into())
}

/// The event as it can stand in a line: as it is, or escaped where that can be undone.
fn json_on_one_line(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.contains('\n') || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let line = one_line::json(text);
    let same =
        matches!(line, Cow::Borrowed(_)) || canonical(line.as_bytes()).is_some_and(|undone| undone == bytes);
    same.then_some(line)
}

/// The canonical form (RFC 8785) of some JSON.
fn canonical(json: &[u8]) -> Option<Vec<u8>> {
    let value: serde_json::Value = serde_json::from_slice(json).ok()?;
    serde_json_canonicalizer::to_vec(&value).ok()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::Refusal;

    fn letter(payload: &[u8]) -> DeadLetter {
        let at = Timestamp::from_micros(1_778_846_400_000_000).unwrap();
        let destination = Identity::new("lodger", "https://x").in_project("w", "p");
        DeadLetter::new(at, &destination, Refusal::http(422, "no \"such\" project"), 3, &payload.into())
    }

    fn line_of(letter: &DeadLetter) -> Vec<u8> {
        let mut line = Vec::new();
        encode(&mut line, letter).unwrap();
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    #[test]
    fn a_letter_comes_back_with_the_very_bytes_of_its_event() {
        // Canonical JSON writes 10^21 so and orders by UTF-16 code units; what serde_json makes of a value does neither.
        let canonical = "{\"\u{1f600}\":1e+21,\"\u{fb33}\":[]}";
        let value: serde_json::Value = serde_json::from_str(canonical).unwrap();
        assert_ne!(value.to_string(), canonical);
        for payload in [
            canonical.as_bytes(),
            br#"{"id":"0199b1c0-0000-7000-8000-000000000001"}"#,
            br#"{ "id" : 1 }"#,
            "{\"a\":\"\u{2028}\u{202e}\",\"b\":1e+21}".as_bytes(),
            "{ \"a\" : \"\u{2028}\" }".as_bytes(),
            b"\"hex\":\"00\"",
            b"not json",
            b"{\"a\":\n1}",
            b"\xff\xfe",
            b"",
        ] {
            let letter = letter(payload);
            let Some(Line::Letter(_, back)) = decode(&line_of(&letter)) else { panic!("{payload:?}") };
            assert_eq!(back, letter);
            assert_eq!(*back.bytes, *payload);
        }
    }

    #[test]
    fn a_line_is_json_on_one_line_whatever_the_event_is() {
        for payload in [br#"{"a":1}"#.as_slice(), b"{\"a\":\n1}", b"\xff"] {
            let line = line_of(&letter(payload));
            assert!(!line.contains(&b'\n'));
            let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
            assert_eq!((&value["status"], &value["tries"]), (&422.into(), &3.into()));
        }
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let line = line_of(&letter(br#"{"a":"b"}"#));
        for bit in 0..line.len() * 8 {
            let mut flipped = line.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // A checksum in capital letters is the same one.
            let same = flipped.eq_ignore_ascii_case(&line) && bit / 8 < SEAL_BYTES;
            assert!(same || decode(&flipped).is_none(), "bit {bit}");
        }
        for length in 0..line.len() {
            assert!(decode(&line[..length]).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn notes_come_back_and_a_newer_line_is_told_from_a_damaged_one() {
        let names: Vec<LetterName> = (0..NAMES_IN_NOTE + 1).map(|_| LetterName::mint()).collect();
        let mut lines = Vec::new();
        encode_removed(&mut lines, &names).unwrap();
        let mut back = Vec::new();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Some(Line::Removed(some)) = decode(line) else { panic!("a note") };
            back.extend(some);
        }
        assert_eq!(back, names);

        let mut newer = Vec::new();
        seal(&mut newer, br#"{"format":2,"removed":"all"}"#);
        assert!(matches!(decode(newer.trim_ascii_end()), Some(Line::Newer)));
    }
}
