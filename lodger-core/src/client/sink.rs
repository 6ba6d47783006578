//! How captured events reach the client.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::handle::Inner;
use crate::capture::{Class, Count, Guarantee, Missed, Reservation, Sink, Wait};
use crate::event::Event;
use crate::pipeline::{Counters, Goal, Lane, RecordError, last_resort};
use crate::redact::HashKey;

/// What a client that is turned away is told to wait for: a journal that is full gets room by deliveries, and those
/// take longer than a moment.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How long a job waits at its end for its events to be on disk.
const JOB_WAIT: Duration = Duration::from_secs(2);

impl Sink for Inner {
    fn accept(&self, event: Event, class: Class, guarantee: Guarantee) -> Option<Wait> {
        let counters = self.pipeline.counters();
        let mut event = Box::new(event);
        match self.preparation.trim(&mut event) {
            Ok(false) => {}
            Ok(true) => counters.trimmed.up(),
            Err(invalid) => {
                counters.offered.up();
                counters.invalid.up();
                last_resort(&event, &invalid.to_string(), counters);
                return refused(guarantee);
            }
        }
        let lane = match class {
            Class::Trusted => Lane::Trusted,
            Class::Hostile => Lane::Hostile,
        };
        let goal = match guarantee {
            Guarantee::Queued => Goal::Queued,
            Guarantee::Durable => Goal::Durable,
            Guarantee::Delivered => Goal::Delivered,
        };
        match self.pipeline.offer(event, lane, goal) {
            Ok(_) if goal == Goal::Queued => None,
            Ok(ticket) => {
                let counters = Arc::clone(counters);
                Some(Box::pin(async move {
                    ticket.await.map(drop).map_err(|error| {
                        print(error, &counters);
                        Missed::Refused
                    })
                }))
            }
            Err(error) => {
                print(error, counters);
                refused(guarantee)
            }
        }
    }

    fn reserve(&self) -> Result<Reservation, Duration> {
        match self.pipeline.reserve() {
            Some(reservation) => Ok(Box::new(reservation)),
            None => Err(TRY_AGAIN_AFTER),
        }
    }

    fn durable(&self) -> Wait {
        let committed = self.pipeline.committed(JOB_WAIT);
        Box::pin(async move { if committed.await { Ok(()) } else { Err(Missed::TimedOut) } })
    }

    fn is_durable(&self) -> bool {
        self.pipeline.is_durable()
    }

    fn hash_key(&self) -> &HashKey {
        &self.preparation.hash_key
    }

    fn count(&self, what: Count) {
        let counters = self.pipeline.counters();
        match what {
            Count::Filtered => &counters.filtered,
            Count::Discarded => &counters.discarded,
            Count::UnresolvedActor => &counters.unresolved_actor,
            Count::ConflictingActors => &counters.conflicting_actors,
            Count::UnresolvedTarget => &counters.unresolved_target,
            Count::Unaudited => &counters.unaudited,
            Count::GuaranteeMissed => &counters.guarantee_missed,
            Count::FailedClosed => &counters.failed_closed,
            Count::TooLate => &counters.too_late,
        }
        .up();
    }
}

/// Nobody is there who could be given the event back.
fn print(error: RecordError, counters: &Counters) {
    let reason = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    if let Some(event) = error.into_event() {
        last_resort(&event, &reason, counters);
    }
}

/// Whoever waits learns at once that there is nothing to wait for.
fn refused(guarantee: Guarantee) -> Option<Wait> {
    match guarantee {
        Guarantee::Queued => None,
        _ => Some(Box::pin(std::future::ready(Err(Missed::Refused)))),
    }
}
