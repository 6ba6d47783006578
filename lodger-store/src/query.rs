//! Finding entries.

use lodger_core::event::{Outcome, Timestamp};
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use crate::entry::{self, Entry};
use crate::{Cursor, Store, StoreError, text};

/// The most entries that a page holds.
const MAX_LIMIT: usize = 500;

/// Which entries to find, in which order. Filters are combined with "and"; without any, everything in the store's
/// workspace and project matches.
#[derive(Debug, Clone)]
#[must_use = "give it to `Store::query`"]
pub struct Query {
    actor: Option<String>,
    action: Option<String>,
    action_prefix: Option<String>,
    target: Option<(String, String)>,
    tenant: Option<String>,
    outcome: Option<Outcome>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    request_id: Option<String>,
    text: Option<String>,
    oldest_first: bool,
    limit: usize,
    after: Option<Cursor>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            actor: None,
            action: None,
            action_prefix: None,
            target: None,
            tenant: None,
            outcome: None,
            from: None,
            to: None,
            request_id: None,
            text: None,
            oldest_first: false,
            limit: 50,
            after: None,
        }
    }
}

/// One page of a query's answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The entries, in the query's order.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` when this was the last one.
    pub next: Option<Cursor>,
}

impl Query {
    /// Everything, newest first, 50 a page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only events of the actor with this id.
    pub fn actor(mut self, id: impl ToString) -> Self {
        self.actor = Some(id.to_string());
        self
    }

    /// Only events with this action.
    pub fn action(mut self, action: impl ToString) -> Self {
        self.action = Some(action.to_string());
        self
    }

    /// Only events whose action begins with this text: `invoice.`.
    pub fn action_prefix(mut self, prefix: impl ToString) -> Self {
        self.action_prefix = Some(prefix.to_string());
        self
    }

    /// Only events about this target. Related targets are not looked at.
    pub fn target(mut self, kind: impl ToString, id: impl ToString) -> Self {
        self.target = Some((kind.to_string(), id.to_string()));
        self
    }

    /// Only events of this tenant.
    pub fn tenant(mut self, tenant: impl ToString) -> Self {
        self.tenant = Some(tenant.to_string());
        self
    }

    /// Only events that ended so.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Only events that happened then or later.
    pub fn from(mut self, time: impl Into<Timestamp>) -> Self {
        self.from = Some(time.into());
        self
    }

    /// Only events that happened before.
    pub fn to(mut self, time: impl Into<Timestamp>) -> Self {
        self.to = Some(time.into());
        self
    }

    /// Only events of the request with this id.
    pub fn request_id(mut self, id: impl ToString) -> Self {
        self.request_id = Some(id.to_string());
        self
    }

    /// Only events in whose canonical JSON this text stands somewhere, whatever its case. Names of members count:
    /// `actor` stands in every event. This reads every event that the other filters leave.
    pub fn text(mut self, text: impl ToString) -> Self {
        self.text = Some(text.to_string());
        self
    }

    /// The entry that was accepted last comes first. This is the default.
    pub fn newest_first(mut self) -> Self {
        self.oldest_first = false;
        self
    }

    /// The entry that was accepted first comes first.
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }

    /// How many entries a page holds at most, 1 to 500. Default: 50.
    pub fn limit(mut self, entries: usize) -> Self {
        self.limit = entries;
        self
    }

    /// Begins behind this place, in the query's order: [`Page::next`], or [`Entry::cursor`] to ask for what has
    /// come since.
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// The SQL and its values.
    fn statement(&self, workspace: &str, project: &str) -> (String, Vec<Value>) {
        let mut conditions = Conditions::default();
        conditions.add("workspace = ?", workspace.to_owned());
        conditions.add("project = ?", project.to_owned());
        conditions.maybe("actor_id = ?", self.actor.clone());
        conditions.maybe("action = ?", self.action.clone());
        if let Some(prefix) = &self.action_prefix {
            conditions.add("action >= ?", prefix.clone());
            conditions.maybe("action < ?", successor(prefix));
        }
        if let Some((kind, id)) = &self.target {
            conditions.add("target_kind = ?", kind.clone());
            conditions.add("target_id = ?", id.clone());
        }
        conditions.maybe("tenant = ?", self.tenant.clone());
        conditions.maybe("outcome = ?", self.outcome.map(|outcome| outcome.as_str().to_owned()));
        conditions.maybe("occurred_at >= ?", self.from.map(Timestamp::as_micros));
        conditions.maybe("occurred_at < ?", self.to.map(Timestamp::as_micros));
        conditions.maybe("request_id = ?", self.request_id.clone());
        // Stable while events are appended: the next page begins at a number, not at a distance.
        let behind = if self.oldest_first { "sequence > ?" } else { "sequence < ?" };
        conditions.maybe(behind, self.after.map(|cursor| number(cursor.sequence())));
        conditions.maybe("contains_text(event, ?)", self.text.as_deref().map(text::needle));

        // One more than asked for shows whether there is a next page.
        conditions.values.push(number(self.limit as u64 + 1).into());
        let order = if self.oldest_first { "ASC" } else { "DESC" };
        let (columns, filter) = (entry::COLUMNS, conditions.sql.join(" AND "));
        let sql = format!("SELECT {columns} FROM entries WHERE {filter} ORDER BY sequence {order} LIMIT ?");
        (sql, conditions.values)
    }
}

impl Store {
    /// One page of the entries that the query finds in this workspace and project.
    ///
    /// The order is that of acceptance, [`Receipt::sequence`](crate::Receipt::sequence), which is nearly but not
    /// always that of [`Event::occurred_at`](lodger_core::event::Event::occurred_at).
    ///
    /// # Errors
    ///
    /// When the limit is not 1 to 500, the database can't be read, or an entry is damaged.
    pub fn query(&self, query: &Query) -> Result<Page, StoreError> {
        if !(1..=MAX_LIMIT).contains(&query.limit) {
            let reason = format!("a limit of {} is not within 1 to {MAX_LIMIT}", query.limit);
            return Err(StoreError::InvalidQuery { reason });
        }
        let (sql, values) = query.statement(self.workspace(), self.project());
        let mut entries = self.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(values))?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(entry::read(row)?);
            }
            Ok(entries)
        })?;
        let more = entries.len() > query.limit;
        entries.truncate(query.limit);
        let next = entries.last().filter(|_| more).map(Entry::cursor);
        Ok(Page { entries, next })
    }
}

#[derive(Default)]
struct Conditions {
    sql: Vec<&'static str>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, sql: &'static str, value: impl Into<Value>) {
        self.sql.push(sql);
        self.values.push(value.into());
    }

    fn maybe(&mut self, sql: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(sql, value);
        }
    }
}

/// SQLite's integers are signed; no store has that many entries.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The smallest text that is greater than every text with this prefix: UTF-8 sorts like its characters. `None` when
/// there is none.
fn successor(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // The range of characters steps over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests;
