//! The directory, the file, and connections to it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::{StoreError, schema};

/// The database's name in the directory. SQLite adds `-wal` and `-shm` for its own files beside it.
const FILE: &str = "events.db";

/// The first SQLite release in which a reset of the write-ahead log can't lose committed writes.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Where a store lies, and how its connections wait.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The directory, absolute, without symbolic links.
    pub(crate) dir: PathBuf,
    file: PathBuf,
    busy_timeout: Duration,
}

/// Makes or checks directory and file, brings the file to the current format, and returns the connection that writes.
pub(crate) fn open(dir: &Path, busy_timeout: Duration) -> Result<(Place, Connection), StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::OldSqlite { found: rusqlite::version() });
    }
    let dir = directory(dir)?;
    let unusable = |source| StoreError::Directory { path: dir.clone(), source };

    // One opening at a time, in this process and others: SQLite does not wait for the lock when it switches to the
    // write-ahead log; and closing a file that another connection of this process has open would drop that
    // connection's POSIX locks, so nobody may open what we are still creating. Released when `turn` is dropped.
    let turn = File::open(&dir).map_err(unusable)?;
    turn.lock().map_err(unusable)?;

    let place = Place { file: dir.join(FILE), dir: dir.clone(), busy_timeout };
    for path in ["", "-wal", "-shm", "-journal"].map(|suffix| dir.join(format!("{FILE}{suffix}"))) {
        refuse_unless_regular(&path)?;
    }
    create(&place.file, &turn).map_err(unusable)?;
    let mut connection = place.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::migrate(&mut connection, &place.file)?;
    make_durable(&connection, &dir)?;
    Ok((place, connection))
}

impl Place {
    /// A connection that can only read.
    pub(crate) fn reader(&self) -> Result<Connection, StoreError> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn connect(&self, access: OpenFlags) -> Result<Connection, StoreError> {
        // NO_MUTEX: a connection is never used by two threads at once, that is what `Connection: !Sync` says.
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        // A file that somebody tampered with must not make us run what is in it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        // Else SQLite prepares a statement anew whenever it is given other values, in case statistics of them (of
        // which there are none here) spoke for another plan: most of what a search in an index would cost.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(connection)
    }
}

/// An acknowledged commit survives a power loss: write-ahead log, and a sync of it at every commit.
fn make_durable(connection: &Connection, dir: &Path) -> Result<(), StoreError> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::NoWriteAheadLog { path: dir.to_owned() });
    }
    // NORMAL would sync at checkpoints only.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // On macOS only this reaches the platter; elsewhere they do nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(())
}

/// The directory, made with mode 0700 or checked; absolute and without symbolic links in it.
fn directory(dir: &Path) -> Result<PathBuf, StoreError> {
    // Without the slash at the end, behind which the system would follow a link.
    let dir: &Path = &dir.components().collect::<PathBuf>();
    let unusable = |source| StoreError::Directory { path: dir.to_owned(), source };
    match fs::symlink_metadata(dir) {
        Ok(found) if found.is_symlink() => return Err(StoreError::Symlink { path: dir.to_owned() }),
        Ok(found) if !found.is_dir() => {
            return Err(StoreError::WrongKind { path: dir.to_owned(), expected: "a directory" });
        }
        Ok(found) => refuse_exposed(dir, &found)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_directory(dir).map_err(unusable)?,
        Err(error) => return Err(unusable(error)),
    }
    fs::canonicalize(dir).map_err(unusable)
}

/// Makes the directory and what is missing above it.
fn make_directory(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // The new name must survive a power loss as the entries in it do.
    let absolute = fs::canonicalize(dir)?;
    match absolute.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn refuse_exposed(dir: &Path, found: &fs::Metadata) -> Result<(), StoreError> {
    let mode = found.permissions().mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(StoreError::Exposed { path: dir.to_owned(), mode });
    }
    Ok(())
}

/// Only looks: opening and closing the file would drop the locks that this process may hold on it.
fn refuse_unless_regular(path: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(StoreError::Symlink { path: path.to_owned() }),
        Ok(found) if !found.is_file() => {
            Err(StoreError::WrongKind { path: path.to_owned(), expected: "a regular file" })
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::Directory { path: path.to_owned(), source }),
    }
}

/// Makes the empty file with mode 0600 if there is none; SQLite gives its other files the same mode.
fn create(file: &Path, dir: &File) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(file) => {
            file.sync_all()?;
            dir.sync_all()
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
