//! What can go wrong, and what to do about it.

use std::io;
#[cfg(feature = "journal")]
use std::path::Path;
use std::path::PathBuf;

use crate::event::WriterId;

/// Why the journal could not do what it was asked. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The journal has reached its own limit, or all destinations that the record is for have reached their shares
    /// of it.
    #[error(
        "the journal is full ({used} of {max} bytes): a destination is not taking its events; repair it, or raise \
         the journal's limit with max_journal_bytes"
    )]
    Full {
        /// Bytes in use: by all, or by the backlogs of those destinations.
        used: u64,
        /// The limit in bytes: of all, or of their shares.
        max: u64,
    },

    /// The file system has too little room for another segment.
    #[error(
        "the file system of the journal in {} is full, or down to its reserve (min_free_bytes): free some space \
         there, or set LODGER_JOURNAL_DIR to a directory on a larger volume",
        dir.display()
    )]
    DiskFull {
        /// Where room was needed.
        dir: PathBuf,
        /// What the system said, where it was asked to write.
        #[source]
        source: Option<io::Error>,
    },

    /// A record that can never fit.
    #[error(
        "a record of {bytes} bytes can't fit into a journal with {max} bytes for each destination: raise \
         max_journal_bytes"
    )]
    TooLarge {
        /// The record's size in bytes.
        bytes: u64,
        /// What a destination may take in bytes: the journal's limit divided by their number.
        max: u64,
    },

    /// A record can be for so many destinations only.
    #[error(
        "a journal can have at most {} destinations, not {given}: give some of them a client of their own",
        super::MAX_DESTINATIONS
    )]
    TooManyDestinations {
        /// How many were given.
        given: usize,
    },

    /// The directory can't be made or written.
    #[error(
        "can't write the journal in {}: mount a writable volume there, or set LODGER_JOURNAL_DIR to a directory \
         that this process may write",
        dir.display()
    )]
    Unwritable {
        /// The journal's directory.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },

    /// The directory is not one that events may be written to.
    #[error("won't write the journal in {}: {why}", dir.display())]
    Unsafe {
        /// The directory.
        dir: PathBuf,
        /// Why, and what to do.
        why: String,
    },

    /// The journal belongs to the process that opened it.
    #[error(
        "the journal was opened by process {opened_by} and is used by process {used_by}: open it after the fork"
    )]
    Forked {
        /// The process that opened it.
        opened_by: u32,
        /// The process that called.
        used_by: u32,
    },

    /// An earlier commit failed; what it should have written is still staged.
    #[error("an earlier commit of the journal failed and has to succeed first: call commit again")]
    CommitPending,

    /// Records that were committed can't be read any more. They count as settled.
    #[error(
        "{records} records from {first} to {last} in {} are unreadable; the file is kept for inspection",
        segment.display()
    )]
    Damaged {
        /// The segment.
        segment: PathBuf,
        /// Whose records they were.
        writer: WriterId,
        /// The first sequence that is lost.
        first: u64,
        /// The last sequence that is lost.
        last: u64,
        /// How many are lost: those in between may be for other destinations.
        records: u64,
    },

    /// A file operation failed.
    #[error("can't {doing} {}", path.display())]
    Io {
        /// What was tried: `write`, `sync`, `read`, …
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },

    /// A directory was given, but this build has no journal on disk.
    #[error(
        "a journal on disk needs the feature `journal` of lodger-core: turn it on, or use in_memory_journal()"
    )]
    FeatureMissing,
}

#[cfg(feature = "journal")]
impl JournalError {
    /// A failed file operation.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        if is_full(&source) {
            return Self::DiskFull { dir: path.to_owned(), source: Some(source) };
        }
        Self::Io { doing, path: path.to_owned(), source }
    }

    /// A directory that could not be made or written.
    pub(super) fn unwritable(dir: &Path, source: io::Error) -> Self {
        if is_full(&source) {
            return Self::DiskFull { dir: dir.to_owned(), source: Some(source) };
        }
        Self::Unwritable { dir: dir.to_owned(), source }
    }
}

impl JournalError {
    /// A short name of the kind of error, for counters and logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Full { .. } => "journal_full",
            Self::DiskFull { .. } => "disk_full",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyDestinations { .. } => "too_many_destinations",
            Self::Unwritable { .. } => "unwritable",
            Self::Unsafe { .. } => "unsafe_directory",
            Self::Forked { .. } => "forked",
            Self::CommitPending => "commit_pending",
            Self::Damaged { .. } => "damaged",
            Self::Io { .. } => "io",
            Self::FeatureMissing => "feature_missing",
        }
    }

    /// Whether the same call can succeed later without a change of the program.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Full { .. }
            | Self::DiskFull { .. }
            | Self::CommitPending
            | Self::Io { .. }
            | Self::Damaged { .. } => true,
            Self::TooLarge { .. }
            | Self::TooManyDestinations { .. }
            | Self::Unwritable { .. }
            | Self::Unsafe { .. }
            | Self::Forked { .. }
            | Self::FeatureMissing => false,
        }
    }
}

#[cfg(feature = "journal")]
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
