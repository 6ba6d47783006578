//! What goes out, and when.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::burial::Grave;
use super::{WINDOW, Worker};
use crate::destination::Delivery;
use crate::pipeline::breaker::{Gate, Ordinal, Sentence};

/// A destination that hasn't answered for so long never will. Destinations have limits of their own, far below.
const ANSWER_WITHIN: Duration = Duration::from_secs(5 * 60);

/// A batch under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) batch: u64,
    pub(super) events: Vec<Ordinal>,
}

impl Worker {
    /// Moves what has waited long enough to where it is sent from, and hears the judge about suspects.
    pub(super) fn release_due(&mut self, now: Instant) {
        while let Some(&(due, ordinal)) = self.waiting.first()
            && due <= now
        {
            self.waiting.pop_first();
            self.ready.push_back(ordinal);
        }
        for sentence in self.breaker.sentences(now) {
            match sentence {
                Sentence::Bury(ordinal, refusal) => self.graves.push(Grave { ordinal, refusal }),
                Sentence::Keep(ordinal) => self.ready.push_back(ordinal),
            }
        }
    }

    /// Sends as much as the breaker, the destination and the window allow.
    pub(super) fn send(&mut self, now: Instant) {
        loop {
            let alone = self.flights.is_empty();
            let (may, most) = match self.breaker.gate(now) {
                Gate::Open => (
                    self.flights.len() < self.destination.max_in_flight().max(1),
                    self.destination.max_batch(),
                ),
                Gate::OneBatch => (alone, self.destination.max_batch()),
                Gate::OneEvent => (alone, 1),
                Gate::Shut(_) => (false, 0),
            };
            let room = WINDOW.saturating_sub(self.in_flight());
            let size = most.max(1).min(room).min(self.ready.len());
            if !may || size == 0 {
                return;
            }
            let events: Vec<Ordinal> = self.ready.drain(..size).collect();
            let batch: Vec<Delivery> = events
                .iter()
                .filter_map(|ordinal| self.held.get(ordinal))
                .map(|item| item.delivery.clone())
                .collect();
            let destination = Arc::clone(&self.destination);
            let flight = self.answers.spawn(async move {
                tokio::time::timeout(ANSWER_WITHIN, destination.deliver(&batch)).await.unwrap_or_default()
            });
            self.flights.insert(flight.id(), Flight { batch: self.breaker.next_batch(), events });
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flights.values().map(|flight| flight.events.len()).sum()
    }
}
