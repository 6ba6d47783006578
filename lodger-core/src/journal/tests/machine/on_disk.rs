//! What stands in a directory.

use std::path::Path;

use crate::event::WriterId;
use crate::journal::record::{self, Decoded};

/// The writer whose directory this is.
pub(super) fn writer_of(dir: &Path) -> WriterId {
    dir.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

/// The intact records in a segment: sequence, begin, end.
pub(super) fn records_in(bytes: &[u8], writer: WriterId) -> Vec<(u64, usize, usize)> {
    let seed = record::seed(writer);
    let mut found = Vec::new();
    let mut offset = 0;
    while offset < bytes.len() {
        if let Decoded::Record { sequence, length, .. } = record::decode(&bytes[offset..], seed) {
            found.push((sequence, offset, offset + length));
            offset += length;
        } else {
            let next = record::resynchronise(&bytes[offset..], 0, seed);
            offset = next.map_or(bytes.len(), |next| offset + next);
        }
    }
    found
}

/// Whether something in a segment is neither a record nor empty.
pub(super) fn has_remains(bytes: &[u8], writer: WriterId) -> bool {
    let mut offset = 0;
    let records = records_in(bytes, writer).into_iter().chain([(0, bytes.len(), 0)]);
    records.into_iter().any(|(_, begin, end)| {
        let between = &bytes[offset..begin];
        offset = end;
        between.iter().any(|&byte| byte != 0)
    })
}
