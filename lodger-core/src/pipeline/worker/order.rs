//! Events in the order of the journal, for destinations that need it.
//!
//! One batch is under way at a time. An event that was not taken is first in line until it is, goes alone, and holds
//! back all behind it.
//!
//! That would let one event that the destination can't digest stop everything for ever. Whether it is the event's fault
//! shows when others succeed. So once the first in line has failed ten times and for an hour, each further failure is
//! followed at once by one try of the event behind it, the witness. While neither is taken, the destination fails: both
//! are kept. When the witness is taken, the first is tried once more, and is a dead letter if that fails too. Only a
//! destination that recovers just between the two has them in the wrong order.

use tokio::time::Instant;

use super::{Item, Worker, letters};
use crate::destination::Answer;
use crate::pipeline::breaker::Ordinal;
use crate::pipeline::retry::is_stuck;

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The first in line is stuck and has just failed again.
    witness_due: bool,
    /// The event behind it that is being tried.
    witness: Option<Ordinal>,
}

/// Whether an answer speaks of the destination, so that a witness would have nothing to tell.
pub(super) fn speaks_of_all(answer: &Answer) -> bool {
    matches!(answer, Answer::Pause(_))
        || answer.refusal().is_some_and(|refusal| matches!(refusal.status, Some(429 | 503)))
}

impl Worker {
    /// What the journal has for the destination, in order.
    fn line(&self) -> impl Iterator<Item = (Ordinal, &Item)> {
        let buried = |ordinal: Ordinal| self.graves.iter().any(|grave| grave.ordinal == ordinal);
        let line = self.held.range(..letters::FIRST).map(|(ordinal, item)| (*ordinal, item));
        line.filter(move |(ordinal, _)| !buried(*ordinal))
    }

    /// The first in line that may go: one that failed goes alone.
    pub(super) fn front(&self, most: usize) -> Vec<Ordinal> {
        let mut line = self.line().take_while(|(ordinal, _)| self.ready.contains(ordinal));
        let Some((first, item)) = line.next() else { return Vec::new() };
        let behind = if item.tries() == 0 { most.saturating_sub(1) } else { 0 };
        let behind = line.take_while(|(_, item)| item.tries() == 0).take(behind);
        std::iter::once(first).chain(behind.map(|(ordinal, _)| ordinal)).collect()
    }

    /// Notes what an answer means for those behind: it spoke of them, too; the event is kept, or it is not.
    pub(super) fn note_order(&mut self, ordinal: Ordinal, of_all: bool, kept: bool, now: Instant) {
        if self.order.is_none() {
            return;
        }
        let stuck = self.line().next().is_some_and(|(first, item)| {
            first == ordinal && item.failing_since.is_some_and(|since| is_stuck(item.tries(), since, now))
        });
        let Some(order) = &mut self.order else { return };
        order.witness_due = kept && stuck && !of_all;
        if order.witness.take_if(|witness| *witness == ordinal).is_some() && kept {
            self.breaker.rest(now);
        }
    }

    /// The witness was only asked about: it is still to be sent.
    pub(super) fn call_witness_again(&mut self, ordinal: Ordinal) {
        if let Some(order) = &mut self.order {
            order.witness_due |= order.witness == Some(ordinal);
        }
    }

    /// The witness, if its time has come and nothing but a backoff stands against it.
    pub(super) fn call_witness(&mut self, now: Instant) -> Option<Ordinal> {
        let order = self.order.as_mut()?;
        // Where there is only no room for it yet, its time has not passed.
        if !order.witness_due || !self.flights.is_empty() || self.pacer.room(now) == 0 {
            return None;
        }
        order.witness_due = false;
        if self.on_hold || self.detached || self.breaker.wants_rest(now) {
            return None;
        }
        let (witness, _) = self.line().nth(1)?;
        let place = self.ready.iter().position(|ready| *ready == witness)?;
        self.ready.remove(place);
        self.order.as_mut()?.witness = Some(witness);
        Some(witness)
    }
}
