//! A client with one destination, and what has to hold in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::client::{DeadLetter, DeliveryState, DestinationStats};
use lodger_core::destination::{Repeats, Route};
use lodger_core::event::{Actor, Event, EventBuilder, EventId, Target};
use tempfile::TempDir;

use crate::PATIENCE;
use crate::subject::Subject;

/// A client whose journal is on disk.
pub(crate) struct Client {
    pub(crate) lodger: Lodger,
    pub(crate) recorded: Vec<EventId>,
    _journal: TempDir,
}

/// An event of this action.
pub(crate) fn event(action: &'static str) -> EventBuilder {
    Event::builder(action)
        .actor(Actor::user("ada").name("Ada").tenant("acme"))
        .target(Target::new("invoice", 7))
        .metadata("amount", 2900)
}

impl Client {
    pub(crate) fn of(subject: &impl Subject) -> Self {
        Self::on(Route::to(subject.destination()))
    }

    pub(crate) fn on(route: Route) -> Self {
        let journal = tempfile::tempdir().unwrap();
        let lodger = Lodger::builder()
            .destination(route)
            .journal_dir(journal.path().join("journal"))
            .impatient()
            .build()
            .unwrap();
        Self { lodger, recorded: Vec::new(), _journal: journal }
    }

    pub(crate) async fn record(&mut self, action: &'static str) -> EventId {
        let id = self.lodger.record(event(action).build().unwrap()).await.unwrap();
        self.recorded.push(id);
        id
    }

    pub(crate) async fn record_many(&mut self, number: usize) {
        for _ in 0..number {
            self.record("invoice.update").await;
        }
    }

    /// Waits until everything is delivered or a dead letter.
    pub(crate) async fn delivered(&self) {
        let flushed = self.lodger.flush(PATIENCE).await;
        flushed.unwrap_or_else(|error| panic!("{error}: {:#?}", self.lodger.stats()));
    }

    pub(crate) fn stats(&self) -> DestinationStats {
        self.lodger.stats().destinations.remove(0)
    }

    /// Waits until this holds.
    pub(crate) async fn until(&self, holds: impl Fn(&DestinationStats) -> bool) {
        let waiting = async {
            while !holds(&self.stats()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("it never came to that: {:#?}", self.stats()));
    }

    pub(crate) async fn paused(&self) {
        self.until(|stats| stats.state == DeliveryState::Paused && stats.in_flight == 0).await;
    }

    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        self.lodger.dead_letters().unwrap()
    }

    /// Everything that was recorded is there, and nothing else; what is there twice was declared and counted. Answers how
    /// many copies too many there are.
    pub(crate) fn everything_is_there<S: Subject>(&self, subject: &S) -> u64 {
        let stats = self.stats();
        let counts = [stats.routed, stats.delivered, stats.pending, stats.in_flight, stats.dead];
        let all = self.recorded.len() as u64;
        assert_eq!(counts, [all, all, 0, 0, 0], "{stats:#?}");
        let copies = all_of_them::<S>(&self.recorded, &subject.stored());
        assert!(copies <= stats.possible_duplicates, "{copies} copies too many: {stats:#?}");
        copies
    }
}

/// These events are there, and nothing else, and more than once only where that is declared. Answers how many copies too many
/// there are.
pub(crate) fn all_of_them<S: Subject>(recorded: &[EventId], stored: &[EventId]) -> u64 {
    let mut copies: BTreeMap<EventId, u64> = BTreeMap::new();
    for id in stored {
        *copies.entry(*id).or_default() += 1;
    }
    let mut expected = recorded.to_vec();
    expected.sort();
    assert_eq!(copies.keys().copied().collect::<Vec<_>>(), expected);
    let too_many: u64 = copies.values().map(|copies| copies - 1).sum();
    if S::REPEATS != Repeats::Unasked {
        assert_eq!(too_many, 0, "{copies:#?}");
    }
    too_many
}
