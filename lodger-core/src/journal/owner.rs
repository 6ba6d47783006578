//! The process that opened a journal. A child that inherited it by a fork has the memory and not the threads, and writes to
//! the same files: it must leave them alone.

use super::JournalError;

/// The process in which something was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(u32);

impl Owner {
    /// This process.
    pub(crate) fn here() -> Self {
        Self(process_id())
    }

    /// Whether this is still the same process. One system call, no lock: a lock that another thread held at the fork
    /// stays locked in the child for ever.
    pub(crate) fn is_here(self) -> bool {
        self.check().is_ok()
    }

    /// Refuses another process than the one in which it was made.
    pub(crate) fn check(self) -> Result<(), JournalError> {
        let (opened_by, used_by) = (self.0, process_id());
        if opened_by == used_by { Ok(()) } else { Err(JournalError::Forked { opened_by, used_by }) }
    }
}

#[cfg(feature = "journal")]
use super::fault::process_id;
#[cfg(not(feature = "journal"))]
use std::process::id as process_id;
