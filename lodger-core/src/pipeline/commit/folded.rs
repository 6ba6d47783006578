//! The journal thread writes what was folded: each bucket as one event, without the budget that its events lacked.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{Committer, Hand, Health, RETRY_EVERY, Refusal};
use crate::journal::JournalError;
use crate::pipeline::content::seal;
use crate::pipeline::counters::{Counters, last_resort};
use crate::pipeline::fold::{Fold, Gathered};
use crate::pipeline::ticket::Watch;

impl Committer {
    /// How long to wait for events. `None`: there is nothing else to do.
    pub(super) fn patience(&self) -> Option<Duration> {
        if self.health != Health::Good || self.tight || self.crowded || self.behind {
            return Some(RETRY_EVERY);
        }
        self.fold.due_in(self.clock.instant())
    }

    /// Writes the buckets whose minute is over, or all when somebody asked for that. While the journal runs out of room,
    /// or too many that were written are not delivered, they wait and go on counting, and everything that strangers cause
    /// goes to them.
    pub(super) fn write_due(&mut self) {
        let usage = self.writer.usage();
        self.tight = usage.bytes > usage.max_bytes / 4 * 3;
        let shares = (0..self.router.lanes()).map(|slot| self.writer.share(slot));
        self.crowded = shares.into_iter().any(|share| share.bytes > share.max_bytes / 4 * 3);
        if self.health == Health::Good && !self.tight {
            let asked = self.fold.asked();
            let due = self.fold.take_due(self.clock.instant(), asked.is_some());
            self.behind = !self.write(due, Bounded::Yes);
            if let Some(asked) = asked.filter(|_| !self.behind && self.uncommitted == 0) {
                self.fold.tell(asked);
                self.progress.post(|board| board.folds_told = asked);
            }
        }
        let nobody = self.controls.attached() == 0;
        self.intake
            .set_shut_to_strangers(self.health != Health::Good || self.tight || self.crowded || nobody);
        self.intake.release(self.room());
    }

    /// Nobody folds any more: writes all buckets. What could not be written is left to [`End`](super::End).
    pub(super) fn write_last(&mut self) {
        let all = self.fold.close();
        self.write(all, Bounded::No);
    }

    /// Commits one event a bucket. Those that could not be written are in the table again; answers whether there are none.
    fn write(&mut self, buckets: Vec<Gathered>, bounded: Bounded) -> bool {
        if buckets.is_empty() {
            return true;
        }
        let claimed = match bounded {
            Bounded::Yes => self.intake.claim(buckets.len()),
            Bounded::No => buckets.len(),
        };
        let mut out = TakenOut { buckets: buckets.into(), fold: Arc::clone(&self.fold) };
        let staged = Vec::with_capacity(out.buckets.len());
        let mut hand =
            Hand { offered: VecDeque::new(), staging: None, staged, counters: Arc::clone(&self.counters) };
        let (mut told, mut all_written) = (0, true);
        while let Some((_, bucket)) = out.buckets.front() {
            let mut watch = Watch::nobody();
            if bounded == Bounded::Yes {
                let Some(permit) =
                    (hand.staged.len() < claimed).then(|| self.undelivered_folds.permit(0)).flatten()
                else {
                    break;
                };
                watch.hold(permit);
            }
            let event = match seal(Box::new(bucket.event()), &self.filters) {
                Ok(event) => event,
                Err(unfit) => {
                    self.counters.aggregated_lost.add(bucket.count());
                    out.buckets.pop_front();
                    self.unfit(unfit, watch);
                    continue;
                }
            };
            let staged = self.stage(&event);
            let Some((key, bucket)) = out.buckets.pop_front() else { break };
            match staged {
                Ok(place) => {
                    told += bucket.count();
                    hand.staged.push(self.staged(event, place, watch));
                }
                Err(Refusal::Unrouted) => self.unrouted(event, Watch::nobody()),
                // It can never be written, or not for those that are to have it: they miss what comes alone, too.
                Err(refusal @ (Refusal::Shares(_) | Refusal::Journal(JournalError::TooLarge { .. }))) => {
                    self.counters.aggregated_lost.add(bucket.count());
                    self.refused(event, Watch::nobody(), refusal);
                }
                Err(Refusal::Journal(error)) => {
                    all_written = false;
                    self.fold.put_back([(key, bucket)]);
                    self.turn(Health::after(&error), Some(&error));
                }
            }
        }
        if !hand.staged.is_empty()
            && let Err(error) = self.sync(&hand.staged)
            && let Some(last) = hand.staged.last()
        {
            self.uncommitted_folded += told;
            let reason = format!(
                "not committed, may still arrive: {error}; {told} events that strangers caused, in {} groups; the last \
                 of them",
                hand.staged.len()
            );
            last_resort(&last.event.to_event(), &reason, &self.counters);
        }
        hand.staged.clear();
        let bytes = self.writer.usage().bytes;
        self.progress.post(|board| {
            board.journal_bytes = bytes;
            self.router.post(board);
        });
        all_written && out.buckets.is_empty()
    }
}

/// Whether what is written stays behind what others were promised, and behind what the destinations have taken so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounded {
    Yes,
    No,
}

/// Buckets on their way into the journal. What a panic leaves of them is told with the rest of the table.
struct TakenOut {
    buckets: VecDeque<Gathered>,
    fold: Arc<Fold>,
}

impl Drop for TakenOut {
    fn drop(&mut self) {
        self.fold.put_back(self.buckets.drain(..));
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
