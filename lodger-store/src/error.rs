//! What can go wrong with the store as a whole.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// The store can't be opened, read or written.
///
/// What is wrong with a single event of a batch is a [`Rejected`](crate::Rejected).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory can't be made, or can't be used.
    #[error("the store's directory {} can't be used: make it writable for this user, or name another", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A symbolic link stands where the store's directory or one of its files should be.
    #[error("{} is a symbolic link, which a store refuses: name the directory itself", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// Something else stands where the store's directory or one of its files should be.
    #[error("{} is not {expected}: name another directory", path.display())]
    WrongKind {
        /// What stands there.
        path: PathBuf,
        /// `a directory` or `a regular file`.
        expected: &'static str,
    },
    /// Other users may write to the directory, so they could swap the store's files.
    #[error(
        "other users may write to {} (mode {mode:o}): run `chmod 700` on it, or name a directory of its own inside it",
        path.display()
    )]
    Exposed {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The SQLite library is too old: before 3.51.3 a reset of the write-ahead log can lose committed writes.
    #[error("SQLite {found} can lose committed writes: build with 3.51.3 or later")]
    OldSqlite {
        /// The version that was found.
        found: &'static str,
    },
    /// The file was written by a later version of this crate.
    #[error(
        "the store has format {found}, this version of lodger-store reads up to {known}: update lodger-store"
    )]
    NewerFormat {
        /// The format of the file.
        found: i64,
        /// The latest format that this version reads.
        known: i64,
    },
    /// The file is an SQLite database of something else.
    #[error("{} belongs to another application: name another directory", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },
    /// The file system lacks what SQLite's write-ahead log needs.
    #[error("the write-ahead log can't be used in {}: name a directory on a local disk", path.display())]
    NoWriteAheadLog {
        /// The directory.
        path: PathBuf,
    },
    /// A workspace or project name is not acceptable.
    #[error("the {what} {name:?} is not accepted: 1 to 128 characters, no control characters")]
    InvalidName {
        /// `workspace` or `project`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The query can't be answered as it is.
    #[error("the query can't be answered: {reason}")]
    InvalidQuery {
        /// Why, and what is accepted.
        reason: String,
    },
    /// An entry can't be read. [`Store::verify`](crate::Store::verify) says what is wrong with it.
    #[error("the entry with sequence {sequence} is damaged ({reason}): run verify")]
    Damaged {
        /// The entry's number.
        sequence: i64,
        /// What can't be read.
        reason: String,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[source] io::Error),
    /// The database answered with an error.
    #[error("the store's database failed")]
    Database(#[source] DatabaseError),
}

/// What the database said.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DatabaseError(rusqlite::Error);

impl StoreError {
    /// Whether the same call may succeed later without anybody changing anything but the outside world: another
    /// process holds the lock, the disk is full or failed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Random(_) => true,
            Self::Database(DatabaseError(error)) => matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::DiskFull
                        | ErrorCode::OutOfMemory
                        | ErrorCode::CannotOpen
                        | ErrorCode::FileLockingProtocolFailed
                        | ErrorCode::SchemaChanged
                        | ErrorCode::OperationInterrupted
                )
            ),
            _ => false,
        }
    }

    /// The text with the text of its causes, for places that show one line.
    pub(crate) fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(DatabaseError(error))
    }
}
