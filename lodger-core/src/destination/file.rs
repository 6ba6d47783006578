//! Events in a file, one JSON line each.

mod lines;
pub(super) mod tail;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt, Refusal, line};
use lines::Lines;

pub use lines::FileError;

const KIND: &str = "file";

/// 64 MiB: some 60,000 events, and still opened by an editor.
const ROTATE_AT: u64 = 64 * 1024 * 1024;

/// So that a whole batch is among what is read of the file's end, and recognised there after a crash: escaped, it is at most
/// twice as long.
const BATCH_BYTES: usize = 256 * 1024;

/// Appends events to a file as JSON Lines: one canonical event a line, readable by its owner only (0600).
///
/// The file belongs to one process; a second one is refused. A symbolic link, a pipe and a file that holds something
/// else than events are refused too. A line that a crash tore is cut at the next opening; it was never settled, so
/// its event comes again.
///
/// When the next lines would take it past 64 MiB ([`rotate_at`](Self::rotate_at)), the file is renamed: `audit.jsonl`
/// becomes `audit.20260515T120000.000000Z.jsonl`, and a new one begins. Nothing is ever deleted. Another program may
/// move or remove the file at any time; the next event makes a new one.
///
/// # Durability
///
/// An event is settled when its line was synced to disk. Delivery is at least once: an event whose line stands among
/// the last 1 MiB of the file, or was written by this process, is recognised and not written again; after a crash
/// right behind a rotation it may stand in two files. Its `id` is the same in both.
#[derive(Debug)]
pub struct FileDestination {
    path: PathBuf,
    rotate_at: u64,
    /// `None` while the file can't be opened.
    lines: Mutex<Option<Lines>>,
}

impl FileDestination {
    /// Opens the file, or makes it, and its directory.
    ///
    /// # Errors
    ///
    /// [`FileError`] says what stands in the way.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = std::path::absolute(path.as_ref()).map_err(FileError::io("find", path.as_ref()))?;
        let lines = Lines::open(&path)?;
        Ok(Self { path, rotate_at: ROTATE_AT, lines: Mutex::new(Some(lines)) })
    }

    /// How large a file may become, in bytes. Default: 64 MiB. One batch, at most 64 events, is never split.
    #[must_use]
    pub fn rotate_at(mut self, bytes: u64) -> Self {
        self.rotate_at = bytes;
        self
    }

    fn write(&self, batch: &[Delivery]) -> Vec<Answer> {
        let mut guard = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = match self.current(&mut guard) {
            Ok(lines) => lines,
            Err(error) => return batch.iter().map(|_| not_now(&error)).collect(),
        };
        let mut text = String::new();
        let mut fresh = Vec::new();
        let mut answers: Vec<Option<Answer>> = Vec::with_capacity(batch.len());
        for delivery in batch {
            let id = delivery.id();
            answers.push(if lines.holds(id) {
                Some(Answer::Settled(Receipt::new(id, KIND).as_repeat()))
            } else {
                match std::str::from_utf8(&delivery.bytes) {
                    Ok(json) => {
                        if !fresh.contains(&id) {
                            text.push_str(&line::json(json));
                            text.push('\n');
                            fresh.push(id);
                        }
                        None
                    }
                    Err(_) => Some(Answer::Unfit(Refusal::new("the event's bytes are not UTF-8"))),
                }
            });
        }
        let written = lines.append(text.as_bytes(), &fresh, self.rotate_at);
        if written.is_err() && !lines.is_open() {
            *guard = None;
        }
        let outcome = |(delivery, answer): (&Delivery, Option<Answer>)| {
            answer.unwrap_or_else(|| match &written {
                Ok(()) => Answer::Settled(Receipt::new(delivery.id(), KIND)),
                Err(error) => not_now(error),
            })
        };
        batch.iter().zip(answers).map(outcome).collect()
    }

    /// The open file, opened again when it is no longer the one at the path.
    fn current<'a>(&self, lines: &'a mut Option<Lines>) -> Result<&'a mut Lines, FileError> {
        let open = match lines.take() {
            Some(open) if open.is_current() => open,
            Some(changed) => changed.reopen()?,
            None => Lines::open(&self.path)?,
        };
        Ok(lines.insert(open))
    }
}

fn not_now(error: &FileError) -> Answer {
    Answer::Retry { refusal: Refusal::new(error.to_string()), after: None }
}

impl Destination for FileDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, self.path.to_string_lossy())
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn max_batch_bytes(&self) -> usize {
        BATCH_BYTES
    }

    fn reads_events(&self) -> bool {
        false
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move { self.write(batch) })
    }
}
