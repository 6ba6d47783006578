//! All filters together.
//!
//! Each filter is a stream of numbers in the same order that can be asked for its first one at a number or behind it.
//! A number that all streams give is an entry that the query finds; else the walk leaps to the furthest number that
//! one of them gave and asks the others for it. So a page costs what the rarest filter has in it, without knowing
//! which one that is, and nothing is sorted.

use rusqlite::{CachedStatement, Row};

use super::sources::Filters;
use super::stream::{Budget, Found, Scope, Stream};
use super::times::Times;
use crate::StoreError;
use crate::entry::{self, Entry};

/// How many steps the reading of an entry counts for.
const READING: usize = 4;

/// What a step led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// To an entry.
    Found(Found),
    /// Behind all entries.
    End,
    /// To the end of the budget, on the way to this number; everything before it has been decided.
    Enough(i64),
}

/// What gives numbers.
#[derive(Debug)]
pub(super) enum Source {
    /// One condition.
    One(Stream),
    /// Several conditions of which one must hold: the actions with a prefix.
    Any(Vec<Stream>),
    /// A time.
    Times(Times),
}

impl Source {
    pub(super) fn seek(&mut self, scope: Scope<'_>, at: i64, budget: &mut Budget) -> rusqlite::Result<Step> {
        let end = scope.order.end();
        match self {
            Self::One(stream) => stream.seek(scope, at, end, budget),
            Self::Any(streams) => {
                let mut nearest: Option<Found> = None;
                for stream in streams {
                    let found = match stream.seek(scope, at, end, budget)? {
                        Step::Found(found) => found,
                        Step::End => continue,
                        enough @ Step::Enough(_) => return Ok(enough),
                    };
                    if nearest.is_none_or(|other| scope.order.is_before(found.sequence, other.sequence)) {
                        nearest = Some(found);
                    }
                }
                Ok(nearest.map_or(Step::End, Step::Found))
            }
            Self::Times(times) => times.seek(scope, at, budget),
        }
    }
}

/// A walk through the entries that pass all filters.
pub(super) struct Walk<'a> {
    scope: Scope<'a>,
    filters: Filters,
    reading: CachedStatement<'a>,
    /// The number where it goes on.
    at: i64,
    budget: Budget,
}

impl<'a> Walk<'a> {
    /// From this number on, and no further than so many steps.
    pub(super) fn new(scope: Scope<'a>, filters: Filters, at: i64, steps: usize) -> rusqlite::Result<Self> {
        let reading = scope.connection.prepare_cached(&format!("{} WHERE rowid = ?", entry::SELECT))?;
        Ok(Self { scope, filters, reading, at, budget: Budget::new(steps) })
    }

    /// The next entry that passes all filters.
    pub(super) fn next(&mut self) -> Result<Step, StoreError> {
        loop {
            let step = self.leap()?;
            let Step::Found(found) = step else { return Ok(step) };
            if self.filters.rest.is_empty() {
                return Ok(step);
            }
            if self.budget.is_spent() {
                return Ok(Step::Enough(found.sequence));
            }
            self.budget.spend(READING);
            let Self { filters, reading, .. } = self;
            if read(reading, found, |row| Ok(filters.rest.passes(row)?))? {
                return Ok(step);
            }
        }
    }

    /// The entry that was found.
    pub(super) fn entry(&mut self, found: Found) -> Result<Entry, StoreError> {
        read(&mut self.reading, found, entry::read)
    }

    /// The next number that all indexes give.
    fn leap(&mut self) -> rusqlite::Result<Step> {
        let (all, mut agreed) = (self.filters.sources.len(), 0);
        loop {
            for source in &mut self.filters.sources {
                let found = match source.seek(self.scope, self.at, &mut self.budget)? {
                    Step::Found(found) => found,
                    other => return Ok(other),
                };
                if agreed == 0 || found.sequence != self.at {
                    (self.at, agreed) = (found.sequence, 0);
                }
                agreed += 1;
                if agreed == all {
                    self.at = self.scope.order.behind(self.at);
                    return Ok(Step::Found(found));
                }
            }
        }
    }
}

fn read<T>(
    statement: &mut CachedStatement<'_>,
    found: Found,
    work: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut rows = statement.query([found.row])?;
    match rows.next()? {
        Some(row) => work(row),
        None => {
            let reason = "an index leads to it, but it isn't there".into();
            Err(StoreError::Damaged { sequence: found.sequence, reason })
        }
    }
}
