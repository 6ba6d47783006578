//! What the worker says of itself, on the board and in the log.

use std::time::Duration;

use tokio::time::Instant;

use super::{Worker, letters};
use crate::pipeline::progress::DeliveryState;

/// How long it is not said again that an event was not taken.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// What this worker has counted so far.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counted {
    pub(super) retried: u64,
    pub(super) delivered: u64,
    pub(super) dead: u64,
    pub(super) unreadable: u64,
    pub(super) possible_duplicates: u64,
}

impl Worker {
    /// Posts how far this destination is, and says once when its state changed.
    pub(super) fn post(&mut self) {
        let state = match () {
            () if self.detached => DeliveryState::Detached,
            () if self.on_hold => DeliveryState::OnHold,
            () => self.breaker.lane_state(),
        };
        let error = self.breaker.last_error().filter(|_| !self.detached);
        if state != self.said {
            self.said = state;
            let (destination, error) = (&self.identity, error.unwrap_or_default());
            match state {
                DeliveryState::Running => tracing::info!(%destination, "delivery resumed"),
                DeliveryState::BackingOff => {
                    tracing::warn!(%destination, error, "delivery is failing; retrying");
                }
                DeliveryState::OnHold => {
                    tracing::warn!(%destination, "delivery is on hold until it is resumed");
                }
                DeliveryState::Detached => {
                    tracing::warn!(%destination, "detached: what it did not get becomes dead letters");
                }
                DeliveryState::Paused => {
                    tracing::error!(%destination, error, "delivery is paused: everything is kept, and one event a \
                        minute is tried");
                }
            }
        }
        // Also where too few events fail to back off: a service with a handful of changes a day must hear of it.
        // But where one event in a hundred needs a second try, each would be two lines: so at most once a minute.
        let again = || self.said_error_at.is_none_or(|at| at.elapsed() >= SAY_AGAIN);
        if state == DeliveryState::Running
            && self.said_error != error.is_some()
            && (self.said_error || again())
        {
            self.said_error = error.is_some();
            if self.said_error {
                self.said_error_at = Some(Instant::now());
            }
            match error {
                Some(error) => {
                    tracing::warn!(destination = %self.identity, error, "an event was not taken");
                }
                None => tracing::info!(destination = %self.identity, "events are taken again"),
            }
        }
        let in_flight = self.in_flight as u64;
        let oldest = self.held.range(..letters::FIRST).next();
        let oldest_time = oldest.and_then(|(_, item)| item.delivery.occurred_at());
        let unsettled = self.backlog.pending();
        let (backlog, usage) = (self.backlog.share(), self.backlog.usage());
        self.shared.progress.post(|board| {
            // Also when nothing is committed any more: what was delivered has made room.
            board.journal_bytes = usage.bytes;
            let Some(lane) = board.lanes.get_mut(self.lane) else { return };
            lane.in_flight = in_flight;
            lane.retried = self.counted.retried;
            lane.delivered = self.counted.delivered;
            lane.dead = self.counted.dead;
            lane.unreadable = self.counted.unreadable;
            lane.possible_duplicates = self.counted.possible_duplicates;
            lane.done_before = oldest.map_or(self.read + 1, |(ordinal, _)| *ordinal);
            lane.backlog = backlog;
            // What nobody has read yet is younger than what was done last.
            let unread = || lane.oldest.filter(|_| lane.routed > self.read);
            lane.oldest = oldest_time.or_else(unread);
            lane.state = state;
            if lane.last_error.as_deref() != error {
                lane.last_error = error.map(str::to_owned);
            }
            // What is being committed is routed already and not yet in the backlog.
            debug_assert!(unsettled <= lane.remaining(), "{unsettled} in the journal, counted {lane:?}");
        });
    }
}
