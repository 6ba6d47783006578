//! The book that a recipe's events are written into.

use std::time::Duration;

use lodger_core::event::Event;
use lodger_core::{Lodger, MemoryDestination};
use tempfile::TempDir;

use super::tell::tell;

/// How long a recipe's events may be on their way.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A client with a journal on disk, whose events stay in memory to be looked at.
pub(super) struct Book {
    pub(super) lodger: Lodger,
    pub(super) memory: MemoryDestination,
    _journal: TempDir,
}

impl Book {
    pub(super) fn new() -> Self {
        let memory = MemoryDestination::new();
        let journal = TempDir::new().unwrap();
        let lodger = Lodger::builder()
            .destination(memory.clone())
            .journal_dir(journal.path())
            .hash_key([7; 32])
            .build()
            .unwrap();
        Self { lodger, memory, _journal: journal }
    }

    /// Every event so far, in the order in which they were accepted.
    pub(super) async fn events(&self) -> Vec<Event> {
        self.lodger.flush(PATIENCE).await.unwrap();
        let mut events = self.memory.events();
        events.sort_by_key(|event| event.position.map(|position| position.sequence));
        events
    }

    /// Holds when these are all the events so far, in the words of the cookbook.
    pub(super) async fn says(&self, expected: &[&str]) {
        let told: Vec<String> = self.events().await.iter().map(tell).collect();
        assert_eq!(told, expected);
    }

    /// As [`says`](Self::says), of events that come after their response, or without one.
    pub(super) async fn comes_to_say(&self, expected: &[&str]) {
        self.memory.wait_for(expected.len()).await;
        self.says(expected).await;
    }
}
