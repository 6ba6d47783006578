//! From a finished event to its acknowledgement by every destination.
//!
//! ```text
//! offer ─→ intake ─→ journal thread ─→ journal ─→ one worker a destination ─→ settled or dead letter
//!   │      bounded   numbers, commits             sends, judges, retries
//!   └────→ fold ───────┘ what strangers cause beyond their budget
//! ```
//!
//! - [`intake`] is the door: bounded, never blocks, refuses when full.
//! - [`content`] is what waits there: [`sealed`] events, and what capture left, of which the journal thread makes one.
//! - [`budget`] bounds what strangers cause, from the door until it is settled; [`fold`] tells the rest together.
//! - [`commit`] is the journal thread: group commit; tickets are answered after the fsync.
//! - [`worker`] drives one destination; [`breaker`] judges its answers, [`retry`] says how long to wait,
//!   [`dead_letter`] keeps what will never be taken.
//! - [`mod@control`] is what operators order of the workers.
//! - [`progress`] is the board on which all of them post; [`shutdown`] and statistics read it.
//! - [`mod@ticket`] and [`awaited`] tell those who wait.

mod awaited;
mod breaker;
mod budget;
mod clock;
mod commit;
mod content;
mod control;
mod counters;
mod dead_letter;
mod error;
mod filters;
mod fold;
mod held;
mod intake;
mod pacing;
mod progress;
mod retry;
mod sealed;
mod shutdown;
mod start;
mod sync;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod ticket;
mod worker;

use std::net::IpAddr;
use std::sync::Arc;

use crate::destination::Identity;
use crate::event::limits::MAX_EVENT_BYTES;
use crate::event::{Event, Timestamp};
use crate::journal::{Owner, RecoveryReport};

use awaited::Awaited;
use content::seal;
use control::Controls;
use dead_letter::DeadLetters;
use filters::Filters;
use fold::Fold;
use intake::{Entry, Intake, Shut};
use progress::Board;
use ticket::ticket;

#[cfg(feature = "testing")]
pub(crate) use clock::ImpatientClock;
pub(crate) use clock::{Clock, SystemClock};
pub(crate) use content::{Content, Raw, Unfit};
pub(crate) use control::Command;
pub use control::{ReplaceKeyError, UnknownDestination};
pub use counters::Counts;
pub(crate) use counters::{Counter, Counters, last_resort};
#[cfg(any(test, fuzzing))]
#[cfg(feature = "journal")]
pub(crate) use dead_letter::fuzzing;
pub use dead_letter::{DeadLetter, DeadLetterDamage, DeadLetterList, DeadLetterQuery, RetryError};
#[cfg(feature = "journal")]
pub use dead_letter::{DeadLetterDirectory, DetachError, Detached, detach_left_behind};
pub use error::RecordError;
pub(crate) use intake::{Lane, Limits, Reservation};

pub use progress::DeliveryState;
pub(crate) use progress::{LaneBoard, Progress};
pub use shutdown::FlushError;
pub(crate) use start::{Config, StartError};
pub(crate) use ticket::{Goal, Ticket};

/// What waits as it was captured weighs no more than this: twice the largest event as JSON. What is heavier is made an event
/// by whoever brings it.
const HEAVY: usize = 2 * MAX_EVENT_BYTES;

/// What all threads of a pipeline share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) progress: Arc<Progress>,
    pub(crate) awaited: Arc<Awaited>,
    pub(crate) fold: Arc<Fold>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) controls: Arc<Controls>,
    pub(crate) filters: Arc<Filters>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether the journal is on disk.
    pub(crate) durable: bool,
}

/// A running pipeline. Dropping it stops the intake and lets the threads end by themselves.
#[derive(Debug)]
pub(crate) struct Pipeline {
    intake: Arc<Intake>,
    shared: Arc<Shared>,
    dead_letters: Vec<Arc<DeadLetters>>,
    recovery: RecoveryReport,
}

/// What there is to read of a pipeline. Keeping it keeps nothing running.
#[derive(Debug, Clone)]
pub(crate) struct View {
    intake: Arc<Intake>,
    shared: Arc<Shared>,
}

