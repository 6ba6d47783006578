//! Dead letters to go through one by one.

use std::collections::VecDeque;
#[cfg(feature = "journal")]
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
#[cfg(feature = "journal")]
use std::sync::Arc;

use serde::Serialize;

use super::DeadLetter;
use crate::destination::{Identity, one_line};
use crate::event::{EventId, Timestamp};

/// Dead letters, oldest first, each event once at each destination.
///
/// What lies on disk is read one letter at a time, so a hundred thousand of them take up no more memory than an index,
/// about 100 bytes each. The list is that of one moment: what is purged meanwhile is still handed out.
#[derive(Debug, Default)]
pub struct DeadLetterList {
    found: VecDeque<Found>,
    damage: Vec<DeadLetterDamage>,
}

/// Bytes in a file of dead letters that this version can't read. They stay where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeadLetterDamage {
    /// The file.
    pub file: PathBuf,
    /// Where the unreadable line begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// Whether a newer version wrote it. Else it is damaged, and a letter in it is lost.
    pub newer: bool,
}

/// A letter that has not been read yet.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: EventId,
    pub(super) at: Timestamp,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) enum Place {
    /// In memory already.
    Here(Box<DeadLetter>),
    /// A line of this file.
    #[cfg(feature = "journal")]
    Line { file: Arc<(PathBuf, File)>, offset: u64, length: usize },
}

impl DeadLetterList {
    pub(super) fn new(found: Vec<Found>, damage: Vec<DeadLetterDamage>) -> Self {
        let mut list = Self { found: found.into(), damage };
        list.sort();
        list
    }

    /// Of letters in memory.
    pub(super) fn of(letters: Vec<DeadLetter>) -> Self {
        let found = letters.into_iter().map(|letter| {
            let DeadLetter { id, at, .. } = letter;
            Found { id, at, place: Place::Here(Box::new(letter)) }
        });
        Self::new(found.collect(), Vec::new())
    }

    /// Writes the letters as JSON lines and says how many there were; see
    /// [`export_dead_letters`](crate::Lodger::export_dead_letters).
    ///
    /// # Errors
    ///
    /// When a letter can't be read or the writer fails.
    pub fn export(self, out: &mut impl Write) -> io::Result<u64> {
        let mut written = 0;
        for letter in self {
            out.write_all(exported(&letter?)?.as_bytes())?;
            written += 1;
        }
        out.flush()?;
        Ok(written)
    }

    /// What could not be read. No letter of it is in the list.
    #[must_use]
    pub fn damage(&self) -> &[DeadLetterDamage] {
        &self.damage
    }

    /// Adds the letters of another destination.
    pub(crate) fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.damage.extend(other.damage);
        self.sort();
    }

    /// Passes over those that are not wanted, without reading them.
    pub(crate) fn retain(&mut self, mut wanted: impl FnMut(EventId, Timestamp) -> bool) {
        self.found.retain(|found| wanted(found.id, found.at));
    }

    /// The ids of the events, in the list's order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = EventId> {
        self.found.iter().map(|found| found.id)
    }

    fn sort(&mut self) {
        // Stable: those of one moment stay in the order in which they were written.
        self.found.make_contiguous().sort_by_key(|found| found.at);
    }
}

impl Iterator for DeadLetterList {
    type Item = io::Result<DeadLetter>;

    fn next(&mut self) -> Option<Self::Item> {
        let Found { place, .. } = self.found.pop_front()?;
        Some(match place {
            Place::Here(letter) => Ok(*letter),
            #[cfg(feature = "journal")]
            Place::Line { file, offset, length } => super::index::read_letter(&file, offset, length),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.found.len(), Some(self.found.len()))
    }
}

impl ExactSizeIterator for DeadLetterList {}

/// A letter as one line of JSON, its end included. The event's own members are those that were recorded, in their order.
fn exported(letter: &DeadLetter) -> io::Result<String> {
    #[derive(Serialize)]
    struct Head<'a> {
        id: EventId,
        at: Timestamp,
        destination: &'a Identity,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        reason: &'a str,
        tries: u32,
        #[serde(rename = "mayBeThere", skip_serializing_if = "Option::is_none")]
        may_be_there: Option<bool>,
    }
    let DeadLetter { id, at, destination, status, reason, tries, may_be_there, bytes } = letter;
    let (id, at, status, tries, may_be_there) = (*id, *at, *status, *tries, may_be_there.then_some(true));
    let head = Head { id, at, destination, status, reason, tries, may_be_there };
    let head = serde_json::to_string(&head)?;
    // What is no JSON, or no line, is text to whoever reads the export.
    let event = match std::str::from_utf8(bytes) {
        Ok(text) if is_line_of_json(text) => text.to_owned(),
        _ => serde_json::to_string(&String::from_utf8_lossy(bytes))?,
    };
    let members = head.strip_suffix('}').unwrap_or(&head);
    Ok(format!("{}\n", one_line(&format!("{members},\"event\":{event}}}"))))
}

fn is_line_of_json(text: &str) -> bool {
    !text.contains('\n') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
