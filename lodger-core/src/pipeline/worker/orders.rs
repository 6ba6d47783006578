//! What an operator orders: a pause, an end of it, the end of everything.

use std::collections::HashSet;

use tokio::time::Instant;

use super::Worker;
use super::burial::Grave;
use super::doubts::Doubt;
use crate::destination::Refusal;
use crate::pipeline::breaker::Ordinal;
use crate::pipeline::control::Command;

/// Why an event is a dead letter of a destination that was detached.
pub(super) fn detached() -> Refusal {
    Refusal::new("the destination was detached")
}

impl Worker {
    /// Takes up what was ordered since the last turn.
    pub(super) fn obey(&mut self, now: Instant) {
        for command in self.shared.controls.take(self.lane) {
            match command {
                _ if self.detached => {}
                Command::Pause => {
                    self.on_hold = true;
                    // No other event will come to tell what a suspect's refusal meant.
                    self.breaker.release_suspects();
                }
                Command::Resume => {
                    self.on_hold = false;
                    self.breaker.ask_now(now);
                }
                Command::ProbeNow => self.breaker.ask_with_another_key(now),
                Command::Retry(letters) => self.take_up(letters),
                Command::Detach => self.detach(now),
            }
        }
    }

    /// Whatever is in hand becomes a dead letter; what is still in the journal follows as it is read.
    fn detach(&mut self, now: Instant) {
        self.detached = true;
        self.put_letters_back();
        self.landings.abort_all();
        self.ready.clear();
        self.waiting.clear();
        // Of the suspects, too: a sentence that came later would bury them once more.
        self.breaker.release_suspects();
        drop(self.breaker.sentences(now));
        self.graves.retain(|grave| self.held.contains_key(&grave.ordinal));
        self.in_flight = 0;
        for flight in std::mem::take(&mut self.flights).into_values() {
            for ordinal in flight.events.into_iter().filter(|_| flight.sent) {
                if let Some(item) = self.held.get_mut(&ordinal) {
                    item.doubt = Doubt::Open;
                    item.delivery.tries = item.delivery.tries.saturating_add(1);
                    let refusal = Refusal::new("the destination was detached while it had this event");
                    self.graves.push(Grave::new(ordinal, refusal));
                }
            }
        }
        let buried: HashSet<Ordinal> = self.graves.iter().map(|grave| grave.ordinal).collect();
        let others = self.held.keys().filter(|ordinal| !buried.contains(ordinal));
        self.graves.extend(others.map(|ordinal| Grave::new(*ordinal, detached())));
    }
}