impl View {
    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// One moment of the board. A forked child sees an empty one: nothing is delivered there, and whoever held its lock at
    /// the fork never gives it back.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        if self.intake.owner().is_here() { self.shared.progress.read(look) } else { look(&Board::default()) }
    }

    /// How many events are in the intake, and when the oldest of those that wait happened. None in a forked child.
    pub(crate) fn in_intake(&self) -> (u64, Option<Timestamp>) {
        if self.intake.owner().is_here() { self.intake.waiting() } else { (0, None) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Whether all threads of the pipeline have ended.
    #[cfg(feature = "metrics")]
    pub(crate) fn is_over(&self) -> bool {
        self.read(|board| board.journal_ended && board.lanes.iter().all(|lane| lane.ended))
    }
}

impl Pipeline {
    /// Takes an event, which is redacted and within its limits. Never blocks. An event of strangers for which there is
    /// no room is folded, and its ticket never reaches a goal: such events hold nobody up.
    ///
    /// # Errors
    ///
    /// When there is no room or the client was shut down; the event is in the error.
    pub(crate) fn offer(&self, event: Box<Event>, lane: Lane, goal: Goal) -> Result<Ticket, RecordError> {
        match seal(event, &self.shared.filters) {
            Ok(sealed) => self.offer_in(None, Content::Sealed(sealed), lane, goal),
            Err(unfit) => {
                self.shared.counters.offered.up();
                Err(self.unfit(unfit))
            }
        }
    }

    /// Takes what is to be recorded, into the place that was held for it.
    ///
    /// # Errors
    ///
    /// As [`offer`](Self::offer).
    pub(crate) fn offer_in(
        &self,
        place: Option<Reservation>,
        content: Content,
        lane: Lane,
        goal: Goal,
    ) -> Result<Ticket, RecordError> {
        let counters = &self.shared.counters;
        counters.offered.up();
        if let Err(forked) = self.owner().check() {
            counters.refused_forked.up();
            let source = Arc::new(forked);
            return Err(self.refused(content, |event| RecordError::Journal { event, source }));
        }
        let (ticket, watch) = ticket(goal);
        let mut entry = Entry::new(content, lane, watch);
        if entry.weight() > HEAVY
            && let Content::Raw(_) = entry.content
        {
            // It would take the room of many. What is made of it is within the limits.
            let sealed = entry.content.seal(&self.shared.filters).map_err(|unfit| self.unfit(unfit))?;
            entry = Entry::new(Content::Sealed(sealed), lane, entry.watch);
        }
        match self.intake.offer(entry, place) {
            Ok(()) => {
                counters.accepted.up();
                Ok(ticket)
            }
            Err((Shut::Full, Entry { content, .. })) if lane == Lane::Hostile => {
                self.fold(content.into_event().map_err(|unfit| self.unfit(unfit))?)?;
                Ok(ticket)
            }
            Err((Shut::Full, Entry { content, .. })) => {
                counters.refused_full.up();
                Err(self.refused(content, |event| RecordError::Full { event }))
            }
            Err((Shut::Closed, Entry { content, .. })) => {
                counters.refused_closed.up();
                Err(self.refused(content, |event| RecordError::Closed { event }))
            }
        }
    }

    /// The error for what was refused, with the event in it.
    fn refused(&self, content: Content, error: impl FnOnce(Box<Event>) -> RecordError) -> RecordError {
        content.into_event().map_or_else(|unfit| self.unfit(unfit), error)
    }

    /// The error for what can't be recorded at all.
    fn unfit(&self, unfit: Unfit) -> RecordError {
        let Unfit { event, why } = unfit;
        self.shared.counters.invalid.up();
        last_resort(&event, &why.to_string(), &self.shared.counters);
        RecordError::Invalid(why)
    }

    fn fold(&self, event: Box<Event>) -> Result<(), RecordError> {
        let Shared { fold, counters, clock, .. } = &*self.shared;
        let first = fold.add(event, clock.instant()).map_err(|event| {
            counters.refused_closed.up();
            RecordError::Closed { event }
        })?;
        counters.aggregated.up();
        if first {
            // The journal thread may be waiting for nothing but events.
            self.intake.nudge();
        }
        Ok(())
    }

    /// A ticket for everything accepted so far.
    pub(crate) fn all_durable(&self) -> Ticket {
        let (ticket, watch) = ticket(Goal::Durable);
        // Dropped unanswered, it tells that nothing is known to be on disk.
        if self.owner().is_here() {
            self.intake.barrier(watch);
        }
        ticket
    }

    /// Holds a place in the intake for a request of this peer; `None` when there is no room in the intake or the journal,
    /// or the peer holds enough.
    pub(crate) fn reserve(&self, peer: Option<IpAddr>) -> Option<Reservation> {
        if self.owner().is_here() { self.intake.reserve(peer) } else { None }
    }

    /// The process that all this belongs to. A forked child has none of the threads, and locks that may never be given
    /// back: it is refused before it touches one.
    fn owner(&self) -> Owner {
        self.intake.owner()
    }

    /// Notes that something runs which may offer events, until it is [let go](Progress::let_go).
    pub(crate) fn hold(&self) -> Arc<Progress> {
        self.shared.progress.hold();
        Arc::clone(&self.shared.progress)
    }

    /// How much is still running that may offer events.
    pub(crate) fn open(&self) -> usize {
        self.shared.progress.open()
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.shared.counters
    }

    /// Whether accepted events survive the process.
    pub(crate) fn is_durable(&self) -> bool {
        self.shared.durable
    }

    /// What there is to read of it.
    pub(crate) fn view(&self) -> View {
        View { intake: Arc::clone(&self.intake), shared: Arc::clone(&self.shared) }
    }

    /// What was found when the journal was opened.
    pub(crate) fn recovery(&self) -> &RecoveryReport {
        &self.recovery
    }

    /// One moment of the board; see [`View::read`].
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        self.view().read(look)
    }

    /// See [`View::in_intake`].
    pub(crate) fn in_intake(&self) -> (u64, Option<Timestamp>) {
        self.view().in_intake()
    }

    /// The destinations, in the order of the board.
    pub(crate) fn identities(&self) -> Vec<Identity> {
        self.read(|board| board.lanes.iter().map(|lane| lane.identity.clone()).collect())
    }
}
