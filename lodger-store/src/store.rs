//! The handle.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lodger_core::event::EventId;
use rusqlite::{Connection, params};

use crate::entry::{self, Entry};
use crate::head::{self, Head};
use crate::open::{self, Place};
use crate::{StoreError, StoreOptions};

/// How many idle connections are kept for readers; more are opened and closed as needed.
const IDLE_READERS: usize = 4;

/// An append-only, tamper-evident store of events, seen from one workspace and project.
///
/// Clones share one connection that writes and a few that read. All calls block: they read and write files.
/// In async code call them on a thread that may block.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    workspace: String,
    project: String,
    place: Place,
    // Before the writer: fields are dropped in this order, and the last connection to close empties the
    // write-ahead log into the file, which a reader may not.
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Connection>,
}

impl Store {
    /// Opens the store in this directory with the default workspace (`default`) and project (`core`), and makes it
    /// if it isn't there.
    ///
    /// # Errors
    ///
    /// See [`StoreOptions::open`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open(dir)
    }

    /// Sets workspace and project before opening.
    pub fn options() -> StoreOptions {
        StoreOptions::default()
    }

    pub(crate) fn open_with(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let (place, writer) = open::open(dir, options.busy_timeout)?;
        let StoreOptions { workspace, project, .. } = options;
        let readers = Mutex::new(Vec::new());
        Ok(Self { inner: Arc::new(Inner { workspace, project, place, readers, writer: Mutex::new(writer) }) })
    }

    /// The directory: absolute, without symbolic links.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.place.dir
    }

    /// The workspace: one chain, one numbering.
    #[must_use]
    pub fn workspace(&self) -> &str {
        &self.inner.workspace
    }

    /// The project in the workspace: what queries see.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.inner.project
    }

    /// The entry with this receipt, if it is in this workspace and project.
    ///
    /// # Errors
    ///
    /// When the database can't be read or the entry is damaged.
    pub fn receipt(&self, id: &str) -> Result<Option<Entry>, StoreError> {
        self.one("receipt", id)
    }

    /// The entry of this event, if it is in this workspace and project.
    ///
    /// # Errors
    ///
    /// When the database can't be read or the entry is damaged.
    pub fn event(&self, id: EventId) -> Result<Option<Entry>, StoreError> {
        self.one("event_id", &id.to_string())
    }

    fn one(&self, column: &'static str, value: &str) -> Result<Option<Entry>, StoreError> {
        let sql = format!("{} WHERE workspace = ? AND project = ? AND {column} = ?", entry::SELECT);
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![self.workspace(), self.project(), value])?;
            rows.next()?.map(entry::read).transpose()
        })
    }

    /// The last entry of this workspace: keep it elsewhere, and [`verify_against`](Self::verify_against) finds also
    /// what was cut off at the end. `None` while the workspace is empty.
    ///
    /// # Errors
    ///
    /// When the database can't be read.
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        self.read(|connection| Ok(head::read(connection, self.workspace())?))
    }

    /// Lends a connection that reads.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.inner.place.reader()?,
        };
        let result = work(&connection);
        let mut readers = self.readers();
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
        result
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that writes. A panic of another thread does no harm: dropping its transaction rolled it back.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Connection> {
        self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("dir", &self.dir())
            .field("workspace", &self.workspace())
            .field("project", &self.project())
            .finish_non_exhaustive()
    }
}
