//! Which times lie in which part of the numbering.
//!
//! Entries are numbered as they are accepted, and that is nearly the order in which they happened. So what happened
//! in some time stands in a few places of the numbering, and a query that knows them need not look elsewhere: for
//! each [`LENGTH`] numbers the table `spans` has the earliest and the latest time of a project's entries in it.

use rusqlite::{Connection, OptionalExtension, params};

/// How many numbers are a span. The table stays small enough to be looked through (2,500 spans of ten million
/// entries), a span small enough for what is in it.
pub(crate) const LENGTH: i64 = 4_096;

/// The times of a project's entries whose numbers, divided by [`LENGTH`], are `number`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) number: i64,
    pub(crate) earliest: i64,
    pub(crate) latest: i64,
}

impl Span {
    /// Takes the next entry into the last of these spans, or begins another.
    pub(crate) fn add(spans: &mut Vec<Self>, sequence: i64, occurred_at: i64) {
        let number = sequence / LENGTH;
        match spans.last_mut() {
            Some(last) if last.number == number => {
                last.earliest = last.earliest.min(occurred_at);
                last.latest = last.latest.max(occurred_at);
            }
            _ => spans.push(Self { number, earliest: occurred_at, latest: occurred_at }),
        }
    }

    /// Writes the span, joined with what the table has of it.
    pub(crate) fn save(
        &self,
        connection: &Connection,
        workspace: &str,
        project: &str,
    ) -> rusqlite::Result<()> {
        let sql = "INSERT INTO spans (workspace, project, number, earliest, latest) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)";
        let values = params![workspace, project, self.number, self.earliest, self.latest];
        connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// What the table has.
    pub(crate) fn read(
        connection: &Connection,
        workspace: &str,
        project: &str,
        number: i64,
    ) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT earliest, latest FROM spans WHERE workspace = ? AND project = ? AND number = ?";
        connection
            .prepare_cached(sql)?
            .query_row(params![workspace, project, number], |row| {
                Ok(Self { number, earliest: row.get(0)?, latest: row.get(1)? })
            })
            .optional()
    }

    /// Whether queries by time find an entry of this time in the span.
    pub(crate) fn holds(&self, occurred_at: i64) -> bool {
        (self.earliest..=self.latest).contains(&occurred_at)
    }
}
