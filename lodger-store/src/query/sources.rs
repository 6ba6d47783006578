//! Which index answers which filter.

use lodger_core::event::Outcome;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params};

use super::Query;
use super::stream::{FEW, Scope, Stream};
use super::times::Times;
use super::walk::Source;
use crate::{entry, text};

/// How many actions a prefix may stand for to be looked up one by one. Actions are names in a program's code: their
/// number doesn't grow with the store.
const MOST_ACTIONS: usize = 128;

/// What a query asks for, filter by filter.
pub(super) struct Filters {
    /// What indexes answer, at least one.
    pub(super) sources: Vec<Source>,
    /// What only the entry itself answers.
    pub(super) rest: Rest,
}

/// Filters that no index answers.
#[derive(Debug, Default)]
pub(super) struct Rest {
    text: Option<String>,
    action_prefix: Option<String>,
}

impl Rest {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_none() && self.action_prefix.is_none()
    }

    /// Whether an entry passes, given as the row that [`entry::read`] takes.
    pub(super) fn passes(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        if let Some(prefix) = &self.action_prefix
            && !entry::action(row)?.starts_with(prefix.as_str())
        {
            return Ok(false);
        }
        match &self.text {
            Some(needle) => Ok(text::contains(entry::text(row)?, needle)),
            None => Ok(true),
        }
    }
}

impl Query {
    /// The filters; one that is alone fetches so many numbers at the beginning.
    pub(super) fn filters(&self, scope: Scope<'_>, page: usize) -> rusqlite::Result<Filters> {
        let equal = self.equal();
        let timed = self.from.is_some() || self.to.is_some();
        let prefix = self.action_prefix.as_deref().filter(|prefix| !prefix.is_empty());
        let actions = prefix.map(|prefix| actions(scope, prefix)).transpose()?.flatten();

        let alone = equal.len() + usize::from(timed) + usize::from(actions.is_some()) <= 1;
        let first = if alone { page } else { FEW };
        let stream = |condition, values| Stream::new(scope, condition, values, first);
        let mut rest = Rest { text: self.text.as_deref().map(text::needle), action_prefix: None };
        let mut sources: Vec<Source> =
            equal.into_iter().map(|(condition, values)| Source::One(stream(condition, values))).collect();
        if timed {
            sources.push(Source::Times(Times::new(scope, self.from, self.to, first)));
        }
        match actions {
            Some(actions) => {
                let all = actions.len();
                let streams =
                    actions.into_iter().map(|action| stream(ACTION, vec![action.into()]).among(all));
                sources.push(Source::Any(streams.collect()));
            }
            None => rest.action_prefix = prefix.map(str::to_owned),
        }
        if sources.is_empty() {
            sources.push(Source::One(stream("", Vec::new())));
        }
        Ok(Filters { sources, rest })
    }

    /// The conditions that an index has the entries of in the order of their numbers.
    fn equal(&self) -> Vec<(&'static str, Vec<Value>)> {
        let one = |condition, value: Option<&str>| Some((condition, vec![value?.to_owned().into()]));
        let target = self.target.as_ref().map(|(kind, id)| {
            (" AND target_kind = ? AND target_id = ?", vec![kind.clone().into(), id.clone().into()])
        });
        let all = [
            one(" AND actor_id = ?", self.actor.as_deref()),
            one(ACTION, self.action.as_deref()),
            target,
            one(" AND tenant = ?", self.tenant.as_deref()),
            one(" AND outcome = ?", self.outcome.map(Outcome::as_str)),
            one(" AND request_id = ?", self.request_id.as_deref()),
        ];
        all.into_iter().flatten().collect()
    }
}

const ACTION: &str = " AND action = ?";

/// The actions that begin with this text, one leap in the index each; `None` when they are too many.
fn actions(scope: Scope<'_>, prefix: &str) -> rusqlite::Result<Option<Vec<String>>> {
    let mut statement = scope.connection.prepare_cached(NEXT_ACTION)?;
    let (mut actions, mut at) = (Vec::new(), prefix.to_owned());
    loop {
        let values = params![scope.workspace, scope.project, at];
        let next: Option<String> = statement.query_row(values, |row| row.get(0)).optional()?;
        let Some(action) = next.filter(|action| action.starts_with(prefix)) else { return Ok(Some(actions)) };
        if actions.len() == MOST_ACTIONS {
            return Ok(None);
        }
        // No text lies between one and the same with this character behind it.
        at = format!("{action}\0");
        actions.push(action);
    }
}

pub(super) const NEXT_ACTION: &str =
    "SELECT action FROM entries WHERE workspace = ? AND project = ? AND action >= ? ORDER BY action LIMIT 1";
