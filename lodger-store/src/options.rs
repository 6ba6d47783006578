//! How a store is opened.

use std::path::Path;
use std::time::Duration;

use crate::{Store, StoreError};

/// How a store is opened: [`Store::options`].
#[derive(Debug, Clone)]
#[must_use = "call `open` to get the store"]
pub struct StoreOptions {
    pub(crate) workspace: String,
    pub(crate) project: String,
    pub(crate) busy_timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { workspace: "default".into(), project: "core".into(), busy_timeout: Duration::from_secs(5) }
    }
}

impl StoreOptions {
    /// The workspace, 1 to 128 characters: one chain, one numbering. Default: `default`.
    pub fn workspace(mut self, workspace: impl ToString) -> Self {
        self.workspace = workspace.to_string();
        self
    }

    /// The project in the workspace, 1 to 128 characters: what queries see. Default: `core`.
    pub fn project(mut self, project: impl ToString) -> Self {
        self.project = project.to_string();
        self
    }

    /// How long to wait for another process that is writing before the call fails with a retryable error.
    /// Default: 5 seconds.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Opens the store in this directory, and makes both if they aren't there: the directory with mode 0700, its
    /// files with 0600, whatever the umask.
    ///
    /// # Errors
    ///
    /// When a name is not acceptable; when the directory or a file is a symbolic link, is writable for others, or
    /// can't be written; when the file is of a later format or of another application; when the SQLite library is
    /// older than 3.51.3.
    pub fn open(self, dir: impl AsRef<Path>) -> Result<Store, StoreError> {
        check_name("workspace", &self.workspace)?;
        check_name("project", &self.project)?;
        Store::open_with(dir.as_ref(), self)
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), StoreError> {
    // 128 is the limit of all identifiers in an event.
    if name.is_empty() || name.chars().count() > 128 || name.chars().any(char::is_control) {
        let name = name.chars().take(128).collect();
        return Err(StoreError::InvalidName { what, name });
    }
    Ok(())
}
