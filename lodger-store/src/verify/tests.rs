use lodger_core::event::{Actor, Event, RequestInfo, Target};
use rusqlite::params;
use rusqlite::types::Value;
use tempfile::TempDir;

use super::*;
use crate::testing::{append, event, store, vandal};

const COLUMNS: [&str; 19] = [
    "workspace",
    "project",
    "sequence",
    "receipt",
    "accepted_at",
    "event_id",
    "event",
    "personal_salts",
    "event_hash",
    "previous_hash",
    "hash",
    "action",
    "actor_id",
    "target_kind",
    "target_id",
    "tenant",
    "outcome",
    "occurred_at",
    "request_id",
];

fn rich() -> Event {
    let mut event = Event::builder("invoice.update")
        .actor(Actor::user("ada").email("ada@example.com").tenant("acme"))
        .target(Target::new("invoice", 7))
        .personal("phone", "+49 30 1")
        .metadata("share", 0.1 + 0.2)
        .build()
        .unwrap();
    let mut request = RequestInfo::default();
    request.id = Some("r1".into());
    event.request = Some(request);
    event
}

/// A store with five entries, and a connection that can spoil it.
fn five() -> (TempDir, Store, Connection) {
    let (dir, store) = store();
    for _ in 0..5 {
        append(&store, &rich());
    }
    assert!(store.verify().unwrap().is_intact());
    let vandal = vandal(&store);
    vandal.pragma_update(None, "synchronous", "OFF").unwrap();
    (dir, store, vandal)
}

fn faults(report: &Report) -> Vec<(Option<i64>, Fault)> {
    report.problems.iter().map(|problem| (problem.sequence, problem.fault.clone())).collect()
}

#[test]
fn an_intact_store_has_no_problems() {
    let (_dir, store, _) = five();
    let report = store.verify().unwrap();
    assert_eq!((report.entries, report.problems.len(), report.unlisted), (5, 0, 0));
    assert_eq!(report.heads, [store.head().unwrap().unwrap()]);
    assert!(store.verify_against(&report.heads[0]).unwrap().is_intact());
}

#[test]
fn the_list_of_columns_is_complete() {
    let (_dir, _store, vandal) = five();
    let statement = vandal.prepare("SELECT * FROM entries").unwrap();
    let names: Vec<&str> =
        (0..statement.column_count()).map(|at| statement.column_name(at).unwrap()).collect();
    assert_eq!(names, COLUMNS);
}

#[test]
fn a_change_of_any_column_of_any_row_is_found() {
    let (_dir, store, vandal) = five();
    for sequence in 1..=5 {
        for column in COLUMNS {
            let get = format!("SELECT {column} FROM entries WHERE rowid = ?");
            let before: Value = vandal.query_row(&get, [sequence], |row| row.get(0)).unwrap();
            let set = format!("UPDATE entries SET {column} = ? WHERE rowid = ?");
            let after: Value = match before.clone() {
                Value::Integer(number) => (number + 100).into(),
                Value::Text(text) => format!("{text}x").into(),
                Value::Blob(mut bytes) => {
                    bytes[31] ^= 1;
                    bytes.into()
                }
                other => panic!("{column}: {other:?}"),
            };
            vandal.execute(&set, params![after, sequence]).unwrap();
            let report = store.verify().unwrap();
            assert!(!report.is_intact(), "{column} of {sequence}");
            vandal.execute(&set, params![before, sequence]).unwrap();
        }
    }
    assert!(store.verify().unwrap().is_intact());
}

#[test]
fn a_change_of_any_byte_of_an_event_or_its_salts_is_found() {
    let (_dir, store, vandal) = five();
    for column in ["event", "personal_salts"] {
        let get = format!("SELECT CAST({column} AS BLOB) FROM entries WHERE sequence = 3");
        let before: Vec<u8> = vandal.query_row(&get, [], |row| row.get(0)).unwrap();
        let set = format!("UPDATE entries SET {column} = CAST(? AS TEXT) WHERE sequence = 3");
        // Every seventh byte keeps the test short; the bit walks along.
        for at in (0..before.len()).step_by(7) {
            let mut bytes = before.clone();
            bytes[at] ^= 1 << (at % 8);
            vandal.execute(&set, [&bytes]).unwrap();
            let report = store.verify().unwrap();
            assert!(report.problems.iter().any(|problem| problem.sequence == Some(3)), "{column} at {at}");
        }
        vandal.execute(&set, [&before]).unwrap();
    }
    assert!(store.verify().unwrap().is_intact());
}

