//! What people build a durable queue on: an embedded database, one durable transaction a batch, on one thread.

use std::path::Path;
use std::time::{Duration, Instant};

use redb::{Database, TableDefinition};
use rusqlite::Connection;

use super::event::RECORD_BYTES;
use super::run::{Meter, Run};

const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");

fn record() -> Vec<u8> {
    vec![b'x'; usize::try_from(RECORD_BYTES).unwrap_or_default()]
}

/// Inserts batches into redb for this long, each committed with [`redb::Durability::Immediate`], its default.
pub(super) fn redb(dir: &Path, batch: u64, lasts: Duration) -> Result<Run, String> {
    let database = Database::create(dir.join("events.redb")).map_err(|error| error.to_string())?;
    insert(batch, lasts, |first| redb_batch(&database, first, batch))
        .map_err(|error| format!("redb can't be measured: {error}"))
}

fn redb_batch(database: &Database, first: u64, batch: u64) -> Result<(), redb::Error> {
    let record = record();
    let writing = database.begin_write()?;
    {
        let mut table = writing.open_table(EVENTS)?;
        for sequence in first..first + batch {
            table.insert(sequence, record.as_slice())?;
        }
    }
    writing.commit()?;
    Ok(())
}

/// Inserts batches into SQLite for this long: WAL, `synchronous = FULL`, a transaction each.
pub(super) fn sqlite(dir: &Path, batch: u64, lasts: Duration) -> Result<Run, String> {
    sqlite_run(dir, batch, lasts).map_err(|error| format!("SQLite can't be measured: {error}"))
}

fn sqlite_run(dir: &Path, batch: u64, lasts: Duration) -> Result<Run, rusqlite::Error> {
    let mut database = Connection::open(dir.join("events.sqlite"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database
        .execute_batch("CREATE TABLE events (sequence INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT")?;
    insert(batch, lasts, |first| sqlite_batch(&mut database, first, batch))
}

fn sqlite_batch(database: &mut Connection, first: u64, batch: u64) -> Result<(), rusqlite::Error> {
    let record = record();
    let writing = database.transaction()?;
    {
        let mut insert = writing.prepare_cached("INSERT INTO events (sequence, event) VALUES (?1, ?2)")?;
        for sequence in first..first + batch {
            insert.execute((i64::try_from(sequence).unwrap_or(i64::MAX), &record))?;
        }
    }
    writing.commit()
}

fn insert<E>(batch: u64, lasts: Duration, mut write: impl FnMut(u64) -> Result<(), E>) -> Result<Run, E> {
    let (mut next, mut waits) = (1, Vec::new());
    let meter = Meter::start();
    let end = Instant::now() + lasts;
    while Instant::now() < end {
        let begun = Instant::now();
        write(next)?;
        waits.push(begun.elapsed());
        next += batch;
    }
    let commits = waits.len() as u64;
    Ok(meter.stop(commits * batch, commits, waits))
}
