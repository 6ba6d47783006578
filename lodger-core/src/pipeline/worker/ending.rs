//! How a worker ends: when it may, and what it leaves.

use tokio::time::Instant;

use super::Worker;
use crate::pipeline::breaker::Gate;
use crate::pipeline::counters::last_resort;

impl Worker {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.shared.progress.read(|board| board.stop).map(|stop| stop.deadline)
    }

    pub(super) fn time_is_over(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    pub(super) fn is_finished(&self, now: Instant) -> bool {
        if self.detached && self.nothing_comes() {
            return true;
        }
        let Some(deadline) = self.deadline() else { return false };
        let all_committed = self.shared.progress.read(|board| board.journal_ended);
        if now >= deadline {
            // What the journal thread still commits to memory is ours to write down; on disk it is safe.
            return self.shared.durable || all_committed;
        }
        all_committed && (self.nothing_left() || self.nothing_before(deadline, now))
    }

    fn nothing_left(&self) -> bool {
        self.held.is_empty() && self.letters.is_empty() && self.backlog.pending() == 0
    }

    /// Whether everything that was ever routed here is done, and nothing will be any more.
    fn nothing_comes(&self) -> bool {
        // In this order: what the journal thread routed before it saw that we are detached is on the board.
        !self.shared.controls.may_route_to(self.lane)
            && self.nothing_left()
            && self
                .shared
                .progress
                .read(|board| board.lanes.get(self.lane).is_none_or(|lane| lane.remaining() == 0))
    }

    /// Whether nothing can happen before the deadline: waiting for it would only hold up the shutdown.
    fn nothing_before(&self, deadline: Instant, now: Instant) -> bool {
        let all_wait = || {
            self.waiting.len() == self.held.len()
                && self.backlog.pending() == (self.held.len() - self.letters.held) as u64
                && self.waiting.first().is_some_and(|(due, _)| *due >= deadline)
        };
        let shut = self.on_hold || matches!(self.breaker.gate(now), Gate::Shut(until) if until >= deadline);
        self.flights.is_empty() && self.graves.is_empty() && (shut || all_wait())
    }

    /// Leaves the journal in order. What is under way is dropped and counts as not delivered.
    pub(super) fn end(mut self) {
        self.landings.abort_all();
        self.flights.clear();
        self.in_flight = 0;
        self.remove_redeemed(Instant::now());
        self.put_letters_back();
        self.post();
        let synced = self.backlog.sync();
        self.say_settle(synced);
        if !self.shared.durable {
            self.give_up();
        }
    }

    /// Nothing keeps the events of an in-memory journal when the client ends.
    fn give_up(&mut self) {
        let reason = format!("not delivered to {} before the client ended", self.identity);
        for (_, item) in std::mem::take(&mut self.held) {
            self.shared.counters.undelivered.up();
            if let Ok(event) = item.delivery.read() {
                last_resort(event, &reason, &self.shared.counters);
            }
        }
        while let Ok(Some(record)) = self.backlog.next() {
            self.shared.counters.undelivered.up();
            if let Ok(event) = serde_json::from_slice(&record.payload) {
                last_resort(&event, &reason, &self.shared.counters);
            }
        }
    }
}
