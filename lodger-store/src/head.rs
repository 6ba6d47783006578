//! The end of a chain.

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::Digest;

/// The last entry of a workspace: its number and its hash, which stands for all entries up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// The workspace.
    pub workspace: String,
    /// The entry's number.
    pub sequence: u64,
    /// The entry's hash.
    pub hash: Digest,
}

/// The workspace's last entry. Read it inside the transaction that appends, or two writers fork the chain.
pub(crate) fn read(connection: &Connection, workspace: &str) -> rusqlite::Result<Option<Head>> {
    let sql = "SELECT sequence, hash FROM entries WHERE workspace = ? ORDER BY sequence DESC LIMIT 1";
    connection
        .prepare_cached(sql)?
        .query_row([workspace], |row| {
            let hash = Digest::from_bytes(row.get(1)?);
            let sequence = row
                .get::<_, i64>(0)?
                .try_into()
                .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, -1))?;
            Ok(Head { workspace: workspace.to_owned(), sequence, hash })
        })
        .optional()
}
