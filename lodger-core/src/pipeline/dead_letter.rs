//! What a destination will never take: kept with status and reason, to be inspected, sent again or purged.
//!
//! [`DeadLetters`] is one destination's box, in memory or on disk. On disk ([`files`]) every process appends to a
//! file of its own and reads them all; what is removed is noted beside it ([`line`](mod@line)), so that no process ever writes
//! into a file that another one has open; [`index`] knows what lies where, and [`compaction`] frees the room.

#[cfg(feature = "journal")]
mod compaction;
#[cfg(feature = "journal")]
mod directory;
#[cfg(feature = "journal")]
mod files;
#[cfg(any(test, fuzzing))]
#[cfg(feature = "journal")]
pub(crate) mod fuzzing;
#[cfg(feature = "journal")]
mod index;
#[cfg(feature = "journal")]
mod left_behind;
#[cfg(feature = "journal")]
mod line;
mod list;
mod query;
#[cfg(test)]
#[cfg(feature = "journal")]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use crate::destination::{Identity, Refusal, what, word};
use crate::event::{Event, EventId, Timestamp};

#[cfg(feature = "journal")]
pub use directory::DeadLetterDirectory;
#[cfg(feature = "journal")]
use files::DeadLetterFiles;
#[cfg(feature = "journal")]
pub use left_behind::{DetachError, Detached, detach_left_behind};
pub use list::{DeadLetterDamage, DeadLetterList};
pub use query::{DeadLetterQuery, RetryError};

/// How many dead letters an in-memory journal keeps for each destination.
const KEPT_IN_MEMORY: usize = 1_000;

/// An event that a destination refused for good.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The event's id; where the event has none that this version can read, one of the letter's own.
    pub id: EventId,
    /// When it was given up.
    pub at: Timestamp,
    /// Which destination refused it.
    pub destination: Identity,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// The destination's words, or ours.
    pub reason: String,
    /// How often it was tried.
    pub tries: u32,
    /// Whether the destination may have the event nevertheless, because nobody saw how a try ended, and would not recognise it
    /// as a repeat. That is how it was when it became a dead letter. Sent again, every letter is looked up first at a destination
    /// that stores repeats and can be asked: it may have been taken by then, and the process ended before the letter was removed.
    pub may_be_there: bool,
    /// The event, byte for byte as it stands in the journal: canonical JSON (RFC 8785). These bytes are what is sent
    /// again.
    pub bytes: Arc<[u8]>,
}

impl DeadLetter {
    pub(crate) fn new(
        at: Timestamp,
        destination: &Identity,
        refusal: Refusal,
        tries: u32,
        bytes: &Arc<[u8]>,
    ) -> Self {
        /// All that is needed of the event.
        #[derive(Deserialize)]
        struct Named {
            id: EventId,
        }
        let id = serde_json::from_slice(bytes).map_or_else(|_| EventId::mint(), |Named { id }| id);
        let Refusal { status, reason } = refusal;
        let (destination, bytes) = (destination.clone(), Arc::clone(bytes));
        Self { id, at, destination, status, reason, tries, may_be_there: false, bytes }
    }

    /// Says whether the destination may have it nevertheless.
    pub(crate) fn in_doubt(self, may_be_there: bool) -> Self {
        Self { may_be_there, ..self }
    }

    /// The event.
    ///
    /// # Errors
    ///
    /// When it was written by a version whose events this one can't read.
    pub fn to_event(&self) -> Result<Event, serde_json::Error> {
        Event::from_json(&self.bytes)
    }

    /// The event as a JSON value, also one that this version doesn't understand; a text where it is no JSON. Good to
    /// look at, but not to be sent: writing the value gives other bytes, because numbers and the order of members are
    /// not those of canonical JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&self.bytes).into_owned()))
    }
}

