//! Who waits for which event's acknowledgements.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ticket::{Failure, Watch};
use crate::destination::Receipt;
use crate::event::{Position, WriterId};
use crate::journal::Routes;

/// Below this many entries nobody looks for entries whose waiters have gone.
const SWEEP_FROM: usize = 1_024;

/// Gathers the acknowledgements of all destinations for those who wait for them.
#[derive(Debug)]
pub(crate) struct Awaited {
    state: Mutex<State>,
    /// The number of entries, so that workers need no lock when nobody waits.
    entries: AtomicUsize,
}

#[derive(Debug)]
struct State {
    waiting: HashMap<Position, Gathering>,
    sweep_at: usize,
    /// Nobody acknowledges anything any more.
    closed: bool,
}

#[derive(Debug)]
struct Gathering {
    watch: Watch,
    /// Whom the event is for.
    routes: Routes,
    missing: usize,
    receipts: Vec<Receipt>,
}

impl Awaited {
    pub(crate) fn new() -> Self {
        let state = State { waiting: HashMap::new(), sweep_at: SWEEP_FROM, closed: false };
        Self { state: Mutex::new(state), entries: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gathers the acknowledgements of these destinations for this event. Before it is committed, so that no acknowledgement comes too early. When nobody is left
    /// who would acknowledge it, whoever waits is told that the client ended.
    pub(crate) fn expect(&self, position: Position, watch: Watch, routes: Routes) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        if state.waiting.len() >= state.sweep_at {
            // Behind a stalled destination entries pile up whose waiters have run out of patience. Each sweep at
            // least halves the distance to the live ones, so it costs a constant per entry.
            state.waiting.retain(|_, gathering| gathering.watch.awaited());
            state.sweep_at = SWEEP_FROM.max(state.waiting.len() * 2);
        }
        let gathering = Gathering { watch, routes, missing: routes.len(), receipts: Vec::new() };
        state.waiting.insert(position, gathering);
        self.entries.store(state.waiting.len(), Ordering::Release);
    }

    /// Whether anybody waits for anything that is committed by now.
    pub(crate) fn anybody(&self) -> bool {
        self.entries.load(Ordering::Acquire) > 0
    }

    /// Stops gathering, for an event that was not committed.
    pub(crate) fn forget(&self, position: Position) -> Option<Watch> {
        self.remove(&mut self.lock(), position).map(|gathering| gathering.watch)
    }

    /// One destination has it. The receipt is made where somebody waits for it.
    pub(crate) fn delivered(&self, position: Position, receipt: impl FnOnce() -> Receipt) {
        if !self.anybody() {
            return;
        }
        let mut state = self.lock();
        let Some(gathering) = state.waiting.get_mut(&position) else { return };
        gathering.receipts.push(receipt());
        gathering.missing = gathering.missing.saturating_sub(1);
        if gathering.missing > 0 {
            return;
        }
        let done = self.remove(&mut state, position);
        drop(state);
        if let Some(done) = done {
            done.watch.reached(done.receipts);
        }
    }

    /// One destination will never have it.
    pub(crate) fn failed(&self, position: Position, failure: Failure) {
        let done = self.remove(&mut self.lock(), position);
        if let Some(done) = done {
            done.watch.failed(failure);
        }
    }

    /// One destination could not read these events any more: whoever waits for them is told.
    pub(crate) fn lost(&self, lane: usize, writer: WriterId, sequences: RangeInclusive<u64>) {
        let mut state = self.lock();
        // What stands between them may be for others.
        let is_lost = |at: &Position, routes: Routes| {
            at.writer == writer && sequences.contains(&at.sequence) && routes.contains(lane)
        };
        let lost: Vec<Gathering> = state
            .waiting
            .extract_if(|position, gathering| is_lost(position, gathering.routes))
            .map(|(_, lost)| lost)
            .collect();
        self.entries.store(state.waiting.len(), Ordering::Release);
        drop(state);
        lost.into_iter().for_each(|lost| lost.watch.failed(Failure::unreadable()));
    }

    /// Nothing will be acknowledged any more: everybody is told that the client ended.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let unfinished = std::mem::take(&mut state.waiting);
        self.entries.store(0, Ordering::Release);
        drop(state);
        drop(unfinished);
    }

    fn remove(&self, state: &mut State, position: Position) -> Option<Gathering> {
        let gathering = state.waiting.remove(&position);
        self.entries.store(state.waiting.len(), Ordering::Release);
        gathering
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::RecordError;
    use crate::pipeline::ticket::{Goal, ticket};

    #[tokio::test]
    async fn who_comes_after_the_workers_have_ended_is_told_at_once() {
        let awaited = Awaited::new();
        awaited.close();
        let (ticket, watch) = ticket(Goal::Delivered);
        awaited.expect(Position { writer: WriterId::mint(), sequence: 1 }, watch, Routes::all(1));
        let told = tokio::time::timeout(std::time::Duration::ZERO, ticket).await;
        assert!(matches!(told, Ok(Err(RecordError::Unfinished))), "{told:?}");
    }

    #[tokio::test]
    async fn who_waits_for_an_event_that_can_not_be_read_any_more_is_told_at_once() {
        let awaited = Awaited::new();
        let writer = WriterId::mint();
        let wait = |sequence| {
            let (ticket, watch) = ticket(Goal::Delivered);
            awaited.expect(Position { writer, sequence }, watch, Routes::all(2));
            ticket
        };
        let (lost, kept) = (wait(7), wait(8));
        awaited.lost(1, writer, 1..=7);
        let now = std::time::Duration::ZERO;
        let told = tokio::time::timeout(now, lost).await;
        assert!(matches!(told, Ok(Err(RecordError::Unreadable))), "{told:?}");
        assert!(tokio::time::timeout(now, kept).await.is_err(), "the next one is still on its way");
    }

    #[test]
    fn entries_of_those_who_went_away_are_swept() {
        let awaited = Awaited::new();
        let writer = WriterId::mint();
        let mut kept = Vec::new();
        for sequence in 0..10_000 {
            let (ticket, watch) = ticket(Goal::Delivered);
            awaited.expect(Position { writer, sequence }, watch, Routes::all(1));
            if sequence % 1_000 == 0 {
                kept.push(ticket);
            }
        }
        assert!(awaited.lock().waiting.len() <= SWEEP_FROM + 10);
    }
}
