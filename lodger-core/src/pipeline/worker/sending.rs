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

    /// Sends as much as the operator, the breaker, the pace, the destination and the window allow.
    pub(super) fn send(&mut self, now: Instant) {
        loop {
            let most = self.room(now).min(self.ready.len());
            if most == 0 {
                return;
            }
            let events = self.pick(most, now);
            if events.is_empty() {
                return;
            }
            let batch: Vec<Delivery> = events
                .iter()
                .filter_map(|ordinal| self.held.get(ordinal))
                .map(|item| item.delivery.clone())
                .collect();
            let destination = Arc::clone(&self.destination);
            let flight = self.answers.spawn(async move {
                tokio::time::timeout(ANSWER_WITHIN, destination.deliver(&batch)).await.unwrap_or_default()
            });
            self.pacer.sent(events.len(), now);
            self.flights.insert(flight.id(), Flight { batch: self.breaker.next_batch(), events });
        }
    }

    /// How many events the next batch may hold; 0 while there may be none.
    fn room(&mut self, now: Instant) -> usize {
        let alone = self.flights.is_empty();
        let (may, most) = match self.breaker.gate(now) {
            _ if self.on_hold || self.detached => (false, 0),
            Gate::Open if self.order.is_some() => (alone, self.destination.max_batch()),
            Gate::Open => {
                let abreast = self.destination.max_in_flight().max(1).min(self.breaker.width());
                (self.flights.len() < abreast, self.destination.max_batch())
            }
            Gate::OneBatch => (alone, self.destination.max_batch()),
            Gate::OneEvent => (alone, 1),
            Gate::Shut(_) => (false, 0),
        };
        if !may {
            return 0;
        }
        most.max(1).min(WINDOW.saturating_sub(self.in_flight())).min(self.pacer.room(now))
    }

    fn pick(&mut self, most: usize, now: Instant) -> Vec<Ordinal> {
        if self.order.is_some() { self.pick_in_order(most, now) } else { self.ready.drain(..most).collect() }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flights.values().map(|flight| flight.events.len()).sum()
    }
}
