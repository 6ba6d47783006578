//! How capture hands its events over: from destructors, with nobody there to be told.

use std::borrow::Cow;
use std::future::ready;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::handle::Inner;
use super::prepare::Preparation;
use crate::capture::{
    Captured, Class, Count, Guarantee, Hold, Holder, Missed, Reservation, Sink, Terms, Wait,
};
use crate::event::{Event, Timestamp};
use crate::pipeline::{
    Content, Counter, Counters, Goal, Lane, Progress, Raw, RecordError, Ticket, Unfit, last_resort,
};
use crate::redact::HashKey;

/// When the intake is full, it takes about this long until a commit has made room.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// What capture left, with what it takes to make an event of it.
#[derive(Debug)]
struct Unprepared {
    captured: Captured,
    preparation: Arc<Preparation>,
    counters: Arc<Counters>,
}

impl Raw for Unprepared {
    fn weight(&self) -> usize {
        self.captured.weight()
    }

    fn occurred_at(&self) -> Timestamp {
        self.captured.occurred_at()
    }

    fn action(&self) -> Cow<'static, str> {
        self.captured.action()
    }

    fn finish(self: Box<Self>) -> Result<Box<Event>, Unfit> {
        let Self { captured, preparation, counters } = *self;
        let mut event = Box::new(captured.into_event(&|what| counter(&counters, what).up()));
        match preparation.trim(&mut event) {
            Ok(trimmed) => {
                counters.trimmed.add(trimmed.into());
                Ok(event)
            }
            Err(why) => Err(Unfit { event, why }),
        }
    }
}

impl Sink for Inner {
    fn accept(&self, captured: Captured, terms: Terms) -> Option<Wait> {
        let Terms { class, guarantee, place } = terms;
        let goal = match guarantee {
            Guarantee::Queued => Goal::Queued,
            Guarantee::Durable => Goal::Durable,
            Guarantee::Delivered => Goal::Delivered,
        };
        let lane = match class {
            Class::Trusted => Lane::Trusted,
            Class::Hostile => Lane::Hostile,
        };
        let counters = self.pipeline.counters();
        let place = place.and_then(|place| place.downcast().ok()).map(|place| *place);
        let (preparation, counted) = (Arc::clone(&self.preparation), Arc::clone(counters));
        let raw = Box::new(Unprepared { captured, preparation, counters: counted });
        let taken = self.pipeline.offer_in(place, Content::Raw(raw), lane, goal);
        match taken.map_err(|error| missed(error, counters)) {
            _ if goal == Goal::Queued => None,
            Ok(ticket) => Some(self.wait(ticket)),
            Err(missed) => Some(Box::pin(ready(Err(missed)))),
        }
    }

    fn reserve(&self, peer: Option<IpAddr>) -> Result<Reservation, Duration> {
        match self.pipeline.reserve(peer) {
            Some(reservation) => Ok(Box::new(reservation)),
            None => Err(TRY_AGAIN),
        }
    }

    fn hold(&self) -> Hold {
        Hold::new(self.pipeline.hold())
    }

    fn durable(&self) -> Wait {
        self.wait(self.pipeline.all_durable())
    }

    fn is_durable(&self) -> bool {
        #[cfg(feature = "testing")]
        if self.stands_for_disk {
            return true;
        }
        self.pipeline.is_durable()
    }

    fn hash_key(&self) -> &HashKey {
        &self.preparation.hash_key
    }

    fn count(&self, what: Count) {
        counter(self.pipeline.counters(), what).up();
    }
}

fn counter(counters: &Counters, what: Count) -> &Counter {
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
}

impl Holder for Progress {
    fn let_go(&self) {
        Progress::let_go(self);
    }
}

impl Inner {
    fn wait(&self, ticket: Ticket) -> Wait {
        let counters = Arc::clone(self.pipeline.counters());
        Box::pin(async move {
            match ticket.await {
                Ok(_receipts) => Ok(()),
                Err(error) => Err(missed(error, &counters)),
            }
        })
    }
}

/// Nobody gets the error to see, so its event goes to stderr.
fn missed(error: RecordError, counters: &Counters) -> Missed {
    let reason = error.to_string();
    match error {
        RecordError::Full { event }
        | RecordError::Closed { event }
        | RecordError::NoDestination { event }
        | RecordError::Journal { event, .. }
        | RecordError::NotCommitted { event, .. } => {
            last_resort(&event, &reason, counters);
            Missed::Refused
        }
        // A dead letter is kept, and told by the statistics; the others stand on stderr, or can't be read any more.
        RecordError::Invalid(_)
        | RecordError::DeadLetter { .. }
        | RecordError::ShareFull { .. }
        | RecordError::Unreadable => Missed::Refused,
        RecordError::Unfinished => Missed::TimedOut,
    }
}