/// One line for people, whatever the event holds: id, time, destination, status, reason, action, target.
///
/// ```text
/// 0199b1c0-…  2026-05-15T12:00:00.000000Z  lodger:https://api.example.com  422  "no such project"  invoice.update  invoice 7
/// ```
impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}  ", self.id, self.at, word(&self.destination.to_string()))?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str("-")?,
        }
        write!(f, "  {}", word(&self.reason))?;
        match self.to_event() {
            Ok(event) => write!(f, "  {}  {}", word(&event.action), what(&event.target)),
            Err(_) => f.write_str("  (an event that this version can't read)"),
        }
    }
}

/// The dead letters of one destination.
#[derive(Debug)]
pub(crate) struct DeadLetters(Kept);

#[derive(Debug)]
enum Kept {
    Memory(Mutex<VecDeque<DeadLetter>>),
    #[cfg(feature = "journal")]
    Disk(Box<DeadLetterFiles>),
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
        Self(Kept::Disk(Box::new(DeadLetterFiles::new(journal, destination, writer))))
    }

    /// Keeps these, and gives back those that had to make room for them. A letter of the same event that is there
    /// already is replaced by the new one.
    ///
    /// # Durability
    ///
    /// On disk they are fsynced when this returns. Only then may they count as settled.
    pub(crate) fn keep(&self, letters: Vec<DeadLetter>) -> io::Result<Vec<DeadLetter>> {
        match &self.0 {
            Kept::Memory(kept) => {
                let new: HashSet<EventId> = letters.iter().map(|letter| letter.id).collect();
                let mut kept = lock(kept);
                kept.retain(|letter| !new.contains(&letter.id));
                kept.extend(letters);
                let surplus = kept.len().saturating_sub(KEPT_IN_MEMORY);
                Ok(kept.drain(..surplus).collect())
            }
            #[cfg(feature = "journal")]
            Kept::Disk(files) => files.append(&letters).map(|()| Vec::new()),
        }
    }

    /// All of this destination.
    #[cfg(test)]
    pub(crate) fn list(&self) -> io::Result<Vec<DeadLetter>> {
        self.letters()?.collect()
    }

    /// All of this destination, oldest first, also those of earlier processes; each event once, as it was refused
    /// last. To go through one by one: an index is in memory, and the letters come from the disk.
    pub(crate) fn letters(&self) -> io::Result<DeadLetterList> {
        match &self.0 {
            Kept::Memory(kept) => Ok(DeadLetterList::of(lock(kept).iter().cloned().collect())),
            #[cfg(feature = "journal")]
            Kept::Disk(files) => files.list(),
        }
    }

    /// Those of these events that are dead letters now. What was purged meanwhile, be it by another process, must not
    /// be sent any more.
    pub(crate) fn still_kept(&self, ids: &[EventId]) -> io::Result<HashSet<EventId>> {
        let wanted: HashSet<EventId> = ids.iter().copied().collect();
        match &self.0 {
            Kept::Memory(kept) => {
                let ids = lock(kept).iter().map(|letter| letter.id).collect();
                Ok(wanted.intersection(&ids).copied().collect())
            }
            #[cfg(feature = "journal")]
            Kept::Disk(files) => files.still_kept(&wanted),
        }
    }

    /// Removes the letters of these events and says how many there were. Events without a letter are passed over.
    ///
    /// # Durability
    ///
    /// On disk it is fsynced that they are removed when this returns `Ok`. After an error some may be removed; a
    /// letter that was not named never is.
    pub(crate) fn remove(&self, ids: &[EventId]) -> io::Result<u64> {
        let gone: HashSet<EventId> = ids.iter().copied().collect();
        match &self.0 {
            Kept::Memory(kept) => {
                let mut kept = lock(kept);
                let before = kept.len();
                kept.retain(|letter| !gone.contains(&letter.id));
                Ok((before - kept.len()) as u64)
            }
            #[cfg(feature = "journal")]
            Kept::Disk(files) => files.remove(&gone),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
