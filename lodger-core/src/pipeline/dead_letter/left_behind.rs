//! What dead processes left in the journal for a destination that nobody delivers to any more.

use std::io;
use std::path::Path;

use super::{DeadLetter, DeadLetters};
use crate::destination::{Identity, Refusal};
use crate::event::Timestamp;
use crate::journal::{self, InspectError, JournalConfig, JournalError, Opened, Record};

/// How many records become dead letters at once.
const AT_ONCE: usize = 256;

/// What became of what was left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Detached {
    /// Events that are dead letters now.
    pub dead_letters: u64,
    /// Events that could not be read any more; their segments are kept in `damaged/`.
    pub unreadable: u64,
}

/// Why what was left behind stays where it is. What became dead letters before that is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetachError {
    /// There is no journal, or it can't be read.
    #[error(transparent)]
    NoJournal(#[from] InspectError),
    /// The journal can't be read or written.
    #[error("what was left behind stays in the journal")]
    Journal(#[from] JournalError),
    /// The dead letters can't be written.
    #[error("what was left behind stays in the journal, because no dead letter can be written")]
    DeadLetters(#[from] io::Error),
}

/// Makes dead letters of everything that dead processes left in this journal for a destination. For a destination that
/// is not configured any more: nobody would ever deliver it, and it takes up room. Its records that are for other
/// destinations stay. What a live process has for it is that process's own; ask its client to
/// [`detach`](crate::Lodger::detach) it.
///
/// A service that starts just now may leave what dead processes left to its next start, because their directories are
/// locked meanwhile.
///
/// On a network file system it is refused as building a client is, unless `allow_network_file_system` says that the mount
/// can be relied upon ([`LodgerBuilder::allow_network_file_system`](crate::LodgerBuilder::allow_network_file_system)).
///
/// # Errors
///
/// When there is no journal, or it can't be written.
///
/// # Durability
///
/// An event is a durable dead letter before it counts as done in the journal. A crash in between makes a second letter
/// of it at the next call, and both count as one.
pub fn detach_left_behind(
    dir: impl AsRef<Path>,
    destination: &Identity,
    allow_network_file_system: bool,
) -> Result<Detached, DetachError> {
    let dir = dir.as_ref();
    // Opening makes what is missing; a wrong directory must not become a journal.
    journal::inspect(dir)?;
    let config = JournalConfig { allow_network_file_system, ..JournalConfig::at(dir) };
    let Opened { writer, mut backlogs, .. } = journal::open(&config, std::slice::from_ref(destination))?;
    let letters = DeadLetters::on_disk(dir, destination, writer.id());
    let mut done = Detached::default();
    for backlog in &mut backlogs {
        loop {
            let mut records: Vec<Record> = Vec::new();
            while records.len() < AT_ONCE {
                match backlog.next() {
                    Ok(Some(record)) => records.push(record),
                    Ok(None) => break,
                    Err(JournalError::Damaged { records, .. }) => done.unreadable += records,
                    Err(error) => return Err(error.into()),
                }
            }
            if records.is_empty() {
                break;
            }
            let (now, why) = (Timestamp::now(), || Refusal::new("the destination was detached"));
            // Whoever left them behind may have sent them.
            let letter =
                |record: &Record| DeadLetter::new(now, destination, why(), 0, &record.payload).in_doubt(true);
            let dead = records.iter().map(letter);
            letters.keep(dead.collect())?;
            let keys: Vec<_> = records.iter().map(|record| record.key).collect();
            backlog.settle(&keys)?;
            done.dead_letters += keys.len() as u64;
        }
        backlog.sync()?;
    }
    Ok(done)
}
