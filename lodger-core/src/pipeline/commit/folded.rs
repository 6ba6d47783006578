//! The journal thread writes what was folded: each bucket as one event, without the budget that its events lacked.

use std::sync::Arc;
use std::time::Duration;

use super::{Committer, Hand, Health, RETRY_EVERY, Refusal};
use crate::journal::JournalError;
use crate::pipeline::counters::{Counters, last_resort};
use crate::pipeline::fold::{Bucket, Gathered};
use crate::pipeline::intake::{Entry, Lane};
use crate::pipeline::ticket::Watch;

impl Committer {
    /// How long to wait for events. `None`: there is nothing else to do.
    pub(super) fn patience(&self) -> Option<Duration> {
        if self.health != Health::Good || self.tight {
            return Some(RETRY_EVERY);
        }
        self.fold.due_in(self.clock.instant())
    }

    /// Writes the buckets whose minute is over. While the journal runs out of room they wait and go on counting, and
    /// everything that strangers cause goes to them.
    pub(super) fn write_due(&mut self) {
        let usage = self.writer.usage();
        self.tight = usage.bytes > usage.max_bytes / 4 * 3;
        if self.health == Health::Good && !self.tight {
            let due = self.fold.take_due(self.clock.instant());
            let refused = self.write(due);
            self.fold.put_back(refused);
        }
        self.intake.set_shut_to_strangers(self.health != Health::Good || self.tight);
    }

    /// Nobody folds any more: writes all buckets, and says what could not be written.
    pub(super) fn write_last(&mut self) {
        let all = self.fold.close();
        let refused = self.write(all);
        tell_lost(&refused, &self.counters);
    }

    /// Commits one event a bucket; answers with the buckets that the journal didn't take.
    fn write(&mut self, buckets: Vec<Gathered>) -> Vec<Gathered> {
        if buckets.is_empty() {
            return buckets;
        }
        let entry = |bucket: &Bucket| Entry::new(Box::new(bucket.event()), Lane::Trusted, Watch::nobody());
        let offered = buckets.iter().map(|(_, bucket)| entry(bucket)).collect();
        let mut hand = Hand { offered, staged: Vec::new(), counters: Arc::clone(&self.counters) };
        let mut refused = Vec::new();
        for (key, bucket) in buckets {
            let Some(entry) = hand.offered.front_mut() else { break };
            let staged = self.stage(&mut entry.event);
            let Some(Entry { event, .. }) = hand.offered.pop_front() else { break };
            match staged {
                Ok(position) => hand.staged.push(self.staged(event, position, Watch::nobody())),
                // It can never be written.
                Err(refusal @ (Refusal::NotJson(_) | Refusal::Journal(JournalError::TooLarge { .. }))) => {
                    self.counters.aggregated_lost.add(bucket.count());
                    self.refused(event, Watch::nobody(), refusal);
                }
                Err(Refusal::Journal(error)) => {
                    self.turn(Health::after(&error), Some(&error));
                    refused.push((key, bucket));
                }
            }
        }
        if !hand.staged.is_empty()
            && let Err(error) = self.sync(hand.staged.len() as u64)
            && let Some(last) = hand.staged.last()
        {
            let number = hand.staged.len();
            let reason = format!(
                "not committed, may still arrive: {error}; the last of {number} events that tell of others together"
            );
            last_resort(&last.event, &reason, &self.counters);
        }
        hand.staged.clear();
        let bytes = self.writer.usage().bytes;
        self.progress.post(|board| board.journal_bytes = bytes);
        refused
    }
}

/// Says in one line what could not be told otherwise: one each would be a flood again.
pub(super) fn tell_lost(buckets: &[Gathered], counters: &Counters) {
    let Some((_, last)) = buckets.last() else { return };
    let lost: u64 = buckets.iter().map(|(_, bucket)| bucket.count()).sum();
    counters.aggregated_lost.add(lost);
    let reason = format!(
        "the client ended before {lost} events that strangers caused could be told together, in {} groups; the last of \
         them",
        buckets.len()
    );
    last_resort(&last.event(), &reason, counters);
}
