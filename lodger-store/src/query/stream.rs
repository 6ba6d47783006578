//! One filter: the numbers of the entries that pass it, in the query's order.

use std::collections::VecDeque;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::walk::Step;
use crate::Cursor;

/// The most numbers that are fetched at once.
const MOST: usize = 1_024;

/// How many numbers a filter fetches at the beginning when it isn't alone.
pub(super) const FEW: usize = 4;

/// How much a page may still look at.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new(steps: usize) -> Self {
        Self(steps)
    }

    pub(super) fn spend(&mut self, steps: usize) {
        self.0 = self.0.saturating_sub(steps);
    }

    pub(super) fn left(&self) -> usize {
        self.0
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}

/// Where a query looks, and in which order.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) connection: &'a Connection,
    pub(super) workspace: &'a str,
    pub(super) project: &'a str,
    pub(super) order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    OldestFirst,
    NewestFirst,
}

impl Order {
    /// The number before all.
    pub(super) fn start(self) -> i64 {
        self.pick(0, i64::MAX)
    }

    /// The number behind all.
    pub(super) fn end(self) -> i64 {
        self.pick(i64::MAX, 0)
    }

    /// The number that comes next.
    pub(super) fn behind(self, number: i64) -> i64 {
        number.saturating_add(self.pick(1, -1))
    }

    /// The number that comes before.
    pub(super) fn before(self, number: i64) -> i64 {
        number.saturating_sub(self.pick(1, -1))
    }

    /// Whether the number comes before the other.
    pub(super) fn is_before(self, number: i64, other: i64) -> bool {
        self.pick(number < other, number > other)
    }

    /// How SQL says "at or behind", "at or before" and the order.
    pub(super) fn sql(self) -> (&'static str, &'static str, &'static str) {
        self.pick((">=", "<=", "ASC"), ("<=", ">=", "DESC"))
    }

    /// The cursor behind which this number comes.
    pub(super) fn cursor_to(self, number: i64) -> Cursor {
        Cursor::behind(u64::try_from(self.before(number)).unwrap_or_default())
    }

    pub(super) fn pick<T>(self, oldest_first: T, newest_first: T) -> T {
        match self {
            Self::OldestFirst => oldest_first,
            Self::NewestFirst => newest_first,
        }
    }
}

/// An entry that passes, by its number and by the row that SQLite has it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) sequence: i64,
    pub(super) row: i64,
}

/// The entries that pass one condition, straight from the index that is made for it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) sql: String,
    /// What the SQL needs but the range and the limit.
    pub(super) values: Vec<Value>,
    pub(super) ahead: VecDeque<Found>,
    /// The number up to which everything has been fetched.
    fetched: Option<i64>,
    /// How many are fetched next.
    next: usize,
    /// How many are fetched at once later on.
    most: usize,
}

impl Stream {
    /// `condition` is added to workspace and project, `first` is how many are fetched at the beginning.
    pub(super) fn new(scope: Scope<'_>, condition: &str, values: Vec<Value>, first: usize) -> Self {
        let (from, until, direction) = scope.order.sql();
        let sql = format!(
            "SELECT sequence, rowid FROM entries WHERE workspace = ? AND project = ?{condition} \
             AND sequence {from} ? AND sequence {until} ? ORDER BY sequence {direction} LIMIT ?"
        );
        let place = [scope.workspace, scope.project].map(|name| Value::from(name.to_owned()));
        let values = place.into_iter().chain(values).collect();
        Self { sql, values, ahead: VecDeque::new(), fetched: None, next: first, most: MOST }
    }

    /// One of so many that are gone through together: together they fetch as much at once as one alone would.
    pub(super) fn among(mut self, streams: usize) -> Self {
        self.most = (MOST / streams).max(FEW);
        self.next = (self.next / streams).clamp(FEW, self.most);
        self
    }

    /// The first entry at this number or behind it, but not behind `until`. Both only ever move on.
    /// What is fetched for it is taken from the budget; without one it is enough.
    pub(super) fn seek(
        &mut self,
        scope: Scope<'_>,
        from: i64,
        until: i64,
        budget: &mut Budget,
    ) -> rusqlite::Result<Step> {
        let order = scope.order;
        while self.ahead.front().is_some_and(|found| order.is_before(found.sequence, from)) {
            self.ahead.pop_front();
        }
        if self.ahead.is_empty() && self.fetched.is_none_or(|fetched| order.is_before(fetched, until)) {
            if budget.is_spent() {
                return Ok(Step::Enough(from));
            }
            self.fetch(scope, from, until, budget)?;
        }
        Ok(self.ahead.front().map_or(Step::End, |found| Step::Found(*found)))
    }

    /// Fetches more at once while the query goes through the stream one by one, and only what it asks for when it
    /// leaps.
    fn fetch(
        &mut self,
        scope: Scope<'_>,
        from: i64,
        until: i64,
        budget: &mut Budget,
    ) -> rusqlite::Result<()> {
        if let Some(fetched) = self.fetched {
            let near = i64::try_from(self.next).is_ok_and(|next| (from - fetched).abs() <= next);
            self.next = if near { (self.next * 2).min(self.most) } else { 1 };
        }
        // The search is a step, and so is each row that it leads to.
        let limit = self.next.min(budget.left());
        budget.spend(1);
        let range = [from, until, i64::try_from(limit).unwrap_or(i64::MAX)].map(Value::from);
        let mut statement = scope.connection.prepare_cached(&self.sql)?;
        let mut rows = statement.query(params_from_iter(self.values.iter().chain(&range)))?;
        while let Some(row) = rows.next()? {
            self.ahead.push_back(Found { sequence: row.get(0)?, row: row.get(1)? });
        }
        budget.spend(self.ahead.len());
        let last = self.ahead.back().filter(|_| self.ahead.len() == limit);
        self.fetched = Some(last.map_or(until, |last| last.sequence));
        Ok(())
    }
}
