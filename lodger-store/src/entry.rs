//! One event as it stands in the store.

use std::error::Error;
use std::sync::Arc;

use lodger_core::event::{Event, Timestamp};
use rusqlite::Row;

use crate::{Cursor, Digest, Receipt, StoreError};

/// One event as it stands in the store.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Where it stands, and the hashes that bind it there.
    pub receipt: Receipt,
    /// The event.
    pub event: Event,
    /// Its canonical bytes (RFC 8785), exactly as they were given.
    pub bytes: Arc<[u8]>,
}

impl Entry {
    /// The place behind this entry, for [`Query::after`](crate::Query::after).
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::behind(self.receipt.sequence)
    }
}

/// Selects what [`read`] needs, in its order; followed by what tells which entries.
pub(crate) const SELECT: &str = "SELECT sequence, workspace, project, receipt, accepted_at, event_id, event,
    event_hash, previous_hash, hash, action FROM entries";

/// The entry in a row of [`SELECT`].
pub(crate) fn read(row: &Row<'_>) -> Result<Entry, StoreError> {
    let sequence: i64 = row.get(0)?;
    decode(row, sequence).map_err(|error| StoreError::Damaged { sequence, reason: error.to_string() })
}

/// The event's canonical JSON in a row of [`SELECT`].
pub(crate) fn text<'a>(row: &'a Row<'_>) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(6)?.as_str()?)
}

/// The event's action in a row of [`SELECT`].
pub(crate) fn action<'a>(row: &'a Row<'_>) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(10)?.as_str()?)
}

fn decode(row: &Row<'_>, sequence: i64) -> Result<Entry, Box<dyn Error>> {
    let bytes: String = row.get(6)?;
    let receipt = Receipt {
        id: row.get(3)?,
        event_id: row.get::<_, String>(5)?.parse()?,
        workspace: row.get(1)?,
        project: row.get(2)?,
        sequence: sequence.try_into()?,
        accepted_at: Timestamp::from_micros(row.get(4)?).ok_or("accepted_at is out of range")?,
        event_hash: Digest::from_bytes(row.get(7)?),
        previous_hash: Digest::from_bytes(row.get(8)?),
        hash: Digest::from_bytes(row.get(9)?),
    };
    Ok(Entry { receipt, event: serde_json::from_str(&bytes)?, bytes: bytes.into_bytes().into() })
}
