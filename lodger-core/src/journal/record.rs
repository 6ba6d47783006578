//! How one record stands in a segment.
//!
//! ```text
//! 0   length     u32   of the whole record, this header included; zero ends the segment
//! 4   checksum   u32   CRC32C of length, format, sequence, routes and payload, seeded with the writer id
//! 8   format     u32   1
//! 12  sequence   u64   from 1
//! 20  routes     u16   bit n is set when the record is for destination n of `journal.json`
//! 22  payload
//! ```
//!
//! All little-endian. The first twelve bytes keep their meaning in every format. The seed makes the record of
//! another writer fail its check, so that a stale block of the file system is never taken for one of ours. A record
//! inside the payload of another can't be taken for a record either, as long as payloads are JSON: its header would
//! need zero bytes, which JSON text does not have.

use super::Routes;
use crate::event::WriterId;

/// The bytes before the payload.
pub(super) const HEADER_BYTES: usize = 22;

/// The format that this version writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// Sequences stay below this, so that arithmetic on what a file says can't overflow.
pub(super) const MAX_SEQUENCE: u64 = 1 << 62;

/// The checksum seed of a writer.
pub(super) fn seed(writer: WriterId) -> u32 {
    crc32c::crc32c(writer.as_bytes())
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded<'a> {
    /// An intact record of `length` bytes in all.
    Record { sequence: u64, routes: Routes, payload: &'a [u8], length: usize },
    /// Nothing: the segment ends here.
    End,
    /// As much as there is may be the beginning of a record of this many bytes.
    Short(usize),
    /// A record whose checksum is right and whose format this version doesn't know.
    Newer(u32),
    /// No record.
    Bad,
}

/// The largest record that the format has room for.
pub(super) const MAX_BYTES: u64 = u32::MAX as u64;

/// Begins a record at the end of `out`. Its payload is appended next, then it is [finished](finish).
pub(super) fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; HEADER_BYTES]);
}

/// Finishes the record that began at `begin` and goes to the end. It must not be longer than [`MAX_BYTES`].
pub(super) fn finish(out: &mut [u8], begin: usize, seed: u32, sequence: u64, routes: Routes) {
    let Some(record) = out.get_mut(begin..) else { return };
    let length = record.len() as u32;
    let fields: [(usize, &[u8]); 4] = [
        (0, &length.to_le_bytes()),
        (8, &FORMAT.to_le_bytes()),
        (12, &sequence.to_le_bytes()),
        (20, &routes.bits().to_le_bytes()),
    ];
    for (offset, field) in fields {
        put(record, offset, field);
    }
    if let Some(checksum) = checksum(record, seed) {
        put(record, 4, &checksum.to_le_bytes());
    }
}

/// Appends a whole record.
#[cfg(any(test, fuzzing))]
pub(super) fn encode(out: &mut Vec<u8>, seed: u32, sequence: u64, routes: Routes, payload: &[u8]) {
    let from = out.len();
    begin(out);
    out.extend_from_slice(payload);
    finish(out, from, seed, sequence, routes);
}

fn put(record: &mut [u8], offset: usize, field: &[u8]) {
    if let Some(place) = record.get_mut(offset..offset + field.len()) {
        place.copy_from_slice(field);
    }
}

/// Reads what stands at the beginning of `bytes`.
pub(super) fn decode(bytes: &[u8], seed: u32) -> Decoded<'_> {
    let (Some(length), Some(stated), Some(format), Some(sequence), Some(routes)) =
        (u32_at(bytes, 0), u32_at(bytes, 4), u32_at(bytes, 8), u64_at(bytes, 12), u16_at(bytes, 20))
    else {
        return if bytes.iter().all(|&byte| byte == 0) { Decoded::End } else { Decoded::Short(HEADER_BYTES) };
    };
    let size = length as usize;
    if size < HEADER_BYTES {
        return if size == 0 { Decoded::End } else { Decoded::Bad };
    }
    let (Some(record), Some(payload)) = (bytes.get(..size), bytes.get(HEADER_BYTES..size)) else {
        return Decoded::Short(size);
    };
    if checksum(record, seed) != Some(stated) || format == 0 {
        return Decoded::Bad;
    }
    if format > FORMAT {
        return Decoded::Newer(format);
    }
    if sequence == 0 || sequence > MAX_SEQUENCE {
        return Decoded::Bad;
    }
    Decoded::Record { sequence, routes: Routes::from_bits(routes), payload, length: size }
}

