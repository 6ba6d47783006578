//! Events in the order of the journal, for destinations that need it.
//!
//! One batch is under way at a time. An event that was not taken is first in line until it is, goes alone, and holds
//! back all behind it.
//!
//! That would let one event that the destination can't digest stop everything for ever. Whether it is the event's fault
//! shows when others succeed, so after ten tries and an hour the next event in line is tried once, in turns with the
//! first. When it is taken, the first is a dead letter, and what was delivered is still in order. While neither is
//! taken it is the destination that fails: both are kept.

use tokio::time::Instant;

use super::burial::Grave;
use super::{Worker, letters};
use crate::pipeline::breaker::Ordinal;
use crate::pipeline::retry::is_stuck;

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The first in line had its turn since it is stuck; next is the one behind it.
    witness_next: bool,
    /// The event behind the first that is being tried.
    witness: Option<Ordinal>,
    /// The journal had its turn; next is a dead letter that is sent again, which stands outside of the order.
    letter_next: bool,
}

impl Worker {
    /// What goes next: at most so many events.
    pub(super) fn pick_in_order(&mut self, most: usize, now: Instant) -> Vec<Ordinal> {
        let letter = self.ready.iter().copied().find(|ordinal| *ordinal >= letters::FIRST);
        let (line, witness) = self.line(most, now);
        let Some(order) = &mut self.order else { return Vec::new() };
        let events = match letter {
            Some(letter) if order.letter_next || line.is_empty() => {
                order.letter_next = false;
                vec![letter]
            }
            _ => {
                order.letter_next = true;
                order.witness_next = witness.is_some_and(|witness| line.first() != Some(&witness));
                order.witness = witness.filter(|witness| line.first() == Some(witness));
                line
            }
        };
        self.ready.retain(|ordinal| !events.contains(ordinal));
        events
    }

    /// The events that are next in line and may go, and the witness, where the first needs one.
    fn line(&self, most: usize, now: Instant) -> (Vec<Ordinal>, Option<Ordinal>) {
        let buried = |ordinal: &Ordinal| self.graves.iter().any(|grave| grave.ordinal == *ordinal);
        let mut queue = self.held.range(..letters::FIRST).filter(|(ordinal, _)| !buried(ordinal));
        let Some((&first, item)) = queue.next() else { return (Vec::new(), None) };
        let stuck = item.failing_since.is_some_and(|since| is_stuck(item.tries(), since, now));
        let second = queue.next();
        let witness =
            second.map(|(ordinal, _)| *ordinal).filter(|_| stuck).filter(|ordinal| self.is_ready(*ordinal));
        if let Some(witness) = witness
            && self.order.as_ref().is_some_and(|order| order.witness_next)
        {
            return (vec![witness], Some(witness));
        }
        if !self.is_ready(first) {
            return (Vec::new(), witness);
        }
        let fresh = |item: &super::Item| item.tries() == 0;
        let mut line = vec![first];
        if fresh(item) {
            let behind = second.into_iter().chain(queue).take(most - 1);
            line.extend(
                behind
                    .take_while(|(ordinal, item)| fresh(item) && self.is_ready(**ordinal))
                    .map(|(ordinal, _)| *ordinal),
            );
        }
        (line, witness)
    }

    fn is_ready(&self, ordinal: Ordinal) -> bool {
        self.ready.contains(&ordinal)
    }

    /// An event was taken: if it was the witness, the one before it in line is to blame for its own failures.
    pub(super) fn bear_witness(&mut self, ordinal: Ordinal) {
        let Some(order) = &mut self.order else { return };
        if order.witness != Some(ordinal) {
            return;
        }
        order.witness = None;
        let first = self
            .held
            .range(..ordinal)
            .find(|(first, _)| self.graves.iter().all(|grave| grave.ordinal != **first));
        if let Some((&first, item)) = first
            && let Some(refusal) = item.complaint.clone()
        {
            self.ready.retain(|ready| *ready != first);
            self.waiting.retain(|(_, waiting)| *waiting != first);
            self.graves.push(Grave { ordinal: first, refusal });
        }
    }
}
