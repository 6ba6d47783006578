//! What a destination will never take: kept with status and reason, to be inspected.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::destination::{Identity, Refusal};
use crate::event::{Event, EventId, Timestamp};

/// How many dead letters an in-memory journal keeps for each destination.
const KEPT_IN_MEMORY: usize = 1_000;

/// An event that a destination refused for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeadLetter {
    /// When it was given up.
    pub at: Timestamp,
    /// Which destination refused it.
    pub destination: Identity,
    /// The HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The destination's words, or ours.
    pub reason: String,
    /// How often it was tried.
    pub tries: u32,
    /// The event as it stands in the journal; a text where that could not be read as JSON.
    pub event: Value,
}

impl DeadLetter {
    pub(super) fn new(
        at: Timestamp,
        destination: &Identity,
        refusal: Refusal,
        tries: u32,
        payload: &[u8],
    ) -> Self {
        let event = serde_json::from_slice(payload)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(payload).into_owned()));
        let Refusal { status, reason } = refusal;
        Self { at, destination: destination.clone(), status, reason, tries, event }
    }

    /// The event.
    ///
    /// # Errors
    ///
    /// When it was written by a version whose events this one can't read.
    pub fn to_event(&self) -> Result<Event, serde_json::Error> {
        Event::deserialize(&self.event)
    }

    fn event_id(&self) -> Option<EventId> {
        self.event.get("id")?.as_str()?.parse().ok()
    }
}

/// The dead letters of one destination.
#[derive(Debug)]
pub(crate) struct DeadLetters(Kept);

#[derive(Debug)]
enum Kept {
    Memory(Mutex<VecDeque<DeadLetter>>),
    #[cfg(feature = "journal")]
    Disk(super::dead_letter_file::DeadLetterFile),
}

impl DeadLetters {
    /// Kept as long as the process lives, the newest thousand.
    pub(crate) fn in_memory() -> Self {
        Self(Kept::Memory(Mutex::default()))
    }

    /// Kept in `<journal>/dead/`.
    #[cfg(feature = "journal")]
    pub(crate) fn on_disk(
        journal: &std::path::Path,
        destination: &Identity,
        writer: crate::event::WriterId,
    ) -> Self {
        Self(Kept::Disk(super::dead_letter_file::DeadLetterFile::new(journal, destination, writer)))
    }

    /// Keeps these, and gives back those that had to make room for them.
    ///
    /// # Durability
    ///
    /// On disk they are fsynced when this returns. Only then may they count as settled.
    pub(crate) fn keep(&self, letters: Vec<DeadLetter>) -> io::Result<Vec<DeadLetter>> {
        match &self.0 {
            Kept::Memory(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(letters);
                let surplus = kept.len().saturating_sub(KEPT_IN_MEMORY);
                Ok(kept.drain(..surplus).collect())
            }
            #[cfg(feature = "journal")]
            Kept::Disk(file) => file.append(&letters).map(|()| Vec::new()),
        }
    }

    /// All of this destination, oldest first, also those of earlier processes; each event once.
    pub(crate) fn list(&self) -> io::Result<Vec<DeadLetter>> {
        let mut letters: Vec<DeadLetter> = match &self.0 {
            Kept::Memory(kept) => {
                kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
            }
            #[cfg(feature = "journal")]
            Kept::Disk(file) => file.read()?,
        };
        letters.sort_by_key(|letter| letter.at);
        // After a crash between keeping and settling the same event is refused, and kept, a second time.
        let mut seen = HashSet::new();
        letters.retain(|letter| letter.event_id().is_none_or(|id| seen.insert(id)));
        Ok(letters)
    }
}