/// Where the next intact record begins behind `from`, where there is none.
pub(super) fn resynchronise(bytes: &[u8], from: usize, seed: u32) -> Option<usize> {
    // Looking at the format first leaves almost no place where the checksum has to be computed.
    (from + 1..bytes.len().saturating_sub(HEADER_BYTES - 1)).find(|&offset| {
        bytes.get(offset..).is_some_and(|rest| {
            u32_at(rest, 8).is_some_and(|format| format != 0 && format <= FORMAT)
                && matches!(decode(rest, seed), Decoded::Record { .. })
        })
    })
}

/// Of everything in a record but the checksum itself.
fn checksum(record: &[u8], seed: u32) -> Option<u32> {
    Some(crc32c::crc32c_append(crc32c::crc32c_append(seed, record.get(..4)?), record.get(8..)?))
}

/// The little-endian number at this offset.
fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// The little-endian number at this offset.
pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// The little-endian number at this offset.
pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u32 = 0x1234_5678;
    const ROUTES: Routes = Routes::NONE.with(0).with(9);

    fn encoded(sequence: u64, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&mut bytes, SEED, sequence, ROUTES, payload);
        bytes
    }

    #[test]
    fn the_layout_is_length_checksum_format_sequence_routes_payload() {
        let bytes = encoded(0x0102, b"ab");
        assert_eq!(bytes[..4], [24, 0, 0, 0]);
        assert_eq!(bytes[8..], [1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0x01, 0x02, b'a', b'b']);
        // CRC32C (Castagnoli) continued from the seed over length, format, sequence, routes and payload.
        let covered = [24, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0x01, 0x02, b'a', b'b'];
        assert_eq!(u32_at(&bytes, 4), Some(crc32c::crc32c_append(SEED, &covered)));
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        for payload in [b"".as_slice(), b"x", &[0; 300]] {
            let mut bytes = encoded(7, payload);
            let length = bytes.len();
            bytes.extend_from_slice(&[0; 9]);
            assert_eq!(
                decode(&bytes, SEED),
                Decoded::Record { sequence: 7, routes: ROUTES, payload, length }
            );
        }
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let bytes = encoded(7, b"payload");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !matches!(decode(&flipped, SEED), Decoded::Record { .. } | Decoded::Newer(_)),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_cut_record_is_short_and_zeroes_are_the_end() {
        let bytes = encoded(7, b"payload");
        for length in 1..bytes.len() {
            assert!(matches!(decode(&bytes[..length], SEED), Decoded::Short(_)), "{length} bytes");
        }
        assert_eq!(decode(&[], SEED), Decoded::End);
        assert_eq!(decode(&[0; 5], SEED), Decoded::End);
        assert_eq!(decode(&[0; 64], SEED), Decoded::End);
    }

    #[test]
    fn another_writers_record_is_bad() {
        assert_eq!(decode(&encoded(7, b"payload"), SEED + 1), Decoded::Bad);
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut bytes = encoded(7, b"payload");
        bytes[8] = 2;
        let checksum = checksum(&bytes, SEED).unwrap();
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(decode(&bytes, SEED), Decoded::Newer(2));
    }

    #[test]
    fn resynchronising_finds_the_next_intact_record() {
        let mut bytes = encoded(1, b"first");
        let second = bytes.len();
        bytes.extend(encoded(2, b"second"));
        let third = bytes.len();
        bytes.extend(encoded(3, b"third"));
        assert_eq!(resynchronise(&bytes, 0, SEED), Some(second));
        bytes[second + 23] ^= 0xff;
        assert_eq!(resynchronise(&bytes, 0, SEED), Some(third));
        assert_eq!(resynchronise(&bytes, third, SEED), None);
        assert_eq!(resynchronise(&[], 0, SEED), None);
    }
}
