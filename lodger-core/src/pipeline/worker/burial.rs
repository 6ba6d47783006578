//! How an event ends: as a dead letter, or settled in the journal.

use tokio::time::Instant;

use super::doubts::Doubt;
use super::{DISK_PAUSE, Worker};
use crate::destination::{Delivery, Receipt, Refusal, Repeats};
use crate::journal::JournalError;
use crate::pipeline::breaker::Ordinal;
use crate::pipeline::counters::last_resort;
use crate::pipeline::dead_letter::DeadLetter;
use crate::pipeline::ticket::Failure;

/// An event that is to become a dead letter as soon as the disk lets it.
#[derive(Debug)]
pub(super) struct Grave {
    pub(super) ordinal: Ordinal,
    pub(super) refusal: Refusal,
    /// By its key the destination has it: whoever waits for it is not failed.
    pub(super) is_there: bool,
}

impl Grave {
    pub(super) fn new(ordinal: Ordinal, refusal: Refusal) -> Self {
        Self { ordinal, refusal, is_there: false }
    }
}

impl Worker {
    /// Makes dead letters durable, and only then counts their events as done. Answers whether there were any.
    pub(super) fn bury(&mut self, now: Instant) -> bool {
        if self.graves.is_empty() || self.disk_pause.is_some_and(|until| now < until) {
            return false;
        }
        if !self.forget_purged(now) {
            return false;
        }
        let at = self.shared.clock.now();
        let letters = self.graves.iter().filter_map(|grave| {
            let item = self.held.get(&grave.ordinal)?;
            let Delivery { bytes, tries, .. } = &item.delivery;
            let letter = DeadLetter::new(at, &self.identity, grave.refusal.clone(), *tries, bytes);
            Some(letter.in_doubt(self.repeats != Repeats::Recognised && item.doubt != Doubt::None))
        });
        match self.dead_letters.keep(letters.collect()) {
            Ok(displaced) => {
                if self.troubles.keeping_letters.ends() {
                    tracing::info!(destination = %self.identity, "dead letters are kept again");
                }
                for event in displaced.iter().filter_map(|letter| letter.to_event().ok()) {
                    last_resort(&event, "more dead letters than memory keeps", &self.shared.counters);
                }
            }
            Err(error) => {
                if self.troubles.keeping_letters.begins() {
                    tracing::error!(destination = %self.identity, %error, "dead letters can't be kept");
                }
                self.disk_pause = Some(now + DISK_PAUSE);
                return false;
            }
        }
        for Grave { ordinal, refusal, is_there } in std::mem::take(&mut self.graves) {
            if let Some(item) = self.let_go(ordinal) {
                self.counted.dead += 1;
                // Once per event would be a flood where somebody broke something; each doubling is enough.
                if self.counted.dead.is_power_of_two() && !self.detached {
                    tracing::warn!(destination = %self.identity, dead_letters = self.counted.dead,
                        event = %item.delivery.id(), status = refusal.status, reason = refusal.reason,
                        "an event was refused and is kept as a dead letter");
                }
                let Some(position) = item.position() else {
                    self.letters.forget(item.delivery.id());
                    continue;
                };
                let kind = self.identity.kind.clone();
                if is_there {
                    let receipt = || Receipt::new(item.delivery.id(), kind).as_repeat();
                    self.shared.awaited.delivered(position, receipt);
                    continue;
                }
                let failure = Failure::dead_letter(kind, refusal, &self.shared.counters);
                self.shared.awaited.failed(position, failure);
            }
        }
        true
    }

    /// Marks what is done in the journal.
    pub(super) fn settle(&mut self) {
        if self.done.is_empty() {
            return;
        }
        let settled = self.backlog.settle(&self.done);
        self.done.clear();
        self.say_settle(settled);
    }

    /// The journal tries again by itself; until it succeeds a crash repeats deliveries, which loses nothing.
    pub(super) fn say_settle(&mut self, settled: Result<(), JournalError>) {
        let trouble = &mut self.troubles.settling;
        match settled {
            Ok(()) if trouble.ends() => {
                tracing::info!(destination = %self.identity, "delivered events are marked in the journal again");
            }
            Err(error) if trouble.begins() => {
                tracing::error!(destination = %self.identity, error = &error as &dyn std::error::Error,
                    "delivered events can't be marked in the journal: a crash now would deliver them again");
            }
            Ok(()) | Err(_) => {}
        }
    }
}
