//! The dead letters in a journal's directory, for whoever has no client.

use std::fs;
use std::io;
use std::path::Path;

use super::query::{self, DeadLetterQuery};
use super::{DeadLetterFiles, DeadLetterList, DeadLetters, Kept};
use crate::destination::Identity;
use crate::event::WriterId;

/// The dead letters of all destinations that a journal's directory has any of, also of those that nobody delivers to
/// any more. It needs neither a client nor the destinations, and disturbs no process that uses the journal.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use lodger_core::client::{DeadLetterDirectory, DeadLetterQuery};
///
/// # let directory = tempfile::tempdir()?;
/// # let journal = directory.path();
/// let letters = DeadLetterDirectory::open(journal)?;
/// for letter in letters.list(&DeadLetterQuery::all())? {
///     let letter = letter?;
///     println!("{} {} {}", letter.id, letter.destination, letter.reason);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DeadLetterDirectory {
    boxes: Vec<(Identity, DeadLetters)>,
}

impl DeadLetterDirectory {
    /// Finds the dead letters in the directory of a journal. Nothing is made: a journal without dead letters, or a
    /// directory that is no journal, has none.
    ///
    /// # Errors
    ///
    /// When the directory is missing, can't be read, or belongs to another user; or when it can't be told whose letters
    /// a part of it holds.
    pub fn open(journal: impl AsRef<Path>) -> io::Result<Self> {
        let journal = journal.as_ref();
        fs::metadata(journal)?;
        let dead = journal.join("dead");
        let mut boxes = Vec::new();
        let entries = match fs::read_dir(&dead) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self { boxes }),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                let files = DeadLetterFiles::found(entry.path(), WriterId::mint())?;
                boxes.extend(
                    files.map(|(identity, files)| (identity, DeadLetters(Kept::Disk(Box::new(files))))),
                );
            }
        }
        boxes.sort_by_cached_key(|(identity, _)| identity.to_string());
        Ok(Self { boxes })
    }

    /// The destinations that something was kept for, in alphabetical order.
    pub fn destinations(&self) -> impl Iterator<Item = &Identity> {
        self.boxes.iter().map(|(identity, _)| identity)
    }

    /// The letters that are meant, oldest first.
    ///
    /// # Errors
    ///
    /// When the files can't be read.
    pub fn list(&self, query: &DeadLetterQuery) -> io::Result<DeadLetterList> {
        query::list(query, self.boxes())
    }

    /// Removes the letters that are meant for good, and says how many there were.
    ///
    /// # Errors
    ///
    /// When they can't be read, or it can't be written that they are removed. Some may be removed then.
    ///
    /// # Durability
    ///
    /// After `Ok` they stay removed, also after a power loss, and for every process that uses the journal.
    pub fn purge(&self, query: &DeadLetterQuery) -> io::Result<u64> {
        query::purge(query, self.boxes())
    }

    fn boxes(&self) -> impl Iterator<Item = (Identity, &DeadLetters)> {
        self.boxes.iter().map(|(identity, letters)| (identity.clone(), letters))
    }
}
