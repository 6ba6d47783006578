//! Finding entries.

mod page;
mod sources;
mod stream;
mod times;
mod walk;

use lodger_core::event::{Outcome, Timestamp};

use self::stream::Order;
use crate::Cursor;
use crate::append::number;

pub use self::page::{Count, Page};

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
    order: Order,
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
            order: Order::NewestFirst,
            limit: 50,
            after: None,
        }
    }
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
    /// `actor` stands in every event. No index helps: this reads the events that the other filters leave, as many
    /// as a page may, see [`Store::query`](crate::Store::query).
    pub fn text(mut self, text: impl ToString) -> Self {
        self.text = Some(text.to_string());
        self
    }

    /// The entry that was accepted last comes first. This is the default.
    pub fn newest_first(mut self) -> Self {
        self.order = Order::NewestFirst;
        self
    }

    /// The entry that was accepted first comes first.
    pub fn oldest_first(mut self) -> Self {
        self.order = Order::OldestFirst;
        self
    }

    /// How many entries a page holds at most, 1 to 500. Default: 50.
    pub fn limit(mut self, entries: usize) -> Self {
        self.limit = entries;
        self
    }

    /// Begins behind this place, in the query's order: [`Page::next`], or [`Entry::cursor`](crate::Entry::cursor) to ask
    /// for what has come since.
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// The number at which it begins.
    fn begin(&self) -> i64 {
        match self.after {
            Some(cursor) => self.order.behind(number(cursor.sequence())),
            None => self.order.start(),
        }
    }
}

#[cfg(test)]
mod plans;
#[cfg(test)]
mod tests;
