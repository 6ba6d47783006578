//! Which dead letters are meant, and what is done with them.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use super::{DeadLetter, DeadLetterList, DeadLetters};
use crate::destination::Identity;
use crate::event::{EventId, Timestamp};
use crate::pipeline::{Command, Pipeline, UnknownDestination};

/// How many letters of a destination are sent again at once …
const RETRIED_AT_ONCE: usize = 1_000;

/// … and how many bytes of them, or one letter.
const RETRIED_BYTES_AT_ONCE: usize = 8 << 20;

/// How many are removed with one write.
const REMOVED_AT_ONCE: usize = 10_000;

/// Which dead letters are meant. All conditions have to hold.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use lodger_core::client::DeadLetterQuery;
/// use lodger_core::destination::Identity;
///
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let old = DeadLetterQuery::all()
///     .destination(Identity::new("file", "/var/log/audit.jsonl"))
///     .before((SystemTime::now() - month).into());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct DeadLetterQuery {
    ids: Option<HashSet<EventId>>,
    destination: Option<Identity>,
    before: Option<Timestamp>,
}

impl DeadLetterQuery {
    /// Every dead letter.
    pub fn all() -> Self {
        Self { ids: None, destination: None, before: None }
    }

    /// Those of these events.
    pub fn ids(ids: impl IntoIterator<Item = EventId>) -> Self {
        Self { ids: Some(ids.into_iter().collect()), ..Self::all() }
    }

    /// Only what this destination refused.
    pub fn destination(self, destination: Identity) -> Self {
        Self { destination: Some(destination), ..self }
    }

    /// Only what was given up before this moment.
    pub fn before(self, moment: Timestamp) -> Self {
        Self { before: Some(moment), ..self }
    }

    fn wants(&self, id: EventId, at: Timestamp) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(&id)) && self.before.is_none_or(|before| at < before)
    }

    /// The letters of one destination that are meant.
    pub(super) fn of(&self, destination: &Identity, letters: &DeadLetters) -> io::Result<DeadLetterList> {
        if self.destination.as_ref().is_some_and(|asked| asked != destination) {
            return Ok(DeadLetterList::default());
        }
        let mut list = letters.letters()?;
        list.retain(|id, at| self.wants(id, at));
        Ok(list)
    }
}

/// Why dead letters were not sent again. They stay what they are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetryError {
    /// They can't be read.
    #[error("the dead letters can't be read")]
    Unreadable(#[from] io::Error),
    /// The client doesn't deliver there, or not any more.
    #[error(transparent)]
    Unknown(#[from] UnknownDestination),
}

/// The letters that are meant, of all these destinations, oldest first.
pub(super) fn list<'a>(
    query: &DeadLetterQuery,
    boxes: impl IntoIterator<Item = (Identity, &'a DeadLetters)>,
) -> io::Result<DeadLetterList> {
    let mut all = DeadLetterList::default();
    for (destination, letters) in boxes {
        all.merge(query.of(&destination, letters)?);
    }
    Ok(all)
}

/// Removes the letters that are meant for good, and says how many there were.
pub(super) fn purge<'a>(
    query: &DeadLetterQuery,
    boxes: impl IntoIterator<Item = (Identity, &'a DeadLetters)>,
) -> io::Result<u64> {
    let mut purged = 0;
    for (destination, letters) in boxes {
        let ids: Vec<EventId> = query.of(&destination, letters)?.ids().collect();
        let mut here = 0;
        for ids in ids.chunks(REMOVED_AT_ONCE) {
            here += letters.remove(ids)?;
        }
        if here > 0 {
            tracing::warn!(%destination, dead_letters = here, "dead letters were purged");
        }
        purged += here;
    }
    Ok(purged)
}

impl Pipeline {
    /// All boxes, but for a forked child, which could wait for ever for a lock of the parent's.
    fn boxes(&self) -> io::Result<impl Iterator<Item = (Identity, &DeadLetters)>> {
        self.owner().check().map_err(io::Error::other)?;
        Ok(self.identities().into_iter().zip(self.dead_letters.iter().map(Arc::as_ref)))
    }

    /// The letters that are meant.
    pub(crate) fn list_dead_letters(&self, query: &DeadLetterQuery) -> io::Result<DeadLetterList> {
        list(query, self.boxes()?)
    }

    /// Removes the letters that are meant, and counts them.
    pub(crate) fn purge_dead_letters(&self, query: &DeadLetterQuery) -> io::Result<u64> {
        let purged = purge(query, self.boxes()?)?;
        self.counters().purged_dead_letters.add(purged);
        Ok(purged)
    }

    /// Orders the letters that are meant to be sent again, the oldest of each destination, and says how many.
    pub(crate) fn retry_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, RetryError> {
        let mut ordered = 0;
        for (destination, letters) in self.boxes()? {
            let mut bytes = 0;
            let mut again: Vec<DeadLetter> = Vec::new();
            for letter in query.of(&destination, letters)?.take(RETRIED_AT_ONCE) {
                let letter = letter?;
                bytes += letter.bytes.len();
                if bytes > RETRIED_BYTES_AT_ONCE && !again.is_empty() {
                    break;
                }
                again.push(letter);
            }
            if !again.is_empty() {
                let number = again.len() as u64;
                self.order(&destination, Command::Retry(again))?;
                ordered += number;
            }
        }
        Ok(ordered)
    }
}
