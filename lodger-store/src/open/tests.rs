use std::os::unix::fs::symlink;
use std::process::Command;

use lodger_core::event::Timestamp;
use tempfile::tempdir;

use super::*;
use crate::testing::{append, event};
use crate::{Query, Store};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn directory_and_files_are_private_whatever_the_umask() {
    const CHILD: &str = "LODGER_STORE_TEST_DIRECTORY";
    if let Some(dir) = std::env::var_os(CHILD) {
        let dir = PathBuf::from(dir);
        let store = Store::open(dir.join("above/audit")).unwrap();
        append(&store, &event("invoice.update"));
        assert_eq!(mode(&dir.join("above")), 0o700);
        assert_eq!(mode(store.dir()), 0o700);
        for name in ["events.db", "events.db-wal", "events.db-shm"] {
            assert_eq!(mode(&store.dir().join(name)), 0o600, "{name}");
        }
        return;
    }
    // The umask belongs to the process, so the test runs once more in one of its own.
    for umask in ["000", "077"] {
        let dir = tempdir().unwrap();
        let output = Command::new("sh")
            .args(["-c", "umask $0 && exec \"$@\"", umask])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "open::tests::directory_and_files_are_private_whatever_the_umask"])
            .env(CHILD, dir.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}

#[test]
fn symbolic_links_are_refused() {
    let dir = tempdir().unwrap();
    fs::create_dir(dir.path().join("real")).unwrap();
    fs::set_permissions(dir.path().join("real"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink("real", dir.path().join("link")).unwrap();
    for name in ["link", "link/", "link/."] {
        assert!(matches!(Store::open(dir.path().join(name)), Err(StoreError::Symlink { .. })), "{name}");
    }
    for name in ["events.db", "events.db-wal", "events.db-shm", "events.db-journal"] {
        let link = dir.path().join("real").join(name);
        symlink("/dev/null", &link).unwrap();
        let error = Store::open(dir.path().join("real")).unwrap_err();
        assert!(matches!(&error, StoreError::Symlink { path } if path.ends_with(name)), "{error}");
        fs::remove_file(link).unwrap();
    }
    assert!(Store::open(dir.path().join("real")).is_ok());
}

#[test]
fn a_directory_that_others_may_write_to_is_refused_with_the_fix() {
    let dir = tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("(mode 777): run `chmod 700` on it"), "{error}");
    assert!(Store::open(dir.path().join("own")).is_ok());
}

#[test]
fn what_is_not_a_directory_or_not_ours_is_refused() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(Store::open(&file), Err(StoreError::WrongKind { expected: "a directory", .. })));

    let other = dir.path().join("other");
    DirBuilder::new().mode(0o700).create(&other).unwrap();
    let connection = Connection::open(other.join(FILE)).unwrap();
    connection.execute_batch("CREATE TABLE users (id)").unwrap();
    drop(connection);
    assert!(matches!(Store::open(&other), Err(StoreError::ForeignFile { .. })));
    fs::write(other.join(FILE), "not a database, but long enough to have a header of one".repeat(4)).unwrap();
    let error = Store::open(&other).unwrap_err();
    assert!(!error.is_retryable() && error.in_full().contains("not a database"), "{}", error.in_full());
}

#[test]
fn a_later_format_is_refused_by_number() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("audit");
    drop(Store::open(&path).unwrap());
    let connection = Connection::open(path.join(FILE)).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    let error = Store::open(&path).unwrap_err().to_string();
    assert_eq!(
        error,
        "the store has format 7, this version of lodger-store reads up to 2: update lodger-store"
    );
}

#[test]
fn the_bundled_sqlite_does_not_lose_committed_writes() {
    assert!(rusqlite::version_number() >= OLDEST_SQLITE, "{}", rusqlite::version());
}

#[test]
fn every_commit_is_synced() {
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path().join("audit")).unwrap();
    let writer = store.writer();
    let number = |name: &str| writer.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    let mode: String = writer.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    // https://sqlite.org/pragma.html#pragma_synchronous: 2 is FULL.
    assert_eq!((mode.as_str(), number("synchronous"), number("fullfsync")), ("wal", 2, 1));
}

#[test]
fn many_may_open_a_fresh_directory_at_once() {
    for _ in 0..10 {
        let dir = tempdir().unwrap();
        let path = dir.path().join("audit");
        let together = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    append(&Store::open(&path).unwrap(), &event("invoice.update"));
                });
            }
        });
        let store = Store::open(&path).unwrap();
        assert_eq!(store.query(&Query::new()).unwrap().entries.len(), 8);
        assert!(store.verify().unwrap().is_intact());
    }
}

