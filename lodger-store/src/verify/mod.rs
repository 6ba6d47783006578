//! Recomputing everything.

mod report;
mod spans;
mod stored;
#[cfg(test)]
mod tests;

use rusqlite::{Connection, ErrorCode};

use self::spans::Spans;
use self::stored::{ALL, Stored};
use crate::head::Head;
use crate::{Digest, Store, StoreError};

pub use self::report::{Fault, Problem, Report};

/// How many problems a report lists; the rest is counted.
const MAX_LISTED: usize = 1_000;

impl Store {
    /// Recomputes everything, for all workspaces in the file: the numbering, the canonical bytes, every column made
    /// from them, the spans that queries by time go by, the commitments, both hashes, the chain, and SQLite's own structures.
    ///
    /// Two things it can't see without help: that entries were cut off at the end of a chain, and that somebody who
    /// can write the file has recomputed all that followed a change. [`verify_against`](Self::verify_against) a
    /// [`head`](Self::head) that is kept elsewhere sees both.
    ///
    /// # Errors
    ///
    /// When the database can't be read. Damage is not an error but a [`Problem`].
    pub fn verify(&self) -> Result<Report, StoreError> {
        self.read(|connection| walk(connection, None))
    }

    /// Like [`verify`](Self::verify), and the chain must still run through this head.
    ///
    /// # Errors
    ///
    /// When the database can't be read.
    pub fn verify_against(&self, kept: &Head) -> Result<Report, StoreError> {
        self.read(|connection| walk(connection, Some(kept)))
    }
}

fn walk(connection: &Connection, kept: Option<&Head>) -> Result<Report, StoreError> {
    // One transaction, so that a writer can't move things between the steps.
    let snapshot = connection.unchecked_transaction()?;
    let report = Report { entries: 0, heads: Vec::new(), problems: Vec::new(), unlisted: 0 };
    let mut walk = Walk { report, kept, seen_kept: false };
    let outcome = walk.file(&snapshot).and_then(|()| walk.chains(&snapshot));
    match outcome {
        Err(error) if is_damage(&error) => walk.problem(None, None, Fault::File(error.to_string())),
        other => other?,
    }
    if let Some(kept) = kept
        && !walk.seen_kept
    {
        walk.problem(Some(&kept.workspace), i64::try_from(kept.sequence).ok(), Fault::Truncated);
    }
    Ok(walk.report)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

struct Walk<'a> {
    report: Report,
    kept: Option<&'a Head>,
    seen_kept: bool,
}

impl Walk<'_> {
    /// SQLite's own check: pages, rows against indexes (an entry that no index knows is one that no query finds),
    /// uniqueness, types.
    fn file(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare("PRAGMA integrity_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            if text != "ok" {
                self.problem(None, None, Fault::File(text));
            }
        }
        Ok(())
    }

    fn chains(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare(ALL)?;
        let mut rows = statement.query([])?;
        let mut spans = Spans::new(connection);
        // The entry before, of the same or another workspace.
        let mut before: Option<(String, i64, Option<Digest>)> = None;
        while let Some(row) = rows.next()? {
            self.report.entries += 1;
            let stored = match Stored::read(row) {
                Ok(stored) => stored,
                Err(error) => {
                    let (workspace, sequence) = (row.get::<_, String>(0).ok(), row.get(2).ok());
                    self.problem(workspace.as_deref(), sequence, Fault::Unreadable(error.to_string()));
                    // Where it stands can still be told from its place, so that what follows isn't blamed for it.
                    before = before.map(|(workspace, sequence, _)| (workspace, sequence + 1, None));
                    continue;
                }
            };
            let (expected, previous) = match &before {
                Some((workspace, sequence, hash)) if *workspace == stored.workspace => (sequence + 1, *hash),
                _ => (1, Some(Digest::ZERO)),
            };
            if stored.sequence != expected {
                self.problem_at(&stored, Fault::Gap { expected });
            }
            if previous.is_some_and(|previous| previous != stored.previous_hash) {
                self.problem_at(&stored, Fault::PreviousHash);
            }
            for fault in stored.faults() {
                self.problem_at(&stored, fault);
            }
            if !spans.hold(&stored)? {
                self.problem_at(&stored, Fault::Span);
            }
            self.advance(&stored);
            before = Some((stored.workspace, stored.sequence, Some(stored.hash)));
        }
        Ok(())
    }

    /// Takes the entry as the end of its chain so far, and compares it with the head that was kept.
    fn advance(&mut self, stored: &Stored) {
        let Ok(sequence) = u64::try_from(stored.sequence) else { return };
        let head = Head { workspace: stored.workspace.clone(), sequence, hash: stored.hash };
        if let Some(kept) = self.kept
            && (&kept.workspace, kept.sequence) == (&head.workspace, head.sequence)
        {
            self.seen_kept = true;
            if kept.hash != head.hash {
                self.problem_at(stored, Fault::Rewritten);
            }
        }
        match self.report.heads.last_mut() {
            Some(last) if last.workspace == head.workspace => *last = head,
            _ => self.report.heads.push(head),
        }
    }

    fn problem_at(&mut self, stored: &Stored, fault: Fault) {
        self.problem(Some(&stored.workspace), Some(stored.sequence), fault);
    }

    fn problem(&mut self, workspace: Option<&str>, sequence: Option<i64>, fault: Fault) {
        if self.report.problems.len() < MAX_LISTED {
            let workspace = workspace.map(str::to_owned);
            self.report.problems.push(Problem { workspace, sequence, fault });
        } else {
            self.report.unlisted += 1;
        }
    }
}