#[test]
fn a_nulled_column_is_found() {
    let (_dir, store, vandal) = five();
    for column in ["tenant", "request_id"] {
        vandal.execute(&format!("UPDATE entries SET {column} = NULL WHERE sequence = 2"), []).unwrap();
    }
    assert_eq!(
        faults(&store.verify().unwrap()),
        [(Some(2), Fault::Column("tenant")), (Some(2), Fault::Column("request_id"))]
    );
}

#[test]
fn a_spoiled_entry_is_blamed_and_not_its_neighbours() {
    let (_dir, store, vandal) = five();
    let receipt = format!("rcpt_{}", "0".repeat(32));
    vandal.execute("UPDATE entries SET receipt = ? WHERE sequence = 4", [receipt]).unwrap();
    vandal.execute("UPDATE entries SET project = 'other' WHERE sequence = 2", []).unwrap();
    // Of the other project no span tells of the entry's time.
    let expected = [(Some(2), Fault::EventHash), (Some(2), Fault::Span), (Some(4), Fault::EventHash)];
    assert_eq!(faults(&store.verify().unwrap()), expected);
}

#[test]
fn a_span_that_leaves_an_entry_out_is_found() {
    let (_dir, store, vandal) = five();
    for (bound, spoiled) in [("earliest", "min(occurred_at) + 1"), ("latest", "max(occurred_at) - 1")] {
        let spoiling = format!("UPDATE spans SET {bound} = (SELECT {spoiled} FROM entries)");
        vandal.execute(&spoiling, []).unwrap();
        let found = faults(&store.verify().unwrap());
        assert!(found.iter().any(|(_, fault)| *fault == Fault::Span), "{spoiling}: {found:?}");
        vandal.execute("UPDATE spans SET earliest = 0, latest = 9e15", []).unwrap();
        assert!(store.verify().unwrap().is_intact());
    }
    vandal.execute("DELETE FROM spans", []).unwrap();
    assert_eq!(faults(&store.verify().unwrap()), [1, 2, 3, 4, 5].map(|at| (Some(at), Fault::Span)));
}

