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

/// What [`read`] needs, in its order.
pub(crate) const COLUMNS: &str =
    "sequence, workspace, project, receipt, accepted_at, event_id, event, event_hash, previous_hash, hash";

/// The entry in a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<Entry, StoreError> {
    let sequence: i64 = row.get(0)?;
    decode(row, sequence).map_err(|error| StoreError::Damaged { sequence, reason: error.to_string() })
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
