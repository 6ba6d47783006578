//! Bare SQLite: the store's table and indexes, its pragmas, the same rows, and nothing else.

use std::error::Error;
use std::path::Path;

use lodger_store::Store;
use rusqlite::types::Value;
use rusqlite::{Connection, TransactionBehavior, params_from_iter};

use crate::report::scratch;

/// A database with the store's schema.
pub(super) struct Bare {
    connection: Connection,
    insert: String,
    sequence: i64,
}

/// The table, its indexes and its triggers, without the spans that only the store's queries need.
const SCHEMA: &str = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name = 'entries'";

impl Bare {
    /// An empty database beside the store, with the schema of the store's table.
    pub(super) fn beside(store: &Store) -> Result<Self, Box<dyn Error>> {
        let connection = Connection::open(store.dir().join("bare.db"))?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let theirs = open(store.dir())?;
        let mut statement = theirs.prepare(SCHEMA)?;
        for sql in statement.query_map([], |row| row.get::<_, String>(0))? {
            connection.execute_batch(&sql?)?;
        }
        let columns = theirs.prepare("SELECT * FROM entries")?.column_count();
        let insert = format!("INSERT INTO entries VALUES ({})", vec!["?"; columns].join(", "));
        Ok(Self { connection, insert, sequence: 0 })
    }

    /// Appends the rows in batches.
    pub(super) fn append(&mut self, rows: &mut [Row], batch: usize) -> rusqlite::Result<()> {
        for rows in rows.chunks_mut(batch) {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut insert = transaction.prepare_cached(&self.insert)?;
                for row in rows {
                    self.sequence += 1;
                    row.place(self.sequence);
                    insert.execute(params_from_iter(&row.0))?;
                }
            }
            transaction.commit()?;
        }
        Ok(())
    }
}

/// A row of the store, with all that hashing and committing has made.
pub(super) struct Row(Vec<Value>);

impl Row {
    /// The rows that a store makes of these events.
    pub(super) fn of(events: &[Vec<u8>]) -> Result<Vec<Self>, Box<dyn Error>> {
        let dir = scratch()?;
        let store = Store::open(dir.path().join("rows"))?;
        store.append(events)?;
        let connection = open(store.dir())?;
        let mut statement = connection.prepare("SELECT * FROM entries ORDER BY sequence")?;
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
        Ok(rows.map(|row| row.map(Self)).collect::<Result<_, _>>()?)
    }

    /// Sets the number, which comes third.
    fn place(&mut self, sequence: i64) {
        if let Some(value) = self.0.get_mut(2) {
            *value = sequence.into();
        }
    }
}

fn open(dir: &Path) -> rusqlite::Result<Connection> {
    Connection::open(dir.join("events.db"))
}