#[test]
fn the_walk_goes_along_an_index_and_sorts_nothing() {
    let (_dir, store, vandal) = five();
    drop(store);
    let mut statement = vandal.prepare(&format!("EXPLAIN QUERY PLAN {ALL}")).unwrap();
    let plan: Vec<String> =
        statement.query_map([], |row| row.get(3)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    assert_eq!(plan, ["SCAN entries USING INDEX entries_by_workspace"]);
}

#[test]
fn a_deleted_entry_is_found() {
    for gone in 1..=4 {
        let (_dir, store, vandal) = five();
        vandal.execute("DELETE FROM entries WHERE sequence = ?", [gone]).unwrap();
        let expected =
            [(Some(gone + 1), Fault::Gap { expected: gone }), (Some(gone + 1), Fault::PreviousHash)];
        assert_eq!(faults(&store.verify().unwrap()), expected);
    }
}

#[test]
fn an_entry_deleted_and_its_number_closed_up_is_found() {
    let (_dir, store, vandal) = five();
    vandal
        .execute_batch(
            "DELETE FROM entries WHERE sequence = 3; UPDATE entries SET sequence = 3 WHERE sequence = 4;
        UPDATE entries SET sequence = 4 WHERE sequence = 5;",
        )
        .unwrap();
    let expected = [(Some(3), Fault::PreviousHash), (Some(3), Fault::EventHash), (Some(4), Fault::EventHash)];
    assert_eq!(faults(&store.verify().unwrap()), expected);
}

#[test]
fn an_inserted_entry_is_found() {
    let (_dir, store, vandal) = five();
    let columns = COLUMNS.join(", ").replace("event_id", "'0199b1c0-0000-7000-8000-000000000009'");
    let columns =
        columns.replace("sequence", "6").replace("receipt", "'rcpt_00000000000000000000000000000000'");
    let sql = format!(
        "INSERT INTO entries ({}) SELECT {columns} FROM entries WHERE sequence = 5",
        COLUMNS.join(", ")
    );
    vandal.execute(&sql, []).unwrap();
    let found = faults(&store.verify().unwrap());
    let expected =
        [(Some(6), Fault::PreviousHash), (Some(6), Fault::Column("event_id")), (Some(6), Fault::EventHash)];
    assert_eq!(found, expected);
}

#[test]
fn two_exchanged_entries_are_found() {
    let (_dir, store, vandal) = five();
    vandal.execute_batch("UPDATE entries SET sequence = 99 WHERE sequence = 2;
        UPDATE entries SET sequence = 2 WHERE sequence = 3; UPDATE entries SET sequence = 3 WHERE sequence = 99;").unwrap();
    let expected = [
        (Some(2), Fault::PreviousHash),
        (Some(2), Fault::EventHash),
        (Some(3), Fault::PreviousHash),
        (Some(3), Fault::EventHash),
        (Some(4), Fault::PreviousHash),
    ];
    assert_eq!(faults(&store.verify().unwrap()), expected);
}

#[test]
fn an_entry_moved_to_another_workspace_is_found_there() {
    let (_dir, store, vandal) = five();
    vandal.execute("UPDATE entries SET workspace = 'zeta' WHERE sequence = 5", []).unwrap();
    let report = store.verify().unwrap();
    assert_eq!(report.problems[0].workspace.as_deref(), Some("zeta"));
    assert_eq!(report.problems[0].to_string(), "zeta 5: the entry with sequence 1 should come here");
}

#[test]
fn a_cut_off_end_is_found_against_a_kept_head() {
    let (_dir, store, vandal) = five();
    let head = store.head().unwrap().unwrap();
    vandal.execute("DELETE FROM entries WHERE sequence >= 4", []).unwrap();
    assert!(store.verify().unwrap().is_intact());
    assert_eq!(faults(&store.verify_against(&head).unwrap()), [(Some(5), Fault::Truncated)]);
    vandal.execute("DELETE FROM entries", []).unwrap();
    assert_eq!(faults(&store.verify_against(&head).unwrap()), [(Some(5), Fault::Truncated)]);
}

#[test]
fn a_chain_made_anew_is_found_against_a_kept_head_and_a_grown_one_is_not() {
    let (_dir, store, vandal) = five();
    let head = store.head().unwrap().unwrap();
    append(&store, &event("invoice.delete"));
    assert!(store.verify_against(&head).unwrap().is_intact());

    vandal.execute("DELETE FROM entries WHERE sequence >= 3", []).unwrap();
    for _ in 0..5 {
        append(&store, &rich());
    }
    assert!(store.verify().unwrap().is_intact());
    assert_eq!(faults(&store.verify_against(&head).unwrap()), [(Some(5), Fault::Rewritten)]);
}

#[test]
fn an_index_that_hides_an_entry_is_found() {
    let (_dir, store, vandal) = five();
    // Takes the index out of the schema, moves a row, puts the index back: it now leads to a row that isn't there.
    let schema = "SELECT rootpage, sql FROM sqlite_schema WHERE name = 'entries_by_actor'";
    let (page, sql): (i64, String) =
        vandal.query_row(schema, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    vandal
        .execute_batch(
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'entries_by_actor';
        PRAGMA schema_version = 1000;",
        )
        .unwrap();
    let again = crate::testing::vandal(&store);
    again.execute("UPDATE entries SET rowid = 1000 WHERE sequence = 3", []).unwrap();
    again.pragma_update(None, "writable_schema", true).unwrap();
    let insert = "INSERT INTO sqlite_schema VALUES ('index', 'entries_by_actor', 'entries', ?, ?)";
    again.execute(insert, params![page, sql]).unwrap();
    again.pragma_update(None, "schema_version", 1001).unwrap();
    let report = store.verify().unwrap();
    assert!(
        matches!(&report.problems[0].fault, Fault::File(text) if text.contains("entries_by_actor")),
        "{:?}",
        report.problems
    );
}

#[test]
fn a_value_of_another_type_is_a_problem_and_not_an_error() {
    let (_dir, store, vandal) = five();
    vandal.execute("UPDATE entries SET hash = x'00' WHERE sequence = 2", []).unwrap();
    let found = faults(&store.verify().unwrap());
    assert!(matches!(&found[..], [(Some(2), Fault::Unreadable(_))]), "{found:?}");
}

#[test]
fn a_long_list_is_cut_and_counted() {
    let (_dir, store) = store();
    // More than the list holds.
    let batch: Vec<Vec<u8>> = (0..1_002).map(|_| event("a.b").to_canonical_json().unwrap()).collect();
    store.append(&batch).unwrap();
    vandal(&store).execute("UPDATE entries SET action = 'x'", []).unwrap();
    let report = store.verify().unwrap();
    assert_eq!((report.problems.len(), report.unlisted), (1_000, 2));
}
