//! The tables, and how an older file becomes a current one.

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;

/// The format of the file, kept in SQLite's `user_version`.
pub(crate) const FORMAT: i64 = 2;

/// Marks the file as ours, kept in SQLite's `application_id`: the letters `LODG`.
pub(crate) const APPLICATION_ID: i64 = 0x4c4f_4447;

/// What leads from each format to the next; the first from an empty file. Never changed once released.
const STEPS: [&str; FORMAT as usize] = [FIRST, SECOND];

/// Workspace and project lead every index but the two that are about a whole workspace: its numbering and its
/// chain. The triggers guard against accidents; against intent there is the chain.
pub(crate) const FIRST: &str = "
CREATE TABLE entries (
    workspace     TEXT    NOT NULL,
    project       TEXT    NOT NULL,
    sequence      INTEGER NOT NULL,
    receipt       TEXT    NOT NULL,
    accepted_at   INTEGER NOT NULL,
    event_id      TEXT    NOT NULL,
    event         TEXT    NOT NULL,
    salts         TEXT    NOT NULL,
    event_hash    BLOB    NOT NULL,
    previous_hash BLOB    NOT NULL,
    hash          BLOB    NOT NULL,
    action        TEXT    NOT NULL,
    actor_id      TEXT    NOT NULL,
    target_kind   TEXT    NOT NULL,
    target_id     TEXT    NOT NULL,
    tenant        TEXT,
    outcome       TEXT    NOT NULL,
    occurred_at   INTEGER NOT NULL,
    request_id    TEXT
) STRICT;

CREATE UNIQUE INDEX entries_by_workspace ON entries (workspace, sequence);
CREATE UNIQUE INDEX entries_by_sequence  ON entries (workspace, project, sequence);
CREATE UNIQUE INDEX entries_by_event_id  ON entries (workspace, project, event_id);
CREATE UNIQUE INDEX entries_by_receipt   ON entries (workspace, project, receipt);
CREATE INDEX entries_by_action      ON entries (workspace, project, action, sequence);
CREATE INDEX entries_by_actor       ON entries (workspace, project, actor_id, sequence);
CREATE INDEX entries_by_target      ON entries (workspace, project, target_kind, target_id, sequence);
CREATE INDEX entries_by_tenant      ON entries (workspace, project, tenant, sequence) WHERE tenant IS NOT NULL;
CREATE INDEX entries_by_outcome     ON entries (workspace, project, outcome, sequence);
CREATE INDEX entries_by_occurred_at ON entries (workspace, project, occurred_at, sequence);
CREATE INDEX entries_by_request     ON entries (workspace, project, request_id, sequence) WHERE request_id IS NOT NULL;

CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
";

/// Queries by time go by spans of the numbering instead of an index: that gives pages in the order of acceptance
/// without sorting, goes together with every other filter, and is one index less to keep at every append. The time
/// stands in the index by number, so that looking through a span reads no entry. That index needs no uniqueness of
/// its own: numbers are unique in the workspace.
///
/// The column of the salts gets another name so that a program of format 1 that still has the file open fails to insert:
/// it would leave the spans as they are, and queries by time would miss its entries.
const SECOND: &str = "
CREATE TABLE spans (
    workspace TEXT    NOT NULL,
    project   TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    earliest  INTEGER NOT NULL,
    latest    INTEGER NOT NULL,
    PRIMARY KEY (workspace, project, number)
) STRICT, WITHOUT ROWID;

INSERT INTO spans SELECT workspace, project, sequence / 4096, min(occurred_at), max(occurred_at)
    FROM entries GROUP BY workspace, project, sequence / 4096;

DROP INDEX entries_by_occurred_at;
DROP INDEX entries_by_sequence;
CREATE INDEX entries_by_sequence ON entries (workspace, project, sequence, occurred_at);
ALTER TABLE entries RENAME COLUMN salts TO personal_salts;
";

/// Brings the file to the current format.
///
/// # Errors
///
/// When the file is newer than this crate, belongs to another application, or can't be written.
pub(crate) fn migrate(connection: &mut Connection, path: &std::path::Path) -> Result<(), StoreError> {
    // Reading first keeps the usual case, a current file, free of the write lock.
    if check(connection, path)? == FORMAT {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been here between the look and the lock.
    let found = check(&transaction, path)?;
    for (step, sql) in (0..).zip(STEPS) {
        if step >= found {
            transaction.execute_batch(sql)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()?;
    Ok(())
}

/// The file's format, 0 for an empty file.
fn check(connection: &Connection, path: &std::path::Path) -> Result<i64, StoreError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, found) = (number("application_id")?, number("user_version")?);
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = application == 0 && found == 0 && objects == 0;
    if application != APPLICATION_ID && !empty {
        return Err(StoreError::ForeignFile { path: path.to_owned() });
    }
    if found > FORMAT {
        return Err(StoreError::NewerFormat { found, known: FORMAT });
    }
    Ok(found)
}
