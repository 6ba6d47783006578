//! Every statement that a query runs is a search in an index that has the answers in their order.

use lodger_core::event::Outcome;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::sources::NEXT_ACTION;
use super::stream::{Scope, Stream};
use super::times::next_span_sql;
use super::walk::Source;
use super::*;
use crate::testing::{append, event, store};
use crate::{Store, entry};

/// Workspace and project, which come first everywhere.
const PLACE: &str = "workspace=? AND project=? AND";

/// What SQLite says about how it goes about a statement.
fn plan(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let values = vec![Value::Null; statement.parameter_count()];
    let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
    rows.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("; ")
}

/// Lends what a query looks at.
fn within<T>(store: &Store, query: &Query, work: impl FnOnce(Scope<'_>, Vec<Source>) -> T) -> T {
    store
        .read(|connection| {
            let (workspace, project) = (store.workspace(), store.project());
            let scope = Scope { connection, workspace, project, order: query.order };
            Ok(work(scope, query.filters(scope, 50)?.sources))
        })
        .unwrap()
}

fn streams(source: &Source) -> Vec<&Stream> {
    match source {
        Source::One(stream) => vec![stream],
        Source::Any(streams) => streams.iter().collect(),
        Source::Times(times) => vec![&times.stream],
    }
}

/// How SQLite goes about each stream of a query.
fn plans(store: &Store, query: &Query) -> Vec<String> {
    within(store, query, |scope, sources| {
        sources.iter().flat_map(streams).map(|stream| plan(scope.connection, &stream.sql)).collect()
    })
}

fn cases() -> Vec<(Query, &'static str)> {
    let (q, early) = (Query::new, Timestamp::from_micros(0).unwrap());
    vec![
        (q(), "entries_by_sequence ({} sequence>? AND sequence<?)"),
        (q().actor("ada"), "entries_by_actor ({} actor_id=? AND sequence>? AND sequence<?)"),
        (q().action("a.b"), "entries_by_action ({} action=? AND sequence>? AND sequence<?)"),
        (q().action_prefix("a."), "entries_by_action ({} action=? AND sequence>? AND sequence<?)"),
        (
            q().target("invoice", 7),
            "entries_by_target ({} target_kind=? AND target_id=? AND sequence>? AND sequence<?)",
        ),
        (q().tenant("acme"), "entries_by_tenant ({} tenant=? AND sequence>? AND sequence<?)"),
        (q().outcome(Outcome::Denied), "entries_by_outcome ({} outcome=? AND sequence>? AND sequence<?)"),
        (q().from(early), "entries_by_sequence ({} sequence>? AND sequence<?)"),
        (q().to(early), "entries_by_sequence ({} sequence>? AND sequence<?)"),
        (q().request_id("r1"), "entries_by_request ({} request_id=? AND sequence>? AND sequence<?)"),
        (q().text("x"), "entries_by_sequence ({} sequence>? AND sequence<?)"),
    ]
}

#[test]
fn every_filter_searches_an_index_in_its_order_and_reads_nothing_else() {
    let (_dir, store) = store();
    append(&store, &event("a.b"));
    for (query, expected) in cases() {
        let expected = format!("SEARCH entries USING COVERING INDEX {}", expected.replace("{}", PLACE));
        for query in [query.clone(), query.clone().oldest_first(), query.after(Cursor::behind(3))] {
            assert_eq!(plans(&store, &query), [expected.as_str()], "{query:?}");
        }
    }
}

#[test]
fn filters_that_are_combined_search_an_index_each() {
    let (_dir, store) = store();
    append(&store, &event("a.b"));
    let early = Timestamp::from_micros(0).unwrap();
    let all = Query::new().actor("ada").action("a.b").target("invoice", 7).tenant("acme").request_id("r1");
    let all = all.outcome(Outcome::Denied).action_prefix("a.").from(early).to(early).text("x");
    let plans = plans(&store, &all);
    assert_eq!(plans.len(), 8);
    for plan in plans {
        assert!(plan.starts_with("SEARCH entries USING COVERING INDEX") && !plan.contains(';'), "{plan}");
    }
}

#[test]
fn the_other_statements_of_a_query_search_too() {
    let (_dir, store) = store();
    append(&store, &event("a.b"));
    within(&store, &Query::new(), |scope, _| {
        let next_span = "SEARCH spans USING PRIMARY KEY (workspace=? AND project=? AND number<?)";
        assert_eq!(plan(scope.connection, &next_span_sql(scope)), next_span);
        let next_action =
            "SEARCH entries USING COVERING INDEX entries_by_action (workspace=? AND project=? AND action>?)";
        assert_eq!(plan(scope.connection, NEXT_ACTION), next_action);
        let entry = format!("{} WHERE rowid = ?", entry::SELECT);
        assert_eq!(plan(scope.connection, &entry), "SEARCH entries USING INTEGER PRIMARY KEY (rowid=?)");
    });
}