#[test]
fn a_store_outlives_its_handles() {
    let dir = tempdir().unwrap();
    let event = event("invoice.update");
    let receipt = append(&Store::open(dir.path().join("audit")).unwrap(), &event);
    let store = Store::open(dir.path().join("audit")).unwrap();
    assert_eq!(store.event(event.id).unwrap().unwrap().receipt, receipt);
}

#[test]
fn names_that_are_not_accepted_are_named() {
    let dir = tempdir().unwrap();
    let long = "x".repeat(129);
    for bad in ["", "a\nb", &long] {
        let error = Store::options().project(bad).open(dir.path().join("audit")).unwrap_err();
        assert!(error.to_string().starts_with("the project "), "{error}");
    }
    assert!(!dir.path().join("audit").exists());
}

#[test]
fn a_reader_can_not_write() {
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path().join("audit")).unwrap();
    let error = store.read(|connection| Ok(connection.execute("DELETE FROM entries", [])?)).unwrap_err();
    assert!(error.in_full().contains("readonly"), "{}", error.in_full());
}

#[test]
fn entries_can_not_be_changed_by_accident() {
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path().join("audit")).unwrap();
    append(&store, &event("invoice.update"));
    for sql in ["DELETE FROM entries", "UPDATE entries SET action = 'x'"] {
        let error = store.writer().execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

#[test]
fn a_file_of_format_1_is_brought_to_the_current_one_with_what_is_in_it() {
    let (dir, (times, batch)) = (tempdir().unwrap(), fixture());
    let (new, old) = (dir.path().join("new"), dir.path().join("old"));
    let store = Store::open(&new).unwrap();
    assert!(store.append(&batch).unwrap().iter().all(Result::is_ok));

    DirBuilder::new().mode(0o700).create(&old).unwrap();
    let connection = Connection::open(old.join(FILE)).unwrap();
    connection.execute_batch(schema::FIRST).unwrap();
    connection.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection.execute("ATTACH ? AS new", [new.join(FILE).to_str()]).unwrap();
    connection.execute("INSERT INTO main.entries SELECT * FROM new.entries", []).unwrap();
    drop(connection);

    let old = Store::open(&old).unwrap();
    let query = Query::new().from(times).limit(500);
    assert_eq!(old.query(&query).unwrap(), store.query(&query).unwrap());
    assert_eq!(old.query(&query).unwrap().entries.len(), 2);
    let report = old.verify().unwrap();
    assert!(report.is_intact(), "{:?}", report.problems);
    assert_eq!(report.heads, store.verify().unwrap().heads);
    let schema = |store: &Store| {
        let sql = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
        store.read(|connection| Ok(connection.query_row(sql, [], |row| row.get::<_, String>(0))?)).unwrap()
    };
    assert_eq!(schema(&old), schema(&store));
    append(&old, &event("invoice.update"));
    assert!(old.verify().unwrap().is_intact());
}

#[test]
fn a_program_of_format_1_that_still_runs_can_not_append() {
    // As the versions of format 1 append.
    const INSERT: &str = "INSERT INTO entries (workspace, project, sequence, receipt, accepted_at, event_id, event,
        salts, event_hash, previous_hash, hash, action, actor_id, target_kind, target_id, tenant, outcome, occurred_at,
        request_id) VALUES ('w', 'p', ?, ?, 0, ?, '{}', '{}', x'', x'', x'', '', '', '', '', NULL, '', 0, NULL)";
    let dir = tempdir().unwrap();
    let path = dir.path().join("audit");
    DirBuilder::new().mode(0o700).create(&path).unwrap();
    let old = Connection::open(path.join(FILE)).unwrap();
    old.execute_batch(schema::FIRST).unwrap();
    old.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    // Prepared once and kept, as they do.
    let mut insert = old.prepare(INSERT).unwrap();
    insert.execute((1, "r1", "e1")).unwrap();
    let store = Store::open(&path).unwrap();
    let error = insert.execute((2, "r2", "e2")).unwrap_err();
    assert!(error.to_string().contains("no column named salts"), "{error}");
    let rows = "SELECT count(*) FROM entries";
    let rows = store.read(|connection| Ok(connection.query_row(rows, [], |row| row.get::<_, i64>(0))?));
    assert_eq!(rows.unwrap(), 1);
}

/// Three events, and the time at which the last two happened.
fn fixture() -> (Timestamp, Vec<Vec<u8>>) {
    let times = ["2026-05-01T00:00:00Z", "2026-05-03T00:00:00Z", "2026-05-02T00:00:00Z"];
    let times = times.map(|time| time.parse::<Timestamp>().unwrap());
    let bytes = times.map(|time| {
        let mut event = event("invoice.update");
        event.occurred_at = time;
        event.to_canonical_json().unwrap()
    });
    (times[2], bytes.into())
}
