//! The book that a recipe's events are written into.

use std::time::Duration;

use lodger_core::event::Event;
use lodger_core::{Lodger, MemoryDestination};
use tempfile::TempDir;

use crate::tell;

/// How long a recipe's events may be on their way.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client with a journal on disk, whose events stay in memory to be looked at.
#[derive(Debug)]
pub struct Book {
    lodger: Lodger,
    memory: MemoryDestination,
    _journal: TempDir,
}

impl Book {
    /// An empty one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it takes a directory and threads")]
    pub fn new() -> Self {
        let memory = MemoryDestination::new();
        let journal = TempDir::new().unwrap();
        let lodger =
            Lodger::builder().destination(memory.clone()).journal_dir(journal.path()).build().unwrap();
        Self { lodger, memory, _journal: journal }
    }

    /// The client.
    #[must_use]
    pub fn lodger(&self) -> Lodger {
        self.lodger.clone()
    }

    /// Every event so far, in the order in which they were accepted.
    pub async fn events(&self) -> Vec<Event> {
        self.lodger.flush(PATIENCE).await.unwrap();
        let mut events = self.memory.events();
        events.sort_by_key(|event| event.position.map(|position| position.sequence));
        events
    }

    /// Holds when these are all the events so far, in the words of [`tell`].
    pub async fn holds<const N: usize>(&self, expected: [&str; N]) {
        let told: Vec<String> = self.events().await.iter().map(tell).collect();
        assert_eq!(told, expected);
    }
}
