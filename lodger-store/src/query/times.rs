//! The entries of some time, in the order of their numbers.

use lodger_core::event::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use super::stream::{Budget, Scope, Stream};
use super::walk::Step;
use crate::span::LENGTH;

/// How many entries of a span are looked through for the price of one step.
const A_STEP: i64 = 16;

/// The entries that happened from a time on and before another: span by span, leaving out those that hold none.
#[derive(Debug)]
pub(super) struct Times {
    from: i64,
    to: i64,
    pub(super) stream: Stream,
    /// The numbers of the span that is looked through, in the query's order.
    span: Option<(i64, i64)>,
}

impl Times {
    /// `first` is how many entries are fetched at the beginning.
    pub(super) fn new(
        scope: Scope<'_>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        first: usize,
    ) -> Self {
        let from = from.map_or(i64::MIN, Timestamp::as_micros);
        let to = to.map_or(i64::MAX, Timestamp::as_micros);
        let values = [from, to].map(Value::from).into();
        let stream = Stream::new(scope, " AND occurred_at >= ? AND occurred_at < ?", values, first);
        Self { from, to, stream, span: None }
    }

    /// The first entry at this number or behind it.
    pub(super) fn seek(
        &mut self,
        scope: Scope<'_>,
        mut at: i64,
        budget: &mut Budget,
    ) -> rusqlite::Result<Step> {
        let order = scope.order;
        loop {
            if let Some((first, last)) = self.span
                && !order.is_before(last, at)
            {
                if order.is_before(at, first) {
                    at = first;
                }
                let found = self.stream.seek(scope, at, last, budget)?;
                let reached = match found {
                    Step::Found(found) => found.sequence,
                    Step::End => last,
                    Step::Enough(_) => return Ok(found),
                };
                let looked_at = (reached - at).abs();
                budget.spend(usize::try_from(looked_at / A_STEP).unwrap_or(usize::MAX));
                if found != Step::End {
                    return Ok(found);
                }
                at = order.behind(last);
            }
            if budget.is_spent() {
                return Ok(Step::Enough(at));
            }
            let Some(number) = self.next_span(scope, at)? else { return Ok(Step::End) };
            let (lowest, highest) = (number * LENGTH, number * LENGTH + LENGTH - 1);
            self.span = Some(order.pick((lowest, highest), (highest, lowest)));
        }
    }

    /// The span at this number or the first behind it that has entries of the time.
    fn next_span(&self, scope: Scope<'_>, at: i64) -> rusqlite::Result<Option<i64>> {
        let sql = next_span_sql(scope);
        let mut statement = scope.connection.prepare_cached(&sql)?;
        let values = params![scope.workspace, scope.project, at.div_euclid(LENGTH), self.to, self.from];
        statement.query_row(values, |row| row.get(0)).optional()
    }
}

pub(super) fn next_span_sql(scope: Scope<'_>) -> String {
    let (from, _, direction) = scope.order.sql();
    format!(
        "SELECT number FROM spans WHERE workspace = ? AND project = ? AND number {from} ? \
         AND earliest < ? AND latest >= ? ORDER BY number {direction} LIMIT 1"
    )
}
