//! What a verification found.

use std::fmt;

use crate::Head;
#[cfg(doc)]
use crate::Store;

/// What [`Store::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many entries were checked, of all workspaces.
    pub entries: u64,
    /// The end of each workspace's chain. Kept elsewhere, it is what [`Store::verify_against`] needs.
    pub heads: Vec<Head>,
    /// What is wrong, in the order of workspace and sequence; the first 1,000.
    pub problems: Vec<Problem>,
    /// How many more problems there are.
    pub unlisted: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Something that is wrong with the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The workspace; `None` when the file as a whole is damaged.
    pub workspace: Option<String>,
    /// The entry's number, as the file has it.
    pub sequence: Option<i64>,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(workspace), Some(sequence)) = (&self.workspace, self.sequence) {
            write!(f, "{workspace} {sequence}: ")?;
        }
        self.fault.fmt(f)
    }
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// SQLite finds the file damaged.
    #[error("the file is damaged: {0}")]
    File(String),
    /// A column holds something that can't be read.
    #[error("the entry can't be read: {0}")]
    Unreadable(String),
    /// Entries are missing before this one, or it stands in the wrong place.
    #[error("the entry with sequence {expected} should come here")]
    Gap {
        /// The number that should come here.
        expected: i64,
    },
    /// The event's bytes are not an event in canonical JSON.
    #[error("the event is not an event in canonical JSON")]
    Event,
    /// A column does not say what the event says.
    #[error("the column {0} does not agree with the event")]
    Column(&'static str),
    /// The span that the entry's number is in doesn't have its time, so queries by time don't find it.
    #[error("queries by time do not find the entry: its span leaves its time out")]
    Span,
    /// The receipt's name has not the form of one.
    #[error("the receipt is not `rcpt_` and 32 hexadecimal digits")]
    Receipt,
    /// The salts don't fit the event's personal values.
    #[error("the salts do not fit the event: {0}")]
    Salts(String),
    /// The event, or what surrounds it, is not what was hashed.
    #[error("the event hash does not agree with the entry")]
    EventHash,
    /// The hash of the entry before is another.
    #[error("the previous hash does not agree with the entry before")]
    PreviousHash,
    /// The hash is not that of previous hash and event hash.
    #[error("the hash does not agree with previous hash and event hash")]
    Hash,
    /// The chain ends before the head that was kept elsewhere.
    #[error("the chain ends before this entry, which was there once")]
    Truncated,
    /// The chain has another entry where the head was that was kept elsewhere.
    #[error("this is not the entry that was here when its hash was kept")]
    Rewritten,
}
