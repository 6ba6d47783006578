//! Pages and counts.

use std::fmt;

use super::Query;
use super::stream::Scope;
use super::walk::{Step, Walk};
use crate::{Cursor, Entry, Store, StoreError};

/// The most entries that a page holds.
const MAX_LIMIT: usize = 500;

/// How many candidates a page looks at: rows of its indexes, and searches for them.
const MAX_STEPS: usize = 10_000;

/// How far is counted.
const MAX_COUNT: u32 = 10_000;

/// One page of a query's answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The entries, in the query's order.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` when this was the last one. There may be a next page behind one that isn't
    /// full, see [`Store::query`].
    pub next: Option<Cursor>,
}

/// How many entries a query finds, as far as [`Store::count`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(u64),
    /// So many, and there may be more.
    AtLeast(u64),
}

/// As text: `1234`, or `10000+` where there may be more.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(entries) => write!(f, "{entries}"),
            Self::AtLeast(entries) => write!(f, "{entries}+"),
        }
    }
}

impl Store {
    /// One page of the entries that the query finds in this workspace and project.
    ///
    /// The order is that of acceptance, [`Receipt::sequence`](crate::Receipt::sequence), which is nearly but not
    /// always that of [`Event::occurred_at`](lodger_core::event::Event::occurred_at).
    ///
    /// # Cost
    ///
    /// A page costs about as much in a large store as in a small one, whatever it is filtered by and
    /// however far behind it begins: every filter but [`text`](Query::text) is answered by an index, and several
    /// together by going through their indexes side by side. Where they hardly ever meet, or a text is hardly ever
    /// found, a page ends when it has looked at 10,000 candidates of all its filters together, or at some 2,000 where
    /// a text is looked for: it then holds what was found so far, which may be nothing, and [`Page::next`] goes on from there. So a last page is one
    /// without `next`, not one that isn't full.
    ///
    /// # Errors
    ///
    /// When the limit is not 1 to 500, the database can't be read, or an entry is damaged.
    pub fn query(&self, query: &Query) -> Result<Page, StoreError> {
        if !(1..=MAX_LIMIT).contains(&query.limit) {
            let reason = format!("a limit of {} is not within 1 to {MAX_LIMIT}", query.limit);
            return Err(StoreError::InvalidQuery { reason });
        }
        self.page(query, MAX_STEPS)
    }

    pub(super) fn page(&self, query: &Query, steps: usize) -> Result<Page, StoreError> {
        self.walking(query, query.limit + 1, steps, |walk| {
            let mut entries: Vec<Entry> = Vec::new();
            loop {
                let next = match walk.next()? {
                    // One more than asked for shows that there is a next page.
                    Step::Found(_) if entries.len() == query.limit => entries.last().map(Entry::cursor),
                    Step::Found(found) => {
                        entries.push(walk.entry(found)?);
                        continue;
                    }
                    Step::Enough(at) => Some(query.order.cursor_to(at)),
                    Step::End => None,
                };
                return Ok(Page { entries, next });
            }
        })
    }

    /// How many entries the query finds in this workspace and project, from its cursor on, whatever its limit is.
    ///
    /// # Cost
    ///
    /// It counts to 10,000 and no further, and looks at no more than twice as many candidates of all filters
    /// together: what grows without bounds can't be counted in bounded time. Then it says [`Count::AtLeast`].
    ///
    /// # Errors
    ///
    /// When the database can't be read or an entry is damaged.
    pub fn count(&self, query: &Query) -> Result<Count, StoreError> {
        self.count_to(query, MAX_COUNT)
    }

    pub(super) fn count_to(&self, query: &Query, most: u32) -> Result<Count, StoreError> {
        let first = most as usize + 1;
        self.walking(query, first, 2 * first, |walk| {
            for counted in 0..=most {
                match walk.next()? {
                    Step::Found(_) if counted == most => return Ok(Count::AtLeast(counted.into())),
                    Step::Found(_) => {}
                    Step::Enough(_) => return Ok(Count::AtLeast(counted.into())),
                    Step::End => return Ok(Count::Exactly(counted.into())),
                }
            }
            Ok(Count::AtLeast(most.into()))
        })
    }

    /// Lends a walk through what the query finds. `first` is how many numbers are fetched at the beginning.
    fn walking<T>(
        &self,
        query: &Query,
        first: usize,
        steps: usize,
        work: impl FnOnce(&mut Walk<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read(|connection| {
            // One transaction: all streams see the same entries, and the locks are taken once.
            let snapshot = connection.unchecked_transaction()?;
            let (workspace, project, order) = (self.workspace(), self.project(), query.order);
            let scope = Scope { connection: &snapshot, workspace, project, order };
            work(&mut Walk::new(scope, query.filters(scope, first)?, query.begin(), steps)?)
        })
    }
}
