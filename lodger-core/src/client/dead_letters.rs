//! What an operator does with dead letters while the client runs.

use std::io::{self, Write};

use super::handle::Lodger;
use crate::event::EventId;
use crate::pipeline::{DeadLetter, DeadLetterList, DeadLetterQuery, RetryError};

/// Dead letters: what the destinations of this client refused for good; with a journal on disk also under earlier
/// processes, and under others that use the same directory.
///
/// These calls read files. On a runtime where that matters, call them from `spawn_blocking`. In a forked child each is an
/// error.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use lodger_core::Lodger;
/// use lodger_core::client::DeadLetterQuery;
/// use lodger_core::destination::MemoryDestination;
///
/// # let directory = tempfile::tempdir()?;
/// # let lodger = Lodger::builder().destination(MemoryDestination::new()).journal_dir(directory.path()).build()?;
/// for letter in lodger.dead_letters()? {
///     println!("{} {:?} {}", letter.id, letter.status, letter.reason);
/// }
/// // Keep a copy, repair the destination, and send them once more.
/// lodger.export_dead_letters(&DeadLetterQuery::all(), &mut std::io::stdout())?;
/// lodger.retry_dead_letters(&DeadLetterQuery::all())?;
/// # Ok(())
/// # }
/// ```
impl Lodger {
    /// All dead letters, oldest first. Where there may be a great many, [`list_dead_letters`](Self::list_dead_letters)
    /// hands them out one by one.
    ///
    /// # Errors
    ///
    /// When the files can't be read.
    pub fn dead_letters(&self) -> io::Result<Vec<DeadLetter>> {
        self.list_dead_letters(&DeadLetterQuery::all())?.collect()
    }

    /// The dead letters that are meant, oldest first, to go through one by one; and what could not be read of them.
    ///
    /// # Errors
    ///
    /// When the files can't be read.
    pub fn list_dead_letters(&self, query: &DeadLetterQuery) -> io::Result<DeadLetterList> {
        self.inner.pipeline.list_dead_letters(query)
    }

    /// The dead letters of one event, one for each destination that refused it.
    ///
    /// # Errors
    ///
    /// When the files can't be read.
    pub fn dead_letter(&self, id: EventId) -> io::Result<Vec<DeadLetter>> {
        self.list_dead_letters(&DeadLetterQuery::ids([id]))?.collect()
    }

    /// Writes the dead letters that are meant as JSON lines, oldest first, and says how many there were. Each line holds
    /// `id`, `at`, `destination`, `status` (where there was one), `reason`, `tries` and `event`. They stay what they are.
    ///
    /// A line stays one line whatever an event holds; canonicalising `event` (RFC 8785) gives the bytes that were
    /// recorded.
    ///
    /// # Errors
    ///
    /// When the files can't be read, or the writer fails. Lines before that are written.
    pub fn export_dead_letters(&self, query: &DeadLetterQuery, out: &mut impl Write) -> io::Result<u64> {
        self.list_dead_letters(query)?.export(out)
    }

    /// Sends the dead letters that are meant once more, with the same bytes and the same idempotency key, and says how
    /// many that are: at most 1,000 of a destination, or 8 MiB, the oldest first. It does not wait for them.
    ///
    /// What is delivered then is no dead letter any more. What is refused again stays one, with the new reason, all its
    /// tries, and the time of the new refusal.
    ///
    /// # Errors
    ///
    /// When the files can't be read, or a destination was detached. The letters of other destinations may be under way
    /// all the same.
    ///
    /// # Durability
    ///
    /// Each stays a dead letter on disk until its delivery is acknowledged. A crash between acknowledgement and removal
    /// leaves a letter of an event that has arrived; sending that again is a repeat that the destination recognises.
    pub fn retry_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, RetryError> {
        self.inner.pipeline.retry_dead_letters(query)
    }

    /// Removes the dead letters that are meant for good, and says how many there were. Their events are lost then; they
    /// are counted in `purged_dead_letters`, and one line in the log says how many it were for each destination.
    ///
    /// # Errors
    ///
    /// When they can't be read, or it can't be written that they are removed. Some may be removed then.
    ///
    /// # Durability
    ///
    /// With a journal on disk, they stay removed after `Ok`, also after a power loss.
    pub fn purge_dead_letters(&self, query: &DeadLetterQuery) -> io::Result<u64> {
        self.inner.pipeline.purge_dead_letters(query)
    }
}
