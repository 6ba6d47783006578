//! What was found when the journal was opened.

use std::path::PathBuf;

use crate::event::WriterId;

/// What was found when the journal was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecoveryReport {
    /// Directories of dead processes from which this process now delivers.
    pub adopted: Vec<Adopted>,
    /// Directories that nobody delivers from now, each with the reason.
    pub left_alone: Vec<LeftAlone>,
    /// What was unreadable. The files are kept for inspection.
    pub damage: Vec<Damage>,
}

impl RecoveryReport {
    /// Whether nothing was damaged and nothing stays behind.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.left_alone.is_empty() && self.damage.is_empty()
    }
}

/// A directory of a dead process from which this process now delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adopted {
    /// The dead process's writer.
    pub writer: WriterId,
    /// How many intact records it holds, settled or not.
    pub records: u64,
    /// How many deliveries are still to do, summed over the destinations of this process.
    pub pending: u64,
}

/// A directory that nobody delivers from now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftAlone {
    /// The directory.
    pub dir: PathBuf,
    /// Why, and what to do.
    pub why: String,
}

/// Something unreadable in an adopted directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The end of a segment was cut off, as a crash during a commit leaves it. What stood there had never been
    /// acknowledged, unless the disk lost it later.
    TornTail {
        /// The segment.
        segment: PathBuf,
        /// Where the unreadable part begins, in bytes.
        offset: u64,
        /// How long it is, in bytes.
        bytes: u64,
    },
    /// A part in the middle of a segment was unreadable and skipped.
    Skipped {
        /// The segment.
        segment: PathBuf,
        /// Where the unreadable part begins, in bytes.
        offset: u64,
        /// How long it is, in bytes.
        bytes: u64,
    },
    /// These sequences were committed once, are nowhere in the segments, and not every destination has settled them.
    /// Whom they were for is unknown.
    Missing {
        /// Whose records they were.
        writer: WriterId,
        /// The first missing sequence.
        first: u64,
        /// The last missing sequence.
        last: u64,
    },
    /// A settle file was unreadable in part; some records may be delivered again.
    SettleFile {
        /// The file.
        file: PathBuf,
    },
}
