//! What an import tells of itself.

use super::{EventReceipt, LodgerError};

/// What came of one event of an import.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Imported<'a> {
    /// Its number in the source, the first one being 0.
    pub index: u64,
    /// Its receipt, or why it has none, after all repeats.
    pub result: &'a Result<EventReceipt, LodgerError>,
    /// How far the import is.
    pub progress: ImportProgress,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportProgress {
    /// So many events were accepted.
    pub accepted: u64,
    /// So many were not.
    pub failed: u64,
    /// Of so many in the source, skipped ones included, where that is known beforehand.
    pub of: Option<u64>,
    /// Where [`Import::resume_at`](super::Import::resume_at) would go on if the import ended now: all events before it were
    /// accepted, or refused for what they are and tolerated.
    pub resume_at: u64,
}

/// An import that did not record what it should have: it stopped before its end, or some that it tolerated are missing.
#[derive(Debug, thiserror::Error)]
#[error(
    "the import stopped at event {index}, with {} accepted and {} failed; run it again from event {}",
    progress.accepted, progress.failed, progress.resume_at
)]
#[non_exhaustive]
pub struct ImportStopped {
    /// The number of the event that stopped it, or of the first that is missing, the first one of all being 0.
    pub index: u64,
    /// How far it came. [`ImportProgress::resume_at`] is where to go on.
    pub progress: ImportProgress,
    /// Why.
    #[source]
    pub error: LodgerError,
}

impl ImportStopped {
    /// The event to go on with: see [`Import::resume_at`](super::Import::resume_at).
    #[must_use]
    pub fn resume_at(&self) -> u64 {
        self.progress.resume_at
    }
}
